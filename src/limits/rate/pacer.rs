//! The thread that releases those who wait, each line at its pace.
//!
//! A thread of its own, because a slot is as short as 200 µs and timers of the runtime tick in
//! milliseconds. It sleeps for as long as no line waits. Locks: a line's first, then the agenda's.

use super::line::{Grant, Line};
use super::pace::Pace;
use crate::config::{Live, Rate, Service, Snapshot};
use crate::model::TileRef;
use parking_lot::{Condvar, Mutex};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Shortest time between two looks at the lines: slots that fall between two go at the second.
const GRAIN: Duration = Duration::from_micros(500);

/// Longest time between two looks at the configuration in force, while a line waits.
const RELOADED: Duration = Duration::from_millis(50);

/// A line is looked at again after this time at the latest, so that one whose waiters have all
/// left is let go.
const GLANCE: Duration = Duration::from_secs(1);

/// Releases those who wait.
#[derive(Debug)]
pub(super) struct Pacer {
    live: Live,
    agenda: Mutex<Agenda>,
    changed: Condvar,
}

/// One tile's line, where all can find it.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) name: TileRef,
    pub(super) state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) line: Line<oneshot::Sender<Slot>>,
    /// The configuration that the line's pace is of.
    version: u64,
    /// When the pacer looks at the line.
    entry: Option<Instant>,
}

/// The right to send one attempt now. Dropped without [`used`](Self::used), it is given back.
#[derive(Debug)]
pub struct Slot {
    tile: Arc<Tile>,
    pacer: Arc<Pacer>,
    /// None once it is used.
    grant: Option<Grant>,
}

#[derive(Debug, Default)]
struct Agenda {
    /// The earliest on top. A tile has one entry that counts, the one that its state names.
    entries: BinaryHeap<Reverse<Entry>>,
    running: bool,
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    tile: Arc<Tile>,
}

// === impl Pacer ===

impl Pacer {
    pub(super) fn new(live: Live) -> Self {
        Self {
            live,
            agenda: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Sees to it that those who wait in the line of `tile` are released in time.
    pub(super) fn attend(self: &Arc<Self>, tile: &Arc<Tile>, state: &mut State) {
        let Some(next) = state.line.next_release() else {
            return;
        };
        let at = next.min(Instant::now() + GLANCE);
        if state.entry.is_some_and(|entry| entry <= at) {
            return;
        }
        state.entry = Some(at);
        let mut agenda = self.agenda.lock();
        let is_first = agenda.entries.peek().is_none_or(|first| at < first.0.at);
        let tile = tile.clone();
        agenda.entries.push(Reverse(Entry { at, tile }));
        if !agenda.running {
            agenda.running = self.start();
        } else if is_first {
            self.changed.notify_one();
        }
    }

    /// Ends the thread.
    pub(super) fn close(&self) {
        self.agenda.lock().closed = true;
        self.changed.notify_one();
    }

    /// Without the thread those who wait are late when their time is over.
    fn start(self: &Arc<Self>) -> bool {
        let pacer = self.clone();
        let thread = thread::Builder::new().name("pacer".to_owned());
        let started = thread.spawn(move || pacer.run());
        started
            .inspect_err(|error| tracing::error!("no thread for rate limits can start: {error}"))
            .is_ok()
    }

    fn run(self: Arc<Self>) {
        let mut version = self.live.get().version;
        while let Some(mut tiles) = self.wait() {
            let snapshot = self.live.get();
            if snapshot.version != version {
                version = snapshot.version;
                let entries = std::mem::take(&mut self.agenda.lock().entries);
                tiles.extend(entries.into_iter().map(|entry| entry.0));
            }
            for entry in tiles {
                self.look(&entry, &snapshot);
            }
        }
    }

    /// Waits for lines that it is time to look at, or for another look at the configuration; none
    /// when it is over.
    fn wait(&self) -> Option<Vec<Entry>> {
        let begin = Instant::now();
        let mut agenda = self.agenda.lock();
        loop {
            if agenda.closed {
                return None;
            }
            let now = Instant::now();
            let Some(Reverse(first)) = agenda.entries.peek() else {
                self.changed.wait(&mut agenda);
                continue;
            };
            let at = first.at.max(begin + GRAIN);
            if at <= now {
                return Some(agenda.take_due(now));
            }
            if now >= begin + RELOADED {
                return Some(Vec::new());
            }
            let until = at.min(begin + RELOADED);
            self.changed.wait_for(&mut agenda, until - now);
        }
    }

    fn look(self: &Arc<Self>, entry: &Entry, snapshot: &Snapshot) {
        let tile = &entry.tile;
        let mut state = tile.state.lock();
        if state.entry != Some(entry.at) {
            return;
        }
        state.entry = None;
        state.refresh(&tile.name, None, snapshot);
        let now = Instant::now();
        let mut released = Vec::new();
        while let Some(one) = state.line.release(now) {
            released.push(one);
        }
        self.attend(tile, &mut state);
        drop(state);
        for (grant, waiter) in released {
            // Whoever has gone meanwhile gives the slot back, which takes the lock of the line.
            drop(waiter.send(Slot::new(tile.clone(), self.clone(), grant)));
        }
    }
}

// === impl Tile ===

impl Tile {
    pub(super) fn new(name: TileRef, line: Line<oneshot::Sender<Slot>>) -> Self {
        Self {
            name,
            state: Mutex::new(State {
                line,
                version: 0,
                entry: None,
            }),
        }
    }
}

// === impl State ===

impl State {
    /// Takes over the limit that is in force for `tile` now; `asked` is the one that somebody who
    /// asks has read, and the one to take where the tile is not served any longer.
    pub(super) fn refresh(&mut self, tile: &TileRef, asked: Option<Rate>, snapshot: &Snapshot) {
        if self.version == snapshot.version {
            return;
        }
        let pace = match snapshot.journeys.get(tile.journey()) {
            Some(Service::Up(journey)) => journey.tiles.get(tile.tile()),
            Some(Service::Invalid | Service::Untested) | None => None,
        };
        let pace = match pace {
            Some(tile) => Some(tile.rate_limit.map_or(Pace::FREE, Pace::of)),
            None => asked.map(Pace::of),
        };
        if let Some(pace) = pace {
            self.version = snapshot.version;
            self.line.set_pace(pace);
        }
    }
}

// === impl Slot ===

impl Slot {
    pub(super) fn new(tile: Arc<Tile>, pacer: Arc<Pacer>, grant: Grant) -> Self {
        Self {
            tile,
            pacer,
            grant: Some(grant),
        }
    }

    /// The attempt is sent.
    pub fn used(mut self) {
        if let Some(grant) = self.grant.take() {
            let now = Instant::now();
            if grant.is_late(now) {
                self.tile.state.lock().line.used(grant, now);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(grant) = self.grant.take() {
            let mut state = self.tile.state.lock();
            state.line.give_back(grant);
            self.pacer.attend(&self.tile, &mut state);
        }
    }
}

// === impl Agenda ===

impl Agenda {
    fn take_due(&mut self, now: Instant) -> Vec<Entry> {
        let mut due = Vec::new();
        while let Some(first) = self.entries.peek_mut()
            && first.0.at <= now
        {
            due.push(std::collections::binary_heap::PeekMut::pop(first).0);
        }
        due
    }
}

// === impl Entry ===

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}
