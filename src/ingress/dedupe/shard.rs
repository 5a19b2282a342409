//! One shard: plain data under someone else's lock.

use super::Seen;
use crate::model::{StepId, Target};
use crate::web::Reply;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use tokio::sync::watch;
use tokio::time::Instant;

/// Bytes that a remembered step costs beside its answer and its id: map, queue and headers.
const OVERHEAD: u64 = 256;

/// Steps by id, and the finished ones in the order they finished.
#[derive(Debug, Default)]
pub(super) struct Shard {
    steps: HashMap<StepId, State>,
    finished: VecDeque<Record>,
}

/// A finished step in the queue. It counts until it leaves the queue, even when its step was
/// forgotten before.
#[derive(Debug)]
struct Record {
    id: StepId,
    until: Instant,
    weight: u64,
}

#[derive(Debug)]
enum State {
    Running {
        target: Target,
        /// Made when the first one waits.
        waiters: Option<watch::Sender<Option<Reply>>>,
    },
    Finished {
        body: Bytes,
        /// The moment it is forgotten.
        until: Instant,
    },
}

// === impl Shard ===

impl Shard {
    pub(super) fn get(&self, id: &StepId, now: Instant) -> Option<Seen> {
        match self.steps.get(id)? {
            State::Running { target, .. } => Some(Seen::Running(target.clone())),
            State::Finished { body, until } => (*until > now).then(|| Seen::Finished(body.clone())),
        }
    }

    pub(super) fn is_running(&self, id: &StepId) -> bool {
        matches!(self.steps.get(id), Some(State::Running { .. }))
    }

    /// How many finished steps are in the queue.
    pub(super) fn finished(&self) -> usize {
        self.finished.len()
    }

    /// Takes a step on.
    pub(super) fn begin(&mut self, id: StepId, target: Target) {
        let waiters = None;
        self.steps.insert(id, State::Running { target, waiters });
    }

    /// Waits with others for a running step.
    pub(super) fn join(&mut self, id: &StepId) -> watch::Receiver<Option<Reply>> {
        match self.steps.get_mut(id) {
            Some(State::Running { waiters, .. }) => waiters
                .get_or_insert_with(|| watch::channel(None).0)
                .subscribe(),
            // A channel without a sender: whoever waits on it asks again.
            Some(State::Finished { .. }) | None => watch::channel(None).1,
        }
    }

    /// Tells those who wait for a running step.
    pub(super) fn tell(&mut self, id: &StepId, reply: &Reply) {
        if let Some(State::Running { waiters, .. }) = self.steps.get_mut(id)
            && let Some(waiters) = waiters.take()
        {
            waiters.send_replace(Some(reply.clone()));
        }
    }

    /// Drops a running step; those who wait ask again.
    pub(super) fn abandon(&mut self, id: &StepId) {
        if self.is_running(id) {
            self.steps.remove(id);
        }
    }

    /// The step is finished, and remembered until `until`. What it weighs, in bytes.
    pub(super) fn finish(&mut self, id: StepId, body: Bytes, until: Instant) -> u64 {
        let weight = OVERHEAD + id.as_str().len() as u64 + body.len() as u64;
        self.steps
            .insert(id.clone(), State::Finished { body, until });
        self.finished.push_back(Record { id, until, weight });
        weight
    }

    /// Forgets a step that is not running. Whether there was one.
    pub(super) fn forget(&mut self, id: &StepId) -> bool {
        match self.steps.get(id) {
            Some(State::Finished { .. }) => self.steps.remove(id).is_some(),
            Some(State::Running { .. }) | None => false,
        }
    }

    /// Drops the oldest finished step if its time has come: what it weighed.
    pub(super) fn drop_expired(&mut self, now: Instant) -> Option<u64> {
        self.finished
            .front()
            .is_some_and(|record| record.until <= now)
            .then(|| self.drop_oldest())?
    }

    /// Drops the oldest finished step: what it weighed.
    pub(super) fn drop_oldest(&mut self) -> Option<u64> {
        let record = self.finished.pop_front()?;
        // The id may have been taken again since.
        if let Some(State::Finished { until, .. }) = self.steps.get(&record.id)
            && *until == record.until
        {
            self.steps.remove(&record.id);
        }
        Some(record.weight)
    }
}
