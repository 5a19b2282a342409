//! The store on the local disk: SQLite, written by one thread.
//!
//! One thread owns the only connection and all that is in memory about it. What is asked for
//! comes to it by a channel; it takes what is there, makes it durable in one transaction, and
//! only then answers. So a commit's cost is shared by all who wait for it.
//!
//! On disk: the payload of a step, written once; its place in line, a small row that a reschedule
//! writes again; the outcome log. In memory: where each id stands, the lanes, the claims. A step
//! whose rows are damaged is set aside with an error in the log, and its bytes are kept.

mod apply;
mod ask;
mod chores;
mod claim;
mod claims;
mod encode;
mod file;
mod folder;
mod known;
mod lanes;
mod log;
mod space;
mod state;
mod words;
mod writer;

use super::{
    Claim, Claims, Clock, Cursor, FencingToken, Gate, Health, Keep, Kept, Page, Reading, Scheduled,
    Store, StoreError, Tally, Waiting,
};
use crate::config;
use crate::model::{StepId, Target, TileRef};
use crate::telemetry::Telemetry;
use async_trait::async_trait;
use bytes::Bytes;
use encode::Place;
use jiff::Timestamp;
use known::Known;
use log::At;
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};
use words::{Ask, Claimed, Entry, Erase, Found, Job, Op, Read, Row, Said, Wanted, Write};
use writer::Writer;

/// Steps and outcomes in a file. Dropped, it writes what was sent, and closes the file.
#[derive(Debug)]
pub struct SqliteStore {
    ops: Option<mpsc::Sender<Op>>,
    thread: Option<JoinHandle<()>>,
    known: Arc<Known>,
    earlier: Arc<Notify>,
    logged: watch::Receiver<i64>,
    health: Arc<Mutex<Health>>,
    /// What this file's cursors begin with.
    tag: String,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    #[error("the data folder {} cannot be used", folder.display())]
    Folder {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("the data folder {} is in use by another stepgate{holder}", folder.display())]
    InUse { folder: PathBuf, holder: String },
    #[error("{} was written by a newer stepgate: it has format {format}, this version knows {known}", file.display())]
    Newer {
        file: PathBuf,
        format: i32,
        known: i32,
    },
    #[error("{} is no schedule of stepgate", file.display())]
    Foreign { file: PathBuf },
    #[error("the schedule {} cannot be opened", file.display())]
    Database {
        file: PathBuf,
        source: rusqlite::Error,
    },
    #[error("the schedule's thread cannot be started")]
    Thread { source: std::io::Error },
}

// === impl SqliteStore ===

