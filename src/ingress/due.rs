//! The third door: steps whose time has come.
//!
//! One task claims what is due, as far as tiles and hosts have room for it, and deals it to the
//! threads that serve the other doors, so that the connections of each stay where they are. A
//! claimed step takes its permits like everyone.

mod dispatch;

use crate::config::Live;
use crate::limits::HostPermit;
use crate::pipeline::{Begun, Pipeline};
use crate::schedule::{Claim, Store, StoreError};
use crate::telemetry::Telemetry;
use crate::web::{Occupancy, Presence};
use dispatch::Dispatcher;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

/// Feeds due steps to the pipeline.
#[derive(Clone)]
pub struct DueSteps {
    pub live: Live,
    pub pipeline: Pipeline,
    pub store: Arc<dyn Store>,
    /// Steps in flight, whichever door they came by.
    pub held: Occupancy,
    /// Most steps that the process can hold, whatever the configuration allows.
    pub room: usize,
    pub telemetry: Telemetry,
}

/// How far the process is on its way out.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// Nothing new is begun.
    pub closing: watch::Receiver<bool>,
    /// What is in flight is left.
    pub overdue: watch::Receiver<bool>,
}

/// A claimed step on its way to a worker.
struct Job {
    claim: Claim,
    permit: Option<HostPermit>,
    _present: [Presence; 2],
}

// === impl DueSteps ===

impl DueSteps {
    /// The tasks that do it: one for each of the `workers`, in order, then the one that claims for
    /// all. They end when the process begins to close; steps under way then go on to their end.
    pub fn tasks(self, workers: usize, leaving: &Leaving) -> Vec<BoxFuture<'static, ()>> {
        let (senders, inboxes): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| unbounded_channel()).unzip();
        let mut tasks: Vec<BoxFuture<'static, ()>> = Vec::new();
        for inbox in inboxes {
            tasks.push(Box::pin(self.clone().work(inbox, leaving.clone())));
        }
        let mut closing = leaving.closing.clone();
        let dispatcher = Dispatcher::new(self, senders);
        tasks.push(Box::pin(async move {
            tokio::select! {
                () = dispatcher.run() => {}
                () = said(&mut closing) => {}
            }
        }));
        tasks
    }

    /// Begins what is dealt to this thread.
    async fn work(self, mut inbox: UnboundedReceiver<Job>, leaving: Leaving) {
        while let Some(job) = inbox.recv().await {
            // What is not begun yet is safe where it is.
            if !*leaving.closing.borrow() {
                tokio::spawn(self.clone().begin(job, leaving.clone()));
            }
        }
    }

    async fn begin(self, job: Job, leaving: Leaving) {
        let begun = Begun::default();
        tokio::select! {
            () = self.resume(job, &begun) => {}
            () = leaving.leave(&begun) => {}
        }
    }

    async fn resume(&self, job: Job, begun: &Begun) {
        let id = job.claim.scheduled.step.id.clone();
        match self.pipeline.resume(job.claim, job.permit, begun).await {
            Ok(_) => {}
            // Whoever has the step now answers for it.
            Err(StoreError::LostLease) => {
                tracing::warn!(step = %id, "the lease on a due step was lost");
            }
            Err(error) => {
                tracing::warn!(step = %id, "a due step was not put away: {error}; it comes again when its lease ends");
            }
        }
    }
}

// === impl Leaving ===

impl Leaving {
    /// Waits until a step should be left where it is: one that has begun no attempt when the
    /// process begins to close, any other when the grace is over.
    async fn leave(mut self, begun: &Begun) {
        said(&mut self.closing).await;
        if begun.count() > 0 {
            said(&mut self.overdue).await;
        }
    }
}

/// Waits until it is said. An error means that nobody is left to say so: as good as said.
async fn said(word: &mut watch::Receiver<bool>) {
    let _ = word.wait_for(|said| *said).await;
}
