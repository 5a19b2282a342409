//! What each operation of the admin API takes and gives.
//!
//! What holds for all of them is not in their shapes: who may ask, and under which name the door is
//! known, follows from their routes.

mod journeys;
mod watching;
mod webhooks;

use super::super::routes::{Action, Route};
use super::answers::{Body, Good, Refusal, refusal};
use crate::config::Role;

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// The name of its body's schema.
    pub(super) takes: Option<&'static str>,
    /// Names of what `parameters.json` describes.
    pub(super) parameters: &'static [&'static str],
    pub(super) good: Good,
    /// Its own ways to refuse; [`gate`] has those before it.
    pub(super) refusals: &'static [&'static [Refusal]],
}

/// Of whoever sends a body of JSON.
const BODY: &[Refusal] = &[
    refusal(
        400,
        "bad-request",
        "The body is no JSON, or not a JSON object with the values that are expected.",
    ),
    refusal(408, "request-timeout", "The body did not come in time."),
    refusal(413, "too-large", "The body is larger than 1 MiB."),
];

const MISSING: &[Refusal] = &[refusal(404, "not-found", "There is none with this id.")];

const EXISTS: &[Refusal] = &[refusal(
    409,
    "already-exists",
    "There is one with this id already.",
)];

const STALE: &[Refusal] = &[refusal(
    412,
    "stale",
    "It is not the version that `If-Match` names.",
)];

/// Of whatever reads a file.
const UNREAD: &[Refusal] = &[refusal(500, "not-written", "The file cannot be read.")];

/// Of whatever writes a file.
const UNWRITTEN: &[Refusal] = &[
    refusal(
        409,
        "not-in-service",
        "The configuration refused what was written, and it was taken back.",
    ),
    refusal(500, "not-written", "The file cannot be read or written."),
    refusal(507, "not-written", "The disk is full."),
];

/// Of whatever writes a file that is there.
const CHANGED: &[Refusal] = &[refusal(
    409,
    "changed-meanwhile",
    "Somebody changed the file at the same moment.",
)];

const STRANGER: &[Refusal] = &[
    refusal(401, "unauthorized", "The token is missing or wrong."),
    refusal(403, "foreign-origin", "A page of another site asks."),
    refusal(
        429,
        "too-many-failures",
        "So many wrong tokens were sent that this one was not looked at.",
    ),
];

const LOW: &[Refusal] = &[refusal(
    403,
    "forbidden",
    "The role of the token is too low.",
)];

const HOST: &[Refusal] = &[refusal(
    421,
    "misdirected",
    "The `Host` is neither a loopback address nor in `admin.hosts`.",
)];

/// How the door refuses before `route` is asked.
pub(super) fn gate(route: &Route) -> impl Iterator<Item = &'static Refusal> {
    // Whatever scrapes metrics may call this door as it likes.
    let host = (route.action != Action::Metrics).then_some(HOST);
    let stranger = route.role.map(|_| STRANGER);
    let low = (route.role > Some(Role::Viewer)).then_some(LOW);
    [host, stranger, low].into_iter().flatten().flatten()
}

pub(super) fn shape(action: Action) -> Shape {
    match action {
        Action::Metrics => watching::METRICS,
        Action::OpenApi => watching::OPEN_API,
        Action::SignIn => watching::SIGN_IN,
        Action::SignOut => watching::SIGN_OUT,
        Action::WhoAmI => watching::WHO_AM_I,
        Action::Webhooks => webhooks::LIST,
        Action::CreateWebhook => webhooks::CREATE,
        Action::Webhook => webhooks::SHOW,
        Action::ReplaceWebhook => webhooks::REPLACE,
        Action::DeleteWebhook => webhooks::DELETE,
        Action::CopyWebhook => webhooks::COPY,
        Action::WebhookTiles => webhooks::TILES,
        Action::Preview => webhooks::PREVIEW,
        Action::Test => webhooks::TEST,
        Action::Journeys => journeys::LIST,
        Action::CreateJourney => journeys::CREATE,
        Action::Journey => journeys::SHOW,
        Action::ReplaceJourney => journeys::REPLACE,
        Action::DeleteJourney => journeys::DELETE,
        Action::Publish | Action::Unpublish => journeys::PUBLISH,
        Action::ConfigErrors => watching::CONFIG_ERRORS,
        Action::Schedule => watching::SCHEDULE,
        Action::Events => watching::EVENTS,
        Action::Stats => watching::STATS,
        Action::Inspect => watching::INSPECT,
        Action::Inspected => watching::INSPECTED,
        Action::EndInspect => watching::END_INSPECT,
    }
}

// === impl Shape ===

impl Shape {
    const fn of(status: u16, body: Body, headers: &'static [&'static str]) -> Self {
        Self {
            takes: None,
            parameters: &[],
            good: Good {
                status,
                body,
                headers,
            },
            refusals: &[],
        }
    }

    /// JSON that is for no cache.
    const fn gives(schema: &'static str) -> Self {
        Self::of(200, Body::Json(schema), &["Cache-Control"])
    }

    /// A file, and its version.
    const fn shows(schema: &'static str) -> Self {
        Self::of(200, Body::Json(schema), &["Cache-Control", "ETag"])
    }

    /// A new file, its version, and where it is.
    const fn makes(schema: &'static str) -> Self {
        let headers = &["Cache-Control", "ETag", "Location"];
        Self::of(201, Body::Json(schema), headers)
    }

    const fn does() -> Self {
        Self::of(204, Body::Nothing, &[])
    }

    const fn taking(self, schema: &'static str) -> Self {
        let takes = Some(schema);
        Self { takes, ..self }
    }

    const fn asked(self, parameters: &'static [&'static str]) -> Self {
        Self { parameters, ..self }
    }

    const fn or(self, refusals: &'static [&'static [Refusal]]) -> Self {
        Self { refusals, ..self }
    }
}
