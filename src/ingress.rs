//! Arrival: how a step comes in, how it is refused, and which step it may be a repeat of.
//!
//! A step that was taken runs to its end, whatever becomes of the client that sent it: the run is
//! awaited by the task of the connection, or by one of its own where it may outlive the request.
//! When a client is gone or waits no longer, or the process ends, it is made durable first.
//!
//! Not here: what happens to a step. That is the pipeline's.

mod attend;
mod batch;
pub mod dedupe;
mod due;
mod http;
mod media;
mod outcomes;
mod prefer;
mod refuse;
mod state;
mod steps;

pub use dedupe::Dedupe;
pub use due::{DueSteps, Leaving};
pub use http::Front;

use crate::model::Outcome;
use crate::pipeline::{Arrival, Custody, Pipeline, Refusal};

/// Takes steps as far as they go now.
pub trait Run: Clone + Send + Sync + 'static {
    /// Runs one step.
    fn run(
        &self,
        arrival: Arrival,
        custody: &Custody,
    ) -> impl Future<Output = Result<Outcome, Refusal>> + Send;

    /// Takes a step that is to be answered at once: it is made durable, and goes when it may.
    fn accept(&self, arrival: Arrival) -> impl Future<Output = Result<Outcome, Refusal>> + Send;

    /// Makes a running step durable. Its outcome for now; none where the run has ended, or the
    /// schedule cannot take it.
    fn keep(
        &self,
        arrival: &Arrival,
        custody: &Custody,
    ) -> impl Future<Output = Option<Outcome>> + Send;
}

impl Run for Pipeline {
    // Not an `async fn` around it: that would hold the step twice.
    fn run(
        &self,
        arrival: Arrival,
        custody: &Custody,
    ) -> impl Future<Output = Result<Outcome, Refusal>> + Send {
        self.run(arrival, custody)
    }

    async fn accept(&self, arrival: Arrival) -> Result<Outcome, Refusal> {
        self.accept(arrival).await
    }

    async fn keep(&self, arrival: &Arrival, custody: &Custody) -> Option<Outcome> {
        self.keep(arrival, custody).await
    }
}
