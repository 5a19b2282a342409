//! A disk that loses its power: what `disk.c` has written down, and what is left of it.

use crate::support::process::Stage;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// What a disk writes at once, or not at all.
const SECTOR: usize = 512;

/// How long a sync takes until told otherwise.
const SYNC: Duration = Duration::from_millis(2);

/// The library that is preloaded into the gateway, and its journal.
pub(super) struct Disk {
    tools: TempDir,
    /// The folder that it watches.
    folder: PathBuf,
    /// What is in the folder, and safe, when the gateway starts.
    begin: HashMap<PathBuf, Vec<u8>>,
}

/// What becomes of writes that were not synced.
pub(super) enum Unsynced {
    /// All are lost.
    Lost,
    /// Some sectors of some of them are there, as chance has it.
    Some(fastrand::Rng),
}

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Cut(usize),
}

/// A change of names: this file has this name now, or none has.
#[derive(Debug, Clone)]
struct Naming {
    path: PathBuf,
    file: Option<usize>,
}

#[derive(Debug, Default)]
struct File {
    safe: Vec<u8>,
    /// By the number of its record.
    unsynced: Vec<(u64, Change)>,
}

/// The folder as it would be found.
#[derive(Debug, Default)]
struct Model {
    files: Vec<File>,
    by_inode: HashMap<u64, usize>,
    folders: HashMap<u64, PathBuf>,
    /// The number of the record with which each sync began.
    syncs: HashMap<u64, u64>,
    names: HashMap<PathBuf, usize>,
    safe_names: HashMap<PathBuf, usize>,
    unsynced_names: Vec<(u64, Naming)>,
}

struct Record<'a> {
    kind: u64,
    inode: u64,
    a: u64,
    name: &'a str,
    data: &'a [u8],
}

// === impl Disk ===

impl Disk {
    /// Builds the library.
    pub(super) fn watching(folder: PathBuf) -> Self {
        let tools = tempfile::tempdir().unwrap();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(tools.path().join("disk.so"))
            .args([
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/durable/disk.c"),
                "-ldl",
                "-lpthread",
            ])
            .status()
            .unwrap();
        assert!(built.success());
        let disk = Self {
            tools,
            folder,
            begin: HashMap::new(),
        };
        fs::write(disk.state(), []).unwrap();
        disk.set_space(0);
        disk.set_sync(SYNC);
        disk
    }

    /// `stage` with the library between it and the folder.
    pub(super) fn around(&self, stage: Stage) -> Stage {
        let environment = self.environment().into_iter();
        environment.fold(stage, |stage, (name, value)| {
            stage.environment(name, value.to_str().unwrap())
        })
    }

    fn environment(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("LD_PRELOAD", self.tools.path().join("disk.so")),
            ("DISK_FOLDER", self.folder.clone()),
            ("DISK_JOURNAL", self.journal()),
            ("DISK_STATE", self.state()),
        ]
    }

    /// How many bytes the files of the folder may have together; 0 is no limit.
    pub(super) fn set_space(&self, bytes: u64) {
        self.set(0, bytes);
    }

    /// How long a sync takes.
    pub(super) fn set_sync(&self, time: Duration) {
        self.set(8, time.as_micros().try_into().unwrap());
    }

    /// From now on no sync succeeds, until it is told how long one takes.
    pub(super) fn fail_syncs(&self) {
        self.set(8, u64::MAX);
    }

    fn set(&self, at: u64, number: u64) {
        // In place: the library reads the file through a mapping.
        let file = fs::File::options().write(true).open(self.state()).unwrap();
        file.write_all_at(&number.to_ne_bytes(), at).unwrap();
    }

    /// Takes back the end of all that was done, from some moment on.
    pub(super) fn forget_end(&self, chance: &mut fastrand::Rng) {
        let journal = fs::File::options()
            .write(true)
            .open(self.journal())
            .unwrap();
        let length = journal.metadata().unwrap().len();
        journal.set_len(chance.u64(..=length)).unwrap();
    }

    /// Cuts the power: the folder is what is left of it. The process that used it has ended.
    /// How many writes were lost, in whole or in part.
    pub(super) fn cut_power(&mut self, mut unsynced: Unsynced) -> usize {
        let journal = fs::read(self.journal()).unwrap();
        fs::remove_file(self.journal()).unwrap();
        let mut model = Model::default();
        for (path, text) in self.begin.drain() {
            let file = model.add(text);
            model.names.insert(path.clone(), file);
            model.safe_names.insert(path, file);
        }
        for (number, record) in records(&journal).enumerate() {
            model.take(number as u64, &record);
        }
        for path in model.names.keys() {
            // A temporary file may have gone meanwhile, in ways that are not seen.
            drop(fs::remove_file(path));
        }
        let lost = model.files.iter().map(|file| file.unsynced.len()).sum();
        for (path, text) in model.left(&mut unsynced) {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
            self.begin.insert(path, text);
        }
        lost
    }

    fn state(&self) -> PathBuf {
        self.tools.path().join("state")
    }

    fn journal(&self) -> PathBuf {
        self.tools.path().join("journal")
    }
}

