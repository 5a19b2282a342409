//! One attempt: the exchange, and what its answer means → `Attempt`.

mod capture;
mod classify;
mod fields;

use crate::config::{Gateway, Webhook};
use crate::egress::{BodyUse, Egress, EgressError, Response};
use crate::model::{Capture, Captured, Cause, ExitReason, Request, Sent, StepWarning, Timing};

pub use fields::{Field, fields};

/// What came of one attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub judgement: Judgement,
    /// The status of a whole answer.
    pub status: Option<u16>,
    /// Said where no whole answer came.
    pub sent: Option<Sent>,
    /// One plain sentence.
    pub message: String,
    pub timing: Timing,
}

/// What an answer, or the lack of one, means for the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The user goes on, with what the tile captured.
    Continue {
        captured: Option<Captured>,
        warnings: Vec<StepWarning>,
    },
    /// The token was refused: fetch another, and go again.
    RefreshToken,
    /// To be tried again later; with the cause where it was no status.
    Retry(Option<Cause>),
    Exit(ExitReason),
}

/// Sends `request` and judges the answer by `webhook` and `gateway`.
pub async fn attempt(
    egress: &Egress,
    request: &Request,
    capture: Capture,
    webhook: &Webhook,
    gateway: &Gateway,
) -> Attempt {
    let body = match capture {
        Capture::Nothing => BodyUse::Discard,
        Capture::Profile | Capture::LiveData => BodyUse::CaptureSuccess {
            limit: gateway.delivery.response_limit,
        },
    };
    let answer = exchange(egress, request, body, gateway).await;
    judge(&answer, capture, webhook, gateway)
}

/// Sends `request` within the time that an attempt has.
///
/// # Errors
/// An [`EgressError`] where no whole answer came.
pub async fn exchange(
    egress: &Egress,
    request: &Request,
    body: BodyUse,
    gateway: &Gateway,
) -> Result<Response, EgressError> {
    let limit = gateway.delivery.timeout;
    egress.exchange(request, &gateway.egress, body, limit).await
}

/// What an exchange means for the step.
pub fn judge(
    answer: &Result<Response, EgressError>,
    capture: Capture,
    webhook: &Webhook,
    gateway: &Gateway,
) -> Attempt {
    match answer {
        Ok(response) => classify::response(response, capture, webhook, gateway),
        Err(error) => classify::failure(error, webhook, gateway),
    }
}
