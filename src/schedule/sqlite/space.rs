//! Room on the disk: a reserve that is given up when the disk is full, so that what waits can
//! still be worked off.

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// How often the disk is looked at, at most.
const LOOK: Duration = Duration::from_millis(250);

/// How long no step is taken after the disk was full, at least.
const PAUSE: Duration = Duration::from_secs(1);

/// What is left of the disk, and whether steps may be taken.
#[derive(Debug)]
pub(super) struct Space {
    folder: PathBuf,
    reserve: u64,
    /// Whether the reserve is there.
    whole: bool,
    free: Option<u64>,
    looked: Option<Instant>,
    filled: Option<Instant>,
    /// When a write found no room after the reserve was gone.
    spent: Option<Instant>,
    accepts: bool,
}

// === impl Space ===

impl Space {
    pub(super) fn new(folder: &Path, reserve: u64) -> Self {
        if reserve == 0 {
            // One of another setting would only take room. Mostly there is none.
            let _ = std::fs::remove_file(folder.join("reserve"));
        }
        let mut space = Self {
            folder: folder.to_owned(),
            reserve,
            whole: false,
            free: None,
            looked: None,
            filled: None,
            spent: None,
            accepts: true,
        };
        space.look();
        space
    }

    /// Whether steps may be taken.
    pub(super) fn accepts(&self) -> bool {
        self.accepts
    }

    /// Bytes that are to be kept free.
    pub(super) fn reserve(&self) -> u64 {
        self.reserve
    }

    /// Bytes that are free beside the reserve.
    pub(super) fn free(&self) -> Option<u64> {
        self.free
    }

    /// Looks at the disk, unless it did a moment ago.
    pub(super) fn check(&mut self) {
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            self.look();
        }
    }

    /// Whether even what makes room finds none, so that it is better not tried for a while.
    pub(super) fn is_spent(&self) -> bool {
        self.spent.is_some_and(|spent| spent.elapsed() < PAUSE)
    }

    /// The disk is full: gives up the reserve. Whether there was one.
    pub(super) fn give_up(&mut self) -> bool {
        let now = Instant::now();
        self.filled = Some(now);
        self.say(false);
        let given = std::mem::take(&mut self.whole) && std::fs::remove_file(self.file()).is_ok();
        self.spent = (!given).then_some(now);
        given
    }

    fn look(&mut self) {
        self.looked = Some(Instant::now());
        self.free = free(&self.folder);
        let low = self.reserve / 4;
        let room = |wanted: u64| self.free.is_none_or(|free| free >= wanted);
        if !self.whole && self.reserve > 0 && (room(self.reserve + low) || self.is_there()) {
            self.make();
        }
        let low = if self.reserve == 0 { 1 } else { low };
        let rested = self.filled.is_none_or(|filled| filled.elapsed() >= PAUSE);
        let whole = self.whole || self.reserve == 0;
        let accepts = whole && rested && self.free.is_none_or(|free| free >= low);
        if accepts {
            self.filled = None;
        }
        self.say(accepts);
    }

    fn say(&mut self, accepts: bool) {
        if accepts == self.accepts {
            return;
        }
        self.accepts = accepts;
        if accepts {
            tracing::info!("the disk of the schedule has room again: steps are taken");
        } else {
            tracing::error!(
                free = self.free,
                "the disk of the schedule is full: no step is taken, those that wait go on"
            );
        }
    }

    fn make(&mut self) {
        match allocate(&self.file(), self.reserve) {
            Ok(()) => {
                self.whole = true;
                self.free = free(&self.folder);
            }
            Err(error) => {
                // What there is of it would only take room.
                let _ = std::fs::remove_file(self.file());
                if self.accepts {
                    tracing::warn!("the reserve of the schedule cannot be made: {error}");
                }
            }
        }
    }

    fn is_there(&self) -> bool {
        std::fs::metadata(self.file()).is_ok_and(|file| file.len() >= self.reserve)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("reserve")
    }
}

fn free(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn allocate(path: &Path, bytes: u64) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path)?;
    file.set_len(bytes)?;
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP) => fill(file, bytes),
        Err(error) => Err(error.into()),
    }
}

/// For file systems that cannot set room aside without writing it.
fn fill(mut file: File, bytes: u64) -> io::Result<()> {
    let mut zeros = io::Read::take(io::repeat(0), bytes);
    io::copy(&mut zeros, &mut file).map(drop)
}
