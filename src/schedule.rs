//! When a step comes back, and what a store of waiting steps promises.
//!
//! What is stored is the step, never the request that it becomes: no secret reaches a store, and
//! each attempt is planned anew from the configuration then in force.

mod memory;

use crate::config::Retry;
use crate::model::{Cause, ExitReason, PendingReason, Progress, Step, StepId};
use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::time::Duration;

pub use memory::MemoryStore;

/// A step that waits.
#[derive(Debug, Clone)]
pub struct Scheduled {
    pub step: Step,
    pub due: Timestamp,
    pub reason: PendingReason,
    pub progress: Progress,
    /// When the step first came.
    pub arrived: Timestamp,
    pub traceparent: Option<HeaderValue>,
}

/// A step that was handed out, hidden from others until its lease ends.
#[derive(Debug, Clone)]
pub struct Claim {
    pub scheduled: Scheduled,
    pub token: FencingToken,
}

/// Proof of a claim; a later claim of the same step makes it stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FencingToken(u64);

/// Why a store did not do as it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the schedule is full")]
    Full,
    #[error("the schedule is out of reach")]
    Down,
    /// It may or may not be done: asking again with the same id is safe.
    #[error("the schedule did not say whether it took the step")]
    Unknown,
    /// The step was claimed by another meanwhile, or is gone.
    #[error("the lease on the step is lost")]
    LostLease,
}

/// What a store says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    pub pending: usize,
    pub oldest_due: Option<Timestamp>,
}

/// Keeps steps until they are due.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Takes a step; `Ok` only once it is as durable as the store can make it. Idempotent on the
    /// step's id.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Down`] or [`StoreError::Unknown`].
    async fn schedule(&self, step: Scheduled) -> Result<(), StoreError>;

    /// Waits until a step may be due.
    async fn due(&self);

    /// Hands out up to `max` steps that are due, the oldest first, each hidden until `lease` ends.
    async fn claim_due(&self, max: usize, lease: Duration) -> Result<Vec<Claim>, StoreError>;

    /// Puts a claimed step back, atomically.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when the token is stale, and nothing is changed.
    async fn reschedule(&self, token: FencingToken, step: Scheduled) -> Result<(), StoreError>;

    /// Removes a claimed step and keeps its final outcome, in one.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when the token is stale, and nothing is changed.
    async fn complete(
        &self,
        token: FencingToken,
        id: &StepId,
        outcome: Bytes,
    ) -> Result<(), StoreError>;

    /// Removes a step, claimed or not, and keeps nothing of it. Whether there was one.
    async fn cancel(&self, id: &StepId) -> Result<bool, StoreError>;

    /// What waits.
    fn health(&self) -> Health;
}

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
