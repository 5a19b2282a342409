//! The whole path of a step, on one page; the only file that sees two stages.
//!
//! A step that arrives and a step that comes back go the same way: `Pipeline::run` and
//! `Pipeline::resume` differ only in where the step comes from and is put away.

mod custody;
mod slots;
mod travel;
mod trial;
mod turnstile;

use crate::auth::{Authenticator, Credential};
use crate::config::{Found, Gateway, Live, NotFound, Rate, Snapshot};
use crate::delivery::{self, Attempt, Judgement};
use crate::egress::Egress;
use crate::limits::{From, HostLimits, HostPermit, RateLimits};
use crate::model::{ExitReason, Outcome, PendingReason, Sent, Step, Target, TileRef};
use crate::plan::{self, Plan, Secrets};
use crate::schedule::{Claim, Store, StoreError};
use crate::telemetry::Telemetry;
use custody::{Held, Lease};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use travel::{Next, Travel};

pub use custody::{Custody, LEASE};
pub use travel::Begun;
pub use trial::{Trial, TrialFault, sample, shown, try_out};
pub use turnstile::Turnstile;

/// When a step that found its host busy is said to be expected: places come free as others end.
const BUSY: Duration = Duration::from_secs(1);

/// The path. Clones share its parts.
#[derive(Debug, Clone)]
pub struct Pipeline {
    live: Live,
    auth: Authenticator,
    rates: RateLimits,
    hosts: HostLimits,
    egress: Egress,
    store: Arc<dyn Store>,
    telemetry: Telemetry,
}

/// A step at the door.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub step: Step,
    /// When it came, for `elapsedMs`.
    pub at: Instant,
    /// The caller's W3C trace context, sent on.
    pub traceparent: Option<HeaderValue>,
}

/// Why a step got no outcome: it is not taken, and the user stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The target is not in service: `404` for a tile that does not exist, else `503`.
    NotFound(NotFound),
    /// Nothing was attempted, and the schedule could not take it: `503`.
    ScheduleFull,
    /// Attempted, to be tried again, and the schedule could not take it: `500`.
    NotScheduled {
        attempts: u32,
        status: Option<u16>,
        sent: Option<Sent>,
    },
}

// === impl Pipeline ===

impl Pipeline {
    /// Joins the stages.
    pub fn new(live: Live, egress: Egress, store: Arc<dyn Store>, telemetry: Telemetry) -> Self {
        Self {
            auth: Authenticator::new(egress.clone(), telemetry.clone()),
            rates: RateLimits::new(live.clone(), telemetry.clone()),
            hosts: HostLimits::new(),
            live,
            egress,
            store,
            telemetry,
        }
    }

    /// Takes a step as far as it goes now.
    ///
    /// # Errors
    /// A [`Refusal`] when the step is not taken.
    pub async fn run(&self, arrival: Arrival, custody: &Custody) -> Result<Outcome, Refusal> {
        let mut travel = Travel::from(arrival);
        travel.begun = custody.begun.clone();
        let next = self.advance(&mut travel).await;
        let mut place = custody.held.lock().await;
        let held = std::mem::replace(&mut *place, Held::Over);
        let outcome = if let Held::Stored(lease) = held {
            // Its pending outcome is out: from now on it is as one that came back.
            let next = self.found(&travel, next);
            let (outcome, waits) = travel.end(next);
            let put = Box::pin(self.put_away(&lease, &outcome, waits.as_ref()));
            if let Err(error) = put.await {
                tracing::warn!(step = %outcome.id, "a step that was made durable was not put away: {error}");
            }
            outcome
        } else {
            self.take(&travel, next).await?
        };
        drop(place);
        self.telemetry.record(&outcome);
        Ok(outcome)
    }

