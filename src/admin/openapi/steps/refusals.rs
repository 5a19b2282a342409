//! How the steps' door refuses.

use crate::admin::openapi::answers::{NOT_SCHEDULED, Refusal, refusal};

pub(super) const STRANGER: &[Refusal] = &[refusal(
    401,
    "unauthorized",
    "The token is missing or wrong.",
)];

/// Of whoever sends a body.
pub(super) const BODY: &[Refusal] = &[
    refusal(400, "bad-request", "The body was cut short."),
    refusal(408, "request-timeout", "The body did not come in time."),
    refusal(413, "body-too-large", "The body is too large."),
    refusal(
        415,
        "unsupported-media-type",
        "The `Content-Type` is none of those that are taken here.",
    ),
];

pub(super) const UNKNOWN_STEP: &[Refusal] = &[refusal(
    404,
    "unknown-step",
    "No step with this id is running, pending or remembered.",
)];

pub(super) const DOWN: &[Refusal] = &[refusal(
    503,
    "schedule-down",
    "The schedule cannot be asked.",
)];

pub(super) const NOT_TAKEN: &[Refusal] = &[
    refusal(400, "invalid-step", "It is no step; `pointer` says where."),
    refusal(404, "unknown-tile", "There is no such tile."),
    refusal(404, "unknown-webhook", "There is no such webhook."),
    refusal(
        500,
        NOT_SCHEDULED,
        "It was attempted, has to be tried again, and could not be stored.",
    ),
    refusal(500, "internal-error", "The gateway failed."),
    refusal(503, "overloaded", "As many steps as may be are in flight."),
    refusal(
        503,
        "schedule-full",
        "It has to wait, and the schedule cannot take it.",
    ),
    refusal(
        503,
        "webhook-invalid",
        "The webhook's file was never valid.",
    ),
    refusal(
        503,
        "webhook-untested",
        "The webhook keeps data, and was not tested as it is.",
    ),
    refusal(
        503,
        "journey-invalid",
        "The journey cannot be served as its file is.",
    ),
];

pub(super) const READING: &[Refusal] = &[
    refusal(
        400,
        "invalid-request",
        "A parameter is not what it must be.",
    ),
    refusal(
        400,
        "invalid-cursor",
        "The cursor is not one that this log gave.",
    ),
    refusal(
        503,
        "overloaded",
        "As many readers as may be wait; a read without `wait` is served.",
    ),
];

pub(super) const ACKNOWLEDGING: &[Refusal] = &[
    refusal(
        400,
        "invalid-request",
        "The body is not what it must be; `pointer` says where.",
    ),
    refusal(
        400,
        "invalid-cursor",
        "The cursor is not one that this log gave.",
    ),
];