// === impl Model ===

impl Model {
    fn add(&mut self, safe: Vec<u8>) -> usize {
        self.files.push(File {
            safe,
            unsynced: Vec::new(),
        });
        self.files.len() - 1
    }

    fn take(&mut self, number: u64, record: &Record<'_>) {
        let path = PathBuf::from(record.name);
        let file = self.by_inode.get(&record.inode).copied();
        match (record.kind, record.a) {
            (1, 1) => drop(self.folders.insert(record.inode, path)),
            (1, _) => self.open(number, record.inode, path),
            (2, at) => {
                let data = record.data.to_vec();
                let at = usize::try_from(at).unwrap();
                let write = Change::Write { at, data };
                self.files[file.unwrap()].unsynced.push((number, write));
            }
            (3, size) => {
                let cut = Change::Cut(usize::try_from(size).unwrap());
                self.files[file.unwrap()].unsynced.push((number, cut));
            }
            (4, sync) => {
                let before = self.syncs[&sync];
                let file = &mut self.files[file.unwrap()];
                for (number, change) in std::mem::take(&mut file.unsynced) {
                    if number < before {
                        change.apply(&mut file.safe);
                    } else {
                        file.unsynced.push((number, change));
                    }
                }
            }
            (5, sync) => self.sync_names(record.inode, self.syncs[&sync]),
            (6, _) => {
                let to = PathBuf::from(std::str::from_utf8(record.data).unwrap());
                if let Some(file) = self.names.remove(&path) {
                    self.names.insert(to.clone(), file);
                    self.name(number, to, Some(file));
                }
                self.name(number, path, None);
            }
            (7, _) => {
                self.names.remove(&path);
                self.name(number, path, None);
            }
            (8, sync) => drop(self.syncs.insert(sync, number)),
            (kind, _) => panic!("a record of kind {kind}"),
        }
    }

    fn open(&mut self, number: u64, inode: u64, path: PathBuf) {
        let file = match self.names.get(&path) {
            Some(file) => *file,
            None => {
                let file = self.add(Vec::new());
                self.names.insert(path.clone(), file);
                self.name(number, path, Some(file));
                file
            }
        };
        self.by_inode.insert(inode, file);
    }

    fn name(&mut self, number: u64, path: PathBuf, file: Option<usize>) {
        self.unsynced_names.push((number, Naming { path, file }));
    }

    fn sync_names(&mut self, folder: u64, before: u64) {
        let folder = self.folders[&folder].clone();
        for (number, naming) in std::mem::take(&mut self.unsynced_names) {
            if number < before && naming.path.parent() == Some(&folder) {
                naming.apply(&mut self.safe_names);
            } else {
                self.unsynced_names.push((number, naming));
            }
        }
    }

