//! What the store's thread does between the groups: jobs that take long, a chunk at a time, and
//! what is better done while nobody waits.

use super::OpenFault;
use super::file::{self, checkpoint, number};
use super::state::State;
use super::words::Job;
use super::writer::{Failed, Writer};
use crate::schedule::StoreError;
use rusqlite::{Connection, ErrorCode};
use std::error::Error as _;
use std::time::Duration;
use tokio::time::Instant;

/// How long a file is left alone that could not be opened or written.
const PAUSE: Duration = Duration::from_secs(1);

/// How long nothing was written before the WAL is emptied.
const QUIET: Duration = Duration::from_secs(1);

/// How long the WAL keeps what was erased where something is written all the time, but little.
const LONGEST: Duration = Duration::from_secs(60);

/// Between two goes at making room on a full disk.
const ROOM: Duration = Duration::from_millis(100);

/// Pages handed back to the disk in one go.
const SLICE: i32 = 512;

/// Free pages that are kept for what comes.
const SPARE: i32 = 1024;

/// Lanes without steps that are kept for what comes.
const EMPTY_LANES: usize = 1024;

/// What is left to do when nothing is asked.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// When the WAL got something that the database has not: first and last.
    wrote: Option<(Instant, Instant)>,
    /// When room was made last, on a full disk.
    roomed: Option<Instant>,
    /// Something was erased whose bytes may still be in the WAL.
    pub erased: bool,
}

// === impl Left ===

impl Left {
    pub(super) fn wrote(&mut self) {
        let now = Instant::now();
        let first = self.wrote.map_or(now, |(first, _)| first);
        self.wrote = Some((first, now));
    }

    fn is_room_time(&mut self) -> bool {
        let is_time = self.roomed.is_none_or(|roomed| roomed.elapsed() >= ROOM);
        if is_time {
            self.roomed = Some(Instant::now());
        }
        is_time
    }

    fn is_time(&self) -> bool {
        self.wrote
            .is_some_and(|(first, last)| last.elapsed() >= QUIET || first.elapsed() >= LONGEST)
    }
}

// === impl Writer ===

impl Writer {
    /// One chunk of the jobs that wait.
    pub(super) fn work(&mut self) {
        if self.db.is_none() {
            self.reopen();
        }
        match self.jobs.pop_front() {
            Some(Job::Trim(keep, answer)) => {
                self.state.log.keep(keep);
                match self.sweep() {
                    Ok(true) => self.jobs.push_back(Job::Trim(keep, answer)),
                    Ok(false) => drop(answer.send(Ok(0))),
                    Err(error) => drop(answer.send(Err(error))),
                }
            }
            Some(Job::Erase(mut erase, answer)) => {
                let look = |state: &mut State, db: &Connection| {
                    state.log.look(db, &state.known, &mut erase)
                };
                match self.chunk(look) {
                    Ok(true) => self.jobs.push_back(Job::Erase(erase, answer)),
                    Ok(false) => {
                        self.left.erased |= erase.met > 0;
                        let erased = self.scrub().map(|()| erase.met);
                        let _ = answer.send(erased);
                    }
                    Err(error) => drop(answer.send(Err(error))),
                }
            }
            Some(Job::Sweep) => {
                if matches!(self.sweep(), Ok(true)) {
                    self.jobs.push_back(Job::Sweep);
                }
            }
            None if self.db.is_some() && self.state.log.is_over() => {
                self.jobs.push_back(Job::Sweep)
            }
            None => {}
        }
        if self.state.lanes.empty().len() > EMPTY_LANES {
            self.drop_lanes();
        }
    }

