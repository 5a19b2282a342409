//! A step on its way through the pipeline: how far it has got, and the outcomes it can end in.

use super::{Arrival, Refusal};
use crate::config::{Found, Gateway, LiveDataFailure, NotFound, TileType};
use crate::limits::{self, HostPermit};
use crate::model::{
    Branch, Captured, Cause, ExitReason, Origin, Outcome, PendingReason, Progress, Sent, Step,
    StepWarning, Verdict,
};
use crate::schedule::{self, Scheduled, StoreError};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A step on its way: what came, and how far it has got.
pub(super) struct Travel {
    pub(super) step: Step,
    pub(super) at: Instant,
    /// By the clock; none for a new step, of which `at` says it.
    arrived: Option<Timestamp>,
    pub(super) traceparent: Option<HeaderValue>,
    pub(super) progress: Progress,
    /// Attempts begun, for others to see while they are under way.
    pub(super) begun: Begun,
    /// Where its request goes, for a webhook whose endpoint does not say so by itself.
    pub(super) origin: Option<Origin>,
    /// When it was due; none for a new step.
    due: Option<Timestamp>,
    /// Why it waited, if it did.
    waited: Option<PendingReason>,
    /// A place at its host that was taken for it.
    pub(super) permit: Option<HostPermit>,
}

/// How many attempts of a step have begun. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Begun(Arc<AtomicU32>);

/// Where a step's way leads from here.
pub(super) enum Next {
    Final(Outcome),
    Wait(Wait),
}

/// Why and how long a step waits.
pub(super) struct Wait {
    pub(super) reason: PendingReason,
    /// No attempt before it.
    due: Timestamp,
    /// When the next attempt is expected.
    expected: Timestamp,
    message: String,
}

// === impl Begun ===

impl Begun {
    /// How many.
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn set(&self, attempts: u32) {
        self.0.store(attempts, Ordering::Release);
    }
}

// === impl Travel ===

impl From<Arrival> for Travel {
    fn from(arrival: Arrival) -> Self {
        Self {
            step: arrival.step,
            at: arrival.at,
            arrived: None,
            traceparent: arrival.traceparent,
            progress: Progress::default(),
            begun: Begun::default(),
            origin: None,
            due: None,
            waited: None,
            permit: None,
        }
    }
}

impl From<Scheduled> for Travel {
    fn from(scheduled: Scheduled) -> Self {
        let waited = Timestamp::now().duration_since(scheduled.arrived);
        let waited = Duration::try_from(waited).unwrap_or_default();
        let now = Instant::now();
        Self {
            at: now.checked_sub(waited).unwrap_or(now),
            step: scheduled.step,
            arrived: Some(scheduled.arrived),
            traceparent: scheduled.traceparent,
            progress: scheduled.progress,
            begun: Begun::default(),
            origin: scheduled.origin,
            due: Some(scheduled.due),
            waited: Some(scheduled.reason),
            permit: None,
        }
    }
}

impl Travel {
    pub(super) fn has_expired(&self) -> bool {
        let end = self.step.expires_at;
        end.is_some_and(|end| end <= Timestamp::now())
    }

    /// When it came first, by the clock.
    fn arrived(&self) -> Timestamp {
        self.arrived.unwrap_or_else(|| {
            let ago = SignedDuration::try_from(self.at.elapsed()).unwrap_or_default();
            let now = Timestamp::now();
            now.checked_sub(ago).unwrap_or(now)
        })
    }

    /// Whose turn it is in a tile's line.
    pub(super) fn comes_from(&self) -> limits::From {
        match self.due {
            Some(_) => limits::From::Schedule,
            None => limits::From::Worker,
        }
    }

    /// As the store takes it.
    pub(super) fn scheduled(&self, wait: &Wait) -> Scheduled {
        Scheduled {
            step: self.step.clone(),
            origin: self.origin.clone(),
            due: wait.due,
            expected: wait.expected,
            reason: wait.reason,
            progress: self.progress,
            arrived: self.arrived(),
            traceparent: self.traceparent.clone(),
        }
    }

    /// Its outcome, and what the store has to take where it waits.
    pub(super) fn end(&self, next: Next) -> (Outcome, Option<Scheduled>) {
        match next {
            Next::Final(outcome) => (outcome, None),
            Next::Wait(wait) => {
                let scheduled = self.scheduled(&wait);
                (self.pending(wait), Some(scheduled))
            }
        }
    }

    /// It may go at once, as far as it is itself concerned.
    pub(super) fn at_once(&self, reason: PendingReason, message: &str) -> Wait {
        self.held_back(reason, Duration::ZERO, message)
    }

    /// It is held back by others, probably for so long: it keeps its place among those who wait.
    pub(super) fn held_back(
        &self,
        reason: PendingReason,
        expected: Duration,
        message: &str,
    ) -> Wait {
        let now = Timestamp::now();
        Wait {
            reason,
            due: self.due.unwrap_or(now),
            expected: schedule::later(now, expected),
            message: message.into(),
        }
    }

