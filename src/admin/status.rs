//! Health, readiness, metrics, and what waits.

use super::schedule::{Question, Report};
use crate::config::Live;
use crate::schedule::Store;
use crate::telemetry::Telemetry;
use crate::web::{Occupancy, Problem, Reply};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;
use tokio::sync::watch;

/// How the process is.
#[derive(Debug)]
pub struct Status {
    live: Live,
    telemetry: Telemetry,
    store: Arc<dyn Store>,
    held: Occupancy,
    closing: watch::Receiver<bool>,
}

// === impl Status ===

impl Status {
    /// `held` counts the steps in flight; `closing` turns true when the process begins to stop.
    pub fn new(
        live: Live,
        telemetry: Telemetry,
        store: Arc<dyn Store>,
        held: Occupancy,
        closing: watch::Receiver<bool>,
    ) -> Self {
        Self {
            live,
            telemetry,
            store,
            held,
            closing,
        }
    }

    /// What counts outcomes, and tells them.
    pub(super) fn telemetry(&self) -> Telemetry {
        self.telemetry.clone()
    }

    /// Whether the process lives: it answers.
    pub(super) fn health(&self) -> Reply {
        Reply::text(StatusCode::OK, "alive\n")
    }

    /// Whether steps may be sent here. A schedule that is full or out of reach does not count:
    /// steps that need no schedule are delivered all the same.
    pub(super) fn readiness(&self) -> Reply {
        if *self.closing.borrow() {
            Reply::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        } else {
            Reply::text(StatusCode::OK, "ready\n")
        }
    }

    /// Every metric, as Prometheus reads them.
    pub(super) fn metrics(&self, head: &Parts) -> Reply {
        let snapshot = self.live.get();
        let (version, errors) = (snapshot.version, snapshot.refusals);
        self.telemetry
            .configuration(version, snapshot.faults.len(), errors);
        self.telemetry.in_flight(self.held.count());
        self.telemetry.schedule(self.store.health());
        let mut reply = Reply::text(StatusCode::OK, self.telemetry.metrics());
        let accepts = head.headers.get(header::ACCEPT);
        let open = accepts
            .and_then(|accepts| accepts.to_str().ok())
            .is_some_and(|accepts| accepts.contains("application/openmetrics-text"));
        // One text serves both: it is OpenMetrics, whose extras are comments to the older format.
        reply.content_type = if open {
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        } else {
            "text/plain; version=0.0.4; charset=utf-8"
        };
        reply
    }

    /// What waits, and why.
    pub(super) async fn schedule(&self, head: &Parts) -> Reply {
        let question = match Question::parse(head.uri.query().unwrap_or_default()) {
            Ok(question) => question,
            Err(fault) => {
                let (status, title) = (StatusCode::BAD_REQUEST, "Bad request");
                return Problem::new(status, "bad-request", title, fault.to_string()).reply();
            }
        };
        match Report::of(&*self.store, &question).await {
            Ok(report) => {
                let body = serde_json::to_vec(&report).expect("strings and numbers serialize");
                Reply::json(StatusCode::OK, body).fresh()
            }
            Err(error) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let title = "The schedule cannot be asked";
                Problem::new(status, "schedule-down", title, error.to_string())
                    .reply()
                    .with(header::RETRY_AFTER, HeaderValue::from_static("10"))
            }
        }
    }
}
