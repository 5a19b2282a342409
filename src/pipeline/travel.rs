//! A step on its way through the pipeline: how far it has got, and the outcomes it can end in.

use super::{Arrival, Refusal};
use crate::config::{Found, Gateway, LiveDataFailure, TileType};
use crate::model::{
    Branch, Captured, Cause, ExitReason, Outcome, PendingReason, Progress, Sent, Step, StepWarning,
    Verdict,
};
use crate::schedule::{self, Scheduled, StoreError};
use http::HeaderValue;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// A step on its way: what came, and how far it has got.
pub(super) struct Travel {
    pub(super) step: Step,
    pub(super) at: Instant,
    pub(super) arrived: Timestamp,
    pub(super) traceparent: Option<HeaderValue>,
    pub(super) progress: Progress,
}

/// Where a step's way leads from here.
pub(super) enum Next {
    Final(Outcome),
    Wait {
        reason: PendingReason,
        due: Timestamp,
        message: String,
    },
}

// === impl Travel ===

impl From<Arrival> for Travel {
    fn from(arrival: Arrival) -> Self {
        Self {
            step: arrival.step,
            at: arrival.at,
            arrived: Timestamp::now(),
            traceparent: arrival.traceparent,
            progress: Progress::default(),
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
            arrived: scheduled.arrived,
            traceparent: scheduled.traceparent,
            progress: scheduled.progress,
        }
    }
}

impl Travel {
    pub(super) fn has_expired(&self) -> bool {
        let end = self.step.expires_at;
        end.is_some_and(|end| end <= Timestamp::now())
    }

    pub(super) fn scheduled(&self, reason: PendingReason, due: Timestamp) -> Scheduled {
        Scheduled {
            step: self.step.clone(),
            origin: None,
            due,
            expected: due,
            reason,
            progress: self.progress,
            arrived: self.arrived,
            traceparent: self.traceparent.clone(),
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
                Next::Wait {
                    reason: PendingReason::Retry(cause),
                    due,
                    message: message.into(),
                }
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
        if attempts == 0 {
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

    pub(super) fn unknown_tile(&self) -> Outcome {
        let message = "the tile is not there: it was deleted while the step waited";
        self.outcome(Verdict::Exit(ExitReason::UnknownTile), message)
    }

    pub(super) fn unknown_webhook(&self) -> Outcome {
        let message = "the webhook is not there: it was deleted, or never made";
        self.outcome(Verdict::Exit(ExitReason::UnknownWebhook), message)
    }

    pub(super) fn pending(
        &self,
        reason: PendingReason,
        due: Timestamp,
        message: String,
    ) -> Outcome {
        let due = Some(due);
        self.outcome(Verdict::Pending { reason, due }, &message)
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
    format!("{}{}.", first.to_uppercase(), chars.as_str())
}
