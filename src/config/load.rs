//! The ways into a configuration folder: start from it, check it, judge a draft.

use super::fault::{Faults, Report};
use super::folder::{Folder, Memory};
use super::read::{self, Reading, Sheet};
use super::{Live, Snapshot, Watch, Webhook};
use crate::model::WebhookId;
use std::path::Path;
use std::sync::Arc;

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

/// Starts from the folder of `path`: `gateway.toml`, or the folder that holds it. Versions that
/// served before are recalled from the data folder, and those that serve now are kept there.
///
/// # Errors
/// The faults of `gateway.toml`, where it is not valid, or a data folder that cannot be used. What
/// is wrong with other files is in [`Snapshot::faults`].
pub fn load(path: &Path) -> Result<Loaded, Faults> {
    let (folder, snapshot) = Folder::open(path, Memory::Kept)?;
    let live = Live::of(snapshot);
    Ok(Loaded { folder, live })
}

/// What the folder of `path` comes to at a first start, nothing recalled and nothing kept.
///
/// # Errors
/// The faults of `gateway.toml`, where it is not valid.
pub fn read(path: &Path) -> Result<Arc<Snapshot>, Faults> {
    Folder::open(path, Memory::None).map(|(_, snapshot)| snapshot)
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

// === impl Loaded ===

impl Loaded {
    /// Writes what is wrong with the files into the log, which starts only once the configuration
    /// has said how.
    pub fn log_faults(&self) {
        for fault in &*self.live.get().faults {
            super::folder::log(fault);
        }
    }

    /// What is in force, from now on.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Watches the folder in a thread of its own, until the handle is dropped.
    pub fn watch(self) -> Watch {
        Watch::start(self.folder, self.live)
    }
}
