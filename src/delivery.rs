//! One attempt: the exchange, and what its answer means → [`Attempt`].

mod capture;
mod classify;

use crate::config::{Gateway, Webhook};
use crate::egress::{BodyUse, Egress, Timing};
use crate::model::{Capture, Captured, Cause, ExitReason, Request, Sent, StepWarning};
use tokio::time::Instant;

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
        Capture::Profile | Capture::LiveData => BodyUse::Capture {
            limit: gateway.delivery.response_limit,
        },
    };
    let deadline = Instant::now() + gateway.delivery.timeout;
    let exchange = egress.exchange(request, &gateway.egress, body, deadline);
    match exchange.await {
        Ok(response) => classify::response(&response, capture, webhook, gateway),
        Err(error) => classify::failure(&error, webhook, gateway),
    }
}
