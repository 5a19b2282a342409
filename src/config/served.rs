//! Copies of what serves, in the data folder, so that a restart behaves like a reload.
//!
//! They may hold secrets as literals: the folder is 0700, the files 0600. A copy is written beside
//! its place, synced and renamed, so that a crash leaves the old one or the new one. Many at once
//! are synced by one call for the whole file system: ten thousand single ones take a minute.
//!
//! A thread of its own writes them: a disk that stalls holds up no reload. So copies lag behind what
//! serves; a crash in between means that a restart judges against the version before.

use rustix::fs::{Mode, OFlags};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// More copies than this are synced together.
const FEW: usize = 16;

/// The folder of the copies.
#[derive(Debug, Clone)]
pub(super) struct Copies {
    folder: PathBuf,
}

/// Copies to write, by kind and id; without a text, to remove.
pub(super) type Changes = BTreeMap<(&'static str, String), Option<Arc<str>>>;

/// Writes copies, in a thread that ends when this is dropped and all is written.
#[derive(Debug)]
pub(super) struct Keeper {
    changes: Option<Sender<Changes>>,
    thread: Option<JoinHandle<()>>,
}

// === impl Copies ===

impl Copies {
    /// The copies in the data folder `data`, which is made if it is not there.
    pub(super) fn open(data: &Path, kinds: [&str; 2]) -> std::io::Result<Self> {
        let folder = data.join("served");
        for part in [data.to_owned(), folder.clone()]
            .into_iter()
            .chain(kinds.map(|kind| folder.join(kind)))
        {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&part)?;
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        Ok(Self { folder })
    }

    /// All copies of a kind: id and text. One that cannot be read counts as not there.
    pub(super) fn read(&self, kind: &str) -> Vec<(String, Arc<str>)> {
        let Ok(items) = std::fs::read_dir(self.folder.join(kind)) else {
            return Vec::new();
        };
        let copy = |path: PathBuf| {
            let id = path
                .file_name()?
                .to_str()?
                .strip_suffix(".toml")?
                .to_owned();
            let text = std::fs::read_to_string(&path).ok()?;
            Some((id, text.into()))
        };
        items.filter_map(|item| copy(item.ok()?.path())).collect()
    }

    /// Brings the copies up to date. Blocks until they are on disk.
    fn write(&self, changes: &Changes) -> std::io::Result<()> {
        let many = changes.len() > FEW;
        let mut renames = Vec::new();
        for ((kind, id), text) in changes {
            let path = self.folder.join(kind).join(format!("{id}.toml"));
            let Some(text) = text else {
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => continue,
                }
            };
            let beside = path.with_extension("new");
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(text.as_bytes())?;
            if !many {
                file.sync_all()?;
            }
            renames.push((beside, path));
        }
        if many {
            rustix::fs::syncfs(self.open_folder(&self.folder)?)?;
        }
        for (beside, path) in renames {
            std::fs::rename(beside, path)?;
        }
        for kind in ["webhooks", "journeys"] {
            if changes.keys().any(|(changed, _)| *changed == kind) {
                self.open_folder(&self.folder.join(kind))?.sync_all()?;
            }
        }
        Ok(())
    }

    fn open_folder(&self, path: &Path) -> std::io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
    }
}

// === impl Keeper ===

impl Keeper {
    /// Starts the thread.
    pub(super) fn start(copies: Copies) -> std::io::Result<Self> {
        let (changes, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("config-copies".into())
            .spawn(move || keep(&copies, &inbox))?;
        Ok(Self {
            changes: Some(changes),
            thread: Some(thread),
        })
    }

    /// Has these written, some time after those that were given before.
    pub(super) fn keep(&self, changes: Changes) {
        if let Some(inbox) = &self.changes
            && !changes.is_empty()
        {
            // Only a panic ends the thread before this is dropped, and that was reported.
            let _ = inbox.send(changes);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.changes.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by its thread.
            let _ = thread.join();
        }
    }
}

fn keep(copies: &Copies, inbox: &Receiver<Changes>) {
    // What could not be written is tried again with what comes next.
    let mut unwritten = Changes::new();
    while let Ok(changes) = inbox.recv() {
        unwritten.extend(changes);
        unwritten.extend(inbox.try_iter().flatten());
        match copies.write(&unwritten) {
            Ok(()) => unwritten.clear(),
            Err(error) => {
                let count = unwritten.len();
                tracing::error!(
                    "cannot keep copies of the configuration in service: {error}; a restart will \
                     not know {count} of its versions"
                );
            }
        }
    }
}
