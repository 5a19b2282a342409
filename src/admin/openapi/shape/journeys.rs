//! Journeys: read, written, published.

use super::{BODY, CHANGED, EXISTS, MISSING, STALE, Shape, UNREAD, UNWRITTEN};
use crate::admin::openapi::answers::{Refusal, refusal};

const UNFIT: &[Refusal] = &[refusal(
    422,
    "journey-invalid",
    "It has faults; or its file is no TOML.",
)];

pub(super) const LIST: Shape = Shape::gives("Journeys");

pub(super) const CREATE: Shape = Shape::makes("JourneyShown")
    .taking("NewJourney")
    .or(&[BODY, EXISTS, UNWRITTEN, UNFIT]);

pub(super) const SHOW: Shape = Shape::shows("JourneyShown")
    .asked(&["JourneyId"])
    .or(&[MISSING, UNREAD, UNFIT]);

pub(super) const REPLACE: Shape = Shape::shows("JourneyShown")
    .taking("Journey")
    .asked(&["JourneyId", "IfMatch"])
    .or(&[BODY, MISSING, STALE, CHANGED, UNWRITTEN, UNFIT]);

pub(super) const DELETE: Shape = Shape::does()
    .asked(&["JourneyId", "IfMatch"])
    .or(&[MISSING, STALE, CHANGED, UNWRITTEN]);

pub(super) const PUBLISH: Shape = Shape::shows("JourneyShown")
    .asked(&["JourneyId", "IfMatch"])
    .or(&[MISSING, STALE, CHANGED, UNWRITTEN, UNFIT]);
