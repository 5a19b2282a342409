//! One step over HTTP/1.1, h2c or a unix socket: taken once, run, answered when its client asked.

use super::attend::attend;
use super::dedupe::{Claim, Entry};
use super::http::Front;
use super::prefer::{Prefer, When};
use super::refuse::{self, Refused};
use super::{Run, state};
use crate::config::{Gateway, Steps};
use crate::model::{Outcome, Step, Target};
use crate::outcome;
use crate::pipeline::{Arrival, Refusal};
use crate::telemetry::Telemetry;
use crate::web::{Exchange, Presence, Reply};
use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;
use std::pin::{Pin, pin};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

/// Most bytes of a step.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// The caller's W3C trace context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

pub(super) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What a request's headers ask for, of each step in it.
pub(super) struct Asked {
    pub(super) prefer: Prefer,
    traceparent: Option<HeaderValue>,
}

/// A step that was let in, and what has to be told of its end.
struct Taken {
    target: Target,
    /// None where nobody can send the step again, or others know more of it by now.
    claim: Option<Claim>,
    steps: Steps,
    telemetry: Telemetry,
    _held: Presence,
}

// === impl Front ===

impl<P: Run> Front<P> {
    pub(super) async fn post(
        &self,
        exchange: &mut Exchange<'_>,
        at: Instant,
        gateway: &Gateway,
    ) -> Result<Reply, Refused> {
        let asked = Asked::read(&exchange.head().headers);
        let body = exchange.body(BODY_LIMIT).await.map_err(refuse::body)?;
        let arrival = asked.arrival(body, at)?;
        let place = || self.place(gateway);
        let gone = pin!(exchange.hung_up());
        self.settle(&arrival, asked.prefer, gateway, place, gone)
            .await
    }

    /// A place among the steps in flight.
    fn place(&self, gateway: &Gateway) -> Result<Presence, Refused> {
        let most = self.most(gateway);
        let held = self.held.enter_below(most);
        held.ok_or_else(|| refuse::overloaded(most))
    }

    /// Most steps that may be in flight.
    pub(super) fn most(&self, gateway: &Gateway) -> usize {
        gateway.delivery.max_in_flight.min(self.room)
    }