    /// Takes a step that came back as far as it goes now; `permit` is the place at its host that
    /// was taken for it, and `begun` is told of each attempt.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when another has the step by now; else what the store says.
    pub async fn resume(
        &self,
        claim: Claim,
        permit: Option<HostPermit>,
        begun: &Begun,
    ) -> Result<Outcome, StoreError> {
        let lease = Lease::keep(self.store.clone(), claim.token);
        let mut travel = Travel::from(claim.scheduled);
        travel.permit = permit;
        travel.begun = begun.clone();
        let next = self.advance(&mut travel).await;
        let next = self.found(&travel, next);
        let (outcome, waits) = travel.end(next);
        self.put_away(&lease, &outcome, waits.as_ref()).await?;
        self.telemetry.record(&outcome);
        Ok(outcome)
    }

    /// Takes a step that is to be answered at once: it is made durable, and goes when it may.
    ///
    /// # Errors
    /// A [`Refusal`] when the step is not taken.
    pub async fn accept(&self, arrival: Arrival) -> Result<Outcome, Refusal> {
        let travel = Travel::from(arrival);
        let found = self.live.get().find(&travel.step.target);
        let next = found.map(|_| {
            let message = "the step was taken, and goes when it may";
            Next::Wait(travel.at_once(PendingReason::Async, message))
        });
        let outcome = self.take(&travel, next).await?;
        self.telemetry.record(&outcome);
        Ok(outcome)
    }

    /// The outcome of a new step whose way leads to `next`; one that waits is on the schedule then.
    async fn take(
        &self,
        travel: &Travel,
        next: Result<Next, NotFound>,
    ) -> Result<Outcome, Refusal> {
        let next = match next {
            Ok(next) => next,
            Err(NotFound::Webhook) => Next::Final(travel.unknown_webhook()),
            Err(missing) => return Err(Refusal::NotFound(missing)),
        };
        let (outcome, waits) = travel.end(next);
        if let Some(step) = waits {
            let taken = Box::pin(self.put_on(step)).await;
            taken.map_err(|error| travel.not_taken(error))?;
        }
        Ok(outcome)
    }

    /// The way on of a step that is on the schedule.
    fn found(&self, travel: &Travel, next: Result<Next, NotFound>) -> Next {
        next.unwrap_or_else(|missing| travel.without(missing, &self.live.get().gateway))
    }

    /// One try of the step: plan, credential, permits, attempt; a 401 goes round.
    async fn advance(&self, travel: &mut Travel) -> Result<Next, NotFound> {
        let snapshot = self.live.get(); // One configuration for the whole try.
        let found = snapshot.find(&travel.step.target)?;
        if travel.has_expired() {
            return Ok(Next::Final(travel.expired(&found)));
        }
        let traceparent = travel.traceparent.as_ref();
        let mut plan = match plan::compose(
            &found,
            &snapshot.gateway,
            &travel.step,
            traceparent,
            Secrets::Plain,
        ) {
            Ok(plan) => plan,
            Err(fault) => {
                let exit = travel.exit(fault.reason(), &fault.to_string(), &found);
                return Ok(Next::Final(exit));
            }
        };
        let literal = found.webhook.origin.is_some();
        travel.origin = (!literal).then(|| plan.request.origin.clone());
        loop {
            match self.round(travel, &found, &mut plan, &snapshot).await {
                Round::Done(next) => return Ok(next),
                Round::Again => {}
            }
        }
    }

    async fn round(
        &self,
        travel: &mut Travel,
        found: &Found,
        plan: &mut Plan,
        snapshot: &Snapshot,
    ) -> Round {
        let gateway = &*snapshot.gateway;
        let credential = match self.auth.credential(&found.webhook.auth, gateway).await {
            Ok(credential) => credential,
            Err(error) => {
                let message = format!("no access token could be fetched: {error}");
                let exit = travel.exit(ExitReason::TokenFetchFailed, &message, found);
                return Round::Done(Next::Final(exit));
            }
        };
        let permit = match self.enter(travel, found, plan, gateway).await {
            Ok(permit) => permit,
            Err(wait) => return Round::Done(wait),
        };
        // For this round only: the next one has its own.
        let planned = plan.request.headers.len();
        if let Some(credential) = &credential {
            let header = credential.header().clone();
            plan.request.headers.push((AUTHORIZATION, header));
        }
        travel.progress.attempts += 1;
        travel.begun.set(travel.progress.attempts);
        let (request, webhook) = (&plan.request, &found.webhook);
        let attempt =
            delivery::attempt(&self.egress, request, plan.capture, webhook, gateway).await;
        plan.request.headers.truncate(planned);
        drop(permit);
        self.telemetry.attempt(attempt.status, &attempt.timing);
        travel.progress.status = attempt.status;
        travel.progress.sent = attempt.sent;
        self.judge(travel, found, gateway, attempt, credential)
            .await
    }

