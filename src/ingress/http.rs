//! One step over HTTP/1.1, h2c or a unix socket, and the state of one.

use super::dedupe::{Claim, Dedupe, Entry, Known, Seen};
use super::{Run, refuse};
use crate::config::{Gateway, Live};
use crate::model::{Outcome, PendingReason, Step, StepId, Target, Verdict};
use crate::outcome;
use crate::pipeline::{Arrival, Custody};
use crate::schedule::Store;
use crate::telemetry::Telemetry;
use crate::web::{Exchange, Handle, Occupancy, Problem, Reply, bearer};
use ::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Most bytes of a step.
const BODY_LIMIT: usize = 1024 * 1024;

const STEPS: &str = "/v1/steps";

/// The steps' door: what a request to it means, and who may ask.
#[derive(Debug)]
pub struct Front<P> {
    pipeline: P,
    live: Live,
    store: Arc<dyn Store>,
    dedupe: Dedupe,
    /// Steps held by this process.
    held: Occupancy,
    /// Most of them that the process has room for, whatever the configuration allows.
    room: usize,
    telemetry: Telemetry,
}

/// What a path stands for.
enum Route<'a> {
    Steps,
    Step(&'a str),
    Nothing,
}

// === impl Front ===

impl<P: Run> Front<P> {
    /// A front for `pipeline`. `held` counts the steps in flight, whichever door they came by,
    /// and `room` is the most that the process can hold.
    pub fn new(
        pipeline: P,
        live: Live,
        store: Arc<dyn Store>,
        dedupe: Dedupe,
        held: Occupancy,
        room: usize,
        telemetry: Telemetry,
    ) -> Self {
        Self {
            pipeline,
            live,
            store,
            dedupe,
            held,
            room,
            telemetry,
        }
    }

    async fn answer(&self, exchange: &mut Exchange<'_>) -> Reply {
        let at = Instant::now();
        let snapshot = self.live.get();
        let gateway = &snapshot.gateway;
        let head = exchange.head();
        if let Some(token) = &gateway.listen.token {
            let offered = bearer(head.headers.get(header::AUTHORIZATION));
            if !offered.is_some_and(|offered| token.matches(offered)) {
                return self.refuse_with(refuse::unauthorized());
            }
        }
        match (route(head.uri.path()), &head.method) {
            (Route::Steps, &Method::POST) => self.post(exchange, at, gateway).await,
            (Route::Steps, _) => self.refuse_with(refuse::method("POST")),
            (Route::Step(id), &Method::GET) => self.state(id),
            (Route::Step(id), &Method::DELETE) => self.forget(id).await,
            (Route::Step(_), _) => self.refuse_with(refuse::method("GET, DELETE")),
            (Route::Nothing, _) => self.refuse(&refuse::not_found()),
        }
    }

    async fn post(&self, exchange: &mut Exchange<'_>, at: Instant, gateway: &Gateway) -> Reply {
        let headers = &exchange.head().headers;
        if !is_json(headers.get(header::CONTENT_TYPE)) {
            return self.refuse(&refuse::media_type());
        }
        let traceparent = headers.get("traceparent").cloned();
        let body = match exchange.body(BODY_LIMIT).await {
            Ok(body) => body,
            Err(fault) => return self.refuse(&refuse::body(fault)),
        };
        let step = match Step::parse(body) {
            Ok(step) => step,
            Err(fault) => return self.refuse(&refuse::invalid_step(&fault)),
        };
        let arrival = Arrival {
            step,
            at,
            traceparent,
        };
        if arrival.step.named {
            self.once(arrival, gateway).await
        } else {
            self.unnamed(arrival, gateway).await
        }
    }

    /// Runs a step whose id was made here: nobody can send it again, but while it waits its state
    /// can be asked for.
    async fn unnamed(&self, arrival: Arrival, gateway: &Gateway) -> Reply {
        let (reply, outcome) = self.run(arrival, gateway).await;
        if let Some(outcome) = outcome.filter(|outcome| !outcome.verdict.is_final())
            && self.dedupe.look(&outcome.id).is_none()
        {
            self.dedupe.report(&outcome, &gateway.steps);
        }
        reply
    }

    /// Runs a step whose id the caller made, unless it was here before.
    async fn once(&self, arrival: Arrival, gateway: &Gateway) -> Reply {
        let step = &arrival.step;
        loop {
            match self.dedupe.enter(&step.id, &step.target) {
                Entry::First(claim) => return self.claimed(claim, arrival, gateway).await,
                Entry::Known(Known::Final(body)) => return Reply::json(StatusCode::OK, body),
                Entry::Known(Known::Pending(body)) => {
                    return Reply::json(StatusCode::ACCEPTED, body);
                }
                Entry::Running(flight) => {
                    if let Some(reply) = flight.answer().await {
                        return reply;
                    }
                }
            }
        }
    }

