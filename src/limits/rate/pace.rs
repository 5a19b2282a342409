//! How far apart the slots of a tile are.

use crate::config::Rate;
use std::time::Duration;

/// The time from one slot to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace(Duration);

/// How late a slot may be taken and still count as taken in time, so that a thread that wakes late
/// costs no slot. What is later than that is forfeit.
///
/// With [`HAIR`] this is why no window holds too many: in a window of W the slots are at most
/// (W + TOLERANCE) / pace + 1, and at W = 1 s the hair takes off more than the tolerance adds.
pub(super) const TOLERANCE: Duration = Duration::from_millis(3);

/// How much slower than the limit slots are given out, in thousandths.
const HAIR: u128 = 4;

// === impl Pace ===

impl Pace {
    /// No limit: one slot is at the same time as the next.
    pub(super) const FREE: Self = Self(Duration::ZERO);

    /// The slowest that a limit can say, for a tile whose limit is not known yet.
    pub(super) const SLOWEST: Self = Self(Duration::from_secs(60 * 60 + 15));

    /// A hair under `rate`.
    pub(super) fn of(rate: Rate) -> Self {
        let nanos = rate.per.as_nanos() * (1000 + HAIR);
        let interval = nanos.div_ceil(u128::from(rate.count.get()) * 1000);
        Self(Duration::from_nanos(
            u64::try_from(interval).unwrap_or(u64::MAX),
        ))
    }

    pub(super) fn interval(self) -> Duration {
        self.0
    }

    pub(super) fn is_free(self) -> bool {
        self.0.is_zero()
    }

    /// How long `slots` take.
    pub(super) fn times(self, slots: usize) -> Duration {
        let slots = u32::try_from(slots).unwrap_or(u32::MAX);
        self.0.saturating_mul(slots)
    }

    /// How many whole slots `span` has; none to speak of where there is no limit.
    pub(super) fn within(self, span: Duration) -> usize {
        let slots = span.as_nanos().checked_div(self.0.as_nanos());
        usize::try_from(slots.unwrap_or_default()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn slots_are_a_hair_further_apart_than_the_limit_asks() {
        for (count, seconds, nanos) in [
            (5, 1, 200_800_000),
            (5000, 1, 200_800),
            (1_000_000, 1, 1004),
            (7, 60, 8_605_714_286),
            (1, 3600, 3_614_400_000_000),
        ] {
            let pace = Pace::of(Rate {
                count: NonZeroU32::new(count).unwrap(),
                per: Duration::from_secs(seconds),
            });
            assert_eq!(pace.interval(), Duration::from_nanos(nanos), "{count}");
        }
    }
}
