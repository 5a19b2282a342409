//! `journeys/<id>.toml`, checked: a journey and its tiles.

use super::{ById, Webhook};
use crate::model::{JourneyId, Method, WebhookId};
use crate::template::Template;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// A set of tiles with a `workflowId`.
#[derive(Debug)]
pub struct Journey {
    pub id: JourneyId,
    /// The JSON text that payloads and templates get.
    pub workflow_id: Arc<str>,
    pub name: String,
    /// Locks the Live Data webhooks of its tiles; steps run either way.
    pub published: bool,
    /// By the tile's id within the journey.
    pub tiles: ById<String, Arc<Tile>>,
}

/// Where in a journey a webhook is called, how often, with which extra parameters.
#[derive(Debug)]
pub struct Tile {
    pub id: String,
    pub tile_type: TileType,
    pub webhook: WebhookId,
    pub rate_limit: Option<Rate>,
    /// Dynamic Parameters, in the order of the file: name, value.
    pub parameters: Vec<(String, Template)>,
}

/// What a tile does with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileType {
    /// Discards it.
    Webhook,
    /// Keeps the fields of `data_retrieval`.
    LiveData { on_failure: LiveDataFailure },
    /// Keeps the whole object, to update the user's profile.
    UserProfile,
}

/// Where a user of a Live Data tile goes on failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveDataFailure {
    Exit,
    /// Continues, with `"path":"failure"`.
    Branch,
}

/// `N/second|minute|hour`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub per: Duration,
}

// === impl Tile ===

impl Tile {
    /// Whether `webhook` is of the kind that this tile calls.
    pub fn fits(&self, webhook: &Webhook) -> bool {
        match self.tile_type {
            TileType::Webhook => true,
            TileType::LiveData { .. } => webhook.data_retrieval.is_some(),
            TileType::UserProfile => webhook.method == Method::Get,
        }
    }
}
