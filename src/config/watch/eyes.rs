//! What the kernel is asked to tell: folders, never files, since editors and Kubernetes replace a
//! file instead of writing to it.

use crate::config::folder::Folder;
use crate::config::shelf;
use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The folders that are watched, and what in them matters.
pub(super) struct Eyes {
    /// None where the kernel cannot tell at all.
    watcher: Option<RecommendedWatcher>,
    /// Whether each folder that matters is watched.
    complete: bool,
    /// Device and inode of each watched folder, as it was then.
    folders: HashMap<PathBuf, (u64, u64)>,
    wanted: Wanted,
}

/// What the kernel told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A file is being written.
    Written(PathBuf),
    /// A file was closed, moved or removed: what is there now is whole.
    Closed(PathBuf),
    /// Something else about a file: who may read it, say.
    Touched(PathBuf),
    /// Something else that is a reason to look.
    Other,
}

/// By folder: which names in it matter. Shared with the thread that hears the kernel.
type Wanted = Arc<Mutex<HashMap<PathBuf, Names>>>;

/// Which names in a folder matter.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Names {
    /// Those of webhooks or journeys, these, and those that begin with `..`.
    Files(HashSet<OsString>),
    /// These, and those that begin with `..`: the links that Kubernetes swaps.
    Only(HashSet<OsString>),
}

// === impl Eyes ===

impl Eyes {
    /// Opens them, seeing nothing yet; `tell` is called for all that is seen.
    pub(super) fn open(tell: impl Fn(Seen) + Send + 'static) -> Self {
        let wanted = Wanted::default();
        let filter = wanted.clone();
        let handler = move |event: notify::Result<Event>| {
            for seen in judge(event, &filter) {
                tell(seen);
            }
        };
        let watcher = notify::recommended_watcher(handler);
        let watcher = watcher.inspect_err(complain).ok();
        Self {
            complete: watcher.is_some(),
            watcher,
            folders: HashMap::new(),
            wanted,
        }
    }

    /// Eyes that see nothing, as where the kernel's limits are reached.
    #[cfg(test)]
    pub(super) fn shut() -> Self {
        Self {
            watcher: None,
            complete: false,
            folders: HashMap::new(),
            wanted: Wanted::default(),
        }
    }

    /// Whether something that matters cannot be seen.
    pub(super) fn are_shut(&self) -> bool {
        !self.complete
    }

    /// Watches what matters of `folder` now. Says whether that is more than before, so that what
    /// changed until now was not seen.
    pub(super) fn follow(&mut self, folder: &Folder) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        let wanted = wanted(folder);
        let was_complete = std::mem::replace(&mut self.complete, true);
        let mut found_more = false;
        for path in wanted.keys() {
            let now = identity(path);
            if now.is_some() && self.folders.get(path).copied() == now {
                continue;
            }
            if self.folders.remove(path).is_some() {
                // It watches a folder that is gone.
                let _ = watcher.unwatch(path);
            }
            match (now, watcher.watch(path, RecursiveMode::NonRecursive)) {
                (Some(identity), Ok(())) => {
                    self.folders.insert(path.clone(), identity);
                    found_more = true;
                }
                (None, _) => found_more = true,
                (Some(_), Err(error)) => {
                    self.complete = false;
                    if was_complete {
                        complain(&error);
                    }
                }
            }
        }
        self.folders.retain(|path, _| {
            let keep = wanted.contains_key(path);
            if !keep {
                let _ = watcher.unwatch(path);
            }
            keep
        });
        let mut shared = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        *shared = wanted;
        found_more
    }
}

fn complain(error: &notify::Error) {
    tracing::warn!("cannot watch the configuration, it is looked at twice a second: {error}");
}

/// Every folder that matters, and which names in it.
fn wanted(folder: &Folder) -> HashMap<PathBuf, Names> {
    let mut wanted = HashMap::new();
    want(&mut wanted, folder.file());
    want(&mut wanted, folder.base());
    for part in folder.parts() {
        want(&mut wanted, &part);
        if let Ok(path) = std::path::absolute(&part)
            && path.is_dir()
        {
            wanted.insert(path, Names::Files(HashSet::new()));
        }
    }
    for path in folder.elsewhere() {
        want(&mut wanted, path);
        // Where a link leads to can change too.
        if let Ok(target) = std::fs::canonicalize(path) {
            want(&mut wanted, &target);
        }
    }
    wanted
}

/// Wants to hear of `path`: in its folder, or the nearest one above that is there.
fn want(wanted: &mut HashMap<PathBuf, Names>, path: &Path) {
    let Ok(path) = std::path::absolute(path) else {
        return;
    };
    let mut path = path.as_path();
    while let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
        if !folder.is_dir() {
            path = folder;
            continue;
        }
        let names = wanted
            .entry(folder.to_owned())
            .or_insert_with(|| Names::Only(HashSet::new()));
        let (Names::Files(names) | Names::Only(names)) = names;
        names.insert(name.to_owned());
        return;
    }
}

/// What `event` means, for each path that matters.
fn judge(event: notify::Result<Event>, wanted: &Wanted) -> Vec<Seen> {
    let Ok(event) = event else {
        return vec![Seen::Other];
    };
    if event.need_rescan() {
        return vec![Seen::Other];
    }
    let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
    let matters = |path: &PathBuf| {
        let inside = path.parent().and_then(|folder| wanted.get(folder));
        let name = path.file_name().unwrap_or_default();
        match inside {
            Some(Names::Files(names)) => {
                shelf::is_one(path) || names.contains(name) || is_swapped(name)
            }
            Some(Names::Only(names)) => names.contains(name) || is_swapped(name),
            None => wanted.contains_key(path),
        }
    };
    let paths: Vec<_> = event.paths.into_iter().filter(matters).collect();
    let seen = |path: PathBuf| match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Seen::Closed(path)),
        EventKind::Access(_) => None,
        EventKind::Create(CreateKind::File) | EventKind::Modify(ModifyKind::Data(_))
            if shelf::is_one(&path) =>
        {
            Some(Seen::Written(path))
        }
        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => Some(Seen::Closed(path)),
        EventKind::Modify(ModifyKind::Metadata(_)) if shelf::is_one(&path) => {
            Some(Seen::Touched(path))
        }
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Other => {
            Some(Seen::Other)
        }
    };
    paths.into_iter().filter_map(seen).collect()
}

/// Whether it is a link that Kubernetes swaps.
fn is_swapped(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"..")
}

/// Device and inode of the folder that `path` leads to.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}
