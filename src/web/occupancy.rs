//! How many of something are here now.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count of those present. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Occupancy(Arc<AtomicUsize>);

/// One that is present; dropping it is leaving.
#[derive(Debug)]
pub struct Presence(Arc<AtomicUsize>);

// === impl Occupancy ===

impl Occupancy {
    /// How many are here.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// Lets one in.
    pub fn enter(&self) -> Presence {
        self.0.fetch_add(1, Ordering::AcqRel);
        self.presence()
    }

    /// Lets one in unless `most` are here already.
    pub fn enter_below(&self, most: usize) -> Option<Presence> {
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        let presence = self.presence();
        (before < most).then_some(presence)
    }

    /// For one that is counted already.
    fn presence(&self) -> Presence {
        Presence(self.0.clone())
    }
}

// === impl Presence ===

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_most_are_let_in() {
        let occupancy = Occupancy::default();
        let first = occupancy.enter_below(1);
        assert!(first.is_some());
        assert!(occupancy.enter_below(1).is_none());

        drop(first);

        assert_eq!(occupancy.count(), 0);
        assert!(occupancy.enter_below(1).is_some());
    }
}
