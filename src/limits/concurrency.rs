//! Attempts in flight per scheme, host and port: a hanging host fills only its share.

use crate::model::Origin;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Locks that hosts are spread over, so that threads seldom meet at one.
const SHARDS: usize = 16;

/// Counts attempts in flight. Clones share the counts.
#[derive(Debug, Clone)]
pub struct HostLimits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: Counts<AtomicUsize>,
    hasher: RandomState,
    shards: [Mutex<HashMap<Origin, Counts<usize>>>; SHARDS],
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
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
        }))
    }

    /// A place for one attempt at `origin`: fewer than `per_host` may be under way there, and
    /// fewer than `in_all` minus all that are under way anywhere, so that one host that hangs
    /// always leaves room for the others. None when its share is full.
    pub fn enter(&self, origin: &Origin, per_host: usize, in_all: usize) -> Option<HostPermit> {
        let share = self.share(per_host, in_all);
        let total = &self.0.total;
        let mut hosts = self.shard(origin);
        let count = count_of(&mut hosts, origin);
        if count.all >= share {
            return None;
        }
        count.all += 1;
        drop(hosts);
        total.all.fetch_add(1, Ordering::Relaxed);
        Some(self.permit(origin, false))
    }

    /// As [`enter`](Self::enter), for a step that comes from the schedule. Of a host's share those
    /// get half, at least one place, and of everything half, so that thousands that are due at
    /// once keep neither new steps out nor those that are due for another host.
    pub fn enter_due(&self, origin: &Origin, per_host: usize, in_all: usize) -> Option<HostPermit> {
        let share = self.share(per_host, in_all);
        let total = &self.0.total;
        let free = (in_all / 2).saturating_sub(total.due.load(Ordering::Relaxed));
        let half = (share / 2).min(free).max(1);
        let mut hosts = self.shard(origin);
        let count = count_of(&mut hosts, origin);
        if count.all >= share || count.due >= half {
            return None;
        }
        count.all += 1;
        count.due += 1;
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

    fn shard(&self, origin: &Origin) -> MutexGuard<'_, HashMap<Origin, Counts<usize>>> {
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
        if let Some(count) = hosts.get_mut(&self.origin) {
            count.all -= 1;
            count.due -= due;
            if count.all == 0 {
                hosts.remove(&self.origin);
            }
        }
        drop(hosts);
        let total = &self.limits.0.total;
        total.all.fetch_sub(1, Ordering::Relaxed);
        total.due.fetch_sub(due, Ordering::Relaxed);
    }
}

/// The counts of one host, without a copy of its name where it has some.
fn count_of<'a>(
    hosts: &'a mut HashMap<Origin, Counts<usize>>,
    origin: &Origin,
) -> &'a mut Counts<usize> {
    if !hosts.contains_key(origin) {
        hosts.insert(origin.clone(), Counts::default());
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