    /// The files that are found, with what is in them.
    fn left(mut self, unsynced: &mut Unsynced) -> HashMap<PathBuf, Vec<u8>> {
        if let Unsynced::Some(chance) = unsynced {
            // Names are kept in their order.
            let kept = chance.usize(..=self.unsynced_names.len());
            for (_, naming) in &self.unsynced_names[..kept] {
                naming.apply(&mut self.safe_names);
            }
            for file in &mut self.files {
                for (_, change) in std::mem::take(&mut file.unsynced) {
                    change.apply_in_part(&mut file.safe, chance);
                }
            }
        }
        let Self {
            mut files,
            safe_names,
            ..
        } = self;
        let text = |(path, file): (PathBuf, usize)| (path, std::mem::take(&mut files[file].safe));
        safe_names.into_iter().map(text).collect()
    }
}

// === impl Naming ===

impl Naming {
    fn apply(&self, names: &mut HashMap<PathBuf, usize>) {
        match self.file {
            Some(file) => names.insert(self.path.clone(), file),
            None => names.remove(&self.path),
        };
    }
}

// === impl Change ===

impl Change {
    fn apply(&self, text: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => put(text, *at, data),
            Self::Cut(size) => text.resize(*size, 0),
        }
    }

    fn apply_in_part(&self, text: &mut Vec<u8>, chance: &mut fastrand::Rng) {
        match self {
            Self::Write { at, data } => {
                let mut begin = 0;
                while begin < data.len() {
                    let end = data.len().min((at + begin) / SECTOR * SECTOR + SECTOR - at);
                    if chance.bool() {
                        put(text, at + begin, &data[begin..end]);
                    }
                    begin = end;
                }
            }
            Self::Cut(_) if chance.bool() => self.apply(text),
            Self::Cut(_) => {}
        }
    }
}

fn put(text: &mut Vec<u8>, at: usize, data: &[u8]) {
    let end = at + data.len();
    if text.len() < end {
        text.resize(end, 0);
    }
    text[at..end].copy_from_slice(data);
}

/// The records of a journal; a last one that was cut off is none.
fn records(mut journal: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let (head, rest) = journal.split_at_checked(40)?;
        let number = |n: usize| u64::from_ne_bytes(head[n * 8..n * 8 + 8].try_into().unwrap());
        let (name, rest) = rest.split_at_checked(usize::try_from(number(3)).unwrap())?;
        let (data, rest) = rest.split_at_checked(usize::try_from(number(4)).unwrap())?;
        journal = rest;
        Some(Record {
            kind: number(0),
            inode: number(1),
            a: number(2),
            name: std::str::from_utf8(name).unwrap(),
            data,
        })
    })
}

#[test]
fn the_disk_keeps_what_was_synced_and_loses_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().canonicalize().unwrap().join("data");
    fs::create_dir(&data).unwrap();
    let mut disk = Disk::watching(data.clone());
    let run = |disk: &Disk, script: &str| {
        let mut shell = Command::new("sh");
        let shell = shell.args(["-ec", script]).current_dir(folder.path());
        let output = shell.envs(disk.environment()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    // `dd` syncs the file alone, `sync` the names in the folder.
    run(
        &disk,
        "printf kept | dd of=data/a conv=fsync; sync data; \
         printf lost | dd of=data/a conv=notrunc oflag=append; \
         printf lost | dd of=data/b; sync data; mv data/a data/c; \
         printf lost | dd of=data/d conv=fsync",
    );

    let lost = disk.cut_power(Unsynced::Lost);

    let text = |name: &str| fs::read_to_string(data.join(name)).ok();
    assert_eq!(
        ["a", "b", "c", "d"].map(text),
        [Some("kept".to_owned()), Some(String::new()), None, None]
    );
    // Two writes, and the cut that a file begins with.
    assert_eq!(lost, 3);
    // And what is left is safe when the power fails again.
    run(&disk, "true");
    disk.cut_power(Unsynced::Some(fastrand::Rng::new()));
    assert_eq!(text("a").as_deref(), Some("kept"));
}
