//! What is said of a step that is not taken.

use crate::config::NotFound;
use crate::model::{Sent, StepFault, Target};
use crate::pipeline::Refusal;
use crate::schedule::StoreError;
use crate::web::{BodyFault, Problem, Reply};
use ::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use std::borrow::Cow;

/// Seconds after which a client may try again when the process is full: steps are short.
const AFTER_OVERLOAD: u32 = 1;

/// … and when something must be put right first.
const AFTER_REPAIR: u32 = 10;

/// An answer that says why not, and the name it is counted under.
#[derive(Debug)]
pub(super) struct Refused {
    /// Boxed, because refusals are rare and results are not.
    pub(super) reply: Box<Reply>,
    pub(super) kind: &'static str,
}

// === impl Refused ===

impl Refused {
    fn with(problem: &Problem, (name, value): (HeaderName, HeaderValue)) -> Self {
        Self {
            reply: Box::new(problem.reply().with(name, value)),
            kind: problem.kind,
        }
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self {
            reply: Box::new(problem.reply()),
            kind: problem.kind,
        }
    }
}

/// The answer for a step that is no step.
pub(super) fn invalid_step(fault: &StepFault) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-step",
        "Not a step",
        fault.detail.clone(),
    )
    .at(fault.pointer)
}

/// The answer for a body that did not come.
pub(super) fn body(fault: BodyFault) -> Refused {
    let (status, kind, title) = match fault {
        BodyFault::TooLarge { .. } => return too_large(fault.to_string()),
        BodyFault::Slow { .. } => (
            StatusCode::REQUEST_TIMEOUT,
            "request-timeout",
            "Request too slow",
        ),
        BodyFault::Broken => (
            StatusCode::BAD_REQUEST,
            "bad-request",
            "Not an HTTP request",
        ),
    };
    Problem::new(status, kind, title, fault.to_string()).into()
}

/// The answer for a line of a batch that is larger than a step may be.
pub(super) fn line_too_long(limit: usize) -> Refused {
    too_large(format!("the line is larger than {limit} bytes"))
}

fn too_large(detail: String) -> Refused {
    let (kind, title) = ("body-too-large", "Body too large");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, kind, title, detail).into()
}

/// What was sent says that it is of another type than those that are `accepted`, a sentence.
pub(super) fn media_type(accepted: &'static str) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Unsupported media type",
        accepted,
    )
}

/// A parameter or a member of a request that is no step.
pub(super) fn invalid_request(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-request",
        "Not a valid request",
        detail,
    )
}

pub(super) fn invalid_cursor() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-cursor",
        "Not a cursor",
        "the cursor is not one that this outcome log gave",
    )
}

pub(super) fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "Not found",
        "there is nothing at this path",
    )
}

pub(super) fn unknown_step() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-step",
        "No such step",
        "no step with this id is running, pending or remembered",
    )
}

pub(super) fn method(allowed: &'static str) -> Refused {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        format!("this path takes {allowed}"),
    );
    Refused::with(&problem, (header::ALLOW, HeaderValue::from_static(allowed)))
}

pub(super) fn unauthorized() -> Refused {
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "Unauthorized",
        "the bearer token is missing or wrong",
    );
    let bearer = HeaderValue::from_static("Bearer");
    Refused::with(&problem, (header::WWW_AUTHENTICATE, bearer))
}

pub(super) fn overloaded(most: usize) -> Refused {
    let problem = unavailable(
        "overloaded",
        "Too many steps in flight",
        format!("{most} steps are in flight, as many as `delivery.max_in_flight` allows"),
    );
    Refused::with(&problem, retry_after(AFTER_OVERLOAD))
}

pub(super) fn too_many_readers(most: usize) -> Refused {
    let problem = unavailable(
        "overloaded",
        "Too many readers",
        format!("{most} readers of the outcome log are waiting; a read without `wait` is served"),
    );
    Refused::with(&problem, retry_after(AFTER_OVERLOAD))
}

/// The answer where the store has to be asked, and does not say.
pub(super) fn store(error: StoreError) -> Refused {
    let problem = unavailable(
        "schedule-down",
        "The schedule cannot be asked",
        format!("what is known of waiting and finished steps cannot be read or changed: {error}"),
    );
    Refused::with(&problem, retry_after(AFTER_REPAIR))
}

/// The answer for a step whose run fell.
pub(super) fn broken() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal-error",
        "The gateway failed",
        "the run of the step ended without an outcome",
    )
}