impl SqliteStore {
    /// Opens the store in its folder, which is this process's alone from now on.
    ///
    /// # Errors
    /// An [`OpenFault`]: only people can help.
    pub fn open(
        settings: &config::Store,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Result<Self, OpenFault> {
        let (writer, tag) = Writer::open(settings, clock, telemetry)?;
        let mut store = Self {
            ops: None,
            thread: None,
            known: writer.state.known.clone(),
            earlier: writer.state.earlier.clone(),
            logged: writer.logged.subscribe(),
            health: writer.health.clone(),
            tag,
        };
        let (ops, asked) = mpsc::channel();
        let thread = std::thread::Builder::new().name("store".to_owned());
        let thread = thread
            .spawn(move || writer.run(&asked))
            .map_err(|source| OpenFault::Thread { source })?;
        store.ops = Some(ops);
        store.thread = Some(thread);
        Ok(store)
    }

    fn send(&self, op: Op) -> Result<(), StoreError> {
        let ops = self.ops.as_ref().ok_or(StoreError::Down)?;
        ops.send(op).map_err(|_| StoreError::Down)
    }

    async fn write(&self, write: Write) -> Result<u64, StoreError> {
        let (answer, said) = oneshot::channel();
        self.send(Op::Write(write, answer))?;
        said.await.map_err(|_| StoreError::Unknown)?
    }

    async fn read<T>(&self, read: impl FnOnce(Said<T>) -> Read) -> Result<T, StoreError> {
        let (answer, said) = oneshot::channel();
        self.send(Op::Read(read(answer)))?;
        said.await.map_err(|_| StoreError::Down)?
    }

    async fn job(&self, job: impl FnOnce(words::Answer) -> Job) -> Result<u64, StoreError> {
        let (answer, said) = oneshot::channel();
        self.send(Op::Job(job(answer)))?;
        said.await.map_err(|_| StoreError::Unknown)?
    }

    /// The claims whose rows can be read; the others are set aside.
    async fn restore(&self, rows: Vec<Row>) -> Result<Vec<Claim>, StoreError> {
        let mut claims = Vec::with_capacity(rows.len());
        for row in rows {
            let due = row.key.due;
            let place = Place::read(&row.place, due);
            let head = row.payload.clone();
            match place.and_then(|place| encode::restore(row.payload, &row.lane, due, &place)) {
                Ok(scheduled) => claims.push(Claim {
                    scheduled,
                    token: FencingToken(row.token),
                }),
                Err(damaged) => {
                    let id = encode::id_of(&head).unwrap_or("?");
                    tracing::error!(
                        step = id,
                        seq = row.key.seq,
                        "a step cannot be read and is set aside: {damaged}"
                    );
                    self.write(Write::SetAside(row.token)).await?;
                }
            }
        }
        Ok(claims)
    }

    fn cursor(&self, n: i64) -> Cursor {
        Cursor(format!("{}-{n}", self.tag))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.ops = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the schedule's thread broke down");
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn schedule(&self, step: Scheduled) -> Result<(), StoreError> {
        self.write(Write::Schedule(Entry::new(&step))).await?;
        Ok(())
    }

    async fn schedule_claimed(
        &self,
        step: Scheduled,
        lease: Duration,
    ) -> Result<FencingToken, StoreError> {
        let entry = Entry::new(&step);
        let token = self.write(Write::ScheduleClaimed(entry, lease)).await?;
        Ok(FencingToken(token))
    }

    async fn claim_due(
        &self,
        max: usize,
        lease: Duration,
        gate: Arc<dyn Gate>,
    ) -> Result<Claims, StoreError> {
        let ask = Ask { max, lease, gate };
        let Claimed { mut rows, again } = self.read(|said| Read::Claim(ask, said)).await?;
        rows.sort_unstable_by_key(|row| (row.key.due, row.key.seq));
        let claims = self.restore(rows).await?;
        Ok(Claims { claims, again })
    }

    async fn earlier(&self) {
        self.earlier.notified().await;
    }

    async fn extend(&self, token: FencingToken, lease: Duration) -> Result<(), StoreError> {
        self.write(Write::Extend(token.0, lease)).await.map(drop)
    }

    async fn reschedule(&self, token: FencingToken, step: Scheduled) -> Result<(), StoreError> {
        let entry = Entry::back(&step);
        self.write(Write::Reschedule(token.0, entry))
            .await
            .map(drop)
    }

    async fn complete(&self, token: FencingToken, outcome: Bytes) -> Result<(), StoreError> {
        self.write(Write::Complete(token.0, outcome))
            .await
            .map(drop)
    }

    async fn cancel(&self, id: &StepId) -> Result<bool, StoreError> {
        let met = self.write(Write::Cancel(id.clone())).await?;
        let erase = Erase {
            id: id.clone(),
            after: 0,
            met: 0,
        };
        let older = self.job(|answer| Job::Erase(erase, answer)).await?;
        Ok(met + older > 0)
    }

    fn may_know(&self, id: &StepId) -> bool {
        self.known.get(self.known.hash(id.as_str())).is_some()
    }

    async fn find(&self, id: &StepId) -> Result<Option<Kept>, StoreError> {
        if !self.may_know(id) {
            return Ok(None);
        }
        self.read(|said| Read::Find(id.clone(), said)).await
    }

    async fn waiting(
        &self,
        target: Option<Target>,
        limit: usize,
    ) -> Result<Vec<Waiting>, StoreError> {
        self.read(|said| Read::Waiting(target, limit, said)).await
    }

    async fn tallies(&self) -> Result<Vec<Tally>, StoreError> {
        self.read(Read::Tallies).await
    }

    async fn read_outcomes(&self, reading: Reading) -> Result<Page, StoreError> {
        let end = tokio::time::Instant::now().checked_add(reading.wait);
        let mut logged = self.logged.clone();
        let after = reading
            .after
            .as_ref()
            .map(|after| At::read(after, &self.tag));
        let after = match after.transpose()? {
            Some(At::Here(n)) => Some(n),
            Some(At::Elsewhere) => Some(0),
            None => None,
        };
        loop {
            logged.borrow_and_update();
            let wanted = Wanted {
                group: reading.group.clone(),
                after,
                limit: reading.limit,
            };
            let Found { outcomes, last } = self.read(|said| Read::Outcomes(wanted, said)).await?;
            let page = Page {
                outcomes,
                cursor: self.cursor(last),
            };
            if !page.outcomes.is_empty() || reading.limit == 0 {
                return Ok(page);
            }
            let changed = match end {
                Some(end) => tokio::time::timeout_at(end, logged.changed()).await,
                None => Ok(logged.changed().await),
            };
            if !matches!(changed, Ok(Ok(()))) {
                return Ok(page);
            }
        }
    }

    async fn ack_outcomes(&self, group: &str, cursor: &Cursor) -> Result<(), StoreError> {
        let At::Here(n) = At::read(cursor, &self.tag)? else {
            return Err(StoreError::BadCursor);
        };
        self.write(Write::Ack(group.to_owned(), n)).await?;
        self.send(Op::Job(Job::Sweep))
    }

    async fn trim(&self, keep: Keep) -> Result<(), StoreError> {
        self.job(|answer| Job::Trim(keep, answer)).await.map(drop)
    }

    async fn mark_slot(&self, tile: &TileRef, at: Timestamp) -> Result<(), StoreError> {
        self.write(Write::Slot(tile.clone(), at)).await.map(drop)
    }

    async fn slots(&self) -> Result<Vec<(TileRef, Timestamp)>, StoreError> {
        self.read(Read::Slots).await
    }

    fn health(&self) -> Health {
        *self.health.lock()
    }
}

#[cfg(test)]
mod tests;