    fn chunk<T>(
        &mut self,
        work: impl FnOnce(&mut State, &Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let worked = self.transaction(work);
        if let Err(Failed::Full) = worked {
            self.space.give_up();
        }
        worked.map_err(Failed::said)
    }

    /// One chunk of the log that need not be kept. Whether there may be more.
    fn sweep(&mut self) -> Result<bool, StoreError> {
        let swept = self.chunk(|state, db| {
            let now = state.now();
            state.log.sweep(db, &state.known, now)
        })?;
        if swept.dropped > 0 {
            tracing::warn!(
                outcomes = swept.dropped,
                "outcomes left the log before every group had acknowledged them"
            );
            self.state.telemetry.outcomes_dropped(swept.dropped);
        }
        Ok(swept.more)
    }

    /// What was erased goes from the WAL as well.
    fn scrub(&mut self) -> Result<(), StoreError> {
        let Some(db) = self.db.as_ref().filter(|_| self.left.erased) else {
            return Ok(());
        };
        let emptied = checkpoint(db);
        self.left.erased = false;
        self.fine(emptied)
    }

    /// What is better done while nobody waits.
    pub(super) fn rest(&mut self) {
        self.state.end_leases();
        self.state.wake();
        self.space.check();
        if self.db.is_none() || !self.left.is_time() {
            return;
        }
        if !self.state.lanes.empty().is_empty() {
            self.drop_lanes();
        }
        // A fault was said, and the file is opened anew.
        let _ = self.tidy();
    }

    /// What is free in the file goes back to a disk that is full, however much is asked meanwhile.
    pub(super) fn make_room(&mut self) {
        if self.db.is_none() || self.space.accepts() || !self.left.is_room_time() {
            return;
        }
        // A fault was said, and the file is opened anew.
        let _ = self.tidy();
    }

    /// Hands free pages back, a slice each time, and empties the WAL at last.
    fn tidy(&mut self) -> Result<(), StoreError> {
        let Some(db) = &self.db else {
            return Ok(());
        };
        // A disk that is full needs all of it.
        let spare = if self.space.accepts() { SPARE } else { 0 };
        let tidied = number(db, "freelist_count").and_then(|free| {
            if free > spare {
                let slice = SLICE.min(free - spare);
                // A row for each page, and no further than it is asked.
                let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({slice})"))?;
                let mut pages = vacuum.query([])?;
                while pages.next()?.is_some() {}
                return Ok(false);
            }
            checkpoint(db).map(|()| true)
        });
        if let Ok(true) = tidied {
            self.left = Left::default();
        }
        self.fine(tidied).map(drop)
    }

    /// Gives the connection up after a fault; one whose disk is only full is as good as before.
    fn fine<T>(&mut self, done: rusqlite::Result<T>) -> Result<T, StoreError> {
        done.map_err(|error| {
            if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
                self.space.give_up();
                return StoreError::Down;
            }
            tracing::error!("the schedule cannot be tidied: {error}; its file is opened anew");
            self.abandon();
            StoreError::Down
        })
    }

    fn drop_lanes(&mut self) {
        let empty: Vec<u32> = self.state.lanes.empty().iter().copied().collect();
        let dropped = self.chunk(|_, db| {
            let mut drop = db.prepare_cached(
                "DELETE FROM lanes WHERE lane = ?1 AND NOT EXISTS (SELECT 1 FROM queue WHERE lane = ?1)",
            )?;
            empty.iter().try_for_each(|lane| drop.execute([lane]).map(|_| ()))
        });
        if dropped.is_ok() {
            self.state.lanes.drop_empty();
        }
    }

    /// Opens the file again once it was left alone for a while.
    fn reopen(&mut self) {
        if self.failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return;
        }
        match self.open_again() {
            Ok(db) => {
                tracing::info!("the schedule is back");
                self.db = Some(db);
                self.failed = None;
            }
            Err(error) => {
                tracing::error!(
                    "{error}: {}",
                    error.source().map_or_else(String::new, ToString::to_string)
                );
                self.abandon();
            }
        }
    }

    fn open_again(&mut self) -> Result<Connection, OpenFault> {
        let db = file::open(&self.folder, self.space.reserve())?;
        // What was written and not synced is written again, and synced by this connection.
        let read = checkpoint(&db).and_then(|()| self.state.load(&db));
        match read {
            Ok(()) => Ok(db),
            Err(source) => Err(OpenFault::Database {
                file: self.folder.database(),
                source,
            }),
        }
    }

    /// Leaves all in the database, and nothing in the WAL.
    pub(super) fn close(mut self) {
        let Some(db) = self.db.take() else {
            return;
        };
        if let Err(error) = checkpoint(&db).and_then(|()| db.close().map_err(|(_, error)| error)) {
            tracing::error!(
                "the schedule was not closed well: {error}; the next start puts it right"
            );
        }
    }
}
