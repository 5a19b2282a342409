//! Where files are edited: one edit at a time, judged before it is written, and answered once it is
//! in service.
//!
//! The files are the only truth, and somebody may edit them by hand at any moment: what is written
//! replaces what was read and nothing else, and what did not come into service is taken back.

use super::refuse::{self, Refused};
use crate::config::{Fault, FileKind, Files, Live, Looking, Severity, Snapshot, Text, show};
use crate::model::{JourneyId, WebhookId};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};
use std::fs;
use std::sync::Arc;

/// The desk. It blocks: ask it from a thread that may wait.
#[derive(Debug)]
pub struct Desk {
    pub(super) files: Files,
    looking: Looking,
    live: Live,
    /// Held by whoever edits.
    turn: Mutex<()>,
}

/// A file as JSON, and its version.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) json: Map<String, Json>,
    pub(super) etag: String,
}

/// What is to become of a file.
pub(super) struct Edit<'a> {
    pub(super) kind: FileKind,
    pub(super) id: &'a str,
    /// What it is now; none for one that is not there.
    pub(super) old: Option<&'a Text>,
    /// None: to be removed.
    pub(super) new: Option<&'a str>,
}

// === impl Desk ===

impl Desk {
    /// A desk for `files`, which `looking` watches and `live` serves.
    pub fn new(files: Files, looking: Looking, live: Live) -> Self {
        Self {
            files,
            looking,
            live,
            turn: Mutex::new(()),
        }
    }

    /// Every file of a kind, in the order of their ids. One that is no TOML has only its id.
    pub(super) fn list(&self, kind: FileKind) -> Vec<Json> {
        let Ok(entries) = fs::read_dir(self.files.base().join(kind.folder())) else {
            return Vec::new();
        };
        let mut ids: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()))
            .filter(|id| is_id(kind, id))
            .collect();
        ids.sort_unstable();
        let all = ids.iter().filter_map(|id| {
            let text = self.files.read(kind, id).ok()??;
            Some(with_id(id, show(&text.0).unwrap_or_default()).into())
        });
        all.collect()
    }

    /// The file of `id`.
    ///
    /// # Errors
    /// A problem: there is none, or it is no TOML.
    pub(super) fn read(&self, kind: FileKind, id: &str) -> Result<Shown, Refused> {
        let text = self.text(kind, id)?;
        let json = show(&text.0).ok_or_else(|| {
            let path = self.files.path(kind, id);
            let detail = format!("{} is not TOML: repair it by hand", path.display());
            refuse::unfit(invalid(kind), "", detail)
        })?;
        Ok(Shown {
            json: with_id(id, json),
            etag: text.etag(),
        })
    }

    /// The text of `id`.
    ///
    /// # Errors
    /// A problem where there is none.
    pub(super) fn text(&self, kind: FileKind, id: &str) -> Result<Text, Refused> {
        let text = self
            .files
            .read(kind, id)
            .map_err(|fault| refuse::file(&fault))?;
        text.ok_or_else(|| {
            let what = match kind {
                FileKind::Webhook => "webhook",
                FileKind::Journey => "journey",
            };
            refuse::not_found(format!("there is no {what} `{id}`"))
        })
    }

    /// Whatever `edit` does with the files as they are, and with what serves of them now. Nobody
    /// else edits meanwhile.
    pub(super) fn alone<T>(&self, edit: impl FnOnce(&Arc<Snapshot>) -> T) -> T {
        let _turn = self.turn.lock();
        // What somebody did by hand a moment ago counts.
        self.looking.look();
        edit(&self.live.get())
    }

    /// Whether a file of this id can be made.
    ///
    /// # Errors
    /// A problem where there is one.
    pub(super) fn vacant(&self, kind: FileKind, id: &str) -> Result<(), Refused> {
        if self.files.path(kind, id).exists() {
            return Err(refuse::already_exists());
        }
        Ok(())
    }

    /// Removes the file of `id`, if it `may` go as things are now.
    ///
    /// # Errors
    /// A problem; the file is as it was.
    pub(super) fn delete(
        &self,
        kind: FileKind,
        id: &str,
        if_match: Option<&str>,
        may: impl FnOnce(&Snapshot) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        self.alone(|snapshot| {
            let old = self.text(kind, id)?;
            matches(if_match, &old)?;
            may(snapshot)?;
            let (old, new) = (Some(&old), None);
            self.carry_out(&Edit { kind, id, old, new })
        })
    }

    /// Carries out `edit`, and comes back when it is in service. Only within [`alone`](Self::alone).
    ///
    /// # Errors
    /// A problem; the file is as it was.
    pub(super) fn carry_out(&self, edit: &Edit<'_>) -> Result<(), Refused> {
        let Edit { kind, id, old, new } = *edit;
        let written = match (old, new) {
            (_, Some(new)) => self.files.write(kind, id, old, new),
            (Some(old), None) => self.files.remove(kind, id, old),
            (None, None) => return Ok(()),
        };
        written.map_err(|fault| refuse::file(&fault))?;
        self.looking.look();
        match self.refusal(kind, id, &self.live.get()) {
            None => Ok(()),
            Some(fault) => {
                self.take_back(edit);
                Err(refuse::not_in_service(&fault))
            }
        }
    }

    /// Whether what the file says is not what serves.
    pub(super) fn is_refused(&self, kind: FileKind, id: &str, snapshot: &Snapshot) -> bool {
        self.refusal(kind, id, snapshot).is_some()
    }

    /// Why what the file says is not what serves.
    fn refusal(&self, kind: FileKind, id: &str, snapshot: &Snapshot) -> Option<Fault> {
        let path = self.files.path(kind, id).display().to_string();
        let mut errors = snapshot
            .faults
            .iter()
            .filter(|fault| fault.severity == Severity::Error);
        errors.find(|fault| fault.file == path).cloned()
    }

    /// Undoes `edit`, unless somebody has edited the file again since.
    fn take_back(&self, edit: &Edit<'_>) {
        let Edit { kind, id, old, new } = *edit;
        let written = new.map(|new| Text(new.to_owned()));
        let undone = match (old, &written) {
            (Some(old), written) => self.files.write(kind, id, written.as_ref(), &old.0),
            (None, Some(written)) => self.files.remove(kind, id, written),
            (None, None) => Ok(()),
        };
        if let Err(fault) = undone {
            tracing::warn!(id, "an edit that was refused was not taken back: {fault}");
        }
        self.looking.look();
    }
}

