//! One run, and the moments at which its step must not be lost with it: the client is gone or
//! waits no longer, or the process ends.

use super::Run;
use crate::model::Outcome;
use crate::pipeline::{Arrival, Custody, Refusal};
use pingora_timeout::timeout;
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::sync::watch;

/// For so long a step is only run. Most are done by then, and pay for no look at their client.
const UNWATCHED: Duration = Duration::from_millis(100);

/// Runs a step to its end. Once `called`, the step is made durable and `kept` is told its outcome
/// for now; the run goes on. Once `overdue`, it is made durable and the run ends with that.
///
/// Where the schedule cannot take the step the run goes on as if nothing was asked.
///
/// # Errors
/// A [`Refusal`] when the step is not taken.
pub(super) async fn attend<P: Run>(
    pipeline: &P,
    arrival: &Arrival,
    overdue: &watch::Receiver<bool>,
    called: impl Future<Output = ()> + Send,
    kept: impl FnMut(&Outcome) + Send,
) -> Result<Outcome, Refusal> {
    let custody = Custody::default();
    let mut run = pin!(pipeline.run(arrival.clone(), &custody));
    if let Ok(ended) = timeout(UNWATCHED, run.as_mut()).await {
        return ended;
    }
    // Boxed: few come here.
    let watched = watch(pipeline, arrival, &custody, run, overdue, called, kept);
    Box::pin(watched).await
}

/// As [`attend`], from when the run is no longer a short one.
async fn watch<P: Run>(
    pipeline: &P,
    arrival: &Arrival,
    custody: &Custody,
    mut run: Pin<&mut impl Future<Output = Result<Outcome, Refusal>>>,
    overdue: &watch::Receiver<bool>,
    called: impl Future<Output = ()> + Send,
    mut kept: impl FnMut(&Outcome) + Send,
) -> Result<Outcome, Refusal> {
    let mut overdue = pin!(turned(overdue.clone()));
    let mut called = pin!(called);
    let (mut was_called, mut stored) = (false, None);
    loop {
        let is_overdue = tokio::select! {
            biased;
            ended = &mut run => return ended,
            () = &mut overdue => true,
            () = &mut called, if !was_called => false,
        };
        if stored.is_none() {
            // Beside the run: at its end it may hold what this waits for.
            stored = tokio::select! {
                biased;
                ended = &mut run => return ended,
                stored = pipeline.keep(arrival, custody) => stored,
            };
        }
        match (stored.take(), is_overdue) {
            (Some(outcome), true) => return Ok(outcome),
            (None, true) => return run.await,
            (outcome, false) => {
                outcome.iter().for_each(&mut kept);
                (was_called, stored) = (true, outcome);
            }
        }
    }
}

/// Waits until `watch` is true; for ever where nobody is left to say so.
pub(super) async fn turned(mut watch: watch::Receiver<bool>) {
    if watch.wait_for(|turned| *turned).await.is_err() {
        std::future::pending().await
    }
}
