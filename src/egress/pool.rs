//! Connections that wait for their next request: one pool for each thread.
//!
//! A connection is driven by the runtime that opened it, so it never leaves that runtime's
//! thread. Connections are shared by origin, and are taken only where they could be opened just
//! so now: the caller judges their terms each time.

use super::http2::Shared;
use super::socket::{Socket, Terms};
use crate::model::{Origin, Scheme};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use thread_local::ThreadLocal;
use tokio::runtime;
use tokio::sync::watch;
use tokio::time::Instant;

/// Idle HTTP/1.1 connections kept by a thread; past it the one idle for longest goes.
const MOST_IDLE: usize = 1024;

/// How long a connection waits; most servers keep theirs for longer.
const IDLE: Duration = Duration::from_secs(30);

/// From when on the kernel is asked too whether an idle connection was closed: servers close what
/// has been idle for long, and to ask costs a system call.
const ASKED_FROM: Duration = Duration::from_millis(10);

/// Answers whose rest a thread reads away at a time. It must be bounded: they hold a connection
/// each, and no longer count as in flight.
const MOST_LINGERING: usize = 256;

/// How often the idle ones are gone through.
const SWEEP: Duration = Duration::from_secs(5);

/// The pools of all threads.
#[derive(Default)]
pub(super) struct Pools(ThreadLocal<Pool>);

/// This thread's pool. Clones share it.
#[derive(Clone)]
pub(super) struct Pool(Arc<Mutex<Shelves>>);

struct Shelves {
    runtime: runtime::Id,
    /// By a cheap hash with a seed of its own: whoever finds names that meet in it makes a search
    /// as long as the connections that are kept, which are few.
    origins: HashMap<Origin, Shelf, RandomState>,
    idle: usize,
    lingering: usize,
    sweeping: bool,
}

/// A place among the answers that are read away behind their callers' backs; dropped, it is free.
pub(super) struct Lingering(Pool);

/// What there is for one origin.
#[derive(Default)]
struct Shelf {
    idle: Vec<Idle>,
    shared: Vec<Shared>,
    /// What the last new connection spoke.
    protocol: Option<Protocol>,
    /// Someone opens a connection that many may be able to share. Closed when that is over.
    opening: Option<watch::Receiver<()>>,
}

struct Idle {
    socket: Box<Socket>,
    since: Instant,
    until: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

/// What a request may go on.
pub(super) enum Turn {
    Http1(Box<Socket>),
    Http2(Shared),
    /// Open one, and hold this until it has been put here or has failed.
    Open(Opening),
    /// Another request is opening one that may serve both: ask again when this is closed.
    Wait(watch::Receiver<()>),
}

/// The right to open a connection that others wait for, or without one waiting.
pub(super) struct Opening {
    _done: Option<watch::Sender<()>>,
}

/// Whether a request has already waited for another's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    Fresh,
    /// To its end.
    Waited,
    /// For too long.
    Over,
}

// === impl Pools ===

impl Pools {
    /// The pool of the runtime that this is called on.
    pub(super) fn here(&self) -> Pool {
        let runtime = runtime::Handle::current().id();
        let pool = self.0.get_or(|| Pool::new(runtime));
        // A runtime that is gone takes what it drove with it.
        let mut shelves = pool.lock();
        if shelves.runtime != runtime {
            *shelves = Shelves::new(runtime);
        }
        drop(shelves);
        pool.clone()
    }
}

// === impl Pool ===

