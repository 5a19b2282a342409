//! What watches the process, the inspector, and who is signed in.

use super::{BODY, MISSING, STRANGER, Shape};
use crate::admin::openapi::answers::{Body, Refusal, refusal};

/// As Prometheus asks for them.
const METRICS_TEXTS: &[&str] = &["text/plain", "application/openmetrics-text"];

const QUERY: &[Refusal] = &[refusal(
    400,
    "bad-request",
    "A parameter of the query is not what it must be.",
)];

const DOWN: &[Refusal] = &[refusal(
    503,
    "schedule-down",
    "The schedule cannot be asked.",
)];

const READERS: &[Refusal] = &[refusal(
    503,
    "too-many-readers",
    "As many as may read the events already.",
)];

const OFF: &[Refusal] = &[refusal(403, "inspector-off", "`admin.inspector` is false.")];

const NO_CHANCE: &[Refusal] = &[refusal(
    500,
    "internal-error",
    "The system gives no random bytes for an id.",
)];

pub(super) const METRICS: Shape = Shape::of(200, Body::Text(METRICS_TEXTS), &[]);

pub(super) const OPEN_API: Shape = Shape::gives("OpenApi");

pub(super) const SIGN_IN: Shape = Shape::of(204, Body::Nothing, &["Set-Cookie"])
    .taking("SignIn")
    .or(&[BODY, STRANGER]);

pub(super) const SIGN_OUT: Shape = Shape::of(204, Body::Nothing, &["Set-Cookie"]);

pub(super) const WHO_AM_I: Shape = Shape::gives("Caller");

pub(super) const CONFIG_ERRORS: Shape = Shape::gives("ConfigErrors");

pub(super) const SCHEDULE: Shape = Shape::gives("Schedule")
    .asked(&["PlaceWaiting", "StepsListed"])
    .or(&[QUERY, DOWN]);

pub(super) const EVENTS: Shape =
    Shape::of(200, Body::Text(&["text/event-stream"]), &["Cache-Control"])
        .asked(&["TileHeard", "WebhookHeard", "OutcomeHeard"])
        .or(&[QUERY, READERS]);

pub(super) const STATS: Shape = Shape::gives("Stats");

pub(super) const INSPECT: Shape =
    Shape::of(201, Body::Json("Inspector"), &["Cache-Control", "Location"]).or(&[OFF, NO_CHANCE]);

pub(super) const INSPECTED: Shape = Shape::gives("Inspected")
    .asked(&["InspectorId"])
    .or(&[OFF, MISSING]);

pub(super) const END_INSPECT: Shape = Shape::does().asked(&["InspectorId"]).or(&[OFF, MISSING]);
