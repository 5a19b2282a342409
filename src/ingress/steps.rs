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
use ::http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

/// Most bytes of a step.
const BODY_LIMIT: usize = 1024 * 1024;

const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

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
        let headers = &exchange.head().headers;
        if !is_json(headers.get(header::CONTENT_TYPE)) {
            return Err(refuse::media_type("a step").into());
        }
        let traceparent = headers.get("traceparent").cloned();
        let prefer = Prefer::read(headers);
        let body = exchange.body(BODY_LIMIT).await.map_err(refuse::body)?;
        let step = Step::parse(body).map_err(|fault| refuse::invalid_step(&fault))?;
        let arrival = Arrival {
            step,
            at,
            traceparent,
        };
        if arrival.step.named {
            self.once(exchange, arrival, prefer, gateway).await
        } else {
            // Its id was made here: nobody can send it again.
            let taken = self.take(&arrival, gateway)?;
            Ok(self.answer_with(exchange, taken, arrival, prefer).await)
        }
    }

    /// Runs a step whose id the caller made, unless it was here before.
    async fn once(
        &self,
        exchange: &mut Exchange<'_>,
        arrival: Arrival,
        prefer: Prefer,
        gateway: &Gateway,
    ) -> Result<Reply, Refused> {
        let Step { id, target, .. } = &arrival.step;
        let claim = loop {
            match self.dedupe.enter(id, target) {
                Entry::First(claim) => break claim,
                Entry::Finished(body) => return Ok(Reply::json(StatusCode::OK, body)),
                Entry::Running(flight) => {
                    if let Some(reply) = flight.answer().await {
                        return Ok(reply);
                    }
                }
            }
        };
        // Under the claim, so that of two who come at once one asks and the other waits.
        let known = state::kept(&*self.store, id).await;
        let taken = match known {
            Ok(None) => self.take(&arrival, gateway),
            Ok(Some(kept)) => {
                let reply = kept.reply();
                claim.release(&reply);
                return Ok(reply);
            }
            Err(refused) => Err(refused),
        };
        match taken {
            Ok(mut taken) => {
                taken.claim = Some(claim);
                Ok(self.answer_with(exchange, taken, arrival, prefer).await)
            }
            Err(refused) => {
                claim.release(&refused.reply);
                Err(refused)
            }
        }
    }

    /// Lets a step in, if there is room for it.
    fn take(&self, arrival: &Arrival, gateway: &Gateway) -> Result<Taken, Refused> {
        let most = gateway.delivery.max_in_flight.min(self.room);
        let held = self.held.enter_below(most);
        Ok(Taken {
            _held: held.ok_or_else(|| refuse::overloaded(most))?,
            target: arrival.step.target.clone(),
            claim: None,
            steps: gateway.steps.clone(),
            telemetry: self.telemetry.clone(),
        })
    }

    async fn answer_with(
        &self,
        exchange: &mut Exchange<'_>,
        taken: Taken,
        arrival: Arrival,
        prefer: Prefer,
    ) -> Reply {
        let early = (APPLIED, prefer.applied());
        match prefer.when() {
            When::Done => {
                let (gone, overdue) = (exchange.hung_up(), &self.overdue);
                let ended = attend(&self.pipeline, &arrival, overdue, gone, |_| {}).await;
                taken.end(ended)
            }
            When::Taken => {
                let accepted = self.pipeline.accept(arrival).await;
                let is_early = matches!(&accepted, Ok(outcome) if !outcome.verdict.is_final());
                let reply = taken.end(accepted);
                if is_early {
                    reply.with(early.0, early.1)
                } else {
                    reply
                }
            }
            When::Within(wait) => {
                let until = arrival.at + wait;
                self.within(exchange, taken, arrival, until, early).await
            }
        }
    }

    /// Runs a step that may outlive its request, which is answered by `until`; before the step is
    /// done with one header more.
    async fn within(
        &self,
        exchange: &mut Exchange<'_>,
        mut taken: Taken,
        arrival: Arrival,
        until: Instant,
        early: (HeaderName, HeaderValue),
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
            () = exchange.hung_up() => {
                // The run may have ended at the same moment.
                drop(leave);
                // One that only stopped sending still reads.
                answered.await
            }
        };
        answer.unwrap_or_else(|_| refuse::broken().reply())
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

/// Whether a body is JSON, by what its sender says; parameters such as a charset do not matter.
pub(super) fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let said = content_type.map_or(&b""[..], HeaderValue::as_bytes);
    let essence = said.split(|byte| *byte == b';').next().unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}
