//! When a step comes back, and what a store of waiting steps promises.
//!
//! What is stored is the step, never the request that it becomes: no secret reaches a store, and
//! each attempt is planned anew from the configuration then in force.

mod clock;
mod gate;
mod sqlite;
mod store;

pub use clock::Clock;
pub use gate::{Admission, Gate, Lane};
pub use sqlite::{OpenFault, SqliteStore};
pub use store::{
    Claim, Claims, Cursor, FencingToken, Keep, Kept, Page, Reading, Scheduled, Store, StoreError,
    Tally, Waiting,
};

pub use crate::model::Health;

use crate::config::Retry;
use crate::model::{Cause, ExitReason, Progress};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// When to come back after a failure that may be retried, or the exit when there were enough.
///
/// `dice` is from 0 to 1 and places the step within the jitter.
///
/// # Errors
/// [`ExitReason::RetriesExhausted`], with `cause`.
pub fn next_retry(
    retry: &Retry,
    progress: &Progress,
    cause: Option<Cause>,
    now: Timestamp,
    dice: f64,
) -> Result<Timestamp, ExitReason> {
    if progress.retries >= retry.max_retries {
        return Err(ExitReason::RetriesExhausted(cause));
    }
    Ok(later(now, retry.delay + retry.jitter.mul_f64(dice)))
}

/// `wait` after `now`; the end of time where that is past it.
pub fn later(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| now.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguous;

    fn retry() -> Retry {
        Retry {
            delay: Duration::from_secs(180),
            jitter: Duration::from_secs(10),
            max_retries: 3,
            statuses: vec![503],
            ambiguous: Ambiguous::Retry,
        }
    }

    fn after(retries: u32, dice: f64) -> Result<Timestamp, ExitReason> {
        let progress = Progress {
            retries,
            ..Progress::default()
        };
        let cause = Some(Cause::Timeout);
        next_retry(&retry(), &progress, cause, Timestamp::UNIX_EPOCH, dice)
    }

    #[test]
    fn a_retry_is_never_earlier_than_its_delay_and_at_most_the_jitter_later() {
        assert_eq!(after(0, 0.0), Ok(Timestamp::from_second(180).unwrap()));
        assert_eq!(after(2, 1.0), Ok(Timestamp::from_second(190).unwrap()));
    }

    #[test]
    fn the_fourth_retry_is_an_exit_with_the_last_cause() {
        let exhausted = ExitReason::RetriesExhausted(Some(Cause::Timeout));
        assert_eq!(after(3, 0.0), Err(exhausted));
    }
}
