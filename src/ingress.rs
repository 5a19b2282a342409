//! Arrival: how a step comes in, how it is refused, and which step it may be a repeat of.
//!
//! A step that was taken runs to its end, whatever becomes of the client that sent it: the run is
//! awaited by the task of the connection, which nothing but the end of the process cuts short.
//!
//! Not here: what happens to a step. That is the pipeline's.

pub mod dedupe;
mod due;
mod http;
mod refuse;

pub use dedupe::Dedupe;
pub use due::DueSteps;
pub use http::Front;

use crate::model::{Outcome, StepId};
use crate::pipeline::{Arrival, Pipeline, Refusal};

/// Takes steps as far as they go now.
pub trait Run: Send + Sync + 'static {
    /// Runs one step.
    fn run(&self, arrival: Arrival) -> impl Future<Output = Result<Outcome, Refusal>> + Send;

    /// Takes a step that waits off the schedule, so that it never comes back. Whether there was one.
    fn cancel(&self, id: &StepId) -> impl Future<Output = bool> + Send;
}

impl Run for Pipeline {
    async fn run(&self, arrival: Arrival) -> Result<Outcome, Refusal> {
        self.run(arrival).await
    }

    async fn cancel(&self, id: &StepId) -> bool {
        self.cancel(id).await
    }
}
