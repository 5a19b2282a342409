//! A tile's rate limit as pacing: a reserving GCRA.
//!
//! Each tile has the moment at which its next slot is free. Taking a slot moves it on by one
//! interval, at once, so that those who wait hold different slots and none needs to ask again.

use crate::config::Rate;
use crate::model::TileRef;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The next free slot of each tile. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct RateLimits(Arc<Mutex<HashMap<TileRef, Instant>>>);

/// When an attempt may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Taken: go at this moment, which may be past.
    At(Instant),
    /// Not taken: the line is longer than the caller waits. Come back then.
    Later(Instant),
}

/// Tiles remembered past which those without a line are forgotten.
const SWEEP_OVER: usize = 100_000;

// === impl RateLimits ===

impl RateLimits {
    /// Takes the next slot of `tile`, unless it is further off than `longest_wait`.
    pub fn take(&self, tile: &TileRef, rate: Rate, now: Instant, longest_wait: Duration) -> Slot {
        let interval = rate.per / rate.count.get();
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = free.get(tile).copied().map_or(now, |next| next.max(now));
        if next - now > longest_wait {
            return Slot::Later(next);
        }
        if free.len() >= SWEEP_OVER && !free.contains_key(tile) {
            free.retain(|_, next| *next > now);
        }
        free.insert(tile.clone(), next + interval);
        Slot::At(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    const TEN_A_SECOND: Rate = Rate {
        count: NonZeroU32::new(10).unwrap(),
        per: Duration::from_secs(1),
    };

    fn tile(name: &str) -> TileRef {
        TileRef::new(name).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn slots_are_one_interval_apart_and_a_long_line_is_not_joined() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        let wait = Duration::from_millis(250);
        let slots = [0; 4].map(|_| limits.take(&tile("j/t"), TEN_A_SECOND, now, wait));
        let after = |ms| now + Duration::from_millis(ms);
        assert_eq!(
            slots,
            [
                Slot::At(now),
                Slot::At(after(100)),
                Slot::At(after(200)),
                Slot::Later(after(300))
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_tile_saves_nothing_up() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        limits.take(&tile("j/t"), TEN_A_SECOND, now, Duration::ZERO);
        let later = now + Duration::from_secs(60);
        let take = || limits.take(&tile("j/t"), TEN_A_SECOND, later, Duration::ZERO);
        assert_eq!(take(), Slot::At(later));
        assert_eq!(take(), Slot::Later(later + Duration::from_millis(100)));
    }

    #[tokio::test(start_paused = true)]
    async fn tiles_do_not_wait_for_each_other() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        for name in ["j/a", "j/b"] {
            let slot = limits.take(&tile(name), TEN_A_SECOND, now, Duration::ZERO);
            assert_eq!(slot, Slot::At(now));
        }
    }
}