fn is_id(kind: FileKind, text: &str) -> bool {
    match kind {
        FileKind::Webhook => WebhookId::new(text).is_ok(),
        FileKind::Journey => JourneyId::new(text).is_ok(),
    }
}

/// The type of the problem of a file that is not valid.
pub(super) fn invalid(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Webhook => "webhook-invalid",
        FileKind::Journey => "journey-invalid",
    }
}

/// `json` with `id` before all else.
pub(super) fn with_id(id: &str, json: Map<String, Json>) -> Map<String, Json> {
    let mut shown = Map::with_capacity(json.len() + 1);
    shown.insert("id".to_owned(), id.into());
    shown.extend(json);
    shown
}

/// `json` without the `id` in it, which must be `id` where it is there.
///
/// # Errors
/// A problem where it is another.
pub(super) fn without_id(
    id: &str,
    json: &Map<String, Json>,
    kind: FileKind,
) -> Result<Map<String, Json>, Refused> {
    match json.get("id") {
        Some(other) if other.as_str() != Some(id) => Err(refuse::unfit(
            invalid(kind),
            "/id",
            format!("found {other}; expected `{id}`: an id cannot be changed, make a copy"),
        )),
        _ => {
            let mut json = json.clone();
            json.shift_remove("id");
            Ok(json)
        }
    }
}

/// Whether `text` is what `If-Match` asks for (RFC 9110, 13.1.1).
///
/// # Errors
/// A problem where it is not.
pub(super) fn matches(if_match: Option<&str>, text: &Text) -> Result<(), Refused> {
    let Some(asked) = if_match else { return Ok(()) };
    let tag = text.etag();
    let is_it = |asked: &str| asked == "*" || asked == tag;
    if asked.split(',').map(str::trim).any(is_it) {
        Ok(())
    } else {
        Err(refuse::stale())
    }
}