    /// What stands before an attempt: the tile's slot, a place at the host, and the step's end.
    async fn enter(
        &self,
        travel: &mut Travel,
        found: &Found,
        plan: &Plan,
        gateway: &Gateway,
    ) -> Result<HostPermit, Next> {
        if travel.has_expired() {
            return Err(Next::Final(travel.expired(found)));
        }
        let (from, delivery) = (travel.comes_from(), &gateway.delivery);
        let pace = pace(found, &travel.step.target).map(|(tile, rate)| (tile.clone(), rate));
        // Dropped unused on the way to the attempt, it is given back.
        let mut slot = None;
        if let Some((tile, rate)) = &pace {
            let wait = self.rates.slot(tile, *rate, from, delivery.inline_wait);
            slot = Some(Box::pin(wait).await.map_err(|late| {
                let message = "the tile's rate limit is reached";
                Next::Wait(travel.held_back(PendingReason::RateLimit, late.expected, message))
            })?);
        }
        if travel.has_expired() {
            return Err(Next::Final(travel.expired(found)));
        }
        let origin = &plan.request.origin;
        let given = travel.permit.take();
        let permit = given.filter(|permit| permit.is_for(origin)).or_else(|| {
            let (per_host, in_all) = (delivery.max_in_flight_per_host, delivery.max_in_flight);
            match from {
                From::Worker => self.hosts.enter(origin, per_host, in_all),
                From::Schedule => self.hosts.enter_due(origin, per_host, in_all),
            }
        });
        let permit = permit.ok_or_else(|| {
            let message = "the endpoint's host has as many requests in flight as it may";
            Next::Wait(travel.held_back(PendingReason::Busy, BUSY, message))
        })?;
        if let Some((tile, rate)) = &pace {
            self.note_slot(tile, *rate).await;
        }
        if let Some(slot) = slot {
            slot.used();
        }
        Ok(permit)
    }

    async fn judge(
        &self,
        travel: &mut Travel,
        found: &Found,
        gateway: &Gateway,
        attempt: Attempt,
        credential: Option<Credential>,
    ) -> Round {
        let next = match attempt.judgement {
            Judgement::Continue { captured, warnings } => {
                Next::Final(travel.done(&attempt.message, captured, warnings, found))
            }
            Judgement::Exit(reason) => Next::Final(travel.exit(reason, &attempt.message, found)),
            Judgement::Retry(cause) => travel.again(cause, &attempt.message, found, gateway),
            Judgement::RefreshToken => {
                if let Some(credential) = &credential {
                    self.auth.forget(credential).await;
                }
                if travel.progress.refreshes < gateway.oauth2.max_refreshes {
                    travel.progress.refreshes += 1;
                    return Round::Again;
                }
                Next::Final(travel.exit(ExitReason::Unauthorized, &attempt.message, found))
            }
        };
        Round::Done(next)
    }
}

/// Whether the step goes another round at once.
enum Round {
    Again,
    Done(Next),
}

/// The tile and its rate, for a step that is paced.
fn pace<'a>(found: &Found, target: &'a Target) -> Option<(&'a TileRef, Rate)> {
    let (_, tile) = found.place.as_ref()?;
    match target {
        Target::Tile(named) => Some((named, tile.rate_limit?)),
        Target::Webhook(_) => None,
    }
}