    /// The answer to one step. It is asked for a `place` once it is to run; `gone` ends when nobody
    /// waits for the answer any more. What it is given stays with the caller: each call on the way
    /// down would hold a copy for as long as the step is in flight.
    pub(super) async fn settle(
        &self,
        arrival: &Arrival,
        prefer: Prefer,
        gateway: &Gateway,
        place: impl FnOnce() -> Result<Presence, Refused>,
        gone: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Reply, Refused> {
        let claim = if arrival.step.named {
            match self.enter(&arrival.step).await? {
                Ok(claim) => Some(claim),
                Err(known) => return Ok(known),
            }
        } else {
            // Its id was made here: nobody can send it again.
            None
        };
        let held = match place() {
            Ok(held) => held,
            Err(refused) => {
                if let Some(claim) = claim {
                    claim.release(&refused.reply);
                }
                return Err(refused);
            }
        };
        let taken = Taken {
            _held: held,
            target: arrival.step.target.clone(),
            claim,
            steps: gateway.steps.clone(),
            telemetry: self.telemetry.clone(),
        };
        Ok(self.answer_with(taken, arrival, prefer, gone).await)
    }

    /// The right to run a step whose id the caller made; or what is known of it, if it was here
    /// before.
    async fn enter(&self, step: &Step) -> Result<Result<Claim, Reply>, Refused> {
        let Step { id, target, .. } = step;
        let claim = loop {
            match self.dedupe.enter(id, target) {
                Entry::First(claim) => break claim,
                Entry::Finished(body) => return Ok(Err(Reply::json(StatusCode::OK, body))),
                Entry::Running(flight) => {
                    if let Some(reply) = flight.answer().await {
                        return Ok(Err(reply));
                    }
                }
            }
        };
        // Under the claim, so that of two who come at once one asks and the other waits.
        match state::kept(&*self.store, id).await {
            Ok(None) => Ok(Ok(claim)),
            Ok(Some(kept)) => {
                let reply = kept.reply();
                claim.release(&reply);
                Ok(Err(reply))
            }
            Err(refused) => {
                claim.release(&refused.reply);
                Err(refused)
            }
        }
    }

    async fn answer_with(
        &self,
        taken: Taken,
        arrival: &Arrival,
        prefer: Prefer,
        gone: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Reply {
        match prefer.when() {
            When::Done => {
                let ended = attend(&self.pipeline, arrival, &self.overdue, gone, |_| {}).await;
                taken.end(ended)
            }
            When::Taken => {
                let accepted = Box::pin(self.pipeline.accept(arrival.clone())).await;
                let is_early = matches!(&accepted, Ok(outcome) if !outcome.verdict.is_final());
                let reply = taken.end(accepted);
                if is_early {
                    reply.with(APPLIED, prefer.applied())
                } else {
                    reply
                }
            }
            When::Within(wait) => {
                let until = arrival.at + wait;
                let early = (APPLIED, prefer.applied());
                let arrival = arrival.clone();
                Box::pin(self.within(taken, arrival, until, early, gone)).await
            }
        }
    }

    /// Runs a step that may outlive its request, which is answered by `until`; before the step is
    /// done with one header more.
    async fn within(
        &self,
        mut taken: Taken,
        arrival: Arrival,
        until: Instant,
        early: (HeaderName, HeaderValue),
        gone: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Reply {
        let (answer, mut answered) = oneshot::channel();
        let (leave, left) = oneshot::channel::<()>();
        let (pipeline, overdue) = (self.pipeline.clone(), self.overdue.clone());
        tokio::spawn(async move {
            let called = async {
                tokio::select! {
                    () = sleep_until(until) => {}
                    // However it comes: nobody waits for the answer any more.
                    _ = left => {}
                }
            };
            let mut answer = Some(answer);
            let kept = |outcome: &Outcome| {
                let reply = reply(outcome);
                // What is known of the step now is in the store.
                if let Some(claim) = taken.claim.take() {
                    claim.release(&reply);
                }
                if let Some(answer) = answer.take() {
                    // A client that left is not told.
                    drop(answer.send(reply.with(early.0.clone(), early.1.clone())));
                }
            };
            let ended = attend(&pipeline, &arrival, &overdue, called, kept).await;
            let reply = taken.end(ended);
            if let Some(answer) = answer {
                drop(answer.send(reply));
            }
        });
        let answer = tokio::select! {
            biased;
            answer = &mut answered => answer,
            () = gone => {
                // The run may have ended at the same moment.
                drop(leave);
                // One that only stopped sending still reads.
                answered.await
            }
        };
        answer.unwrap_or_else(|_| refuse::broken().reply())
    }
}

// === impl Asked ===

impl Asked {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        Self {
            prefer: Prefer::read(headers),
            traceparent: headers.get(TRACEPARENT).cloned(),
        }
    }

    /// The step that came `at` that moment as `text`.
    pub(super) fn arrival(&self, text: Bytes, at: Instant) -> Result<Arrival, Refused> {
        let step = Step::parse(text).map_err(|fault| refuse::invalid_step(&fault))?;
        Ok(Arrival {
            step,
            at,
            traceparent: self.traceparent.clone(),
        })
    }
}

// === impl Taken ===

impl Taken {
    /// The step has an outcome or is refused: all who wait are told, and this is the answer.
    fn end(mut self, ended: Result<Outcome, Refusal>) -> Reply {
        let claim = self.claim.take();
        match ended {
            Ok(outcome) => {
                let reply = reply(&outcome);
                if let Some(claim) = claim {
                    claim.settle(&outcome, &reply, &self.steps);
                }
                reply
            }
            Err(refusal) => {
                let refused = refuse::refusal(&refusal, &self.target);
                self.telemetry.refused(refused.kind);
                if let Some(claim) = claim {
                    claim.release(&refused.reply);
                }
                *refused.reply
            }
        }
    }
}

/// The answer to a step with this outcome.
fn reply(outcome: &Outcome) -> Reply {
    let status = if outcome.verdict.is_final() {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    Reply::json(status, outcome::to_json(outcome))
}
