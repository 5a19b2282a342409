//! The ways into a configuration folder: start from it, check it, judge a draft.

use super::fault::{Faults, Report};
use super::folder::Folder;
use super::read::{self, Reading, Sheet};
use super::{Gateway, Journey, Live, Snapshot, Watch, Webhook};
use crate::model::{JourneyId, WebhookId};
use std::path::Path;
use std::sync::Arc;

/// A configuration that was read. Nothing in the data folder was touched yet.
#[derive(Debug)]
pub struct Opened(Folder);

/// A configuration in force, that nobody watches yet.
#[derive(Debug)]
pub struct Loaded {
    folder: Folder,
    live: Live,
}

/// One webhook's text, judged by itself.
#[derive(Debug)]
pub struct Draft {
    /// None where any of `faults` is an error.
    pub webhook: Option<Arc<Webhook>>,
    /// `sha256:…` of all that shapes its request; set with `webhook`.
    pub fingerprint: Option<String>,
    /// Whether it has `data_retrieval` and no test of its current text.
    pub is_untested: bool,
    pub report: Report,
}

/// One journey's text, judged by itself.
#[derive(Debug)]
pub struct JourneyDraft {
    /// None where any of `faults` is an error.
    pub journey: Option<Arc<Journey>>,
    /// The ids of its tiles, in the order of the text.
    pub tiles: Vec<String>,
    pub report: Report,
}

/// Reads the folder of `path`: `gateway.toml`, or the folder that holds it.
///
/// # Errors
/// The faults of `gateway.toml`, where it is not valid. What is wrong with other files is in
/// [`Snapshot::faults`].
pub fn open(path: &Path) -> Result<Opened, Faults> {
    Folder::read(path).map(Opened)
}

/// Starts from the folder of `path`, in a data folder that is nobody else's.
///
/// # Errors
/// Those of [`open`] and [`Opened::load`].
pub fn load(path: &Path) -> Result<Loaded, Faults> {
    open(path)?.load()
}

/// What the folder of `path` comes to at a first start, nothing recalled and nothing kept.
///
/// # Errors
/// The faults of `gateway.toml`, where it is not valid.
pub fn read(path: &Path) -> Result<Arc<Snapshot>, Faults> {
    Folder::read(path).map(|mut folder| folder.judge())
}

/// Everything that is wrong with the folder of `path`, judged as at a first start.
pub fn check(path: &Path) -> Report {
    let faults = match read(path) {
        Ok(snapshot) => snapshot.faults.to_vec(),
        Err(Faults(faults)) => faults,
    };
    Report { faults }
}

/// Judges `text`, a webhook of the folder `base` that need not be on disk. Faults are of `file`.
pub fn draft(id: &WebhookId, text: &str, file: &str, base: &Path) -> Draft {
    let Reading {
        value,
        is_valid,
        faults,
        ..
    } = Sheet::read(file, text, base, |root| read::webhook(id, root));
    let report = Report { faults };
    match value.filter(|_| is_valid) {
        Some(read) => Draft {
            webhook: Some(read.webhook),
            fingerprint: Some(read.fingerprint),
            is_untested: read.untested.is_some(),
            report,
        },
        None => Draft {
            webhook: None,
            fingerprint: None,
            is_untested: false,
            report,
        },
    }
}

/// Judges `text`, a journey of the folder `base` that need not be on disk. Faults are of `file`.
pub fn draft_journey(id: &JourneyId, text: &str, file: &str, base: &Path) -> JourneyDraft {
    let Reading {
        value,
        is_valid,
        faults,
        ..
    } = Sheet::read(file, text, base, |root| read::journey(id, root));
    let report = Report { faults };
    let read = value.filter(|_| is_valid);
    let calls = read.iter().flat_map(|read| &read.calls);
    JourneyDraft {
        tiles: calls.map(|call| call.tile.id.clone()).collect(),
        journey: read.map(|read| read.journey),
        report,
    }
}

// === impl Opened ===

impl Opened {
    /// The settings to start with.
    pub fn settings(&self) -> &Gateway {
        self.0.running()
    }

    /// Puts it in force, in a data folder that is this process's alone by now. Versions that
    /// served before are recalled from there, those that serve now are kept there, and what is
    /// wrong with the files goes to the log.
    ///
    /// # Errors
    /// A data folder that cannot be used.
    pub fn load(self) -> Result<Loaded, Faults> {
        let mut folder = self.0;
        folder.remember()?;
        let live = Live::of(folder.judge());
        Ok(Loaded { folder, live })
    }
}

// === impl Loaded ===

impl Loaded {
    /// What is in force, from now on.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Watches the folder in a thread of its own, until the handle is dropped.
    pub fn watch(self) -> Watch {
        Watch::start(self.folder, self.live)
    }
}
