//! Webhooks, edited: made, replaced, copied, deleted, each only as it may.

use super::desk::{Desk, Edit, Shown, matches, without_id};
use super::refuse::{self, Refused};
use crate::config::{
    self, ApplyFault, Draft, FileKind, Snapshot, Text, TileType, Webhook, origins_differ, show,
};
use crate::model::WebhookId;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

const KIND: FileKind = FileKind::Webhook;
const INVALID: &str = "webhook-invalid";

/// A draft that could be written as it is.
pub(super) struct Drafted {
    pub(super) text: String,
    pub(super) draft: Draft,
}

// === impl Desk ===

impl Desk {
    /// Makes the webhook that `json` describes, its `id` among its members.
    pub(super) fn create_webhook(
        &self,
        json: &Map<String, Json>,
    ) -> Result<(WebhookId, Shown), Refused> {
        let id = webhook_id(json.get("id"), "/id")?;
        self.alone(|snapshot| {
            self.vacant(KIND, id.as_str())?;
            self.save(&id, None, &without_id(id.as_str(), json, KIND)?, snapshot)?;
            Ok((id.clone(), self.read(KIND, id.as_str())?))
        })
    }

    /// Puts `json` in the place of the webhook `id`.
    pub(super) fn replace_webhook(
        &self,
        id: &WebhookId,
        json: &Map<String, Json>,
        if_match: Option<&str>,
    ) -> Result<Shown, Refused> {
        let name = id.as_str();
        self.alone(|snapshot| {
            let old = self.text(KIND, name)?;
            matches(if_match, &old)?;
            self.save(id, Some(&old), &without_id(name, json, KIND)?, snapshot)?;
            self.read(KIND, name)
        })
    }

    pub(super) fn delete_webhook(
        &self,
        id: &WebhookId,
        if_match: Option<&str>,
    ) -> Result<(), Refused> {
        self.delete(KIND, id.as_str(), if_match, |now| unlocked(id, now))
    }

    /// Makes a copy of the webhook `id`, without its authentication and without headers that hold
    /// secrets. `json` has the copy's `id`; what else it has takes the place of the original's.
    pub(super) fn copy_webhook(
        &self,
        id: &WebhookId,
        json: &Map<String, Json>,
    ) -> Result<(WebhookId, Shown), Refused> {
        let copy = webhook_id(json.get("id"), "/id")?;
        self.alone(|snapshot| {
            let original = self.text(KIND, id.as_str())?;
            self.vacant(KIND, copy.as_str())?;
            let members = show(&original.0).map(without_secrets).unwrap_or_default();
            let members = grown(members, json);
            let (text, kept) = config::apply(Some(&original.0), &members)
                .map_err(|fault| not_applied(fault, ""))?;
            if let Some(first) = kept.first() {
                let detail = "a copy has none of its original's secrets: enter it anew";
                return Err(refuse::unfit("secret-required", first.0.clone(), detail));
            }
            self.put(
                &copy,
                None,
                &Drafted::of(&self.files, &copy, text),
                snapshot,
            )?;
            Ok((copy.clone(), self.read(KIND, copy.as_str())?))
        })
    }

    /// The text that `json` comes to when it is worked into `old`, with secrets that may stay.
    pub(super) fn draft_webhook(
        &self,
        id: &WebhookId,
        old: Option<&Text>,
        json: &Map<String, Json>,
        prefix: &str,
    ) -> Result<Drafted, Refused> {
        let old = old.map(|old| old.0.as_str());
        let (text, kept) = config::apply(old, json).map_err(|fault| not_applied(fault, prefix))?;
        if let Some(first) = kept.first()
            && origins_differ(&old.and_then(show).unwrap_or_default(), json)
        {
            let detail = "its requests would go to another origin than the secret was entered \
                          for: enter it anew";
            return Err(refuse::unfit(
                "secret-required",
                format!("{prefix}{}", first.0),
                detail,
            ));
        }
        Ok(Drafted::of(&self.files, id, text))
    }

    fn save(
        &self,
        id: &WebhookId,
        old: Option<&Text>,
        json: &Map<String, Json>,
        snapshot: &Snapshot,
    ) -> Result<(), Refused> {
        let json = dated(json.clone());
        let drafted = self.draft_webhook(id, old, &json, "")?;
        self.put(id, old, &drafted, snapshot)
    }

    /// Writes a draft, if it may be.
    fn put(
        &self,
        id: &WebhookId,
        old: Option<&Text>,
        drafted: &Drafted,
        snapshot: &Snapshot,
    ) -> Result<(), Refused> {
        let is_same = old.is_some_and(|old| old.0 == drafted.text);
        if is_same && !self.is_refused(KIND, id.as_str(), snapshot) {
            return Ok(());
        }
        if old.is_some() {
            unlocked(id, snapshot)?;
        }
        let webhook = drafted.webhook("")?;
        if drafted.draft.is_untested {
            let detail = "a webhook with Live Data fields is saved only after a successful test of \
                          exactly this configuration; its fingerprint goes into \
                          `data_retrieval.test`";
            return Err(refuse::unfit(
                "webhook-untested",
                "/data_retrieval/test",
                detail,
            ));
        }
        fits_its_tiles(id, webhook, snapshot)?;
        let new = Some(drafted.text.as_str());
        self.carry_out(&Edit {
            kind: KIND,
            id: id.as_str(),
            old,
            new,
        })
    }
}

