//! One look at what is due after another, for all workers.

use super::{DueSteps, Job};
use crate::limits::HostPermit;
use crate::pipeline::LEASE;
use crate::schedule::{Claim, Clock};
use crate::web::Occupancy;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

/// How long to leave a store alone that did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// How soon to look again where no more steps may be in flight.
const FULL_PAUSE: Duration = Duration::from_millis(10);

/// … and where nothing came of the look before.
const IDLE_PAUSE: Duration = Duration::from_millis(1);

/// Most steps that are claimed at once.
const AT_ONCE: usize = 512;

/// The part of all steps in flight that due ones may be: a half.
const MOST: usize = 2;

/// … and the part that they may be however many come in at the other doors: a sixteenth.
const LEAST: usize = 16;

/// Claims what is due, and deals it out.
pub(super) struct Dispatcher {
    steps: DueSteps,
    workers: Vec<UnboundedSender<Job>>,
    /// Due steps in flight.
    due: Occupancy,
    /// Whose turn it is.
    turn: usize,
}

// === impl Dispatcher ===

impl Dispatcher {
    pub(super) fn new(steps: DueSteps, workers: Vec<UnboundedSender<Job>>) -> Self {
        Self {
            steps,
            workers,
            due: Occupancy::default(),
            turn: 0,
        }
    }

    /// Goes on for ever.
    pub(super) async fn run(mut self) {
        let clock = Clock::System;
        loop {
            let most = self.room();
            if most == 0 {
                sleep(FULL_PAUSE).await;
                continue;
            }
            let (claimed, again) = self.look(most).await;
            if claimed == most {
                continue;
            }
            if claimed == 0 {
                sleep(IDLE_PAUSE).await;
            }
            tokio::select! {
                () = clock.sleep_until(again) => {}
                () = self.steps.store.earlier() => {}
            }
        }
    }

    /// Claims up to `most` of what is due, and deals it. How many, and when to look again.
    async fn look(&mut self, most: usize) -> (usize, Timestamp) {
        let steps = &self.steps;
        let gate = Arc::new(steps.pipeline.turnstile(most));
        let claims = match steps.store.claim_due(most, LEASE, gate.clone()).await {
            Ok(claims) => claims,
            Err(error) => {
                tracing::warn!("due steps cannot be claimed: {error}");
                sleep(STORE_PAUSE).await;
                return (0, Timestamp::now());
            }
        };
        let count = claims.claims.len();
        let take = |claim: Claim| (gate.take(&claim.scheduled.lane()), claim);
        let taken: Vec<_> = claims.claims.into_iter().map(take).collect();
        gate.close();
        for (permit, claim) in taken {
            self.deal(claim, permit);
        }
        (count, claims.again.unwrap_or(Timestamp::MAX))
    }

    /// Hands a claim to the next worker.
    fn deal(&mut self, claim: Claim, permit: Option<HostPermit>) {
        let late = Timestamp::now().duration_since(claim.scheduled.due);
        let late = Duration::try_from(late).unwrap_or_default();
        self.steps.telemetry.lag(late);
        let job = Job {
            claim,
            permit,
            _present: [self.steps.held.enter(), self.due.enter()],
        };
        self.turn = (self.turn + 1) % self.workers.len();
        // A worker that is gone took its runtime with it: the process ends.
        let _ = self.workers[self.turn].send(job);
    }

    /// How many more may be in flight. Of all steps in flight those that are due leave room for new
    /// ones, and the other way round.
    fn room(&self) -> usize {
        let delivery = &self.steps.live.get().gateway.delivery;
        let most = delivery.max_in_flight.min(self.steps.room);
        let (due, held) = (self.due.count(), self.steps.held.count());
        let shared = (most / MOST).saturating_sub(due);
        let own = (most / LEAST).max(1).saturating_sub(due);
        shared.min(most.saturating_sub(held)).max(own).min(AT_ONCE)
    }
}
