//! What a store of waiting steps promises, and the words it speaks in.

use super::gate::{Gate, Lane};
use crate::model::{
    Health, Origin, Outcome, PendingReason, Progress, Sent, Step, StepId, Target, TileRef, Verdict,
};
use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A step that waits.
#[derive(Debug, Clone)]
pub struct Scheduled {
    pub step: Step,
    /// Where the step's request goes, for a webhook whose endpoint does not say so by itself.
    pub origin: Option<Origin>,
    /// No attempt before it. Steps of one lane go in this order.
    pub due: Timestamp,
    /// When the next attempt is expected, at the pace of what waits before it; never before `due`.
    pub expected: Timestamp,
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

/// What came of asking for due steps.
#[derive(Debug, Default)]
pub struct Claims {
    /// The oldest first.
    pub claims: Vec<Claim>,
    /// When to ask again at the latest; none while nothing waits.
    pub again: Option<Timestamp>,
}

/// Proof of a claim; a later claim of the same step makes it stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FencingToken(pub(super) u64);

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
    /// A cursor that this store never gave.
    #[error("the cursor is not one of this outcome log")]
    BadCursor,
}

/// What a store knows of a step by its id.
#[derive(Debug, Clone)]
pub enum Kept {
    Waiting(Waiting),
    /// Its final outcome, as JSON.
    Finished(Bytes),
}

/// A step on the schedule, without its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub id: StepId,
    pub target: Target,
    pub reason: PendingReason,
    pub expected: Timestamp,
    pub progress: Progress,
    /// Claimed: an attempt may be under way.
    pub running: bool,
}

/// How many steps of one target wait, by why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    pub target: Target,
    pub reason: &'static str,
    pub steps: usize,
}

/// A place in the outcome log: `[A-Za-z0-9_-]+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Where to read the outcome log.
#[derive(Debug, Clone)]
pub struct Reading {
    pub group: String,
    /// Where the group's acknowledged place is left for another.
    pub after: Option<Cursor>,
    pub limit: usize,
    /// Longest that an empty page is waited on.
    pub wait: Duration,
}

/// Final outcomes, oldest first, and the place after the last of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Each the JSON of one outcome.
    pub outcomes: Vec<Bytes>,
    pub cursor: Cursor,
}

/// How long finished steps are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// In the outcome log, unless every group has acknowledged them before.
    pub outcomes: Duration,
    /// … to answer the same id again.
    pub remembered: Duration,
    /// … and how many.
    pub most_remembered: usize,
}

/// Keeps steps until they are due, and their outcomes until they are read.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Takes a step; `Ok` only once it is as durable as the store can make it. Idempotent on the
    /// step's id.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Down`] or [`StoreError::Unknown`].
    async fn schedule(&self, step: Scheduled) -> Result<(), StoreError>;

    /// Takes a step that is under way here: claimed as it is taken.
    ///
    /// # Errors
    /// As [`schedule`](Self::schedule).
    async fn schedule_claimed(
        &self,
        step: Scheduled,
        lease: Duration,
    ) -> Result<FencingToken, StoreError>;

    /// Hands out up to `max` steps that are due and that `gate` lets through, each hidden until
    /// `lease` ends: the oldest first, and none behind one that the gate holds back.
    async fn claim_due(
        &self,
        max: usize,
        lease: Duration,
        gate: Arc<dyn Gate>,
    ) -> Result<Claims, StoreError>;

    /// Waits until a step may be due earlier than the last [`Claims::again`] said.
    async fn earlier(&self);

    /// Hides a claimed step for another `lease` from now on.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when the token is stale.
    async fn extend(&self, token: FencingToken, lease: Duration) -> Result<(), StoreError>;

    /// Puts a claimed step back, atomically.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when the token is stale, and nothing is changed.
    async fn reschedule(&self, token: FencingToken, step: Scheduled) -> Result<(), StoreError>;

    /// Removes a claimed step and appends its final outcome to the log, in one.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when the token is stale, and nothing is changed.
    async fn complete(&self, token: FencingToken, outcome: Bytes) -> Result<(), StoreError>;

    /// Removes a step, claimed or not, and its entry in the outcome log, and keeps nothing of it.
    /// Whether there was one.
    async fn cancel(&self, id: &StepId) -> Result<bool, StoreError>;

    /// Whether a step of this id may be kept: `false` is certain, and costs no wait.
    fn may_know(&self, id: &StepId) -> bool;

    /// What is known of a step.
    async fn find(&self, id: &StepId) -> Result<Option<Kept>, StoreError>;

    /// Steps that wait, by when they are due, those of one target where one is named.
    async fn waiting(
        &self,
        target: Option<Target>,
        limit: usize,
    ) -> Result<Vec<Waiting>, StoreError>;

    /// How many wait at which target, and why.
    async fn tallies(&self) -> Result<Vec<Tally>, StoreError>;

    /// A page of the outcome log; an empty one is waited on.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], or what else the store says.
    async fn read_outcomes(&self, reading: Reading) -> Result<Page, StoreError>;

    /// `group` has all outcomes up to `cursor`; never moves back. Makes the group.
    ///
    /// # Errors
    /// [`StoreError::BadCursor`], or what else the store says.
    async fn ack_outcomes(&self, group: &str, cursor: &Cursor) -> Result<(), StoreError>;

    /// Drops what need not be kept any longer.
    async fn trim(&self, keep: Keep) -> Result<(), StoreError>;

    /// Remembers across restarts that `tile` used a slot at `at`.
    async fn mark_slot(&self, tile: &TileRef, at: Timestamp) -> Result<(), StoreError>;

    /// The last slots that were marked.
    async fn slots(&self) -> Result<Vec<(TileRef, Timestamp)>, StoreError>;

    /// How it is; costs no wait.
    fn health(&self) -> Health;
}

// === impl Scheduled ===

impl Scheduled {
    /// The queue it waits in.
    pub fn lane(&self) -> Lane {
        Lane {
            target: self.step.target.clone(),
            origin: self.origin.clone(),
        }
    }
}

// === impl Waiting ===

impl Waiting {
    /// The step's state as an outcome.
    pub fn outcome(&self) -> Outcome {
        let Progress {
            attempts,
            status,
            sent,
            ..
        } = self.progress;
        let (reason, due, message) = if self.running {
            (PendingReason::InFlight, None, "The step is running.")
        } else {
            (
                self.reason,
                Some(self.expected),
                "The step waits on the schedule.",
            )
        };
        Outcome {
            id: self.id.clone(),
            target: self.target.clone(),
            verdict: Verdict::Pending { reason, due },
            status,
            attempts,
            elapsed: Duration::ZERO,
            sent: if attempts == 0 { Some(Sent::No) } else { sent },
            message: message.to_owned(),
            captured: None,
            branch: None,
            failure: None,
            warnings: Vec::new(),
        }
    }
}
