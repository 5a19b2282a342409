//! The wall clock, which a test may hold in its hand.

use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::watch;

/// What time it is. Clones show the same.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Stands still but for [`advance`](Self::advance).
    Manual(watch::Sender<Timestamp>),
}

/// Longest that a sleep trusts: the wall clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

// === impl Clock ===

impl Clock {
    /// A clock that stands at `time`.
    pub fn manual(time: Timestamp) -> Self {
        Self::Manual(watch::Sender::new(time))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Manual(time) => *time.borrow(),
        }
    }

    /// Moves a manual clock on; the machine's moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(time) = self {
            time.send_modify(|time| *time = super::later(*time, by));
        }
    }

    /// Waits until `time`.
    pub async fn sleep_until(&self, time: Timestamp) {
        match self {
            Self::System => {
                while let Some(left) = left(time) {
                    tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
                }
            }
            Self::Manual(now) => {
                // The sender is here: it cannot be gone.
                let _ = now.subscribe().wait_for(|now| *now >= time).await;
            }
        }
    }
}

fn left(until: Timestamp) -> Option<Duration> {
    let left = until.duration_since(Timestamp::now());
    Duration::try_from(left).ok().filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_moves_when_it_is_told() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let moment = crate::schedule::later(clock.now(), Duration::from_secs(180));
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(moment).await }
        });
        clock.advance(Duration::from_secs(179));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(1));
        waiting.await.unwrap();
        assert_eq!(clock.now(), moment);
    }
}