    async fn claimed(&self, claim: Claim, arrival: Arrival, gateway: &Gateway) -> Reply {
        let (reply, outcome) = self.run(arrival, gateway).await;
        match outcome {
            Some(outcome) => claim.settle(&outcome, &reply, &gateway.steps),
            None => claim.refuse(&reply),
        }
        reply
    }

    /// Runs a step. The answer, and the outcome if the step was taken.
    async fn run(&self, arrival: Arrival, gateway: &Gateway) -> (Reply, Option<Outcome>) {
        let most = gateway.delivery.max_in_flight.min(self.room);
        let Some(_held) = self.held.enter_below(most) else {
            return (self.refuse_with(refuse::overloaded(most)), None);
        };
        let target = arrival.step.target.clone();
        match self.pipeline.run(arrival, &Custody::default()).await {
            Ok(outcome) => {
                let status = if outcome.verdict.is_final() {
                    StatusCode::OK
                } else {
                    StatusCode::ACCEPTED
                };
                let reply = Reply::json(status, outcome::to_json(&outcome));
                (reply, Some(outcome))
            }
            Err(refusal) => {
                let (reply, kind) = refuse::refusal(&refusal, &target);
                self.telemetry.refused(kind);
                (reply, None)
            }
        }
    }

    /// The state of one step.
    fn state(&self, id: &str) -> Reply {
        let seen = step_id(id).and_then(|id| Some((self.dedupe.look(&id)?, id)));
        match seen {
            Some((Seen::Answered(Known::Final(body) | Known::Pending(body)), _)) => {
                Reply::json(StatusCode::OK, body)
            }
            Some((Seen::Running(target), id)) => {
                Reply::json(StatusCode::OK, outcome::to_json(&running(id, target)))
            }
            None => self.refuse(&refuse::unknown_step()),
        }
    }

    /// Forgets one step: cancels it while it waits, drops what is remembered of it.
    async fn forget(&self, id: &str) -> Reply {
        let Some(id) = step_id(id) else {
            return self.refuse(&refuse::unknown_step());
        };
        // What is under way cannot be taken back; it is forgotten once it is done.
        if let Some(flight) = self.dedupe.flight(&id) {
            flight.answer().await;
        }
        let cancelled = self.store.cancel(&id).await.unwrap_or(false);
        if self.dedupe.forget(&id) || cancelled {
            Reply::text(StatusCode::NO_CONTENT, "")
        } else {
            self.refuse(&refuse::unknown_step())
        }
    }

    fn refuse(&self, problem: &Problem) -> Reply {
        self.telemetry.refused(problem.kind);
        problem.reply()
    }

    fn refuse_with(&self, refusal: (Problem, (HeaderName, HeaderValue))) -> Reply {
        let (problem, (name, value)) = refusal;
        self.refuse(&problem).with(name, value)
    }
}

impl<P: Run> Handle for Front<P> {
    async fn handle(&self, exchange: &mut Exchange<'_>) {
        let reply = self.answer(exchange).await;
        exchange.reply(reply).await;
    }
}

/// The id in a path. Clients that encode paths write a colon as `%3A`.
fn step_id(text: &str) -> Option<StepId> {
    StepId::new(&percent_decode_str(text).decode_utf8_lossy()).ok()
}

fn route(path: &str) -> Route<'_> {
    match path.strip_prefix(STEPS) {
        Some("") => Route::Steps,
        Some(rest) => match rest.strip_prefix('/') {
            Some(id) if !id.is_empty() && !id.contains('/') => Route::Step(id),
            Some(_) | None => Route::Nothing,
        },
        None => Route::Nothing,
    }
}

/// Whether a body is JSON, by what its sender says; parameters such as a charset do not matter.
fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let said = content_type.map_or(&b""[..], HeaderValue::as_bytes);
    let essence = said.split(|byte| *byte == b';').next().unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// The outcome of a step that has none yet.
fn running(id: StepId, target: Target) -> Outcome {
    Outcome {
        id,
        target,
        verdict: Verdict::Pending {
            reason: PendingReason::InFlight,
            due: None,
        },
        status: None,
        attempts: 0,
        elapsed: Duration::ZERO,
        sent: None,
        message: "The step is running.".to_owned(),
        captured: None,
        branch: None,
        failure: None,
        warnings: Vec::new(),
    }
}
