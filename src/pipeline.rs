//! The whole path of a step, on one page; the only file that sees two stages.

use crate::config::NotFound;
use crate::model::{Outcome, Sent, Step};
use http::HeaderValue;
use tokio::time::Instant;

/// The path. Clones share its parts.
#[derive(Clone)]
pub struct Pipeline;

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

impl Pipeline {
    /// Takes the step as far as it goes now.
    ///
    /// # Errors
    /// A [`Refusal`] when the step is not taken.
    pub async fn run(&self, _arrival: Arrival) -> Result<Outcome, Refusal> {
        Err(Refusal::ScheduleFull)
    }
}
