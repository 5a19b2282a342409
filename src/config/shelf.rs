//! The files of one folder, `webhooks/` or `journeys/`, each with what is known of it.
//!
//! A scan looks at every file's stamp and reads only those that changed; of those it parses only
//! the ones whose text, or a file they refer to, is another. What is served of them is decided
//! elsewhere (see `judge`).

mod disk;
mod jobs;
mod kind;

use super::fault::Fault;
use super::file::{self, Stamp};
use super::read::Place;
pub(super) use disk::{Depends, Disk, Version, has_changed, parse, stamped};
use jobs::{Done, Job, run};
pub(super) use kind::Kind;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All files of one kind.
#[derive(Debug)]
pub(super) struct Shelf<K: Kind> {
    folder: PathBuf,
    pub(super) entries: BTreeMap<K::Id, Entry<K>>,
    /// Faults of the folder, and of files whose names are no ids.
    pub(super) strays: Vec<Fault>,
    /// How many texts were parsed since the beginning.
    pub(super) parsed: usize,
}

/// What is known of one id.
#[derive(Debug)]
pub(super) struct Entry<K> {
    /// The file as it is on disk; none once it is deleted.
    pub(super) disk: Option<Disk<K>>,
    /// What is in service.
    pub(super) served: Option<Arc<Version<K>>>,
}

/// What a scan came to.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Whether anything is to be judged anew.
    pub(super) changed: bool,
    /// Whether a file changed while it was read, so that another scan is due soon.
    pub(super) unsettled: bool,
    /// Files that are symbolic links.
    pub(super) links: Vec<PathBuf>,
}

/// What a folder holds.
struct Listed<K: Kind> {
    files: BTreeMap<K::Id, (PathBuf, Option<Stamp>)>,
    strays: Vec<Fault>,
    links: Vec<PathBuf>,
}

// === impl Scan ===

impl Scan {
    /// What both came to.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.links.extend(other.links);
        Self {
            changed: self.changed || other.changed,
            unsettled: self.unsettled || other.unsettled,
            links: self.links,
        }
    }
}

// === impl Shelf ===

impl<K: Kind> Shelf<K> {
    /// The shelf of the folder `base`, nothing on it yet.
    pub(super) fn new(base: &Path) -> Self {
        Self {
            folder: base.join(K::FOLDER),
            entries: BTreeMap::new(),
            strays: Vec::new(),
            parsed: 0,
        }
    }

    /// Looks at the folder again. Files in `held` are being written: they stay as they are known.
    pub(super) fn scan(&mut self, base: &Path, held: &HashSet<PathBuf>) -> Scan {
        let mut scan = Scan::default();
        let listed = match self.list() {
            Ok(listed) => listed,
            Err(fault) => {
                scan.changed = self.strays != [fault.clone()];
                self.strays = vec![fault];
                return scan;
            }
        };
        let strays = listed.strays;
        scan.changed |= strays != self.strays;
        self.strays = strays;
        scan.links = listed.links;
        for (id, entry) in &mut self.entries {
            if !listed.files.contains_key(id) && !held.contains(&path_of::<K>(&self.folder, id)) {
                scan.changed |= entry.disk.take().is_some();
            }
        }
        let jobs: Vec<_> = listed
            .files
            .into_iter()
            .filter(|(_, (path, _))| !held.contains(path))
            .filter_map(|(id, (path, stamp))| self.job(id, path, stamp))
            .collect();
        for (id, done) in run(jobs, base) {
            self.settle(id, done, &mut scan);
        }
        scan.changed |= self.refresh_served(base);
        scan
    }

    /// Looks again at these files, as far as they are of this folder, and at no other. None where
    /// that would not tell all: of a link, of a name that is no id, or of what a file refers to.
    pub(super) fn scan_named(
        &mut self,
        base: &Path,
        held: &HashSet<PathBuf>,
        named: &HashSet<PathBuf>,
    ) -> Option<Scan> {
        let own = |path: &&PathBuf| path.parent() == Some(&self.folder) && !held.contains(*path);
        let mut jobs = Vec::new();
        for path in named.iter().filter(own) {
            let id = path.file_stem()?.to_str().and_then(K::id)?;
            if *path != self.path(&id) || path.is_symlink() {
                return None;
            }
            jobs.extend(self.job(id, path.clone(), Stamp::of(path)));
        }
        let mut scan = Scan::default();
        for (id, done) in run(jobs, base) {
            self.settle(id, done, &mut scan);
        }
        Some(scan)
    }

    /// The path of `id`'s file, there or not.
    pub(super) fn path(&self, id: &K::Id) -> PathBuf {
        path_of::<K>(&self.folder, id)
    }

