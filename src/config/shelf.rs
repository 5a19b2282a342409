//! The files of one folder, `webhooks/` or `journeys/`, each with what is known of it.
//!
//! A scan looks at every file's stamp and reads only those that changed; of those it parses only
//! the ones whose text, or a file they refer to, is another. What is served of them is decided
//! elsewhere (see `judge`).

use super::fault::Fault;
use super::file::{self, Contents, Stamp};
use super::read::{self, ReadJourney, ReadWebhook, Reading, Sheet, Table};
use crate::model::{JourneyId, WebhookId};
use std::collections::{BTreeMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What kind of file a shelf holds.
pub(super) trait Kind: Sized + Send + Sync {
    type Id: Ord + Clone + Send + Sync + std::fmt::Display;
    /// The folder's name beside `gateway.toml`.
    const FOLDER: &'static str;
    /// The id that the stem of a file's name says.
    fn id(stem: &str) -> Option<Self::Id>;
    /// Reads a whole file.
    fn read(id: &Self::Id, root: &Table<'_>) -> Option<Self>;
}

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

/// A file, as it was last read.
#[derive(Debug)]
pub(super) struct Disk<K> {
    stamp: Option<Stamp>,
    pub(super) text: Arc<str>,
    /// None where it is not valid.
    pub(super) version: Option<Arc<Version<K>>>,
    /// What could be read of a text that is not valid: to find what else is wrong, never to serve.
    pub(super) remains: Option<K>,
    pub(super) faults: Vec<Fault>,
    depends: Depends,
}

/// A text that is valid, and its meaning.
#[derive(Debug)]
pub(super) struct Version<K> {
    pub(super) text: Arc<str>,
    pub(super) value: K,
    depends: Depends,
}

/// The files that a text refers to, as they were when it was read.
pub(super) type Depends = Vec<(PathBuf, Option<Stamp>)>;

/// A file to be read, or read.
struct Job<K: Kind> {
    id: K::Id,
    path: PathBuf,
    known: Option<Arc<str>>,
}

/// What came of a [`Job`].
enum Done<K> {
    Parsed(Disk<K>),
    /// The text is what it was.
    Same(Option<Stamp>),
    /// To be looked at again.
    Changing,
    Gone,
}

// === impl Kind ===

impl Kind for ReadWebhook {
    type Id = WebhookId;
    const FOLDER: &'static str = "webhooks";

    fn id(stem: &str) -> Option<Self::Id> {
        WebhookId::new(stem).ok()
    }

    fn read(id: &Self::Id, root: &Table<'_>) -> Option<Self> {
        read::webhook(id, root)
    }
}

impl Kind for ReadJourney {
    type Id = JourneyId;
    const FOLDER: &'static str = "journeys";

    fn id(stem: &str) -> Option<Self::Id> {
        JourneyId::new(stem).ok()
    }

    fn read(id: &Self::Id, root: &Table<'_>) -> Option<Self> {
        read::journey(id, root)
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
            .filter(|(_, path)| !held.contains(path))
            .filter_map(|(id, path)| self.job(id, path))
            .collect();
        for (id, done) in run(jobs, base) {
            self.settle(id, done, &mut scan);
        }
        scan.changed |= self.refresh_served(base);
        scan
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
            file::fault(&self.folder, super::read::Place::START, message)
        };
        let items = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(listed),
            items => items.map_err(unreadable)?,
        };
        for item in items {
            let item = item.map_err(unreadable)?;
            let path = item.path();
            let name = item.file_name();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            if hidden || path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            if item.file_type().is_ok_and(|kind| kind.is_symlink()) {
                listed.links.push(path.clone());
            }
            match path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .and_then(K::id)
            {
                Some(id) => {
                    listed.files.insert(id, path);
                }
                None => {
                    let message =
                        "the file's name is no id; expected [a-z0-9][a-z0-9_-]{0,63}.toml";
                    let place = super::read::Place::START;
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
    fn job(&self, id: K::Id, path: PathBuf) -> Option<Job<K>> {
        let disk = self.entries.get(&id).and_then(|entry| entry.disk.as_ref());
        let Some(disk) = disk else {
            return Some(Job {
                id,
                path,
                known: None,
            });
        };
        let moved = has_changed(&disk.depends);
        if !moved && disk.stamp.is_some() && disk.stamp == Stamp::of(&path) {
            return None;
        }
        // An unreadable file has no text that could be the same.
        let readable = disk.version.is_some() || !disk.text.is_empty();
        let known = (!moved && readable).then(|| disk.text.clone());
        Some(Job { id, path, known })
    }

    fn settle(&mut self, id: K::Id, done: Done<K>, scan: &mut Scan) {
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
            Done::Changing => scan.unsettled = true,
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

// === impl Disk ===

impl<K> Disk<K> {
    /// Whether both are of no use, for the same reasons.
    fn fails_like(&self, other: &Self) -> bool {
        let useless = self.version.is_none() && other.version.is_none();
        useless && self.text == other.text && self.faults == other.faults
    }
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
    files: BTreeMap<K::Id, PathBuf>,
    strays: Vec<Fault>,
    links: Vec<PathBuf>,
}

/// Whether any of these files is another than it was.
pub(super) fn has_changed(depends: &Depends) -> bool {
    depends
        .iter()
        .any(|(path, stamp)| Stamp::of(path) != *stamp)
}

/// The stamps of the files that a text refers to. They are taken after the files were read: one
/// that may have changed in between is young, gets no stamp, and is read again by the next scan.
pub(super) fn stamped(depends: Vec<PathBuf>) -> Depends {
    let stamp = |path: PathBuf| {
        let stamp = Stamp::of(&path).and_then(Stamp::settled);
        (path, stamp)
    };
    depends.into_iter().map(stamp).collect()
}

/// Parses `text`, the content of the file at `path`.
pub(super) fn parse<K: Kind>(
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

/// Does all jobs, on more than one thread where there are many.
fn run<K: Kind>(jobs: Vec<Job<K>>, base: &Path) -> Results<K> {
    const FEW: usize = 256;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
    let do_all = |jobs: Vec<Job<K>>| -> Results<K> {
        let one = |job: Job<K>| {
            let done = work(&job, base);
            (job.id, done)
        };
        jobs.into_iter().map(one).collect()
    };
    if jobs.len() <= FEW || threads == 1 {
        return do_all(jobs);
    }
    let share = jobs.len().div_ceil(threads);
    let mut jobs = jobs.into_iter();
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..threads {
            let part: Vec<_> = jobs.by_ref().take(share).collect();
            workers.push(scope.spawn(move || do_all(part)));
        }
        let results = workers.into_iter().map(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.flatten().collect()
    })
}

/// Files and what came of them.
type Results<K> = Vec<(<K as Kind>::Id, Done<K>)>;

fn work<K: Kind>(job: &Job<K>, base: &Path) -> Done<K> {
    match file::read(&job.path) {
        Contents::Text(text, stamp) if job.known.as_ref() == Some(&text) => Done::Same(stamp),
        Contents::Text(text, stamp) => {
            Done::Parsed(parse::<K>(&job.id, &job.path, text, stamp, base))
        }
        Contents::Unreadable(fault, stamp) => Done::Parsed(Disk {
            stamp,
            text: "".into(),
            version: None,
            remains: None,
            faults: vec![fault],
            depends: Vec::new(),
        }),
        Contents::Changing => Done::Changing,
        Contents::Gone => Done::Gone,
    }
}

fn path_of<K: Kind>(folder: &Path, id: &K::Id) -> PathBuf {
    folder.join(format!("{id}.toml"))
}
