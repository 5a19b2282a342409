//! The store's thread: takes what was asked for in groups, and makes each group durable at once.
//!
//! A group that the disk refuses is rolled back whole. Where the disk is only full, the reserve
//! is given up and all but new steps is tried again. After any other fault nothing more is asked
//! of that connection: what it did not sync may be lost without a word. It is closed, and the
//! file opened and read anew.

use super::OpenFault;
use super::chores::Left;
use super::encode::moment;
use super::file::{self, remembered};
use super::folder::Folder;
use super::space::Space;
use super::state::State;
use super::words::{Answer, Job, Op, Read, Write};
use crate::config;
use crate::schedule::{Clock, Health, StoreError};
use crate::telemetry::Telemetry;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Most that is made durable at once.
const MOST: usize = 2048;

/// … and bytes of it, about.
const MOST_BYTES: usize = 32 << 20;

/// How often it looks around when nothing is asked.
const TICK: Duration = Duration::from_millis(250);

/// Owns the connection and all that is in memory.
pub(super) struct Writer {
    pub state: State,
    /// None while the file is out of reach.
    pub db: Option<Connection>,
    pub space: Space,
    pub health: Arc<Mutex<Health>>,
    /// The number of the last entry of the outcome log that is durable.
    pub logged: watch::Sender<i64>,
    pub jobs: VecDeque<Job>,
    pub left: Left,
    pub failed: Option<Instant>,
    /// Last, so that the folder is let go after the file.
    pub folder: Folder,
}

/// Why a transaction was rolled back.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failed {
    /// The disk has no room; memory is as it was.
    Full,
    /// The connection is given up.
    Broken(StoreError),
}

/// A write and what is to be said of it.
type Done = (Answer, Result<u64, StoreError>);

// === impl Writer ===

