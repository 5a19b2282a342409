//! What the store's thread is asked for, and where its answers go.

use super::encode::{Place, millis_up, payload};
use super::known::Key;
use crate::model::{PendingReason, Progress, StepId, Target, TileRef};
use crate::schedule::{Gate, Keep, Kept, Lane, Scheduled, StoreError, Tally, Waiting};
use bytes::Bytes;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// One thing asked for.
pub(super) enum Op {
    /// Changes something; answered once that is durable.
    Write(Write, Answer),
    /// Changes nothing on disk; done after the writes that came with it.
    Read(Read),
    /// Done a little at a time, between others.
    Job(Job),
}

/// Where the end of a write is said: a token, or how many steps it met, or nothing that matters.
pub(super) type Answer = oneshot::Sender<Result<u64, StoreError>>;

/// Where what was read goes.
pub(super) type Said<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) enum Write {
    Schedule(Entry),
    ScheduleClaimed(Entry, Duration),
    Extend(u64, Duration),
    Reschedule(u64, Entry),
    Complete(u64, Bytes),
    Cancel(StepId),
    /// The group's name and the number of the last entry that it has.
    Ack(String, i64),
    Slot(TileRef, Timestamp),
    /// The step cannot be read: out of the line, kept for people to see.
    SetAside(u64),
}

pub(super) enum Read {
    Claim(Ask, Said<Claimed>),
    Find(StepId, Said<Option<Kept>>),
    Waiting(Option<Target>, usize, Said<Vec<Waiting>>),
    Tallies(Said<Vec<Tally>>),
    Outcomes(Wanted, Said<Found>),
    Slots(Said<Vec<(TileRef, Timestamp)>>),
}

pub(super) enum Job {
    Trim(Keep, Answer),
    /// Entries of the log that are older than what memory knows, by the step's id.
    Erase(Erase, Answer),
    /// Entries that need not be kept any longer.
    Sweep,
}

/// How far the log was looked through for a step.
pub(super) struct Erase {
    pub id: StepId,
    /// The last number that was looked at.
    pub after: i64,
    pub met: u64,
}

/// A step as its rows, made by whoever asks: the store's thread has enough to do.
pub(super) struct Entry {
    pub id: StepId,
    pub lane: Lane,
    /// Milliseconds since 1970.
    pub due: i64,
    pub reason: PendingReason,
    pub expected: Timestamp,
    pub progress: Progress,
    pub payload: Vec<u8>,
}

/// Due steps, asked for.
pub(super) struct Ask {
    pub max: usize,
    pub lease: Duration,
    pub gate: Arc<dyn Gate>,
}

/// Due steps, not read yet.
#[derive(Default)]
pub(super) struct Claimed {
    pub rows: Vec<Row>,
    pub again: Option<Timestamp>,
}

/// A claimed step as it is on disk.
pub(super) struct Row {
    pub key: Key,
    pub lane: Lane,
    pub place: Vec<u8>,
    pub payload: Bytes,
    pub token: u64,
}

/// A part of the outcome log, asked for.
pub(super) struct Wanted {
    pub group: String,
    /// The number of the last entry that is not wanted any more.
    pub after: Option<i64>,
    pub limit: usize,
}

/// Entries of the outcome log, and the number of the last: where nothing was found, of the one
/// that was read from.
pub(super) struct Found {
    pub outcomes: Vec<Bytes>,
    pub last: i64,
}

// === impl Entry ===

impl Entry {
    /// The rows of a step that is new.
    pub(super) fn new(scheduled: &Scheduled) -> Self {
        Self {
            payload: payload(scheduled),
            ..Self::back(scheduled)
        }
    }

    /// The row of a step whose payload is stored already.
    pub(super) fn back(scheduled: &Scheduled) -> Self {
        Self {
            id: scheduled.step.id.clone(),
            lane: scheduled.lane(),
            due: millis_up(scheduled.due),
            reason: scheduled.reason,
            expected: scheduled.expected,
            progress: scheduled.progress,
            payload: Vec::new(),
        }
    }

    pub(super) fn place(&self, hash: u64) -> Vec<u8> {
        let place = Place {
            hash,
            reason: self.reason,
            expected: self.expected,
            progress: self.progress,
        };
        place.bytes(self.due)
    }
}

// === impl Write ===

impl Write {
    /// Whether it brings a step that was not here before.
    pub(super) fn brings(&self) -> bool {
        matches!(self, Self::Schedule(_) | Self::ScheduleClaimed(..))
    }

    /// Whether it writes to the disk.
    pub(super) fn is_durable(&self) -> bool {
        !matches!(self, Self::Extend(..))
    }

    /// About how many bytes it writes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Schedule(entry) | Self::ScheduleClaimed(entry, _) => entry.payload.len(),
            Self::Complete(_, outcome) => outcome.len(),
            _ => 0,
        }
    }
}

// === impl Read ===

impl Read {
    /// Nothing can be read.
    pub(super) fn refuse(self) {
        let error = StoreError::Down;
        match self {
            Self::Claim(_, said) => drop(said.send(Err(error))),
            Self::Find(_, said) => drop(said.send(Err(error))),
            Self::Waiting(_, _, said) => drop(said.send(Err(error))),
            Self::Tallies(said) => drop(said.send(Err(error))),
            Self::Outcomes(_, said) => drop(said.send(Err(error))),
            Self::Slots(said) => drop(said.send(Err(error))),
        }
    }
}
