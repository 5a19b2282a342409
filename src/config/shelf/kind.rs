//! What sets webhooks and journeys apart, to whoever keeps their files.

use crate::config::read::{self, ReadJourney, ReadWebhook, Table};
use crate::model::{JourneyId, WebhookId};

/// What kind of file a shelf holds.
pub(in crate::config) trait Kind: Sized + Send + Sync {
    type Id: Ord + Clone + Send + Sync + std::fmt::Display;
    /// The folder's name beside `gateway.toml`.
    const FOLDER: &'static str;
    /// The id that the stem of a file's name says.
    fn id(stem: &str) -> Option<Self::Id>;
    /// Reads a whole file.
    fn read(id: &Self::Id, root: &Table<'_>) -> Option<Self>;
}

// === impl Kind ===

impl Kind for ReadWebhook {
    type Id = WebhookId;
    const FOLDER: &'static str = "webhooks";

    fn id(stem: &str) -> Option<Self::Id> {
        WebhookId::new(stem).ok()
    }

    fn read(id: &Self::Id, root: &Table<'_>) -> Option<Self> {
        read::webhook(id, root)
    }
}

impl Kind for ReadJourney {
    type Id = JourneyId;
    const FOLDER: &'static str = "journeys";

    fn id(stem: &str) -> Option<Self::Id> {
        JourneyId::new(stem).ok()
    }

    fn read(id: &Self::Id, root: &Table<'_>) -> Option<Self> {
        read::journey(id, root)
    }
}
