//! Refusals, slowed down: whoever guesses tokens gets a few answers a second, whoever has one never
//! waits here.

use crate::admin::turns::Turns;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Between two refusals, after the first few.
const PACE: Duration = Duration::from_millis(200);

/// How many may come at once without a wait: people mistype.
const BURST: u32 = 10;

/// Most who wait at a time.
const MOST: usize = 50;

/// The refusals of late.
#[derive(Debug)]
pub(super) struct Failures {
    turns: Turns,
    waiting: AtomicUsize,
}

/// So many guess that they are not even listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) struct TooMany;

/// One who waits; dropped, it waits no longer.
struct Place<'a>(&'a AtomicUsize);

// === impl Failures ===

impl Default for Failures {
    fn default() -> Self {
        Self {
            turns: Turns::new(PACE, BURST),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Failures {
    /// Waits for the moment at which a refusal may be answered.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(super) async fn wait(&self) -> Result<(), TooMany> {
        let place = Place::take(&self.waiting)?;
        self.turns.wait().await;
        drop(place);
        Ok(())
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, TooMany> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= MOST {
            return Err(TooMany);
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn the_first_few_refusals_come_at_once_and_the_rest_at_a_pace() {
        let failures = Failures::default();
        let begin = Instant::now();
        let mut came = Vec::new();
        for _ in 0..BURST + 4 {
            failures.wait().await.unwrap();
            came.push(begin.elapsed());
        }
        assert_eq!(came[BURST as usize], Duration::ZERO);
        let last = came[BURST as usize + 3];
        assert!((3 * PACE..4 * PACE).contains(&last), "{last:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_may_wait_are_turned_away() {
        let failures = Failures::default();
        let all = (0..MOST + BURST as usize + 5).map(|_| failures.wait());
        let turned_away = futures_util::future::join_all(all)
            .await
            .into_iter()
            .filter(Result::is_err)
            .count();
        assert!((1..=15).contains(&turned_away), "{turned_away}");
    }
}
