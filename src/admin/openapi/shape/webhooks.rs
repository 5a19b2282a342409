//! Webhooks: read, written, tried out.

use super::{BODY, CHANGED, EXISTS, MISSING, STALE, Shape, UNREAD, UNWRITTEN};
use crate::admin::openapi::answers::{Refusal, refusal};

const UNFIT: &[Refusal] = &[refusal(
    422,
    "webhook-invalid",
    "It has faults, all of which are listed; or its file is no TOML.",
)];

const UNTESTED: &[Refusal] = &[refusal(
    422,
    "webhook-untested",
    "It has Live Data fields, and was not tested as it is.",
)];

const SECRET: &[Refusal] = &[refusal(
    422,
    "secret-required",
    "A secret that stays would go to another origin, or to a copy.",
)];

const SAMPLE: &[Refusal] = &[refusal(
    422,
    "sample-invalid",
    "The sample is no part of a step.",
)];

const LOCKED: &[Refusal] = &[refusal(
    409,
    "locked",
    "A Live Data tile of a published journey calls it.",
)];

pub(super) const LIST: Shape = Shape::gives("Webhooks");

pub(super) const CREATE: Shape = Shape::makes("WebhookShown")
    .taking("NewWebhook")
    .or(&[BODY, EXISTS, UNWRITTEN, UNFIT, UNTESTED]);

pub(super) const SHOW: Shape = Shape::shows("WebhookShown")
    .asked(&["WebhookId"])
    .or(&[MISSING, UNREAD, UNFIT]);

pub(super) const REPLACE: Shape = Shape::shows("WebhookShown")
    .taking("Webhook")
    .asked(&["WebhookId", "IfMatch"])
    .or(&[
        BODY, MISSING, STALE, LOCKED, CHANGED, UNWRITTEN, UNFIT, UNTESTED, SECRET,
    ]);

pub(super) const DELETE: Shape = Shape::does()
    .asked(&["WebhookId", "IfMatch"])
    .or(&[MISSING, STALE, LOCKED, CHANGED, UNWRITTEN]);

pub(super) const COPY: Shape = Shape::makes("WebhookShown")
    .taking("Copy")
    .asked(&["WebhookId"])
    .or(&[BODY, MISSING, EXISTS, UNWRITTEN, UNFIT, UNTESTED, SECRET]);

pub(super) const TILES: Shape = Shape::gives("Tiles")
    .asked(&["WebhookId"])
    .or(&[MISSING, UNREAD]);

pub(super) const PREVIEW: Shape = Shape::gives("Preview")
    .taking("Ask")
    .or(&[BODY, MISSING, UNREAD, UNFIT, SECRET, SAMPLE]);

pub(super) const TEST: Shape = Shape::gives("Trial")
    .taking("Ask")
    .or(&[BODY, MISSING, UNREAD, UNFIT, SECRET, SAMPLE]);
