//! What is in force now: one validated `Snapshot` at a time,
//! and `Live`, which holds it.
//!
//! The types here have the meaning, and cannot be built wrong: `read` makes them of TOML and collects
//! every fault, `folder` knows which version of a file serves, `watch` looks again. Files are judged one by one: a bad file keeps its last
//! good version in force, so that a typing error in one webhook never stops the others.
//!
//! Not here: what a setting does. A policy is read here and applied in the stage that owns it.

mod edit;
mod fault;
mod file;
mod fingerprint;
mod folder;
mod gateway;
mod journey;
mod judge;
mod load;
mod read;
mod served;
mod shelf;
mod watch;
mod webhook;
mod write;

pub use edit::{ApplyFault, FileFault, FileKind, Files, Kept, Text, apply, origins_differ, show};
pub use fault::{Fault, Faults, Report, Severity};

pub use gateway::{
    Admin, AdminToken, Delivery, EgressRules, Gateway, Listen, Log, LogFormat, Oauth2, Outcomes,
    Retry, Role, Shutdown, Steps, Store,
};
pub use journey::{Journey, LiveDataFailure, Rate, Tile, TileType};
pub use load::{
    Draft, JourneyDraft, Loaded, Opened, check, draft, draft_journey, load, open, read,
};
pub use watch::{Looking, Watch};
pub use webhook::{
    Ambiguous, Auth, Body, DataRetrieval, Destination, Header, HeaderContent, LiveField, LiveType,
    Oauth2Client, Webhook,
};

pub use write::{WriteFault, record_test};

use crate::model::{JourneyId, Target, WebhookId};
use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// What is found by its id, once or more for every step. The ids come from the configuration, so
/// that the hash has nobody to resist.
pub type ById<K, V> = HashMap<K, V, RandomState>;

/// Everything that one attempt needs to know, at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub gateway: Arc<Gateway>,
    pub webhooks: ById<WebhookId, Service<Webhook>>,
    pub journeys: ById<JourneyId, Service<Journey>>,
    /// What is wrong with the files as they are on disk, in the order of files and lines.
    pub faults: Arc<[Fault]>,
    /// How many errors came up since the process started, those of its start included.
    pub refusals: u64,
    /// Counts from 1 the snapshots since the process started.
    pub version: u64,
}

/// A file that is there, and whether what it says is in service.
#[derive(Debug)]
pub enum Service<T> {
    /// This version serves: the file's own, or the last good one.
    Up(Arc<T>),
    /// The file was never valid.
    Invalid,
    /// A webhook with `data_retrieval` whose fingerprint does not match, and that never did.
    Untested,
}

/// What a step's target stands for.
#[derive(Debug, Clone)]
pub struct Found {
    pub webhook: Arc<Webhook>,
    /// Journey and tile, unless the step named a webhook.
    pub place: Option<(Arc<Journey>, Arc<Tile>)>,
}

/// Why a target is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFound {
    /// No such journey, or no such tile in it.
    Tile,
    /// No such webhook: deleted, or never there.
    Webhook,
    /// The webhook's file was never valid.
    WebhookInvalid,
    /// The webhook's Live Data fields were never tested.
    WebhookUntested,
    /// The journey's file was never valid, or the tile's webhook is of the wrong kind.
    JourneyInvalid,
}

/// The snapshot in force. Clones share it.
#[derive(Debug, Clone)]
pub struct Live(Arc<ArcSwap<Snapshot>>);

// === impl Service ===

impl<T> Clone for Service<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Up(version) => Self::Up(version.clone()),
            Self::Invalid => Self::Invalid,
            Self::Untested => Self::Untested,
        }
    }
}

// === impl Snapshot ===

impl Snapshot {
    /// A first snapshot that nothing is wrong with, made by hand.
    pub fn new(
        gateway: Gateway,
        webhooks: ById<WebhookId, Service<Webhook>>,
        journeys: ById<JourneyId, Service<Journey>>,
    ) -> Self {
        Self {
            gateway: Arc::new(gateway),
            webhooks,
            journeys,
            faults: Arc::default(),
            refusals: 0,
            version: 1,
        }
    }

    /// What `target` stands for in this snapshot.
    ///
    /// # Errors
    /// A [`NotFound`] that says which part is not in service.
    pub fn find(&self, target: &Target) -> Result<Found, NotFound> {
        let tile = match target {
            Target::Webhook(id) => {
                return Ok(Found {
                    webhook: self.webhook(id)?,
                    place: None,
                });
            }
            Target::Tile(tile) => tile,
        };
        let journey = match self.journeys.get(tile.journey()) {
            Some(Service::Up(journey)) => journey,
            Some(Service::Invalid | Service::Untested) => return Err(NotFound::JourneyInvalid),
            None => return Err(NotFound::Tile),
        };
        let tile = journey.tiles.get(tile.tile()).ok_or(NotFound::Tile)?;
        let webhook = self.webhook(&tile.webhook)?;
        if !tile.fits(&webhook) {
            return Err(NotFound::JourneyInvalid);
        }
        Ok(Found {
            webhook,
            place: Some((journey.clone(), tile.clone())),
        })
    }

    /// The journeys that serve and the tiles of theirs that call the webhook `id`, by their names.
    pub fn tiles_of(&self, id: &WebhookId) -> Vec<(&Arc<Journey>, &Arc<Tile>)> {
        let mut tiles = Vec::new();
        for service in self.journeys.values() {
            if let Service::Up(journey) = service {
                let own = journey.tiles.values().filter(|tile| tile.webhook == *id);
                tiles.extend(own.map(|tile| (journey, tile)));
            }
        }
        tiles.sort_by_key(|(journey, tile)| (&journey.id, &tile.id));
        tiles
    }

    /// The published journey for whose sake the webhook `id` must stay as it is, if there is one.
    pub fn locked_by(&self, id: &WebhookId) -> Option<&JourneyId> {
        let is_lock = |(journey, tile): &(&Arc<Journey>, &Arc<Tile>)| {
            journey.published && matches!(tile.tile_type, TileType::LiveData { .. })
        };
        let tiles = self.tiles_of(id);
        tiles
            .into_iter()
            .find(is_lock)
            .map(|(journey, _)| &journey.id)
    }

    fn webhook(&self, id: &WebhookId) -> Result<Arc<Webhook>, NotFound> {
        match self.webhooks.get(id) {
            Some(Service::Up(webhook)) => Ok(webhook.clone()),
            Some(Service::Invalid) => Err(NotFound::WebhookInvalid),
            Some(Service::Untested) => Err(NotFound::WebhookUntested),
            None => Err(NotFound::Webhook),
        }
    }
}

// === impl Live ===

impl Live {
    /// Puts `snapshot` in force.
    pub fn new(snapshot: Snapshot) -> Self {
        Self::of(Arc::new(snapshot))
    }

    fn of(snapshot: Arc<Snapshot>) -> Self {
        Self(Arc::new(ArcSwap::new(snapshot)))
    }

    /// What is in force now. Ask once per attempt, and hand it down.
    pub fn get(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Puts `snapshot` in force from now on, and gives back what was; attempts under way keep the
    /// one they hold.
    pub fn set(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        self.0.swap(snapshot)
    }
}
