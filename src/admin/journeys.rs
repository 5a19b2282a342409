//! Journeys, edited: made, replaced, deleted, published and unpublished.

use super::desk::{Desk, Edit, Shown, matches, without_id};
use super::refuse::{self, Refused};
use crate::config::{self, FileKind, Journey, NotFound, Snapshot, Text, TileType, show};
use crate::model::{JourneyId, Target, WebhookId};
use serde_json::{Map, Value as Json};

const KIND: FileKind = FileKind::Journey;
const INVALID: &str = "journey-invalid";

// === impl Desk ===

impl Desk {
    /// Makes the journey that `json` describes, its `id` among its members.
    pub(super) fn create_journey(
        &self,
        json: &Map<String, Json>,
    ) -> Result<(JourneyId, Shown), Refused> {
        let id = json.get("id").and_then(Json::as_str).unwrap_or_default();
        let id = JourneyId::new(id)
            .map_err(|fault| refuse::unfit(INVALID, "/id", format!("an id {fault}")))?;
        self.alone(|snapshot| {
            self.vacant(KIND, id.as_str())?;
            self.save_journey(&id, None, &without_id(id.as_str(), json, KIND)?, snapshot)?;
            Ok((id.clone(), self.read(KIND, id.as_str())?))
        })
    }

    /// Puts `json` in the place of the journey `id`.
    pub(super) fn replace_journey(
        &self,
        id: &JourneyId,
        json: &Map<String, Json>,
        if_match: Option<&str>,
    ) -> Result<Shown, Refused> {
        self.alone(|snapshot| {
            let old = self.text(KIND, id.as_str())?;
            matches(if_match, &old)?;
            self.save_journey(
                id,
                Some(&old),
                &without_id(id.as_str(), json, KIND)?,
                snapshot,
            )?;
            self.read(KIND, id.as_str())
        })
    }

    pub(super) fn delete_journey(
        &self,
        id: &JourneyId,
        if_match: Option<&str>,
    ) -> Result<(), Refused> {
        self.delete(KIND, id.as_str(), if_match, |_| Ok(()))
    }

    /// Publishes the journey `id`, or takes that back.
    pub(super) fn publish_journey(
        &self,
        id: &JourneyId,
        published: bool,
        if_match: Option<&str>,
    ) -> Result<Shown, Refused> {
        self.alone(|snapshot| {
            let old = self.text(KIND, id.as_str())?;
            matches(if_match, &old)?;
            let mut json = show(&old.0).unwrap_or_default();
            json.insert("published".to_owned(), published.into());
            self.save_journey(id, Some(&old), &json, snapshot)?;
            self.read(KIND, id.as_str())
        })
    }

    fn save_journey(
        &self,
        id: &JourneyId,
        old: Option<&Text>,
        json: &Map<String, Json>,
        snapshot: &Snapshot,
    ) -> Result<(), Refused> {
        let (text, _) = config::apply(old.map(|old| old.0.as_str()), json)
            .map_err(|fault| refuse::unfit(INVALID, fault.pointer, fault.detail))?;
        let is_same = old.is_some_and(|old| old.0 == text);
        if is_same && !self.is_refused(KIND, id.as_str(), snapshot) {
            return Ok(());
        }
        let file = self.files.path(KIND, id.as_str()).display().to_string();
        let draft = config::draft_journey(id, &text, &file, self.files.base());
        let Some(journey) = &draft.journey else {
            return Err(refuse::invalid(INVALID, &draft.report.faults, ""));
        };
        for (at, tile) in draft.tiles.iter().enumerate() {
            can_call(journey, tile, at, snapshot)?;
        }
        let new = Some(text.as_str());
        self.carry_out(&Edit {
            kind: KIND,
            id: id.as_str(),
            old,
            new,
        })
    }
}

/// Whether a tile's webhook is of its kind; and for a Live Data tile of a journey that is published,
/// whether it serves: what is published must not be waiting for a repair.
fn can_call(journey: &Journey, tile: &str, at: usize, snapshot: &Snapshot) -> Result<(), Refused> {
    let Some(tile) = journey.tiles.get(tile) else {
        return Ok(());
    };
    let unfit = |detail: String| {
        Err(refuse::unfit(
            INVALID,
            format!("/tiles/{at}/webhook"),
            detail,
        ))
    };
    let webhook: &WebhookId = &tile.webhook;
    match snapshot.find(&Target::Webhook(webhook.clone())) {
        Ok(found) if tile.fits(&found.webhook) => Ok(()),
        Ok(_) => unfit(match tile.tile_type {
            TileType::LiveData { .. } => format!(
                "webhook `{webhook}` has no `data_retrieval`; a live_data tile needs one that has"
            ),
            TileType::Webhook | TileType::UserProfile => {
                format!("webhook `{webhook}` is no GET; a user_profile tile needs one")
            }
        }),
        Err(missing) => {
            let live = matches!(tile.tile_type, TileType::LiveData { .. });
            if !(live && journey.published) {
                return Ok(());
            }
            unfit(match missing {
                NotFound::WebhookUntested => format!("webhook `{webhook}` was not tested as it is"),
                NotFound::WebhookInvalid => format!("webhook `{webhook}` is not valid"),
                NotFound::Webhook | NotFound::Tile | NotFound::JourneyInvalid => {
                    format!("there is no webhook `{webhook}`")
                }
            })
        }
    }
}
