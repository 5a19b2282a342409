//! Logs, metrics and live events: started here, and written here.
//!
//! Nothing written names a user: no body, no rendered URL, no header value, no email, no secret.
//! Labels come from bounded sets, so that no caller can make the process count without end.

mod history;
mod latency;
mod lines;
mod logs;
mod metrics;
mod record;
mod schedule;
mod sink;
mod tap;

pub use history::{INTERVAL, Sample, Stats, Tally, TargetStats};
pub use logs::{Levels, Logs};
pub use tap::{Event, Heard, Tail};

use crate::model::{Health, Timing};
use history::History;
use jiff::Timestamp;
use metrics::Metrics;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tap::Tap;

/// Every metric of the process, the outcome log line, and who reads outcomes as they come. Clones
/// share them.
#[derive(Debug, Clone, Default)]
pub struct Telemetry(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    metrics: Metrics,
    tap: Tap,
    history: Mutex<History>,
}

/// How a fetch of an OAuth 2.0 token ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFetch {
    Fetched,
    Failed,
}

// === impl Telemetry ===

impl Telemetry {
    /// Every metric, as text that Prometheus reads.
    pub fn metrics(&self) -> String {
        self.0.metrics.text()
    }

    /// Ends an interval of the last hour's statistics at `now`; to be called each [`INTERVAL`].
    /// What is in flight and what is scheduled is what was said last.
    pub fn sample(&self, now: Timestamp) {
        let reading = self.0.metrics.reading();
        self.0.history.lock().take(reading, now);
    }

    /// The last hour, as it was sampled; nothing of it outlives the process.
    pub fn stats(&self, now: Timestamp) -> Stats {
        self.0.history.lock().stats(now)
    }

    /// Counts one exchange with an endpoint: the status of its answer, none where there was no
    /// whole one, and how long its phases took.
    pub fn attempt(&self, status: Option<u16>, timing: &Timing) {
        self.0.metrics.attempt(status, timing);
    }

    /// Counts one fetch of a token.
    pub fn token_fetch(&self, end: TokenFetch) {
        self.0.metrics.token_fetch(end);
    }

    /// Says which configuration is in force, counted from 1 at the start, how many faults its
    /// files have now, and how many errors came up since the start.
    pub fn configuration(&self, version: u64, faults: usize, errors: u64) {
        let saturated = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.0.metrics.config_version.set(saturated(version));
        self.0.metrics.config_faults.set(count(faults));
        self.0.metrics.config_errors.set(saturated(errors));
    }

    /// Says how many steps are in flight now.
    pub fn in_flight(&self, steps: usize) {
        self.0.metrics.in_flight.set(count(steps));
    }

    /// Says how the schedule is now.
    pub fn schedule(&self, health: Health) {
        self.0.metrics.schedule.set(health);
    }

    /// Says how long a group of the schedule's writes took to be durable.
    pub fn store_commit(&self, took: Duration) {
        self.0.metrics.store_commit.observe(took);
    }

    /// Says how long a step waited in line for a slot of its tile.
    pub fn slot_wait(&self, took: Duration) {
        self.0.metrics.slot_wait.observe(took);
    }

    /// Says how long after it was due a step left the schedule.
    pub fn lag(&self, late: Duration) {
        self.0.metrics.lag.observe(late);
    }

    /// Counts outcomes that left the log before every group had acknowledged them.
    pub fn outcomes_dropped(&self, outcomes: u64) {
        self.0.metrics.outcomes_dropped.inc_by(outcomes);
    }

    /// Counts a request that was refused; `kind` is the bare name of its problem.
    pub fn refused(&self, kind: &'static str) {
        self.0.metrics.refused(kind);
    }
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