impl Writer {
    /// Takes the folder, opens the file in it and reads it. With it, what its cursors begin with.
    pub(super) fn open(
        settings: &config::Store,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Result<(Self, String), OpenFault> {
        let folder = Folder::take(&settings.folder)?;
        let db = file::open(&folder, settings.reserve)?;
        let read = || {
            let key: [u8; 16] = remembered(&db, "key")?.unwrap_or_default();
            let tag: String = remembered(&db, "tag")?.unwrap_or_default();
            let mut state = State::new(clock, telemetry, key);
            state.load(&db)?;
            rusqlite::Result::Ok((state, tag))
        };
        let (state, tag) = read().map_err(|source| OpenFault::Database {
            file: folder.database(),
            source,
        })?;
        let writer = Self {
            space: Space::new(folder.path(), settings.reserve),
            health: Arc::default(),
            logged: watch::Sender::new(state.log.last()),
            jobs: VecDeque::new(),
            left: Left::default(),
            failed: None,
            db: Some(db),
            state,
            folder,
        };
        writer.report();
        Ok((writer, tag))
    }

    /// Runs until nobody can ask any more.
    pub(super) fn run(mut self, ops: &Receiver<Op>) {
        loop {
            let wait = if self.jobs.is_empty() {
                TICK
            } else {
                Duration::ZERO
            };
            match ops.recv_timeout(wait) {
                Ok(first) => self.group(first, ops),
                Err(RecvTimeoutError::Timeout) => self.rest(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.work();
            self.make_room();
            self.report();
        }
        while !self.jobs.is_empty() && self.db.is_some() {
            self.work();
        }
        self.close();
    }

    /// Takes all that is there by now, and does it.
    fn group(&mut self, first: Op, ops: &Receiver<Op>) {
        let (mut writes, mut reads, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(op) = next {
            match op {
                Op::Write(write, answer) => {
                    bytes += write.bytes();
                    writes.push((write, answer));
                }
                Op::Read(read) => reads.push(read),
                Op::Job(job) => self.jobs.push_back(job),
            }
            let more = writes.len() + reads.len() < MOST && bytes < MOST_BYTES;
            next = more.then(|| ops.try_recv().ok()).flatten();
        }
        self.state.end_leases();
        self.space.check();
        self.write(writes);
        self.state.wake();
        self.read(reads);
    }

    pub(super) fn read(&mut self, reads: Vec<Read>) {
        for read in reads {
            match &self.db {
                Some(db) => self.state.answer(db, read),
                None => read.refuse(),
            }
        }
        // What an asker did not stay for is due again.
        self.state.wake();
    }

    pub(super) fn write(&mut self, writes: Vec<(Write, Answer)>) {
        let (mut done, mut todo) = (Vec::new(), Vec::new());
        for (write, answer) in writes {
            let durable = write.is_durable();
            if write.brings() && self.db.is_some() && !self.space.accepts() {
                done.push((answer, Err(StoreError::Full)));
            } else if self.db.is_none() || durable && self.space.is_spent() {
                done.push((answer, Err(StoreError::Down)));
            } else {
                todo.push((write, answer));
            }
        }
        if !todo.is_empty() {
            self.commit(todo, &mut done);
        }
        let last = self.state.log.last();
        self.logged
            .send_if_modified(|logged| std::mem::replace(logged, last) != last);
        // Before the answers, so that who has one finds it counted.
        self.report();
        for (answer, said) in done {
            // Whoever asked may be gone: it is done all the same.
            let _ = answer.send(said);
        }
    }

    /// Makes `todo` durable, at most in two goes.
    fn commit(&mut self, todo: Vec<(Write, Answer)>, done: &mut Vec<Done>) {
        match self.apply(&todo) {
            Ok(said) => {
                let erased = |((write, _), said): (&(Write, Answer), &Result<u64, StoreError>)| {
                    matches!(write, Write::Cancel(_)) && said.is_ok_and(|met| met > 0)
                };
                self.left.erased |= todo.iter().zip(&said).any(erased);
                let answers = todo.into_iter().map(|(_, answer)| answer);
                done.extend(answers.zip(said));
            }
            Err(Failed::Full) => {
                let (new, rest): (Vec<_>, Vec<_>) =
                    todo.into_iter().partition(|(write, _)| write.brings());
                done.extend(
                    new.into_iter()
                        .map(|(_, answer)| (answer, Err(StoreError::Full))),
                );
                if self.space.give_up() && !rest.is_empty() {
                    self.commit(rest, done);
                } else {
                    done.extend(refuse(rest, StoreError::Down));
                }
            }
            Err(Failed::Broken(error)) => done.extend(refuse(todo, error)),
        }
    }

    fn apply(&mut self, todo: &[(Write, Answer)]) -> Result<Vec<Result<u64, StoreError>>, Failed> {
        let all = |state: &mut State, db: &Connection| {
            let writes = todo.iter().map(|(write, _)| state.apply(db, write));
            writes.collect::<rusqlite::Result<Vec<_>>>()
        };
        match &self.db {
            Some(db) if !todo.iter().any(|(write, _)| write.is_durable()) => {
                all(&mut self.state, db).map_err(|_| Failed::Broken(StoreError::Down))
            }
            _ => self.transaction(all),
        }
    }

    /// All of `work` or nothing of it.
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut State, &Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failed> {
        let Some(db) = &self.db else {
            return Err(Failed::Broken(StoreError::Down));
        };
        let mut ending = false;
        let state = &mut self.state;
        let result = (|| {
            db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            let worked = work(state, db)?;
            ending = true;
            let started = Instant::now();
            db.prepare_cached("COMMIT")?.execute([])?;
            state.telemetry.store_commit(started.elapsed());
            Ok(worked)
        })();
        match result {
            Ok(worked) => {
                self.state.claims.settle();
                self.left.wrote();
                Ok(worked)
            }
            Err(error) => Err(self.fail(&error, ending)),
        }
    }

    /// Puts memory back to what is on disk after a transaction that failed.
    fn fail(&mut self, error: &rusqlite::Error, ending: bool) -> Failed {
        self.state.claims.undo();
        let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        if full && let Some(db) = &self.db {
            // SQLite may have rolled back by itself, which is no fault.
            let rolled_back = db.is_autocommit() || db.execute_batch("ROLLBACK").is_ok();
            if rolled_back && self.state.load(db).is_ok() {
                return Failed::Full;
            }
        }
        tracing::error!("the schedule cannot be written: {error}; its file is opened anew");
        self.abandon();
        Failed::Broken(if ending && !full {
            StoreError::Unknown
        } else {
            StoreError::Down
        })
    }

    /// Lets the connection go without another sync.
    pub(super) fn abandon(&mut self) {
        self.failed = Some(Instant::now());
        if let Some(db) = self.db.take() {
            // Else closing it would sync once more.
            let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }

    /// Says how it is.
    fn report(&self) {
        *self.health.lock() = Health {
            pending: self.state.lanes.pending(),
            oldest_due: self.state.lanes.oldest_due().map(moment),
            free_bytes: self.space.free(),
            accepts: self.db.is_some() && self.space.accepts(),
        };
    }
}

// === impl Failed ===

impl Failed {
    pub(super) fn said(self) -> StoreError {
        match self {
            Self::Full => StoreError::Down,
            Self::Broken(error) => error,
        }
    }
}

fn refuse(writes: Vec<(Write, Answer)>, error: StoreError) -> impl Iterator<Item = Done> {
    writes
        .into_iter()
        .map(move |(_, answer)| (answer, Err(error)))
}