    /// The target is not in service, and the step is on the schedule. A fault of the configuration
    /// costs the user nothing: the step waits for its repair.
    pub(super) fn without(&self, missing: NotFound, gateway: &Gateway) -> Next {
        match missing {
            NotFound::Webhook => Next::Final(self.unknown_webhook()),
            NotFound::Tile => Next::Final(self.unknown_tile()),
            NotFound::WebhookInvalid | NotFound::WebhookUntested | NotFound::JourneyInvalid => {
                let due = schedule::later(Timestamp::now(), gateway.retry.delay);
                Next::Wait(Wait {
                    reason: self.waited.unwrap_or(PendingReason::Async),
                    due,
                    expected: due,
                    message: "the configuration has errors: the step waits for their repair".into(),
                })
            }
        }
    }

    /// A retryable failure: another try later, while there are retries left.
    pub(super) fn again(
        &mut self,
        cause: Option<Cause>,
        message: &str,
        found: &Found,
        gateway: &Gateway,
    ) -> Next {
        let (now, dice) = (Timestamp::now(), fastrand::f64());
        match schedule::next_retry(&gateway.retry, &self.progress, cause, now, dice) {
            Ok(due) => {
                self.progress.retries += 1;
                Next::Wait(Wait {
                    reason: PendingReason::Retry(cause),
                    due,
                    expected: due,
                    message: message.into(),
                })
            }
            Err(reason) => {
                let retries = self.progress.retries;
                let message = format!("{message}, and all {retries} retries are used");
                Next::Final(self.exit(reason, &message, found))
            }
        }
    }

    pub(super) fn not_taken(&self, error: StoreError) -> Refusal {
        tracing::warn!(step = %self.step.id, "a step that must wait was not taken: {error}");
        let Progress {
            attempts,
            status,
            sent,
            ..
        } = self.progress;
        // What may have been taken after all is not told that it was not.
        if attempts == 0 && error != StoreError::Unknown {
            return Refusal::ScheduleFull;
        }
        Refusal::NotScheduled {
            attempts,
            status,
            sent,
        }
    }

    fn outcome(&self, verdict: Verdict, message: &str) -> Outcome {
        let Progress {
            attempts,
            status,
            sent,
            ..
        } = self.progress;
        Outcome {
            id: self.step.id.clone(),
            target: self.step.target.clone(),
            verdict,
            status,
            attempts,
            elapsed: self.at.elapsed(),
            sent: if attempts == 0 { Some(Sent::No) } else { sent },
            message: sentence(message),
            captured: None,
            branch: None,
            failure: None,
            warnings: Vec::new(),
        }
    }

    pub(super) fn done(
        &self,
        message: &str,
        captured: Option<Captured>,
        warnings: Vec<StepWarning>,
        found: &Found,
    ) -> Outcome {
        Outcome {
            captured,
            warnings,
            branch: live_data(found).map(|_| Branch::Success),
            ..self.outcome(Verdict::Continue, message)
        }
    }

    /// The user leaves; or, at a Live Data tile that branches, goes on by the failure branch.
    pub(super) fn exit(&self, reason: ExitReason, message: &str, found: &Found) -> Outcome {
        let on_failure = live_data(found);
        let (verdict, failure) = match on_failure {
            Some(LiveDataFailure::Branch) => (Verdict::Continue, Some(reason)),
            Some(LiveDataFailure::Exit) | None => (Verdict::Exit(reason), None),
        };
        Outcome {
            branch: on_failure.map(|_| Branch::Failure),
            failure,
            ..self.outcome(verdict, message)
        }
    }

    /// The user leaves, at a Live Data tile that branches too: it is too late to go on.
    pub(super) fn expired(&self, found: &Found) -> Outcome {
        let verdict = Verdict::Exit(ExitReason::Expired);
        Outcome {
            branch: live_data(found).map(|_| Branch::Failure),
            ..self.outcome(verdict, "`expiresAt` has passed")
        }
    }

    fn unknown_tile(&self) -> Outcome {
        let message = "the tile is not there: it was deleted while the step waited";
        self.outcome(Verdict::Exit(ExitReason::UnknownTile), message)
    }

    pub(super) fn unknown_webhook(&self) -> Outcome {
        let message = "the webhook is not there: it was deleted, or never made";
        self.outcome(Verdict::Exit(ExitReason::UnknownWebhook), message)
    }

    pub(super) fn pending(&self, wait: Wait) -> Outcome {
        let verdict = Verdict::Pending {
            reason: wait.reason,
            due: Some(wait.expected),
        };
        self.outcome(verdict, &wait.message)
    }
}

fn live_data(found: &Found) -> Option<LiveDataFailure> {
    match found.place.as_ref()?.1.tile_type {
        TileType::LiveData { on_failure } => Some(on_failure),
        TileType::Webhook | TileType::UserProfile => None,
    }
}

/// `text`, a lower-case fragment, as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let mut sentence = String::with_capacity(text.len() + 2);
    sentence.extend(first.to_uppercase());
    sentence.push_str(chars.as_str());
    sentence.push('.');
    sentence
}
