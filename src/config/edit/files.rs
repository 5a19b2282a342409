//! The files of webhooks and journeys: read, written whole or not at all, told apart by their text.

use super::super::write;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Which folder a file is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Webhook,
    Journey,
}

/// The text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

/// The folder of the configuration. Clones mean the same.
#[derive(Debug, Clone)]
pub struct Files {
    base: PathBuf,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It is not what it was when it was read.
    #[error("the file was changed meanwhile")]
    Changed,
    #[error("there is a file already")]
    Exists,
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

// === impl FileKind ===

impl FileKind {
    /// The folder's name.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Webhook => "webhooks",
            Self::Journey => "journeys",
        }
    }
}

// === impl Text ===

impl Text {
    /// What tells this text from any other: an entity tag, quotes included (RFC 9110, 8.8.3).
    pub fn etag(&self) -> String {
        let mut tag = String::from("\"");
        for byte in &Sha256::digest(&self.0)[..16] {
            let _ = write!(tag, "{byte:02x}");
        }
        tag.push('"');
        tag
    }
}

// === impl Files ===

impl Files {
    /// The files beside `path`: `gateway.toml`, or the folder that holds it.
    pub fn beside(path: &Path) -> Self {
        let base = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(Path::new(""))
        };
        Self {
            base: base.to_owned(),
        }
    }

    /// The folder that relative paths in the files start at.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// Where the file of `id` is, or would be.
    pub fn path(&self, kind: FileKind, id: &str) -> PathBuf {
        self.base.join(kind.folder()).join(format!("{id}.toml"))
    }

    /// The text of `id`; none where there is no file. Blocks, as all here does.
    ///
    /// # Errors
    /// [`FileFault::Io`].
    pub fn read(&self, kind: FileKind, id: &str) -> Result<Option<Text>, FileFault> {
        let path = self.path(kind, id);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Text(text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FileFault::Io { path, source }),
        }
    }

    /// Writes the file of `id`, which is `known` until then: none for one that is not there.
    ///
    /// # Errors
    /// A [`FileFault`]; the file is as it was.
    pub fn write(
        &self,
        kind: FileKind,
        id: &str,
        known: Option<&Text>,
        text: &str,
    ) -> Result<(), FileFault> {
        let path = self.path(kind, id);
        let Some(Text(known)) = known else {
            return write::create(&path, text).map_err(|source| match source.kind() {
                ErrorKind::AlreadyExists => FileFault::Exists,
                _ => FileFault::Io { path, source },
            });
        };
        let written = write::exchange(&path, known, text);
        unchanged(written, path)
    }

    /// Removes the file of `id`, which is `known` until then.
    ///
    /// # Errors
    /// A [`FileFault`]; the file is as it was.
    pub fn remove(&self, kind: FileKind, id: &str, known: &Text) -> Result<(), FileFault> {
        let path = self.path(kind, id);
        let removed = write::remove(&path, &known.0);
        unchanged(removed, path)
    }
}

/// Whether the file at `path` was what it had to be for the deed that came to `done`.
fn unchanged(done: io::Result<bool>, path: PathBuf) -> Result<(), FileFault> {
    match done {
        Ok(true) => Ok(()),
        Ok(false) => Err(FileFault::Changed),
        Err(gone) if gone.kind() == ErrorKind::NotFound => Err(FileFault::Changed),
        Err(source) => Err(FileFault::Io { path, source }),
    }
}