// === impl Drafted ===

impl Drafted {
    pub(super) fn of(files: &config::Files, id: &WebhookId, text: String) -> Self {
        let file = files.path(KIND, id.as_str()).display().to_string();
        let draft = config::draft(id, &text, &file, files.base());
        Self { text, draft }
    }

    /// The webhook, where it is valid; its faults stand under `prefix` in the request.
    pub(super) fn webhook(&self, prefix: &str) -> Result<&std::sync::Arc<Webhook>, Refused> {
        let faults = &self.draft.report.faults;
        let webhook = self.draft.webhook.as_ref();
        webhook.ok_or_else(|| refuse::invalid(INVALID, faults, prefix))
    }
}

/// Who relies on the webhook `id`.
pub(super) fn tiles(id: &WebhookId, snapshot: &Snapshot) -> Json {
    let tiles = snapshot.tiles_of(id).into_iter().map(|(journey, tile)| {
        let tile_type = match tile.tile_type {
            TileType::Webhook => "webhook",
            TileType::LiveData { .. } => "live_data",
            TileType::UserProfile => "user_profile",
        };
        json!({
            "journey": journey.id.as_str(),
            "tile": tile.id,
            "type": tile_type,
            "published": journey.published,
        })
    });
    json!({ "tiles": tiles.collect::<Vec<_>>() })
}

/// The id that `value` is.
pub(super) fn webhook_id(
    value: Option<&Json>,
    pointer: &'static str,
) -> Result<WebhookId, Refused> {
    let text = value.and_then(Json::as_str).unwrap_or_default();
    WebhookId::new(text).map_err(|fault| refuse::unfit(INVALID, pointer, format!("an id {fault}")))
}

pub(super) fn not_applied(fault: ApplyFault, prefix: &str) -> Refused {
    refuse::unfit(INVALID, format!("{prefix}{}", fault.pointer), fault.detail)
}

fn unlocked(id: &WebhookId, snapshot: &Snapshot) -> Result<(), Refused> {
    match snapshot.locked_by(id) {
        Some(journey) => Err(refuse::locked(id.as_str(), journey.as_str())),
        None => Ok(()),
    }
}

/// Whether the tiles that call the webhook can go on doing so.
fn fits_its_tiles(id: &WebhookId, webhook: &Webhook, snapshot: &Snapshot) -> Result<(), Refused> {
    let misfit = snapshot
        .tiles_of(id)
        .into_iter()
        .find(|(_, tile)| !tile.fits(webhook));
    let Some((journey, tile)) = misfit else {
        return Ok(());
    };
    let (pointer, needs) = match tile.tile_type {
        TileType::LiveData { .. } => ("/data_retrieval", "a live_data tile needs `data_retrieval`"),
        TileType::Webhook | TileType::UserProfile => ("/method", "a user_profile tile needs a GET"),
    };
    let detail = format!(
        "tile `{}/{}` calls this webhook, and {needs}",
        journey.id, tile.id
    );
    Err(refuse::unfit(INVALID, pointer, detail))
}

/// `json`, with the moment of its test where it says only which test it was.
fn dated(mut json: Map<String, Json>) -> Map<String, Json> {
    let test = json
        .get_mut("data_retrieval")
        .and_then(|it| it.get_mut("test"));
    if let Some(test) = test.and_then(Json::as_object_mut)
        && test.contains_key("fingerprint")
        && test.get("at").is_none_or(Json::is_null)
    {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        test.insert("at".to_owned(), now.into());
    }
    json
}

fn without_secrets(mut webhook: Map<String, Json>) -> Map<String, Json> {
    webhook.shift_remove("auth");
    if let Some(Json::Array(headers)) = webhook.get_mut("headers") {
        headers.retain(|header| !header["value"].is_object());
        if headers.is_empty() {
            webhook.shift_remove("headers");
        }
    }
    if let Some(Json::Object(inkit)) = webhook.get_mut("inkit") {
        inkit.shift_remove("api_token");
    }
    webhook
}

/// `webhook` with what `changes` says in its place; objects grow, `null` takes away, all else is
/// replaced.
fn grown(mut webhook: Map<String, Json>, changes: &Map<String, Json>) -> Map<String, Json> {
    for (name, change) in changes.iter().filter(|(name, _)| *name != "id") {
        match (webhook.get_mut(name), change) {
            (Some(Json::Object(there)), Json::Object(change)) => {
                *there = grown(std::mem::take(there), change);
            }
            (_, Json::Null) => {
                webhook.shift_remove(name);
            }
            _ => {
                webhook.insert(name.clone(), change.clone());
            }
        }
    }
    webhook
}
