//! Attempts in flight per scheme, host and port: a hanging host fills only its share.

use crate::model::Origin;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The part of a host's share that due steps get however many new ones come: a sixteenth, and one
/// place at least.
const LEAST: usize = 16;

/// For how long after a due step found no place the next ones are left to due steps. Longer than
/// they wait until they ask again.
const YIELDS: Duration = Duration::from_millis(100);

/// Locks that hosts are spread over, so that threads seldom meet at one.
const SHARDS: usize = 16;

/// Counts attempts in flight. Clones share the counts.
#[derive(Debug, Clone)]
pub struct HostLimits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: Counts<AtomicUsize>,
    /// Spreads hosts over locks; whoever makes many share one gains nothing.
    hasher: RandomState,
    shards: [Mutex<Hosts>; SHARDS],
}

/// By a cheap hash with a seed of its own: whoever finds names that meet in it makes a search as
/// long as the attempts under way, and a host is forgotten with its last.
type Hosts = HashMap<Origin, Host, RandomState>;

/// What is known of one host.
#[derive(Debug, Default)]
struct Host {
    count: Counts<usize>,
    /// Until when new steps leave places to due ones, which found none.
    yields: Option<Instant>,
}

/// Attempts under way.
#[derive(Debug, Clone, Copy, Default)]
struct Counts<N> {
    all: N,
    /// Of these, the ones of steps that came from the schedule.
    due: N,
}

/// One attempt's place; dropping it gives it back.
#[derive(Debug)]
pub struct HostPermit {
    limits: HostLimits,
    origin: Origin,
    is_due: bool,
}

// === impl HostLimits ===

impl HostLimits {
    /// Nothing in flight.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            total: Counts::default(),
            hasher: RandomState::default(),
            shards: std::array::from_fn(|_| Mutex::new(Hosts::default())),
        }))
    }

    /// A place for one attempt at `origin`: fewer than `per_host` may be under way there, and
    /// fewer than `in_all` minus all that are under way anywhere, so that one host that hangs
    /// always leaves room for the others. None when its share is full.
    pub fn enter(&self, origin: &Origin, per_host: usize, in_all: usize) -> Option<HostPermit> {
        let share = self.share(per_host, in_all);
        let total = &self.0.total;
        let mut hosts = self.shard(origin);
        let host = host_of(&mut hosts, origin);
        if host.count.all + host.left_to_due(share) >= share {
            return None;
        }
        host.count.all += 1;
        drop(hosts);
        total.all.fetch_add(1, Ordering::Relaxed);
        Some(self.permit(origin, false))
    }

    /// As [`enter`](Self::enter), for a step that comes from the schedule. Of a host's share those
    /// get half, at least one place, and of everything half, so that thousands that are due at
    /// once keep neither new steps out nor those that are due for another host. One that finds its
    /// host full of new steps gets a place before the next of those.
    pub fn enter_due(&self, origin: &Origin, per_host: usize, in_all: usize) -> Option<HostPermit> {
        let share = self.share(per_host, in_all);
        let total = &self.0.total;
        let free = (in_all / 2).saturating_sub(total.due.load(Ordering::Relaxed));
        let half = (share / 2).min(free).max(1);
        let mut hosts = self.shard(origin);
        let host = host_of(&mut hosts, origin);
        if host.count.due >= half {
            return None;
        }
        if host.count.all >= share {
            host.yields = Some(Instant::now() + YIELDS);
            return None;
        }
        host.count.all += 1;
        host.count.due += 1;
        drop(hosts);
        total.all.fetch_add(1, Ordering::Relaxed);
        total.due.fetch_add(1, Ordering::Relaxed);
        Some(self.permit(origin, true))
    }

    /// How many may be under way at one host now.
    fn share(&self, per_host: usize, in_all: usize) -> usize {
        let free = in_all.saturating_sub(self.0.total.all.load(Ordering::Relaxed));
        per_host.min(free.max(1))
    }

    fn permit(&self, origin: &Origin, is_due: bool) -> HostPermit {
        HostPermit {
            limits: self.clone(),
            origin: origin.clone(),
            is_due,
        }
    }

    fn shard(&self, origin: &Origin) -> MutexGuard<'_, Hosts> {
        let shard = self.0.hasher.hash_one(origin) as usize % SHARDS;
        // A count is whole at every moment, so a panic elsewhere leaves nothing half done.
        self.0.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for HostLimits {
    fn default() -> Self {
        Self::new()
    }
}

// === impl HostPermit ===

impl HostPermit {
    /// Whether it is a place at `origin`.
    pub fn is_for(&self, origin: &Origin) -> bool {
        self.origin == *origin
    }
}

impl Drop for HostPermit {
    fn drop(&mut self) {
        let due = usize::from(self.is_due);
        let mut hosts = self.limits.shard(&self.origin);
        if let Some(host) = hosts.get_mut(&self.origin) {
            host.count.all -= 1;
            host.count.due -= due;
            if self.is_due && host.count.due == 0 {
                // It asks again if there are more.
                host.yields = None;
            }
            if host.count.all == 0 && !host.yields() {
                hosts.remove(&self.origin);
            }
        }
        drop(hosts);
        let total = &self.limits.0.total;
        total.all.fetch_sub(1, Ordering::Relaxed);
        total.due.fetch_sub(due, Ordering::Relaxed);
    }
}

// === impl Host ===

