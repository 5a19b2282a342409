//! One file on disk: whether it changed, and its text when nobody is writing to it.

use super::fault::{Fault, Severity};
use super::read::Place;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A longer file is a mistake.
const LONGEST: u64 = 64 * 1024 * 1024;

/// How often a file that changes under the reader is read anew before it is left for later.
const READS: usize = 4;

/// A file that was written this short a time ago can be written again without its times
/// changing: the clock of a file system ticks slowly.
const TICK: Duration = Duration::from_millis(20);

/// What changes whenever a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What reading a file came to.
#[derive(Debug)]
pub(super) enum Contents {
    /// The stamp is missing where the file is too young to be told from its next version.
    Text(Arc<str>, Option<Stamp>),
    /// The file cannot be used, and this is why.
    Unreadable(Fault, Option<Stamp>),
    /// Somebody is writing: what is there is not a version of it.
    Changing,
    Gone,
}

// === impl Stamp ===

impl Stamp {
    /// The stamp of the file that `path` leads to; none if there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|data| Self::from(&data))
    }

    /// Itself, unless the file is so young that its next version may look the same.
    pub(super) fn settled(self) -> Option<Self> {
        let (seconds, nanos) = self.modified;
        let since = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
        let age = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + since);
        age.is_ok_and(|age| age > TICK).then_some(self)
    }
}

impl From<&Metadata> for Stamp {
    fn from(data: &Metadata) -> Self {
        Self {
            device: data.dev(),
            inode: data.ino(),
            length: data.len(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        }
    }
}

/// Reads the file at `path` whole. Blocks.
pub(super) fn read(path: &Path) -> Contents {
    for _ in 0..READS {
        match read_once(path) {
            Ok(Some((bytes, stamp))) => return text(path, bytes, stamp),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Contents::Gone,
            Err(error) => {
                let message = format!("cannot be read: {error}");
                let fault = fault(path, Place::START, message);
                return Contents::Unreadable(fault, Stamp::of(path));
            }
        }
    }
    Contents::Changing
}

/// A fault of the file as a whole.
pub(super) fn fault(path: &Path, place: Place, message: String) -> Fault {
    Fault {
        file: path.display().to_string(),
        line: place.line,
        column: place.column,
        key: String::new(),
        message,
        severity: Severity::Error,
    }
}

/// The bytes of one version of the file; none if it changed meanwhile.
fn read_once(path: &Path) -> std::io::Result<Option<(Vec<u8>, Stamp)>> {
    // Asked of the path and not of the open file: opening a pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("not a file"));
    }
    let mut file = File::open(path)?;
    let before = Stamp::from(&file.metadata()?);
    let mut bytes = Vec::new();
    (&mut file).take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(std::io::Error::other("longer than 64 MiB"));
    }
    let after = Stamp::from(&file.metadata()?);
    let same = before == after && Stamp::of(path) == Some(after);
    Ok((same && bytes.len() as u64 == after.length).then_some((bytes, after)))
}

fn text(path: &Path, bytes: Vec<u8>, stamp: Stamp) -> Contents {
    match String::from_utf8(bytes) {
        Ok(text) => Contents::Text(text.into(), stamp.settled()),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let valid = std::str::from_utf8(&error.as_bytes()[..good]).unwrap_or_default();
            let place = Place::after(valid);
            let fault = fault(path, place, "not UTF-8; expected TOML".into());
            Contents::Unreadable(fault, Some(stamp))
        }
    }
}
