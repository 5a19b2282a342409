//! The third door: steps whose time has come.
//!
//! They are fed in on the threads that serve the other doors, and take their permits like everyone.

use crate::config::{Gateway, Live};
use crate::pipeline::Pipeline;
use crate::schedule::{Admission, Claim, Clock, Gate, Lane, Store, StoreError};
use crate::web::Occupancy;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Due steps under way at once, on each thread.
const AT_ONCE: usize = 512;

/// How long to leave a store alone that did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Feeds due steps to the pipeline.
#[derive(Clone)]
pub struct DueSteps {
    pub live: Live,
    pub pipeline: Pipeline,
    pub store: Arc<dyn Store>,
    /// Steps in flight, whichever door they came by.
    pub held: Occupancy,
}

// === impl DueSteps ===

impl DueSteps {
    /// Runs until `closing` says so. Steps under way then go on to their end.
    pub async fn run(self, mut closing: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        tokio::select! {
            () = self.feed(&places) => {}
            // An error means that nobody is left to say so: the end as well.
            _ = closing.wait_for(|closed| *closed) => {}
        }
    }

    async fn feed(&self, places: &Arc<Semaphore>) {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let free = places.available_permits() + 1;
            let lease = lease(&self.live.get().gateway);
            let claims = match self.store.claim_due(free, lease, Arc::new(Open)).await {
                Ok(claims) => claims,
                Err(error) => {
                    tracing::warn!("due steps cannot be claimed: {error}");
                    tokio::time::sleep(STORE_PAUSE).await;
                    continue;
                }
            };
            let mut first = Some(place);
            let again = claims.again;
            for claim in claims.claims {
                let place = match first.take() {
                    Some(place) => Some(place),
                    None => places.clone().try_acquire_owned().ok(),
                };
                let steps = self.clone();
                tokio::spawn(steps.resume(claim, place));
            }
            let clock = Clock::System;
            let again = again.unwrap_or(Timestamp::MAX);
            tokio::select! {
                () = clock.sleep_until(again) => {}
                () = self.store.earlier() => {}
            }
        }
    }

    async fn resume(self, claim: Claim, _place: Option<OwnedSemaphorePermit>) {
        let _held = self.held.enter();
        let id = claim.scheduled.step.id.clone();
        match self.pipeline.resume(claim).await {
            Ok(_) => {}
            // Whoever has the step now answers for it.
            Err(StoreError::LostLease) => {
                tracing::warn!(step = %id, "the lease on a due step was lost");
            }
            Err(error) => {
                tracing::warn!(step = %id, "a due step was not put away: {error}; it comes again when its lease ends");
            }
        }
    }
}

/// Longer than one try of a step can take: every round waits for a slot, fetches a token and
/// makes an attempt.
fn lease(gateway: &Gateway) -> Duration {
    let delivery = &gateway.delivery;
    let round = delivery.inline_wait + delivery.timeout * 2;
    round * (gateway.oauth2.max_refreshes + 1) + Duration::from_secs(10)
}

/// Lets everyone through.
#[derive(Debug)]
struct Open;

impl Gate for Open {
    fn admit(&self, _lane: &Lane) -> Admission {
        Admission::Room(64)
    }

    fn backlog(&self, _lane: &Lane, _due: usize) {}
}
