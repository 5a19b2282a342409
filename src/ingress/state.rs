//! What is known of one step by its id, and how it is forgotten.

use super::Run;
use super::dedupe::Seen;
use super::http::Front;
use super::refuse::{self, Refused};
use crate::model::{Outcome, PendingReason, StepId, Target, Verdict};
use crate::outcome;
use crate::schedule::{Kept, Store};
use crate::web::Reply;
use ::http::StatusCode;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use std::time::Duration;

/// The state of a step that was made durable, as JSON.
pub(super) enum State {
    Pending(Bytes),
    Final(Bytes),
}

/// What the store knows of a step.
///
/// # Errors
/// Where the store may know it, and cannot be asked.
pub(super) async fn kept(store: &dyn Store, id: &StepId) -> Result<Option<State>, Refused> {
    if !store.may_know(id) {
        return Ok(None);
    }
    let found = store.find(id).await.map_err(refuse::store)?;
    Ok(found.map(|kept| match kept {
        Kept::Waiting(waiting) => State::Pending(outcome::to_json(&waiting.outcome()).into()),
        Kept::Finished(body) => State::Final(body),
    }))
}

// === impl State ===

impl State {
    /// The answer to a step that was here before.
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Pending(body) => Reply::json(StatusCode::ACCEPTED, body),
            Self::Final(body) => Reply::json(StatusCode::OK, body),
        }
    }
}

// === impl Front ===

impl<P: Run> Front<P> {
    /// The state of one step.
    pub(super) async fn state(&self, id: &str) -> Result<Reply, Refused> {
        let id = step_id(id)?;
        let body = match self.dedupe.look(&id) {
            Some(Seen::Finished(body)) => body,
            Some(Seen::Running(target)) => outcome::to_json(&running(id, target)).into(),
            None => match kept(&*self.store, &id).await? {
                Some(State::Pending(body) | State::Final(body)) => body,
                None => return Err(refuse::unknown_step().into()),
            },
        };
        Ok(Reply::json(StatusCode::OK, body))
    }

    /// Forgets one step: cancels it while it waits, drops what is remembered of it.
    pub(super) async fn forget(&self, id: &str) -> Result<Reply, Refused> {
        let id = step_id(id)?;
        // What is under way cannot be taken back; it is forgotten once it is done.
        if let Some(flight) = self.dedupe.flight(&id) {
            flight.answer().await;
        }
        // Whatever the store may know offhand: its log goes further back than that.
        let cancelled = self.store.cancel(&id).await.map_err(refuse::store)?;
        if self.dedupe.forget(&id) || cancelled {
            Ok(Reply::text(StatusCode::NO_CONTENT, ""))
        } else {
            Err(refuse::unknown_step().into())
        }
    }
}

/// The id in a path. Clients that encode paths write a colon as `%3A`.
fn step_id(text: &str) -> Result<StepId, Refused> {
    let text = percent_decode_str(text).decode_utf8_lossy();
    StepId::new(&text).map_err(|_| refuse::unknown_step().into())
}

/// The outcome of a step that has none yet.
fn running(id: StepId, target: Target) -> Outcome {
    Outcome {
        id,
        target,
        verdict: Verdict::Pending {
            reason: PendingReason::InFlight,
            due: None,
        },
        status: None,
        attempts: 0,
        elapsed: Duration::ZERO,
        sent: None,
        message: "The step is running.".to_owned(),
        captured: None,
        branch: None,
        failure: None,
        warnings: Vec::new(),
    }
}
