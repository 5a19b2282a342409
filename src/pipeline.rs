//! The whole path of a step, on one page; the only file that sees two stages.
//!
//! A step that arrives and a step that comes back go the same way: `Pipeline::run` and
//! `Pipeline::resume` differ only in what becomes of a step that must wait.

mod custody;
mod travel;
mod trial;

use crate::auth::{Authenticator, Credential};
use crate::config::{Found, Gateway, Live, NotFound, Snapshot};
use crate::delivery::{self, Attempt, Judgement};
use crate::egress::Egress;
use crate::limits::{From, HostLimits, HostPermit, RateLimits};
use crate::model::{ExitReason, Outcome, PendingReason, Sent, Step, Target};
use crate::plan::{self, Plan, Secrets};
use crate::schedule::{self, Claim, Store, StoreError};
use crate::telemetry::Telemetry;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use travel::{Next, Travel};

pub use custody::Custody;
pub use trial::{Trial, TrialFault};

/// How long a step waits that found its host busy: long enough for places to come free, short
/// enough that nobody notices.
const BUSY_DELAY: Duration = Duration::from_secs(1);

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
    pub async fn run(&self, arrival: Arrival, _custody: &Custody) -> Result<Outcome, Refusal> {
        let mut travel = Travel::from(arrival);
        let next = match self.advance(&mut travel).await {
            Ok(next) => next,
            Err(NotFound::Webhook) => Next::Final(travel.unknown_webhook()),
            Err(missing) => return Err(Refusal::NotFound(missing)),
        };
        let outcome = match next {
            Next::Final(outcome) => outcome,
            Next::Wait {
                reason,
                due,
                message,
            } => {
                let step = travel.scheduled(reason, due);
                self.store
                    .schedule(step)
                    .await
                    .map_err(|error| travel.not_taken(error))?;
                travel.pending(reason, due, message)
            }
        };
        self.telemetry.record(&outcome);
        Ok(outcome)
    }

    /// Takes a step that came back as far as it goes now.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when another has the step by now; else what the store says.
    pub async fn resume(&self, claim: Claim) -> Result<Outcome, StoreError> {
        let (token, reason) = (claim.token, claim.scheduled.reason);
        let mut travel = Travel::from(claim.scheduled);
        let next = match self.advance(&mut travel).await {
            Ok(next) => next,
            Err(NotFound::Webhook) => Next::Final(travel.unknown_webhook()),
            Err(NotFound::Tile) => Next::Final(travel.unknown_tile()),
            // A fault of the configuration costs the user nothing: the step waits for its repair.
            Err(
                NotFound::WebhookInvalid | NotFound::WebhookUntested | NotFound::JourneyInvalid,
            ) => {
                let delay = self.live.get().gateway.retry.delay;
                Next::Wait {
                    reason,
                    due: schedule::later(Timestamp::now(), delay),
                    message: "the configuration has errors: the step waits for their repair".into(),
                }
            }
        };
        let outcome = match next {
            Next::Final(outcome) => {
                let json = crate::outcome::to_json(&outcome).into();
                self.store.complete(token, json).await?;
                outcome
            }
            Next::Wait {
                reason,
                due,
                message,
            } => {
                let step = travel.scheduled(reason, due);
                self.store.reschedule(token, step).await?;
                travel.pending(reason, due, message)
            }
        };
        self.telemetry.record(&outcome);
        Ok(outcome)
    }

    /// Takes a step that is to be answered at once: it is made durable, and goes when it may.
    ///
    /// # Errors
    /// A [`Refusal`] when the step is not taken.
    pub async fn accept(&self, arrival: Arrival) -> Result<Outcome, Refusal> {
        let travel = Travel::from(arrival);
        match self.live.get().find(&travel.step.target) {
            Ok(_) => {}
            Err(NotFound::Webhook) => return Ok(travel.unknown_webhook()),
            Err(missing) => return Err(Refusal::NotFound(missing)),
        }
        let (reason, due) = (PendingReason::Async, Timestamp::now());
        let scheduled = travel.scheduled(reason, due);
        let taken = self.store.schedule(scheduled).await;
        taken.map_err(|error| travel.not_taken(error))?;
        let outcome = travel.pending(
            reason,
            due,
            "the step was taken, and goes when it may".into(),
        );
        self.telemetry.record(&outcome);
        Ok(outcome)
    }

    /// Makes a step durable that is running, so that its outcome will be in the log whoever still
    /// waits for it. Its outcome for now; none where the run has ended, or the schedule cannot take
    /// it.
    pub async fn keep(&self, _arrival: &Arrival, _custody: &Custody) -> Option<Outcome> {
        None
    }

    /// One try of the step: plan, credential, permits, attempt; a 401 goes round.
    async fn advance(&self, travel: &mut Travel) -> Result<Next, NotFound> {
        let snapshot = self.live.get(); // One configuration for the whole try.
        let found = snapshot.find(&travel.step.target)?;
        if travel.has_expired() {
            return Ok(Next::Final(travel.expired(&found)));
        }
        let traceparent = travel.traceparent.as_ref();
        let plan = match plan::compose(
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
        loop {
            match self.round(travel, &found, &plan, &snapshot).await {
                Round::Done(next) => return Ok(next),
                Round::Again => {}
            }
        }
    }

    async fn round(
        &self,
        travel: &mut Travel,
        found: &Found,
        plan: &Plan,
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
        if travel.has_expired() {
            return Round::Done(Next::Final(travel.expired(found)));
        }
        let mut request = plan.request.clone();
        if let Some(credential) = &credential {
            let header = credential.header().clone();
            request.headers.push((AUTHORIZATION, header));
        }
        travel.progress.attempts += 1;
        let (webhook, egress) = (&found.webhook, &self.egress);
        let attempt = delivery::attempt(egress, &request, plan.capture, webhook, gateway).await;
        drop(permit);
        self.telemetry.attempt(attempt.status, &attempt.timing);
        travel.progress.status = attempt.status;
        travel.progress.sent = attempt.sent;
        self.judge(travel, found, gateway, attempt, credential)
            .await
    }

    /// The permits that stand before an attempt: the tile's slot, then a place at the host.
    async fn enter(
        &self,
        travel: &Travel,
        found: &Found,
        plan: &Plan,
        gateway: &Gateway,
    ) -> Result<HostPermit, Next> {
        let delivery = &gateway.delivery;
        let paced = found.place.as_ref().and_then(|(_, tile)| tile.rate_limit);
        if let (Some(rate), Target::Tile(tile)) = (paced, &travel.step.target) {
            let slot = self
                .rates
                .slot(tile, rate, From::Worker, delivery.inline_wait);
            match slot.await {
                Ok(slot) => slot.used(),
                Err(late) => {
                    return Err(Next::Wait {
                        reason: PendingReason::RateLimit,
                        due: schedule::later(Timestamp::now(), late.expected),
                        message: "the tile's rate limit is reached".into(),
                    });
                }
            }
        }
        let (per_host, in_all) = (delivery.max_in_flight_per_host, delivery.max_in_flight);
        let permit = self.hosts.enter(&plan.request.origin, per_host, in_all);
        permit.ok_or_else(|| Next::Wait {
            reason: PendingReason::Busy,
            due: schedule::later(Timestamp::now(), BUSY_DELAY),
            message: "the endpoint's host has as many requests in flight as it may".into(),
        })
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