impl Pool {
    fn new(runtime: runtime::Id) -> Self {
        Self(Arc::new(Mutex::new(Shelves::new(runtime))))
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        // Nothing here can be left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to `origin` that is `fit`, or what to do for one.
    pub(super) fn take(
        &self,
        origin: &Origin,
        patience: Patience,
        fit: impl Fn(Terms) -> bool,
    ) -> Turn {
        let mut shelves = self.lock();
        let shelves = &mut *shelves;
        let Some(shelf) = shelves.origins.get_mut(origin) else {
            return match origin.scheme {
                Scheme::Http => Turn::Open(Opening { _done: None }),
                Scheme::Https => {
                    self.sweep_later(shelves);
                    Turn::Open(shelves.shelf(origin).open())
                }
            };
        };
        shelf.shared.retain(|it| it.is_open() && fit(it.terms));
        if let Some(shared) = shelf.shared.iter().find(|it| it.has_room()) {
            return Turn::Http2(shared.clone());
        }
        while let Some(mut idle) = shelf.idle.pop() {
            shelves.idle -= 1;
            let now = Instant::now();
            let is_old = now.saturating_duration_since(idle.since) >= ASKED_FROM;
            if fit(idle.socket.terms) && idle.until > now && idle.socket.is_quiet(is_old) {
                return Turn::Http1(idle.socket);
            }
        }
        shelf.turn(origin.scheme, patience)
    }

    /// Keeps an HTTP/1.1 connection whose answer has been read to its end, for `idle` at most.
    pub(super) fn put(&self, origin: &Origin, socket: Box<Socket>, idle: Duration) {
        let since = Instant::now();
        let until = since + idle.min(IDLE);
        let mut shelves = self.lock();
        if shelves.idle >= MOST_IDLE {
            shelves.drop_oldest();
        }
        shelves.idle += 1;
        let waiting = Idle {
            socket,
            since,
            until,
        };
        match shelves.origins.get_mut(origin) {
            Some(shelf) => shelf.idle.push(waiting),
            None => shelves.shelf(origin).idle.push(waiting),
        }
        self.sweep_later(&mut shelves);
    }

    /// Lets others use an HTTP/2 connection that was just opened.
    pub(super) fn share(&self, origin: &Origin, shared: Shared) {
        let mut shelves = self.lock();
        let shelf = shelves.shelf(origin);
        shelf.protocol = Some(Protocol::Http2);
        shelf.shared.push(shared);
        self.sweep_later(&mut shelves);
    }

    /// Remembers that a new connection to `origin` serves one request at a time.
    pub(super) fn speaks_http1(&self, origin: &Origin) {
        let mut shelves = self.lock();
        if let Some(shelf) = shelves.origins.get_mut(origin) {
            shelf.protocol = Some(Protocol::Http1);
        }
    }

    /// A place to read an answer away in, if one is free.
    pub(super) fn linger(&self) -> Option<Lingering> {
        let mut shelves = self.lock();
        let free = shelves.lingering < MOST_LINGERING;
        free.then(|| {
            shelves.lingering += 1;
            Lingering(self.clone())
        })
    }

    fn sweep_later(&self, shelves: &mut Shelves) {
        if shelves.sweeping {
            return;
        }
        shelves.sweeping = true;
        let pool = Arc::downgrade(&self.0);
        tokio::spawn(sweep(pool));
    }
}

// === impl Lingering ===

impl Drop for Lingering {
    fn drop(&mut self) {
        let mut shelves = self.0.lock();
        // A pool that was begun anew does not know of it.
        shelves.lingering = shelves.lingering.saturating_sub(1);
    }
}

/// Closes what has been idle for too long, until there is nothing left.
async fn sweep(pool: Weak<Mutex<Shelves>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(shelves) = pool.upgrade() else {
            return;
        };
        let mut shelves = shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.drop_expired();
        if shelves.origins.is_empty() {
            shelves.sweeping = false;
            return;
        }
    }
}

// === impl Shelves ===

impl Shelves {
    fn new(runtime: runtime::Id) -> Self {
        Self {
            runtime,
            origins: HashMap::default(),
            idle: 0,
            lingering: 0,
            sweeping: false,
        }
    }

    fn shelf(&mut self, origin: &Origin) -> &mut Shelf {
        if !self.origins.contains_key(origin) {
            self.origins.insert(origin.clone(), Shelf::default());
        }
        self.origins.get_mut(origin).expect("inserted above")
    }

    fn drop_expired(&mut self) {
        let now = Instant::now();
        for shelf in self.origins.values_mut() {
            shelf.idle.retain(|idle| idle.until > now);
            shelf
                .shared
                .retain(|it| it.is_open() && !it.is_idle_since(now - IDLE));
        }
        self.origins.retain(|_, shelf| !shelf.is_empty());
        self.idle = self.origins.values().map(|shelf| shelf.idle.len()).sum();
    }

    fn drop_oldest(&mut self) {
        // Each shelf is a stack: its oldest is at the bottom.
        let oldest = self
            .origins
            .values_mut()
            .filter(|shelf| !shelf.idle.is_empty())
            .min_by_key(|shelf| shelf.idle[0].until);
        if let Some(shelf) = oldest {
            shelf.idle.remove(0);
            self.idle -= 1;
        }
    }
}

// === impl Shelf ===

impl Shelf {
    fn turn(&mut self, scheme: Scheme, patience: Patience) -> Turn {
        let sharing = match (self.protocol, patience) {
            (Some(Protocol::Http1), _) | (_, Patience::Over) => false,
            (Some(Protocol::Http2), _) => true,
            (None, Patience::Fresh) => scheme == Scheme::Https,
            // That connection has failed, and nobody knows what it would have been.
            (None, Patience::Waited) => false,
        };
        if !sharing {
            return Turn::Open(Opening { _done: None });
        }
        match self.opening.as_ref().filter(|it| it.has_changed().is_ok()) {
            Some(opening) => Turn::Wait(opening.clone()),
            None => Turn::Open(self.open()),
        }
    }

    fn open(&mut self) -> Opening {
        let (done, opening) = watch::channel(());
        self.opening = Some(opening);
        Opening { _done: Some(done) }
    }

    fn is_empty(&self) -> bool {
        let opening = self.opening.as_ref();
        self.idle.is_empty()
            && self.shared.is_empty()
            && opening.is_none_or(|it| it.has_changed().is_err())
    }
}