impl Host {
    /// Places that new steps leave to due ones now, of a `share`.
    fn left_to_due(&self, share: usize) -> usize {
        if !self.yields() {
            return 0;
        }
        (share / LEAST).max(1).saturating_sub(self.count.due)
    }

    fn yields(&self) -> bool {
        self.yields.is_some_and(|until| Instant::now() < until)
    }
}

/// One host, without a copy of its name where it is known.
fn host_of<'a>(hosts: &'a mut Hosts, origin: &Origin) -> &'a mut Host {
    if !hosts.contains_key(origin) {
        hosts.insert(origin.clone(), Host::default());
    }
    hosts.get_mut(origin).expect("it was put there")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scheme;

    fn origin(host: &str) -> Origin {
        Origin {
            scheme: Scheme::Https,
            host: host.into(),
            port: 443,
        }
    }

    #[test]
    fn a_host_gets_its_share_and_no_more() {
        let limits = HostLimits::new();
        let held: Vec<_> = (0..3)
            .filter_map(|_| limits.enter(&origin("a"), 2, 100))
            .collect();
        assert_eq!(held.len(), 2);
        assert!(limits.enter(&origin("b"), 2, 100).is_some());
    }

    #[test]
    fn a_dropped_permit_is_a_free_place() {
        let limits = HostLimits::new();
        let permit = limits.enter(&origin("a"), 1, 100);
        assert!(limits.enter(&origin("a"), 1, 100).is_none());
        drop(permit);
        assert!(limits.enter(&origin("a"), 1, 100).is_some());
    }

    #[test]
    fn a_hanging_host_leaves_half_of_everything_to_the_others() {
        let limits = HostLimits::new();
        let hanging: Vec<_> = (0..100)
            .filter_map(|_| limits.enter(&origin("a"), 1000, 10))
            .collect();
        assert_eq!(hanging.len(), 5);
        assert!(limits.enter(&origin("b"), 1000, 10).is_some());
    }

    #[test]
    fn what_is_due_gets_half_of_a_hosts_share_and_a_place_at_least() {
        let limits = HostLimits::new();
        for (per_host, places) in [(1, 1), (2, 1), (8, 4)] {
            let held: Vec<_> = (0..100)
                .filter_map(|_| limits.enter_due(&origin("a"), per_host, 1000))
                .collect();
            assert_eq!(held.len(), places, "of {per_host}");
        }

        let due: Vec<_> = (0..100)
            .filter_map(|_| limits.enter_due(&origin("a"), 8, 1000))
            .collect();
        let new: Vec<_> = (0..100)
            .filter_map(|_| limits.enter(&origin("a"), 8, 1000))
            .collect();
        assert_eq!((due.len(), new.len()), (4, 4));

        // Each gives back what it took.
        drop(due);
        assert!(limits.enter_due(&origin("a"), 8, 1000).is_some());
        drop(new);
        let due = (0..100).filter_map(|_| limits.enter_due(&origin("a"), 8, 1000));
        assert_eq!(due.collect::<Vec<_>>().len(), 4);
    }

    #[test]
    fn a_host_that_new_steps_keep_full_leaves_its_next_places_to_what_is_due() {
        let limits = HostLimits::new();
        let new = || limits.enter(&origin("a"), 32, 1000);
        let due = || limits.enter_due(&origin("a"), 32, 1000);
        let mut held: Vec<_> = std::iter::from_fn(new).collect();
        assert_eq!((held.len(), due().is_none()), (32, true));

        // Two of 32 are for them, as long as they ask.
        held.truncate(29);
        let first = due();
        let after: Vec<_> = std::iter::from_fn(new).collect();
        assert!(first.is_some());
        assert_eq!(after.len(), 1);
        let second = due();
        assert!(second.is_some() && due().is_none() && new().is_none());

        // Others are not concerned.
        let other: Vec<_> = std::iter::from_fn(|| limits.enter(&origin("b"), 32, 1000)).collect();
        assert_eq!(other.len(), 32);
    }

    #[test]
    fn a_host_of_one_place_serves_new_steps_and_due_ones() {
        let limits = HostLimits::new();
        let new = limits.enter(&origin("a"), 1, 1000);
        assert!(new.is_some() && limits.enter_due(&origin("a"), 1, 1000).is_none());
        drop(new);
        assert!(limits.enter(&origin("a"), 1, 1000).is_none());
        let due = limits.enter_due(&origin("a"), 1, 1000);
        assert!(due.is_some());
        drop(due);
        // What was due has had its turn.
        assert!(limits.enter(&origin("a"), 1, 1000).is_some());
    }

    #[test]
    fn what_is_due_for_many_hosts_leaves_half_of_everything_to_new_steps() {
        let limits = HostLimits::new();
        let hosts: Vec<_> = (0..10)
            .map(|number| origin(&format!("h{number}")))
            .collect();
        let due: Vec<_> = (0..1000)
            .filter_map(|turn| limits.enter_due(&hosts[turn % 10], 100, 100))
            .collect();

        // Each host has its part of the half, and one that comes later finds a place.
        assert!((40..=50).contains(&due.len()), "{}", due.len());
        assert!(limits.enter_due(&origin("late"), 100, 100).is_some());
        let new = (0..100).filter_map(|_| limits.enter(&origin("late"), 100, 100));
        assert!(new.collect::<Vec<_>>().len() >= 25);
    }
}
