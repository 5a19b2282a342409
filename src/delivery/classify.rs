//! An answer, or the lack of one → what it means for the step. The table of the contract, as code.

use super::{Attempt, Judgement, capture};
use crate::config::{Ambiguous, Auth, Gateway, Webhook};
use crate::egress::{EgressError, Response};
use crate::model::{Capture, Cause, ExitReason, Sent, Timing};

/// Judges a whole answer.
pub(super) fn response(
    response: &Response,
    capture: Capture,
    webhook: &Webhook,
    gateway: &Gateway,
) -> Attempt {
    let status = response.status;
    let (judgement, message) = if refuses_token(webhook, status) {
        let message = format!("the endpoint refused the access token with {status}");
        (Judgement::RefreshToken, message)
    } else if (200..300).contains(&status) {
        match capture::keep(capture, &response.body, webhook) {
            Ok((captured, warnings)) => (
                Judgement::Continue { captured, warnings },
                format!("the endpoint answered {status}"),
            ),
            Err(fault) => (
                Judgement::Exit(ExitReason::InvalidResponse),
                format!("the endpoint answered {status}, but {fault}"),
            ),
        }
    } else if gateway.retry.statuses.contains(&status) {
        let message = format!("the endpoint answered {status}, which is retried");
        (Judgement::Retry(None), message)
    } else {
        let message = format!("the endpoint answered {status}, which is not retried");
        (Judgement::Exit(ExitReason::Status), message)
    };
    Attempt {
        judgement,
        status: Some(status),
        sent: None,
        message,
        timing: response.timing,
    }
}

/// Judges an attempt that got no whole answer.
pub(super) fn failure(error: &EgressError, webhook: &Webhook, gateway: &Gateway) -> Attempt {
    let sent = if error.may_have_been_seen() {
        Sent::Unknown
    } else {
        Sent::No
    };
    let judgement = match error {
        EgressError::Blocked { .. } => Judgement::Exit(ExitReason::BlockedAddress),
        EgressError::SchemeNotAllowed => Judgement::Exit(ExitReason::InvalidUrl),
        EgressError::Tls { .. } => Judgement::Exit(ExitReason::TlsError),
        EgressError::BodyTooLarge { .. } => Judgement::Exit(ExitReason::ResponseTooLarge),
        EgressError::Resolve { .. }
        | EgressError::Connect { .. }
        | EgressError::LostInHandshake { .. }
        | EgressError::Lost
        | EgressError::Protocol
        | EgressError::Deadline { .. } => retry_or_exit(error, sent, webhook, gateway),
    };
    Attempt {
        judgement,
        status: status_of(error),
        sent: Some(sent),
        message: error.to_string(),
        timing: Timing::default(),
    }
}

/// `ambiguous = "exit"` turns a retry into an exit where the request was sent and its answer is
/// unknown: a second one could repeat its effect.
fn retry_or_exit(
    error: &EgressError,
    sent: Sent,
    webhook: &Webhook,
    gateway: &Gateway,
) -> Judgement {
    let cause = error.cause();
    let ambiguous = webhook.ambiguous.unwrap_or(gateway.retry.ambiguous);
    match (ambiguous, sent, cause) {
        (Ambiguous::Exit, Sent::Unknown, Some(Cause::Timeout)) => {
            Judgement::Exit(ExitReason::Timeout)
        }
        (Ambiguous::Exit, Sent::Unknown, Some(Cause::ConnectionLost)) => {
            Judgement::Exit(ExitReason::ConnectionLost)
        }
        _ => Judgement::Retry(cause),
    }
}

/// Whether `status` means "fetch a new token" to this webhook.
fn refuses_token(webhook: &Webhook, status: u16) -> bool {
    match &webhook.auth {
        Auth::Oauth2(client) => client.refresh_statuses.contains(&status),
        Auth::None | Auth::Basic(_) => false,
    }
}

fn status_of(error: &EgressError) -> Option<u16> {
    match error {
        EgressError::BodyTooLarge { status, .. } => Some(*status),
        EgressError::Resolve { .. }
        | EgressError::Blocked { .. }
        | EgressError::SchemeNotAllowed
        | EgressError::Connect { .. }
        | EgressError::Tls { .. }
        | EgressError::LostInHandshake { .. }
        | EgressError::Lost
        | EgressError::Protocol
        | EgressError::Deadline { .. } => None,
    }
}
