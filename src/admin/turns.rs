//! Turns at a pace: so many at once, then one after another.

use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Hands out moments.
#[derive(Debug)]
pub(super) struct Turns {
    /// Between two, once the first few of a while are used up.
    pace: Duration,
    burst: u32,
    /// When the next one would be if they had come evenly.
    next: Mutex<Option<Instant>>,
}

// === impl Turns ===

impl Turns {
    /// One each `pace`, and `burst` at once after a while without any.
    pub(super) const fn new(pace: Duration, burst: u32) -> Self {
        Self {
            pace,
            burst,
            next: Mutex::new(None),
        }
    }

    /// Waits for the next turn.
    pub(super) async fn wait(&self) {
        let turn = self.take();
        // Without a timer where there is nothing to wait for: those who come keep their order.
        if turn > Instant::now() {
            sleep_until(turn).await;
        }
    }

    /// Takes the next turn: its moment is now, or later.
    fn take(&self) -> Instant {
        let now = Instant::now();
        let mut next = self.next.lock();
        let even = next.map_or(now, |next| next.max(now));
        *next = Some(even + self.pace);
        // The first few of a while are at once.
        even.checked_sub(self.pace * self.burst)
            .map_or(now, |turn| turn.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_few_are_at_once_the_rest_at_a_pace_and_a_pause_saves_some_up() {
        let turns = Turns::new(Duration::from_millis(10), 3);
        let begin = Instant::now();
        let waits = || (turns.take() - Instant::now()).as_millis();
        assert_eq!([waits(), waits(), waits()], [0, 0, 0]);
        assert_eq!([waits(), waits(), waits()], [0, 10, 20]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            [waits(), waits(), waits(), waits(), waits()],
            [0, 0, 0, 0, 10]
        );
        assert!(begin.elapsed() >= Duration::from_secs(1));
    }
}
