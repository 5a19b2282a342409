//! The third door: steps whose time has come.
//!
//! They are fed in on the runtimes that serve the other doors, as many at once as may be under
//! way, and take their permits like everyone.

use crate::config::{Gateway, Live};
use crate::model::Outcome;
use crate::pipeline::Pipeline;
use crate::schedule::{Store, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Due steps under way at once.
const AT_ONCE: usize = 512;

/// How long to leave a store alone that did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Feeds due steps to the pipeline.
#[derive(Clone)]
pub struct DueSteps {
    pub live: Live,
    pub pipeline: Pipeline,
    pub store: Arc<dyn Store>,
    /// Told each final outcome, so that whoever asks for the step by its id gets it.
    pub finished: Arc<dyn Fn(&Outcome) + Send + Sync>,
}

// === impl DueSteps ===

impl DueSteps {
    /// Runs until `shutdown` resolves; then waits for the steps under way.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        tokio::select! {
            () = self.feed(&places) => {}
            () = shutdown => {}
        }
        // All places free again means that nothing is under way. The semaphore is never closed,
        // so there is nothing else to hear.
        let _ = places.acquire_many(AT_ONCE as u32).await;
    }

    async fn feed(&self, places: &Arc<Semaphore>) {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            self.store.due().await;
            let free = places.available_permits() + 1;
            let lease = lease(&self.live.get().gateway);
            let claims = match self.store.claim_due(free, lease).await {
                Ok(claims) => claims,
                Err(error) => {
                    tracing::warn!("due steps cannot be claimed: {error}");
                    tokio::time::sleep(STORE_PAUSE).await;
                    continue;
                }
            };
            let mut first = Some(place);
            for claim in claims {
                let place = match first.take() {
                    Some(place) => Some(place),
                    None => places.clone().try_acquire_owned().ok(),
                };
                let steps = self.clone();
                pingora_runtime::current_handle().spawn(steps.resume(claim, place));
            }
        }
    }

    async fn resume(self, claim: crate::schedule::Claim, _place: Option<OwnedSemaphorePermit>) {
        let id = claim.scheduled.step.id.clone();
        match self.pipeline.resume(claim).await {
            Ok(Some(outcome)) => (self.finished)(&outcome),
            Ok(None) => {}
            // Whoever has the step now answers for it.
            Err(StoreError::LostLease) => {
                tracing::warn!(step = %id, "the lease on a due step was lost");
            }
            Err(error @ (StoreError::Full | StoreError::Down | StoreError::Unknown)) => {
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
