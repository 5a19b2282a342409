//! Which version of each file serves, and what is wrong between files.
//!
//! The rules are those of a reload, and a start is one: a file that is not valid leaves its last
//! good version in service; a webhook that a Live Data tile of a published journey refers to keeps
//! its served version, whatever its file says, until the journey is unpublished on disk.

use super::fault::{Fault, Severity};
use super::file;
use super::read::{Call, Literal, Place, ReadJourney, ReadWebhook};
use super::shelf::{Entry, Shelf, Version};
use super::{ById, EgressRules, Gateway, Service, TileType};
use crate::model::{JourneyId, WebhookId};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// More webhooks than this are not searched for a similar name.
const SEARCHED: usize = 500;

/// Webhooks that must stay as they are, each with a journey that wants it.
pub(super) type Locks = HashMap<WebhookId, JourneyId>;

/// All webhooks that there are files or served versions of.
type Known<'a> = ById<&'a WebhookId, &'a Entry<ReadWebhook>>;

/// Decides what serves of every journey, and says what changed in service.
pub(super) fn journeys(shelf: &mut Shelf<ReadJourney>) -> Vec<(JourneyId, Option<Arc<str>>)> {
    let mut changes = Vec::new();
    for (id, entry) in &mut shelf.entries {
        let next = match &entry.disk {
            Some(disk) => disk.version.as_ref().or(entry.served.as_ref()).cloned(),
            None => None,
        };
        note_change(&mut changes, id, entry, next);
    }
    shelf.entries.retain(|_, entry| entry.disk.is_some());
    changes
}

/// The locks of the journeys that serve, which are those on disk wherever they are valid.
pub(super) fn locks(journeys: &Shelf<ReadJourney>) -> Locks {
    let mut locks = Locks::new();
    for (id, entry) in &journeys.entries {
        let Some(version) = entry.served.as_ref() else {
            continue;
        };
        if !version.value.journey.published {
            continue;
        }
        for call in &version.value.calls {
            match call.tile.tile_type {
                TileType::LiveData { .. } => {
                    locks.insert(call.tile.webhook.clone(), id.clone());
                }
                TileType::Webhook | TileType::UserProfile => {}
            }
        }
    }
    locks
}

/// Decides what serves of every webhook, and says what changed in service.
pub(super) fn webhooks(
    shelf: &mut Shelf<ReadWebhook>,
    locks: &Locks,
    faults: &mut Vec<Fault>,
) -> Vec<(WebhookId, Option<Arc<str>>)> {
    let mut changes = Vec::new();
    let paths: Vec<_> = locks
        .keys()
        .map(|id| (id.clone(), shelf.path(id)))
        .collect();
    let paths: HashMap<_, _> = paths.into_iter().collect();
    for (id, entry) in &mut shelf.entries {
        let lock = locks.get(id).zip(paths.get(id));
        let next = match (&entry.served, lock) {
            (Some(served), Some((journey, path))) if is_edited(entry, served) => {
                let what = if entry.disk.is_some() {
                    "edited"
                } else {
                    "deleted"
                };
                let message = format!(
                    "cannot be {what} while journey `{journey}` is published: a Live Data tile of \
                     it refers to this webhook; the served version stays until then"
                );
                faults.push(file::fault(path, Place::START, message));
                Some(served.clone())
            }
            (served, _) => match &entry.disk {
                Some(disk) => {
                    let version = disk.version.as_ref().filter(|v| v.value.untested.is_none());
                    version.or(served.as_ref()).cloned()
                }
                None => None,
            },
        };
        note_change(&mut changes, id, entry, next);
    }
    shelf
        .entries
        .retain(|_, entry| entry.disk.is_some() || entry.served.is_some());
    changes
}

/// What a webhook answers its steps with.
pub(super) fn webhook_service(entry: &Entry<ReadWebhook>) -> Service<super::Webhook> {
    let on_disk = entry.disk.as_ref().and_then(|disk| disk.version.as_ref());
    match (&entry.served, on_disk) {
        (Some(version), _) => Service::Up(version.value.webhook.clone()),
        (None, Some(_)) => Service::Untested,
        (None, None) => Service::Invalid,
    }
}

/// What a journey answers its steps with.
pub(super) fn journey_service(entry: &Entry<ReadJourney>) -> Service<super::Journey> {
    match &entry.served {
        Some(version) => Service::Up(version.value.journey.clone()),
        None => Service::Invalid,
    }
}

/// Webhooks as they are on disk: those that were not tested, and those whose URLs lead nowhere.
pub(super) fn judge_webhooks(
    shelf: &Shelf<ReadWebhook>,
    gateway: &Gateway,
    faults: &mut Vec<Fault>,
) {
    for (id, entry) in &shelf.entries {
        let Some(disk) = &entry.disk else { continue };
        faults.extend_from_slice(&disk.faults);
        let Some(version) = &disk.version else {
            continue;
        };
        let mut note = |severity, place: Place, key: &str, message: String| {
            let mut fault = file::fault(&shelf.path(id), place, message);
            key.clone_into(&mut fault.key);
            fault.severity = severity;
            faults.push(fault);
        };
        if let Some(untested) = &version.value.untested {
            let (key, found) = if untested.outdated {
                (
                    "data_retrieval.test.fingerprint",
                    "is of another version of this webhook",
                )
            } else {
                ("data_retrieval", "was never tested")
            };
            let message = format!("{found}; run `stepgate test {id} --sample <file> --record`");
            note(Severity::Error, untested.place, key, message);
        }
        for url in &version.value.urls {
            if url.is_inspector(gateway.listen.admin) {
                continue;
            }
            if let Some(message) = refusal(url, &gateway.egress) {
                note(Severity::Warning, url.place, &url.key, message);
            }
        }
    }
}

