//! What the process may hold, given the descriptors it may open.

use crate::config::Delivery;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Descriptors of a step in flight: the client's connection and the endpoint's.
const PER_STEP: u64 = 2;

/// Descriptors for all else: listeners, store, files that are read again, idle connections.
const MARGIN: u64 = 200;

/// Raises the limit of open descriptors as far as it goes. The most steps that it leaves room for,
/// with a warning when that is less than `delivery` allows.
pub(super) fn most_in_flight(delivery: &Delivery) -> usize {
    let descriptors = raise();
    let most = room(descriptors);
    if most < delivery.max_in_flight {
        warn!(
            descriptors,
            max_in_flight = most,
            "`delivery.max_in_flight` is lowered from {} to {most}: the process may open {descriptors} descriptors",
            delivery.max_in_flight,
        );
    }
    most
}

/// Steps that `descriptors` leave room for, at least one.
fn room(descriptors: u64) -> usize {
    let steps = descriptors.saturating_sub(MARGIN) / PER_STEP;
    usize::try_from(steps).unwrap_or(usize::MAX).max(1)
}

fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // No number means no limit.
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_takes_two_descriptors_beside_the_margin() {
        for (descriptors, steps) in [(1024, 412), (20_200, 10_000), (100, 1), (0, 1)] {
            assert_eq!(room(descriptors), steps, "{descriptors}");
        }
    }
}
