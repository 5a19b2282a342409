//! A file's text as it was last read, and what it came to.

use super::kind::Kind;
use crate::config::fault::Fault;
use crate::config::file::Stamp;
use crate::config::read::{Reading, Sheet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file, as it was last read.
#[derive(Debug)]
pub(in crate::config) struct Disk<K> {
    pub(super) stamp: Option<Stamp>,
    pub(in crate::config) text: Arc<str>,
    /// None where it is not valid.
    pub(in crate::config) version: Option<Arc<Version<K>>>,
    /// What could be read of a text that is not valid: to find what else is wrong, never to serve.
    pub(in crate::config) remains: Option<K>,
    pub(in crate::config) faults: Vec<Fault>,
    pub(super) depends: Depends,
}

/// A text that is valid, and its meaning.
#[derive(Debug)]
pub(in crate::config) struct Version<K> {
    pub(in crate::config) text: Arc<str>,
    pub(in crate::config) value: K,
    pub(super) depends: Depends,
}

/// The files that a text refers to, as they were when it was read.
pub(in crate::config) type Depends = Vec<(PathBuf, Option<Stamp>)>;

// === impl Disk ===

impl<K> Disk<K> {
    /// A file that nothing can be read from.
    pub(super) fn unusable(fault: Fault, stamp: Option<Stamp>) -> Self {
        Self {
            stamp,
            text: "".into(),
            version: None,
            remains: None,
            faults: vec![fault],
            depends: Vec::new(),
        }
    }

    /// Whether both are of no use, for the same reasons.
    pub(super) fn fails_like(&self, other: &Self) -> bool {
        let useless = self.version.is_none() && other.version.is_none();
        useless && self.text == other.text && self.faults == other.faults
    }
}

/// Whether any of these files is another than it was.
pub(in crate::config) fn has_changed(depends: &Depends) -> bool {
    depends
        .iter()
        .any(|(path, stamp)| Stamp::of(path) != *stamp)
}

/// The stamps of the files that a text refers to. They are taken after the files were read: one
/// that may have changed in between is young, gets no stamp, and is read again by the next scan.
pub(in crate::config) fn stamped(depends: Vec<PathBuf>) -> Depends {
    let stamp = |path: PathBuf| {
        let stamp = Stamp::of(&path).and_then(Stamp::settled);
        (path, stamp)
    };
    depends.into_iter().map(stamp).collect()
}

/// Parses `text`, the content of the file at `path`.
pub(in crate::config) fn parse<K: Kind>(
    id: &K::Id,
    path: &Path,
    text: Arc<str>,
    stamp: Option<Stamp>,
    base: &Path,
) -> Disk<K> {
    let file = path.display().to_string();
    let reading = Sheet::read(&file, &text, base, |root| K::read(id, root));
    let Reading {
        value,
        is_valid,
        faults,
        depends,
    } = reading;
    let depends = stamped(depends);
    let (value, remains) = if is_valid {
        (value, None)
    } else {
        (None, value)
    };
    let version = value.map(|value| {
        Arc::new(Version {
            text: text.clone(),
            value,
            depends: depends.clone(),
        })
    });
    Disk {
        stamp,
        text,
        version,
        remains,
        faults,
        depends,
    }
}