/// Journeys as they are on disk, and their tiles against the webhooks that they call.
pub(super) fn judge_journeys(
    shelf: &Shelf<ReadJourney>,
    webhooks: &Shelf<ReadWebhook>,
    faults: &mut Vec<Fault>,
) {
    // Looked up for every tile.
    let known: Known<'_> = webhooks.entries.iter().collect();
    for (id, entry) in &shelf.entries {
        let Some(disk) = &entry.disk else { continue };
        faults.extend_from_slice(&disk.faults);
        let valid = disk.version.as_ref().map(|version| &version.value);
        for call in valid
            .or(disk.remains.as_ref())
            .into_iter()
            .flat_map(|j| &j.calls)
        {
            let Some((severity, message)) = misfit(call, &known) else {
                continue;
            };
            let mut fault = file::fault(&shelf.path(id), call.place, message);
            fault.key = format!("tiles[{}].webhook", call.index);
            fault.severity = severity;
            faults.push(fault);
        }
    }
}

/// The settings that are in force once `written` is read: `running` has what only a start puts in
/// force. Says too which sections wait for one.
pub(super) fn merged(running: &Gateway, written: &Gateway) -> (Gateway, Vec<&'static str>) {
    let merged = Gateway {
        listen: running.listen.clone(),
        store: running.store.clone(),
        ..written.clone()
    };
    let mut waiting = Vec::new();
    if merged.listen != written.listen {
        waiting.push("listen");
    }
    if merged.store != written.store {
        waiting.push("store");
    }
    (merged, waiting)
}

fn note_change<I: Clone, K>(
    changes: &mut Vec<(I, Option<Arc<str>>)>,
    id: &I,
    entry: &mut Entry<K>,
    next: Option<Arc<Version<K>>>,
) {
    let is_same = match (&entry.served, &next) {
        // Nearly always one and the same: ten thousand texts are not to be compared at each look.
        (Some(served), Some(next)) => Arc::ptr_eq(served, next) || served.text == next.text,
        (None, None) => true,
        _ => false,
    };
    if !is_same {
        changes.push((
            id.clone(),
            next.as_ref().map(|version| version.text.clone()),
        ));
    }
    entry.served = next;
}

/// Whether the file says something else than what serves.
fn is_edited(entry: &Entry<ReadWebhook>, served: &Version<ReadWebhook>) -> bool {
    entry
        .disk
        .as_ref()
        .is_none_or(|disk| disk.text != served.text)
}

/// Why no step can come through with this URL.
fn refusal(url: &Literal, rules: &EgressRules) -> Option<String> {
    if url.is_hopeless() {
        return Some("not a URL: every step will exit with `invalid_url`".into());
    }
    if url.is_plain_http() && !rules.allow_http {
        let message = "not https, and `egress.allow_http` is false: every step will exit";
        return Some(message.into());
    }
    let named = url.name().and_then(|name| {
        let name = name.trim_end_matches('.');
        let local = name == "localhost" || name.ends_with(".localhost");
        let local = local.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        rules.resolve.get(name).copied().or(local)
    });
    let address = url.address().or(named)?;
    let range = rules.forbids(address)?;
    Some(format!(
        "{address} is refused ({range}): every step will exit; `egress.allow_addresses` may allow it"
    ))
}

/// What is wrong between a tile and its webhook.
fn misfit(call: &Call, webhooks: &Known<'_>) -> Option<(Severity, String)> {
    let id = &call.tile.webhook;
    let Some(entry) = webhooks.get(id) else {
        let similar = similar(id, webhooks);
        let message = format!("no such webhook `{id}`: every step will exit{similar}");
        return Some((Severity::Warning, message));
    };
    let on_disk = entry.disk.as_ref().and_then(|disk| disk.version.as_ref());
    let webhook = &entry.served.as_ref().or(on_disk)?.value.webhook;
    if call.tile.fits(webhook) {
        return None;
    }
    let message = match call.tile.tile_type {
        TileType::Webhook => return None,
        TileType::LiveData { .. } => {
            format!("webhook `{id}` has no `[data_retrieval]`; a live_data tile needs one that has")
        }
        TileType::UserProfile => format!(
            "webhook `{id}` is a {}; a user_profile tile needs a GET",
            webhook.method.as_str()
        ),
    };
    Some((Severity::Error, message))
}

fn similar(id: &WebhookId, webhooks: &Known<'_>) -> String {
    if webhooks.len() > SEARCHED {
        return String::new();
    }
    let mut names: Vec<_> = webhooks.keys().map(|id| id.as_str()).collect();
    names.sort_unstable();
    super::read::nearest(id.as_str(), &names)
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}