/// The answer for a step that the pipeline did not take.
pub(super) fn refusal(refusal: &Refusal, target: &Target) -> Refused {
    let problem = match refusal {
        Refusal::NotFound(fault) => not_in_service(*fault, target),
        Refusal::ScheduleFull => unavailable(
            "schedule-full",
            "The schedule is full",
            "the step has to wait, and the schedule cannot take it now".to_owned(),
        ),
        Refusal::NotScheduled {
            attempts,
            status,
            sent,
        } => return not_scheduled(*attempts, *status, *sent),
    };
    if problem.status == StatusCode::SERVICE_UNAVAILABLE {
        Refused::with(&problem, retry_after(AFTER_REPAIR))
    } else {
        problem.into()
    }
}

fn not_in_service(fault: NotFound, target: &Target) -> Problem {
    match fault {
        NotFound::Tile => Problem::new(
            StatusCode::NOT_FOUND,
            "unknown-tile",
            "No such tile",
            format!("there is no tile `{target}`"),
        )
        .at("/tile"),
        NotFound::Webhook => Problem::new(
            StatusCode::NOT_FOUND,
            "unknown-webhook",
            "No such webhook",
            format!("there is no webhook for `{target}`"),
        ),
        NotFound::WebhookInvalid => unavailable(
            "webhook-invalid",
            "The webhook's file is invalid",
            format!("the file of the webhook of `{target}` was never valid"),
        ),
        NotFound::WebhookUntested => unavailable(
            "webhook-untested",
            "The webhook was not tested",
            format!("the webhook of `{target}` keeps data and was not tested as it is now"),
        ),
        NotFound::JourneyInvalid => unavailable(
            "journey-invalid",
            "The journey is invalid",
            format!("the journey of `{target}` cannot be served as its file is now"),
        ),
    }
}

/// The status of the endpoint's answer, if one came, takes the place of the problem's own, which
/// the status line says anyway.
fn not_scheduled(attempts: u32, status: Option<u16>, sent: Option<Sent>) -> Refused {
    #[derive(Serialize)]
    struct NotScheduled {
        #[serde(rename = "type")]
        kind: &'static str,
        title: &'static str,
        detail: &'static str,
        attempts: u32,
        status: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        sent: Option<&'static str>,
    }
    let said = StatusCode::INTERNAL_SERVER_ERROR;
    let problem = NotScheduled {
        kind: "not-scheduled",
        title: "The retry was not scheduled",
        detail: "the step was attempted and has to be tried again, and the schedule could not take it",
        attempts,
        status: status.unwrap_or(said.as_u16()),
        sent: sent.map(Sent::as_str),
    };
    let body = serde_json::to_vec(&problem).expect("strings and numbers serialize");
    let reply = Reply {
        content_type: "application/problem+json",
        ..Reply::json(said, body)
    };
    Refused {
        reply: Box::new(reply),
        kind: problem.kind,
    }
}

fn unavailable(kind: &'static str, title: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, kind, title, detail)
}

fn retry_after(seconds: u32) -> (HeaderName, HeaderValue) {
    (header::RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TileRef;

    #[test]
    fn each_refusal_has_its_status_type_and_retry_after() {
        let target = Target::Tile(TileRef::new("welcome/offer").unwrap());
        let not_scheduled = Refusal::NotScheduled {
            attempts: 1,
            status: Some(503),
            sent: None,
        };
        for (case, status, kind, again) in [
            (
                Refusal::NotFound(NotFound::Tile),
                404,
                "unknown-tile",
                false,
            ),
            (
                Refusal::NotFound(NotFound::Webhook),
                404,
                "unknown-webhook",
                false,
            ),
            (
                Refusal::NotFound(NotFound::WebhookInvalid),
                503,
                "webhook-invalid",
                true,
            ),
            (
                Refusal::NotFound(NotFound::WebhookUntested),
                503,
                "webhook-untested",
                true,
            ),
            (
                Refusal::NotFound(NotFound::JourneyInvalid),
                503,
                "journey-invalid",
                true,
            ),
            (Refusal::ScheduleFull, 503, "schedule-full", true),
            (not_scheduled, 500, "not-scheduled", false),
        ] {
            let Refused {
                reply,
                kind: counted,
            } = refusal(&case, &target);
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(
                (
                    reply.status.as_u16(),
                    counted,
                    body["type"].as_str(),
                    !reply.headers.is_empty()
                ),
                (status, kind, Some(kind), again),
                "{case:?}"
            );
        }
    }

    #[test]
    fn not_scheduled_says_what_came_of_the_attempt() {
        let answered = not_scheduled(1, Some(503), None).reply;
        let unanswered = not_scheduled(2, None, Some(Sent::Unknown)).reply;
        let head = concat!(
            r#"{"type":"not-scheduled","title":"The retry was not scheduled","detail":"the step was "#,
            r#"attempted and has to be tried again, and the schedule could not take it","#,
        );
        assert_eq!(
            (answered.body, unanswered.body),
            (
                format!(r#"{head}"attempts":1,"status":503}}"#).into(),
                format!(r#"{head}"attempts":2,"status":500,"sent":"unknown"}}"#).into(),
            )
        );
    }
}
