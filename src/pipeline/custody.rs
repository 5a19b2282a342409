//! Whether a running step is durable: what a door and the run agree on, and how what became of a
//! durable step is put away.

use super::travel::{Begun, Travel};
use super::{Arrival, Pipeline};
use crate::model::{Outcome, PendingReason, Progress, Sent};
use crate::outcome;
use crate::schedule::{FencingToken, Scheduled, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// How long a claim hides its step: at half of it a claim that is still worked on is renewed. What
/// it bounds is how long a step waits whose task fell.
pub const LEASE: Duration = Duration::from_secs(60);

/// Between tries to put a step away, while the store fails, in milliseconds. After the last of them
/// the end of the lease brings the step back.
const PAUSES_MS: [u64; 8] = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 10_000];

/// Between askings whether a step was taken, of a store that did not say, in milliseconds. By
/// then it is open again, or will not be soon.
const ASKED_AGAIN_MS: [u64; 5] = [50, 200, 500, 1_000, 2_000];

/// One running step's place in the store, if it has one.
#[derive(Debug, Default)]
pub struct Custody {
    /// Locked while the step is written, so that a run that ends meanwhile waits for it.
    pub(super) held: Mutex<Held>,
    pub(super) begun: Begun,
}

#[derive(Debug, Default)]
pub(super) enum Held {
    /// In memory only.
    #[default]
    Inline,
    /// In the store, claimed.
    Stored(Lease),
    /// The run has ended.
    Over,
}

/// A claim that is renewed until this is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    token: FencingToken,
    renewal: AbortHandle,
}

// === impl Lease ===

impl Lease {
    /// Renews the claim of `token`, from now on.
    pub(super) fn keep(store: Arc<dyn Store>, token: FencingToken) -> Self {
        let renewal = tokio::spawn(renew(store, token));
        Self {
            token,
            renewal: renewal.abort_handle(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn renew(store: Arc<dyn Store>, token: FencingToken) {
    loop {
        sleep(LEASE / 2).await;
        match store.extend(token, LEASE).await {
            Ok(()) => {}
            // Whoever puts the step away hears of it.
            Err(StoreError::LostLease) => return,
            Err(error) => tracing::warn!("a claim was not renewed: {error}"),
        }
    }
}

// === impl Pipeline ===

impl Pipeline {
    /// Makes a step durable that is running, so that its outcome will be in the log whoever still
    /// waits for it. Its outcome for now; none where the run has ended, or the schedule cannot take
    /// it.
    pub async fn keep(&self, arrival: &Arrival, custody: &Custody) -> Option<Outcome> {
        let mut held = custody.held.lock().await;
        let mut travel = Travel::from(arrival.clone());
        let attempts = custody.begun.count();
        travel.progress = Progress {
            attempts,
            // That attempt is under way: nobody knows yet.
            sent: (attempts > 0).then_some(Sent::Unknown),
            ..Progress::default()
        };
        let wait = travel.at_once(PendingReason::Async, "the work on the step goes on");
        match *held {
            Held::Over => return None,
            Held::Stored(_) => {}
            Held::Inline => {
                let token = self.take_claimed(travel.scheduled(&wait)).await;
                match token {
                    Ok(token) => *held = Held::Stored(Lease::keep(self.store.clone(), token)),
                    Err(error) => {
                        let id = &arrival.step.id;
                        tracing::warn!(step = %id, "a running step was not made durable: {error}");
                        return None;
                    }
                }
            }
        }
        drop(held);
        let outcome = travel.pending(wait);
        self.telemetry.record(&outcome);
        Some(outcome)
    }

    async fn take_claimed(&self, step: Scheduled) -> Result<FencingToken, StoreError> {
        surely(|| self.store.schedule_claimed(step.clone(), LEASE)).await
    }

    /// Puts a step on the schedule.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] only where the store does not say, however often it is asked: any
    /// other error means that the step was not taken.
    pub(super) async fn put_on(&self, step: Scheduled) -> Result<(), StoreError> {
        surely(|| self.store.schedule(step.clone())).await
    }

    /// Puts a claimed step away: back on the schedule where it `waits`, else with its final
    /// `outcome`. Tried again while the store fails, lest an attempt be repeated for nothing.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when another has the step by now; else what the store said last.
    pub(super) async fn put_away(
        &self,
        lease: &Lease,
        outcome: &Outcome,
        waits: Option<&Scheduled>,
    ) -> Result<(), StoreError> {
        let mut pauses = PAUSES_MS.map(Duration::from_millis).into_iter();
        let mut unknown = false;
        loop {
            let put = match waits {
                Some(step) => self.store.reschedule(lease.token, step.clone()).await,
                None => {
                    let json = outcome::to_json(outcome).into();
                    self.store.complete(lease.token, json).await
                }
            };
            let error = match put {
                Ok(()) => return Ok(()),
                // The try before, of which nothing was heard, was done.
                Err(StoreError::LostLease) if unknown => return Ok(()),
                Err(StoreError::LostLease) => return Err(StoreError::LostLease),
                Err(error) => error,
            };
            unknown |= error == StoreError::Unknown;
            let Some(pause) = pauses.next() else {
                return Err(error);
            };
            tracing::warn!(step = %outcome.id, "a step was not put away: {error}; tried again in {pause:?}");
            sleep(pause).await;
        }
    }
}

/// Asks for a step to be taken until the store says whether it did: asked again with the same id,
/// one that did says so. Its caller would send the step again otherwise, and it would go twice.
async fn surely<T, F>(ask: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pauses = ASKED_AGAIN_MS.map(Duration::from_millis).into_iter();
    let mut asked = ask().await;
    if !matches!(asked, Err(StoreError::Unknown)) {
        return asked;
    }
    while matches!(asked, Err(StoreError::Unknown | StoreError::Down)) {
        let Some(pause) = pauses.next() else {
            return Err(StoreError::Unknown);
        };
        sleep(pause).await;
        asked = ask().await;
    }
    asked
}