    /// Every file outside the folder that a text refers to.
    pub(super) fn depends(&self) -> impl Iterator<Item = &Path> {
        self.entries
            .values()
            .flat_map(|entry| {
                let disk = entry.disk.iter().flat_map(|disk| &disk.depends);
                disk.chain(entry.served.iter().flat_map(|version| &version.depends))
            })
            .map(|(path, _)| path.as_path())
    }

    fn list(&self) -> Result<Listed<K>, Fault> {
        let mut listed = Listed {
            files: BTreeMap::new(),
            strays: Vec::new(),
            links: Vec::new(),
        };
        let unreadable = |error: std::io::Error| {
            let message = format!("cannot be listed: {error}");
            file::fault(&self.folder, Place::START, message)
        };
        let items = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(listed),
            items => items.map_err(unreadable)?,
        };
        for item in items {
            let item = item.map_err(unreadable)?;
            let path = item.path();
            if !is_one(&path) {
                continue;
            }
            // A file's own stamp is had from the open folder for less than from its path.
            let stamp = if item.file_type().is_ok_and(|kind| kind.is_symlink()) {
                listed.links.push(path.clone());
                Stamp::of(&path)
            } else {
                item.metadata().ok().map(|data| Stamp::from(&data))
            };
            match path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .and_then(K::id)
            {
                Some(id) => {
                    listed.files.insert(id, (path, stamp));
                }
                None => {
                    let message =
                        "the file's name is no id; expected [a-z0-9][a-z0-9_-]{0,63}.toml";
                    let place = Place::START;
                    listed
                        .strays
                        .push(file::fault(&path, place, message.into()));
                }
            }
        }
        listed.strays.sort();
        Ok(listed)
    }

    /// What is to be done about a file that is there: nothing, if it is as it is known.
    fn job(&self, id: K::Id, path: PathBuf, stamp: Option<Stamp>) -> Option<Job<K>> {
        let disk = self.entries.get(&id).and_then(|entry| entry.disk.as_ref());
        let Some(disk) = disk else {
            return Some(Job {
                id,
                path,
                known: None,
            });
        };
        let moved = has_changed(&disk.depends);
        if !moved && disk.stamp.is_some() && disk.stamp == stamp {
            return None;
        }
        // An unreadable file has no text that could be the same.
        let readable = disk.version.is_some() || !disk.text.is_empty();
        let known = (!moved && readable).then(|| disk.text.clone());
        Some(Job { id, path, known })
    }

    fn settle(&mut self, id: K::Id, done: Done<K>, scan: &mut Scan) {
        let path = self.path(&id);
        let entry = self.entries.entry(id).or_insert(Entry {
            disk: None,
            served: None,
        });
        match done {
            Done::Parsed(disk) => {
                self.parsed += 1;
                let known = entry.disk.replace(disk);
                let disk = entry.disk.as_ref();
                let is_same = |known: Disk<K>| disk.is_some_and(|disk| disk.fails_like(&known));
                scan.changed |= !known.is_some_and(is_same);
            }
            Done::Same(stamp) => {
                if let Some(disk) = &mut entry.disk {
                    disk.stamp = stamp;
                }
            }
            Done::Changing => {
                scan.unsettled = true;
                // It is there: to call it deleted would be wrong.
                if entry.disk.is_none() {
                    let fault = file::fault(&path, Place::START, "is being written".into());
                    entry.disk = Some(Disk::unusable(fault, None));
                    scan.changed = true;
                }
            }
            Done::Gone => scan.changed |= entry.disk.take().is_some(),
        }
    }

    /// Reads served texts anew that are not those on disk, and refer to a file that changed.
    fn refresh_served(&mut self, base: &Path) -> bool {
        let mut changed = false;
        for (id, entry) in &mut self.entries {
            let Some(served) = &entry.served else {
                continue;
            };
            let on_disk = entry.disk.as_ref().and_then(|disk| disk.version.as_ref());
            if on_disk.is_some_and(|version| version.text == served.text)
                || !has_changed(&served.depends)
            {
                continue;
            }
            let path = path_of::<K>(&self.folder, id);
            if let Some(version) = parse::<K>(id, &path, served.text.clone(), None, base).version {
                entry.served = Some(version);
                changed = true;
            }
        }
        changed
    }
}

/// Whether a file of this name is a webhook's or a journey's; what editors put beside those is not.
pub(super) fn is_one(path: &Path) -> bool {
    let is_hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
    path.extension().is_some_and(|end| end == "toml") && !path.file_name().is_some_and(is_hidden)
}

fn path_of<K: Kind>(folder: &Path, id: &K::Id) -> PathBuf {
    folder.join(format!("{id}.toml"))
}
