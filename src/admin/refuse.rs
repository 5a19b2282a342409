//! How this door refuses: problems in one place, so that each is said in one way.

use crate::config::{Fault, FileFault, Severity};
use crate::web::{Problem, Reply};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::borrow::Cow;
use std::io::ErrorKind;

/// What a handler that is refused gives.
pub(super) type Refused = Box<Reply>;

/// A fault of what came, as JSON: the words of `stepgate check`, and where in the request it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FaultLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    /// In the file that it would be, or is.
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) key: String,
    /// RFC 6901.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pointer: Option<String>,
    pub(super) message: String,
    pub(super) severity: &'static str,
}

/// A problem, and every fault that it is made of.
#[derive(Debug, Serialize)]
struct Invalid<'a> {
    #[serde(flatten)]
    problem: &'a Problem,
    faults: Vec<FaultLine>,
}

// === impl FaultLine ===

impl FaultLine {
    /// A fault of a file that is there.
    pub(super) fn of_file(fault: &Fault) -> Self {
        Self {
            file: Some(fault.file.clone()),
            line: fault.line,
            column: fault.column,
            key: fault.key.clone(),
            pointer: None,
            message: fault.message.clone(),
            severity: match fault.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
        }
    }

    /// A fault of a draft that stands at `prefix` in the request.
    fn of_draft(fault: &Fault, prefix: &str) -> Self {
        Self {
            file: None,
            pointer: Some(format!("{prefix}{}", fault.pointer())),
            ..Self::of_file(fault)
        }
    }
}

pub(super) fn problem(
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: impl Into<Cow<'static, str>>,
) -> Refused {
    Box::new(Problem::new(status, kind, title, detail).reply())
}

/// Something that came is not what it must be, at `pointer`.
pub(super) fn unfit(
    kind: &'static str,
    pointer: impl Into<Cow<'static, str>>,
    detail: impl Into<Cow<'static, str>>,
) -> Refused {
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        kind,
        title_of(kind),
        detail,
    );
    Box::new(problem.at(pointer).reply())
}

/// A draft with errors, the first of which is said, and all of them listed.
pub(super) fn invalid(kind: &'static str, faults: &[Fault], prefix: &str) -> Refused {
    let errors = || {
        faults
            .iter()
            .filter(|fault| fault.severity == Severity::Error)
    };
    let first = errors().next();
    let detail = first.map_or_else(
        || "it is not valid".to_owned(),
        |first| match (first.key.as_str(), errors().count() - 1) {
            ("", 0) => first.message.clone(),
            (key, 0) => format!("{key}: {}", first.message),
            (key, more) => format!("{key}: {} (and {more} more)", first.message),
        },
    );
    let pointer = first.map(|first| format!("{prefix}{}", first.pointer()));
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let problem =
        Problem::new(status, kind, title_of(kind), detail).at(pointer.unwrap_or_default());
    let invalid = Invalid {
        problem: &problem,
        faults: faults
            .iter()
            .map(|fault| FaultLine::of_draft(fault, prefix))
            .collect(),
    };
    let body = serde_json::to_vec(&invalid).expect("strings and numbers serialize");
    Box::new(Reply {
        content_type: "application/problem+json",
        ..Reply::json(status, body)
    })
}

fn title_of(kind: &str) -> &'static str {
    match kind {
        "webhook-invalid" => "The webhook is not valid",
        "webhook-untested" => "The webhook was not tested as it is",
        "journey-invalid" => "The journey is not valid",
        "secret-required" => "A secret must be entered anew",
        "sample-invalid" => "The sample is no step",
        _ => "It cannot be taken",
    }
}

pub(super) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Refused {
    problem(
        StatusCode::BAD_REQUEST,
        "bad-request",
        "Bad request",
        detail,
    )
}

pub(super) fn not_found(detail: impl Into<Cow<'static, str>>) -> Refused {
    problem(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
}

pub(super) fn method(allowed: &str) -> Refused {
    let detail = format!("this path takes {allowed}");
    let reply = problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        detail,
    );
    let allowed = HeaderValue::from_str(allowed).expect("names of methods");
    Box::new(reply.with(header::ALLOW, allowed))
}

pub(super) fn misdirected() -> Refused {
    problem(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        "Unknown host",
        "the `Host` is neither a loopback address nor in `admin.hosts`",
    )
}

pub(super) fn unauthorized() -> Refused {
    let reply = problem(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "Unauthorized",
        "the bearer token is missing or wrong",
    );
    let scheme = HeaderValue::from_static("Bearer");
    Box::new(reply.with(header::WWW_AUTHENTICATE, scheme))
}

pub(super) fn too_many_failures() -> Refused {
    let reply = problem(
        StatusCode::TOO_MANY_REQUESTS,
        "too-many-failures",
        "Too many wrong tokens",
        "so many wrong tokens were sent that this one was not looked at; try again later",
    );
    Box::new(reply.with(header::RETRY_AFTER, HeaderValue::from_static("10")))
}

pub(super) fn foreign_origin() -> Refused {
    problem(
        StatusCode::FORBIDDEN,
        "foreign-origin",
        "Not from this page",
        "the `Origin` is not this door's own: a page of another site may not act here",
    )
}

pub(super) fn role_too_low(needed: &str) -> Refused {
    problem(
        StatusCode::FORBIDDEN,
        "forbidden",
        "Not allowed",
        format!("the role of this token is too low: this takes `{needed}`"),
    )
}

pub(super) fn locked(what: &str, journey: &str) -> Refused {
    problem(
        StatusCode::CONFLICT,
        "locked",
        "Locked by a published journey",
        format!(
            "webhook `{what}` can be neither edited nor deleted while journey `{journey}` is \
             published: a Live Data tile of it refers to this webhook; unpublish the journey first"
        ),
    )
}

pub(super) fn stale() -> Refused {
    problem(
        StatusCode::PRECONDITION_FAILED,
        "stale",
        "Changed meanwhile",
        "it is not the version that `If-Match` names: somebody else has changed it",
    )
}

/// A file that was not written.
pub(super) fn file(fault: &FileFault) -> Refused {
    match fault {
        FileFault::Changed => problem(
            StatusCode::CONFLICT,
            "changed-meanwhile",
            "Changed meanwhile",
            "the file was changed at the same moment; nothing was written, try again",
        ),
        FileFault::Exists => already_exists(),
        FileFault::Io { source, .. } => {
            let full = matches!(
                source.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded
            );
            let status = if full {
                StatusCode::INSUFFICIENT_STORAGE
            } else {
                StatusCode::INTERNAL_SERVER_ERROR
            };
            tracing::error!("a configuration file was not written: {fault}");
            let detail = format!("nothing was changed: {}", source.kind());
            problem(status, "not-written", "Not written", detail)
        }
    }
}

pub(super) fn already_exists() -> Refused {
    problem(
        StatusCode::CONFLICT,
        "already-exists",
        "It exists already",
        "there is a file with this id already",
    )
}

/// What was written did not come into service, and was taken back.
pub(super) fn not_in_service(fault: &Fault) -> Refused {
    problem(
        StatusCode::CONFLICT,
        "not-in-service",
        "Not put into service",
        format!("it was taken back, since the configuration refused it: {fault}"),
    )
}
