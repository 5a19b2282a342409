//! Which steps run here, and which were finished not long ago.
//!
//! Only ids that a caller made are kept. A finished step is remembered for the window of `[steps]`
//! and within its bounds, the oldest going first. A pending one is not known here but in the store,
//! which has room for millions, and remembers what it finished.
//!
//! Split into shards, so that steps seldom meet at a lock, and few enough of them that the oldest
//! of a shard is among the oldest of all. No lock is held over an `.await`.

mod shard;

use crate::config::Steps;
use crate::model::{Outcome, StepId, Target};
use crate::web::Reply;
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use shard::Shard;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::watch;
use tokio::time::Instant;

/// Most shards; a power of two.
const MOST_SHARDS: usize = 64;

/// Fewest remembered steps, and bytes of them, that are worth a shard.
const SHARD_STEPS: usize = 1024;
const SHARD_BYTES: u64 = 1024 * 1024;

/// The steps that were here. Clones share them.
#[derive(Debug, Clone)]
pub struct Dedupe(Arc<Shards>);

#[derive(Debug)]
struct Shards {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    finished: AtomicUsize,
    bytes: AtomicU64,
}

/// What is known of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Running(Target),
    /// Its outcome: this JSON.
    Finished(Bytes),
}

/// What a step that comes in has to do.
#[derive(Debug)]
pub enum Entry {
    /// Nothing is known of it here: run it if the store does not know it either, and settle or
    /// release the claim.
    First(Claim),
    /// It was here, and this JSON is its outcome.
    Finished(Bytes),
    /// It is running: wait for the answer of the first.
    Running(Flight),
}

/// The right to run a step; to be settled with what came of it, or released. Dropped unsettled, the step was
/// never here.
#[derive(Debug)]
pub struct Claim {
    dedupe: Dedupe,
    id: StepId,
    settled: bool,
}

/// A step that someone else runs.
#[derive(Debug)]
pub struct Flight(watch::Receiver<Option<Reply>>);

// === impl Dedupe ===

impl Dedupe {
    /// Room for what `steps` allows.
    pub fn new(steps: &Steps) -> Self {
        let by_count = steps.dedupe_max / SHARD_STEPS;
        let by_bytes = usize::try_from(steps.dedupe_memory / SHARD_BYTES).unwrap_or(usize::MAX);
        let shards = by_count.min(by_bytes).clamp(1, MOST_SHARDS);
        // Rounded down to a power of two, so that a mask picks the shard.
        let shards = 1 << shards.ilog2();
        Self(Arc::new(Shards {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            finished: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
        }))
    }

    /// Asks whether a step was here, and takes it on where it was not.
    pub fn enter(&self, id: &StepId, target: &Target) -> Entry {
        let now = Instant::now();
        let mut shard = self.shard(id).lock();
        match shard.get(id, now) {
            Some(Seen::Finished(body)) => Entry::Finished(body),
            Some(Seen::Running(_)) => Entry::Running(Flight(shard.join(id))),
            None => {
                shard.begin(id.clone(), target.clone());
                Entry::First(Claim {
                    dedupe: self.clone(),
                    id: id.clone(),
                    settled: false,
                })
            }
        }
    }

    /// What is known of a step.
    pub fn look(&self, id: &StepId) -> Option<Seen> {
        self.shard(id).lock().get(id, Instant::now())
    }

    /// A way to wait for a step that is running; none for one that is not.
    pub fn flight(&self, id: &StepId) -> Option<Flight> {
        let mut shard = self.shard(id).lock();
        shard.is_running(id).then(|| Flight(shard.join(id)))
    }

    /// Forgets a step that is not running. Whether there was one.
    pub fn forget(&self, id: &StepId) -> bool {
        self.shard(id).lock().forget(id)
    }

    /// Remembers a finished step; `shard` is the step's.
    fn note(&self, mut shard: MutexGuard<'_, Shard>, id: &StepId, body: Bytes, steps: &Steps) {
        let now = Instant::now();
        let weight = shard.finish(id.clone(), body, now + steps.dedupe_window);
        self.0.finished.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(weight, Ordering::Relaxed);
        while let Some(weight) = shard.drop_expired(now) {
            self.discount(weight);
        }
        // All but the newest.
        self.trim(&mut shard, 1, steps);
        drop(shard);
        // Where a shard alone cannot make room, the ones after it have to, itself the last.
        for step in 1..=self.0.shards.len() {
            if !self.over(steps) {
                return;
            }
            let next = (self.index(id) + step) % self.0.shards.len();
            self.trim(&mut self.0.shards[next].lock(), 0, steps);
        }
    }

    /// Drops the oldest of `shard` while there are too many, down to `keep` of them.
    fn trim(&self, shard: &mut Shard, keep: usize, steps: &Steps) {
        while self.over(steps) && shard.finished() > keep {
            let Some(weight) = shard.drop_oldest() else {
                return;
            };
            self.discount(weight);
        }
    }

    fn over(&self, steps: &Steps) -> bool {
        self.0.finished.load(Ordering::Relaxed) > steps.dedupe_max
            || self.0.bytes.load(Ordering::Relaxed) > steps.dedupe_memory
    }

    /// Counts one finished step less.
    fn discount(&self, weight: u64) {
        self.0.finished.fetch_sub(1, Ordering::Relaxed);
        self.0.bytes.fetch_sub(weight, Ordering::Relaxed);
    }

    fn shard(&self, id: &StepId) -> &Mutex<Shard> {
        &self.0.shards[self.index(id)]
    }

    fn index(&self, id: &StepId) -> usize {
        // The mask keeps the low bits, which any width of the hash has.
        self.0.hasher.hash_one(id) as usize & (self.0.shards.len() - 1)
    }
}

// === impl Claim ===

impl Claim {
    /// The step has an outcome, of which `reply` is the answer: those who wait get it, and a final
    /// one is remembered. A pending one is the store's to know.
    pub fn settle(mut self, outcome: &Outcome, reply: &Reply, steps: &Steps) {
        if !outcome.verdict.is_final() {
            return self.release(reply);
        }
        self.settled = true;
        let mut shard = self.dedupe.shard(&self.id).lock();
        shard.tell(&self.id, reply);
        self.dedupe.note(shard, &self.id, reply.body.clone(), steps);
    }

    /// Nothing is kept of the step here: those who wait get `reply`, and the next one asks anew.
    pub fn release(mut self, reply: &Reply) {
        self.settled = true;
        let mut shard = self.dedupe.shard(&self.id).lock();
        shard.tell(&self.id, reply);
        shard.abandon(&self.id);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.settled {
            self.dedupe.shard(&self.id).lock().abandon(&self.id);
        }
    }
}

// === impl Flight ===

impl Flight {
    /// The answer of the one who runs it; none when that one fell, and the step is free again.
    pub async fn answer(mut self) -> Option<Reply> {
        let answer = self.0.wait_for(Option::is_some).await.ok()?;
        answer.clone()
    }
}

#[cfg(test)]
mod tests;
