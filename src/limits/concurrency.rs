//! Attempts in flight per scheme, host and port: a hanging host fills only its share.

use crate::model::Origin;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Locks that hosts are spread over, so that threads seldom meet at one.
const SHARDS: usize = 16;

/// Counts attempts in flight. Clones share the counts.
#[derive(Debug, Clone)]
pub struct HostLimits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: AtomicUsize,
    hasher: RandomState,
    shards: [Mutex<HashMap<Origin, usize>>; SHARDS],
}

/// One attempt's place; dropping it gives it back.
#[derive(Debug)]
pub struct HostPermit {
    limits: HostLimits,
    origin: Origin,
}

// === impl HostLimits ===

impl HostLimits {
    /// Nothing in flight.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            total: AtomicUsize::new(0),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
        }))
    }

    /// A place for one attempt at `origin`: fewer than `per_host` may be under way there, and
    /// fewer than `in_all` minus all that are under way anywhere, so that one host that hangs
    /// always leaves room for the others. None when its share is full.
    pub fn enter(&self, origin: &Origin, per_host: usize, in_all: usize) -> Option<HostPermit> {
        let free = in_all.saturating_sub(self.0.total.load(Ordering::Relaxed));
        let share = per_host.min(free.max(1));
        let mut hosts = self.shard(origin);
        if let Some(count) = hosts.get_mut(origin) {
            if *count >= share {
                return None;
            }
            *count += 1;
        } else {
            hosts.insert(origin.clone(), 1);
        }
        drop(hosts);
        self.0.total.fetch_add(1, Ordering::Relaxed);
        Some(HostPermit {
            limits: self.clone(),
            origin: origin.clone(),
        })
    }

    /// As [`enter`](Self::enter), for a step that comes from the schedule: of a host's share those
    /// get half, so that new steps are not kept out.
    pub fn enter_due(&self, origin: &Origin, per_host: usize, in_all: usize) -> Option<HostPermit> {
        self.enter(origin, per_host, in_all)
    }

    fn shard(&self, origin: &Origin) -> std::sync::MutexGuard<'_, HashMap<Origin, usize>> {
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
        let mut hosts = self.limits.shard(&self.origin);
        if let Some(count) = hosts.get_mut(&self.origin) {
            *count -= 1;
            if *count == 0 {
                hosts.remove(&self.origin);
            }
        }
        drop(hosts);
        self.limits.0.total.fetch_sub(1, Ordering::Relaxed);
    }
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
}
