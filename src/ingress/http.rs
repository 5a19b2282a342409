//! The steps' door: what a request to it means, and who may ask.

use super::Run;
use super::dedupe::Dedupe;
use super::media::{Media, media};
use super::outcomes::OutcomeLog;
use super::refuse::{self, Refused};
use crate::config::Live;
use crate::schedule::Store;
use crate::telemetry::Telemetry;
use crate::web::{Exchange, Handle, Occupancy, Reply, bearer};
use ::http::{Method, header};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

const STEPS: &str = "/v1/steps";
const OUTCOMES: &str = "/v1/outcomes";
const ACK: &str = "/v1/outcomes/ack";

const STEP_MEDIA: &str = "a step comes as `Content-Type: application/json`, a batch of steps, one a line, as `application/x-ndjson`";

/// The door. Each worker has its own; they share what they know.
#[derive(Debug)]
pub struct Front<P> {
    pub(super) pipeline: P,
    pub(super) live: Live,
    pub(super) store: Arc<dyn Store>,
    pub(super) dedupe: Dedupe,
    /// Steps held by this process.
    pub(super) held: Occupancy,
    /// Most of them that the process has room for, whatever the configuration allows.
    pub(super) room: usize,
    pub(super) telemetry: Telemetry,
    outcomes: OutcomeLog,
    /// True once what is in flight has to become pending.
    pub(super) overdue: watch::Receiver<bool>,
}

/// What a path stands for.
enum Route<'a> {
    Steps,
    Step(&'a str),
    Outcomes,
    Ack,
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
            outcomes: OutcomeLog::new(store.clone()),
            store,
            dedupe,
            held,
            room,
            telemetry,
            overdue: watch::channel(false).1,
        }
    }

    /// Makes steps in flight pending once `overdue` says so.
    #[must_use]
    pub fn keeping_when(mut self, overdue: watch::Receiver<bool>) -> Self {
        self.overdue = overdue;
        self
    }

    /// The answer; none where it was sent already, in pieces.
    async fn answer(&self, exchange: &mut Exchange<'_>) -> Result<Option<Reply>, Refused> {
        let at = Instant::now();
        let snapshot = self.live.get();
        let gateway = &snapshot.gateway;
        let head = exchange.head();
        if let Some(token) = &gateway.listen.token {
            let offered = bearer(head.headers.get(header::AUTHORIZATION));
            if !offered.is_some_and(|offered| token.matches(offered)) {
                return Err(refuse::unauthorized());
            }
        }
        let method = &head.method;
        let reply = match route(head.uri.path()) {
            Route::Steps if method == Method::POST => match media(&head.headers) {
                Media::Json => self.post(exchange, at, gateway).await,
                Media::Lines => {
                    Box::pin(self.batch(exchange)).await;
                    return Ok(None);
                }
                Media::Other => Err(refuse::media_type(STEP_MEDIA).into()),
            },
            Route::Steps => Err(refuse::method("POST")),
            Route::Step(id) if method == Method::GET => Box::pin(self.state(id)).await,
            Route::Step(id) if method == Method::DELETE => Box::pin(self.forget(id)).await,
            Route::Step(_) => Err(refuse::method("GET, DELETE")),
            Route::Outcomes if method == Method::GET => {
                Box::pin(self.outcomes.read(exchange)).await
            }
            Route::Outcomes => Err(refuse::method("GET")),
            Route::Ack if method == Method::POST => Box::pin(self.outcomes.ack(exchange)).await,
            Route::Ack => Err(refuse::method("POST")),
            Route::Nothing => Err(refuse::not_found().into()),
        };
        reply.map(Some)
    }
}

impl<P: Run> Handle for Front<P> {
    async fn handle(&self, exchange: &mut Exchange<'_>) {
        let reply = self.answer(exchange).await.unwrap_or_else(|refused| {
            self.telemetry.refused(refused.kind);
            Some(*refused.reply)
        });
        if let Some(reply) = reply {
            exchange.reply(reply).await;
        }
    }
}

fn route(path: &str) -> Route<'_> {
    match path {
        STEPS => Route::Steps,
        OUTCOMES => Route::Outcomes,
        ACK => Route::Ack,
        path => match path.strip_prefix(STEPS).and_then(|id| id.strip_prefix('/')) {
            Some(id) if !id.is_empty() && !id.contains('/') => Route::Step(id),
            Some(_) | None => Route::Nothing,
        },
    }
}
