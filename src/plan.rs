//! Step + tile + webhook → `Plan`: the request, and what is kept of its answer.
//!
//! Pure: the same step and configuration make the same plan, so `render` shows what would be sent.
//! Not here: the credential, which `auth` adds when the request goes out.

mod payload;
mod request;

use crate::config::{Found, Gateway, TileType};
use crate::model::{Capture, ExitReason, Request, Step};
use crate::template::{Data, RenderLimits};
use http::HeaderValue;

/// What a step comes to.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whole but for `Authorization`.
    pub request: Request,
    pub capture: Capture,
}

/// Whether the plan is to be sent, or shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// As they are: for the wire.
    Plain,
    /// `***` in the place of each: for people.
    Masked,
}

/// Why a step's own values make no request. Only another step, or another configuration, helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// `place` is the key that the template stands under.
    #[error("`{place}` does not render: {message}")]
    Template { place: String, message: String },
    #[error("the rendered endpoint is no URL that may be called: {message}")]
    Url { message: &'static str },
}

/// The request for `step`, as `found` and `gateway` have it.
///
/// # Errors
/// A [`PlanFault`], from the step's values.
pub fn compose(
    found: &Found,
    gateway: &Gateway,
    step: &Step,
    traceparent: Option<&HeaderValue>,
    secrets: Secrets,
) -> Result<Plan, PlanFault> {
    let journeys_id = found.place.as_ref().map(|(j, _)| &*j.workflow_id);
    let data = Data::of(step, journeys_id);
    let limits = RenderLimits {
        output_bytes: gateway.delivery.render_limit,
    };
    let tile_type = found.place.as_ref().map(|(_, tile)| tile.tile_type);
    let rendering = request::Rendering {
        webhook: &found.webhook,
        tile: found.place.as_ref().map(|(_, tile)| &**tile),
        data: &data,
        limits,
        secrets,
    };
    let request = rendering.request(&step.id, &gateway.egress, traceparent)?;
    let capture = match tile_type {
        None | Some(TileType::Webhook) => Capture::Nothing,
        Some(TileType::UserProfile) => Capture::Profile,
        Some(TileType::LiveData { .. }) => Capture::LiveData,
    };
    Ok(Plan { request, capture })
}

// === impl PlanFault ===

impl PlanFault {
    /// The reason that the user exits with.
    pub fn reason(&self) -> ExitReason {
        match self {
            Self::Template { .. } => ExitReason::TemplateError,
            Self::Url { .. } => ExitReason::InvalidUrl,
        }
    }
}

#[cfg(test)]
mod tests;
