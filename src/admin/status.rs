//! Health, readiness and metrics.

use crate::telemetry::Telemetry;
use crate::web::{Occupancy, Reply};
use http::{StatusCode, header};
use pingora_http::RequestHeader;
use tokio::sync::watch;

/// How the process is.
#[derive(Debug)]
pub struct Status {
    telemetry: Telemetry,
    held: Occupancy,
    closing: watch::Receiver<bool>,
}

// === impl Status ===

impl Status {
    /// `held` counts the steps in flight; `closing` turns true when the process begins to stop.
    pub fn new(telemetry: Telemetry, held: Occupancy, closing: watch::Receiver<bool>) -> Self {
        Self {
            telemetry,
            held,
            closing,
        }
    }

    /// Whether the process lives: it answers.
    pub(super) fn health(&self) -> Reply {
        Reply::text(StatusCode::OK, "alive\n")
    }

    /// Whether steps may be sent here.
    pub(super) fn readiness(&self) -> Reply {
        if *self.closing.borrow() {
            Reply::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        } else {
            Reply::text(StatusCode::OK, "ready\n")
        }
    }

    /// Every metric, as Prometheus reads them.
    pub(super) fn metrics(&self, head: &RequestHeader) -> Reply {
        self.telemetry.in_flight(self.held.count());
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
}
