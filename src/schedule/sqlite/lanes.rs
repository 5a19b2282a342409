//! The lanes in memory: which has something to hand out next, and which are held back.
//!
//! A lane stands in one order only: the ready ones by when their first step is due, the held-back
//! ones by until when, those behind a host within their host. So neither a claim nor a new step
//! passes over lanes that are held back. Times are milliseconds since 1970.

mod order;

use crate::model::{Origin, PendingReason, Target};
use crate::schedule::{Lane, Tally};
use order::Order;
use std::collections::{BTreeSet, HashMap};

/// The lanes that have steps, or had some lately.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    list: HashMap<u32, Line>,
    ids: HashMap<Lane, u32>,
    last: u32,
    order: Order,
    /// Every lane that has an unclaimed step, by its first.
    heads: BTreeSet<(Head, u32)>,
    pending: usize,
    empty: BTreeSet<u32>,
}

/// When a lane's first unclaimed step is due, and its number.
pub(super) type Head = (i64, i64);

#[derive(Debug)]
struct Line {
    lane: Lane,
    head: Option<Head>,
    counts: [usize; REASONS.len()],
}

/// The reasons that are counted apart.
const REASONS: [PendingReason; 5] = [
    PendingReason::Retry(None),
    PendingReason::RateLimit,
    PendingReason::Busy,
    PendingReason::Async,
    PendingReason::InFlight,
];

fn index(reason: PendingReason) -> usize {
    match reason {
        PendingReason::Retry(_) => 0,
        PendingReason::RateLimit => 1,
        PendingReason::Busy => 2,
        PendingReason::Async => 3,
        PendingReason::InFlight => 4,
    }
}

// === impl Lanes ===

impl Lanes {
    pub(super) fn id(&self, lane: &Lane) -> Option<u32> {
        self.ids.get(lane).copied()
    }

    /// A number that no lane has.
    pub(super) fn free(&self) -> u32 {
        self.last + 1
    }

    pub(super) fn add(&mut self, id: u32, lane: Lane) {
        let counts = [0; REASONS.len()];
        self.last = self.last.max(id);
        self.ids.insert(lane.clone(), id);
        self.empty.insert(id);
        let head = None;
        self.list.insert(id, Line { lane, head, counts });
    }

    pub(super) fn get(&self, id: u32) -> Option<&Lane> {
        self.list.get(&id).map(|line| &line.lane)
    }

    pub(super) fn head(&self, id: u32) -> Option<Head> {
        self.list.get(&id)?.head
    }

    /// Counts a step that is new in its lane.
    pub(super) fn count(&mut self, id: u32, reason: PendingReason, steps: usize) {
        if let Some(line) = self.list.get_mut(&id) {
            line.counts[index(reason)] += steps;
            self.pending += steps;
            self.empty.remove(&id);
        }
    }

    /// One step less.
    pub(super) fn uncount(&mut self, id: u32, reason: PendingReason) {
        if let Some(line) = self.list.get_mut(&id) {
            let count = &mut line.counts[index(reason)];
            *count = count.saturating_sub(1);
            self.pending = self.pending.saturating_sub(1);
            if line.counts.iter().all(|count| *count == 0) {
                self.empty.insert(id);
            }
        }
    }

    /// An unclaimed step stands at `head` now: the lane's first, unless another comes before it.
    pub(super) fn joined(&mut self, id: u32, head: Head) {
        if self.head(id).is_none_or(|first| head < first) {
            self.set_head(id, Some(head));
        }
    }

    /// The lane's first unclaimed step, as it is on disk.
    pub(super) fn set_head(&mut self, id: u32, head: Option<Head>) {
        let Some(line) = self.list.get_mut(&id) else {
            return;
        };
        if let Some(old) = line.head.take() {
            self.heads.remove(&(old, id));
        }
        line.head = head;
        if let Some(head) = head {
            self.heads.insert((head, id));
        }
        self.order.place(id, head);
    }

    /// Lets those ask again whose time has come.
    pub(super) fn recheck(&mut self, now: i64) {
        self.order.recheck(now);
    }

    /// The lane to visit next: of those that are not held back, the one whose step is due first.
    pub(super) fn next_due(&self, now: i64) -> Option<u32> {
        self.order
            .first()
            .filter(|((due, _), _)| *due <= now)
            .map(|(_, id)| id)
    }

    /// The gate let the lane through; of those behind the same host, the next may ask as well.
    pub(super) fn admitted(&mut self, id: u32) {
        self.order.admitted(id);
    }

    /// Out of the way until `until`, alone.
    pub(super) fn hold(&mut self, id: u32, until: i64) {
        self.order.hold(id, until);
    }

    /// Out of the way until `until`, with all others that go to `origin`.
    pub(super) fn hold_host(&mut self, id: u32, origin: Origin, until: i64) {
        self.order.hold_host(id, origin, until);
    }

    /// Out of the way until [`resume`](Self::resume).
    pub(super) fn put_aside(&mut self, id: u32) {
        self.order.put_aside(id);
    }

    pub(super) fn resume(&mut self) {
        self.order.resume();
    }

    /// When something may be due, or may ask again; a moment past means now.
    pub(super) fn again(&self) -> Option<i64> {
        self.order.again()
    }

    /// When the first unclaimed step is due, held back or not.
    pub(super) fn oldest_due(&self) -> Option<i64> {
        self.heads.first().map(|((due, _), _)| *due)
    }

    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    pub(super) fn tallies(&self) -> Vec<Tally> {
        let mut sums: HashMap<(&Target, usize), usize> = HashMap::new();
        for line in self.list.values() {
            for (reason, steps) in line
                .counts
                .iter()
                .enumerate()
                .filter(|(_, steps)| **steps > 0)
            {
                *sums.entry((&line.lane.target, reason)).or_default() += steps;
            }
        }
        let tally = |((target, reason), steps): ((&Target, usize), usize)| Tally {
            target: target.clone(),
            reason: REASONS[reason].as_str(),
            steps,
        };
        sums.into_iter().map(tally).collect()
    }

    /// The lanes that have steps, of one target where one is named, with when their first
    /// unclaimed one is due.
    pub(super) fn of(&self, target: Option<&Target>) -> Vec<(u32, Option<Head>)> {
        let lines = self.list.iter().filter(|(id, _)| !self.empty.contains(id));
        lines
            .filter(|(_, line)| target.is_none_or(|target| line.lane.target == *target))
            .map(|(id, line)| (*id, line.head))
            .collect()
    }

    /// The lanes that have no steps.
    pub(super) fn empty(&self) -> &BTreeSet<u32> {
        &self.empty
    }

    /// Forgets the lanes that have no steps.
    pub(super) fn drop_empty(&mut self) {
        for id in std::mem::take(&mut self.empty) {
            self.order.drop(id);
            if let Some(line) = self.list.remove(&id) {
                self.ids.remove(&line.lane);
            }
        }
    }
}

#[cfg(test)]
mod tests;
