//! The end of a process: no new connection, what is in flight finished, then out at once.
//!
//! Pingora's own graceful stop sleeps all of its grace period. Here the steps' listeners are told
//! first, by a watch of our own, the wait ends with the last step, and Pingora hears of it last.

use super::Ending;
use crate::config::Live;
use crate::web::Occupancy;
use async_trait::async_trait;
use pingora_core::server::{ShutdownSignal, ShutdownSignalWatch, UnixShutdownSignalWatch};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// How often it is asked whether all are done.
const TICK: Duration = Duration::from_millis(5);

/// For steps to become pending once the grace is over.
const LAST_CALL: Duration = Duration::from_secs(2);

/// For the last answers to leave their connections' buffers.
const FLUSH: Duration = Duration::from_millis(20);

/// When to stop.
#[async_trait]
pub trait Stop: Send + Sync + 'static {
    /// Returns once for each time that stopping is asked for.
    async fn asked(&self);
}

/// SIGTERM, SIGINT or SIGQUIT.
#[derive(Debug, Clone, Copy)]
pub struct Signals;

/// What has to end before the process may.
#[derive(Debug)]
pub(super) struct Drain {
    live: Live,
    ending: Ending,
    busy: Occupancy,
    held: Occupancy,
}

struct After<S> {
    stop: S,
    drain: Drain,
}

// === impl Signals ===

#[async_trait]
impl Stop for Signals {
    async fn asked(&self) {
        UnixShutdownSignalWatch.recv().await;
    }
}

// === impl Drain ===

impl Drain {
    /// `busy` counts requests, and `held` steps.
    pub(super) fn new(live: Live, ending: Ending, busy: Occupancy, held: Occupancy) -> Self {
        Self {
            live,
            ending,
            busy,
            held,
        }
    }

    /// Drains once `stop` asks for it.
    pub(super) fn after(self, stop: impl Stop) -> impl ShutdownSignalWatch {
        After { stop, drain: self }
    }

    async fn run(&self) {
        self.ending.closing.send_replace(true);
        let grace = self.live.get().gateway.shutdown.grace;
        info!(
            steps = self.held.count(),
            "stopping: nothing new is begun, what is in flight has {grace:?}"
        );
        let mut drained = timeout(grace, self.drained()).await;
        if drained.is_err() {
            self.ending.overdue.send_replace(true);
            // Unless someone listens, nothing will become pending by waiting.
            if self.ending.overdue.receiver_count() > 0 {
                drained = timeout(LAST_CALL, self.drained()).await;
            }
        }
        match drained {
            Ok(()) => info!("stopped: nothing is in flight"),
            Err(_) => warn!(
                steps = self.held.count(),
                "stopped after `shutdown.grace` with steps in flight"
            ),
        }
        sleep(FLUSH).await;
    }

    async fn drained(&self) {
        while self.busy.count() + self.held.count() > 0 {
            sleep(TICK).await;
        }
    }
}

#[async_trait]
impl<S: Stop> ShutdownSignalWatch for After<S> {
    async fn recv(&self) -> ShutdownSignal {
        self.stop.asked().await;
        // Who asks twice does not want to wait.
        tokio::select! {
            () = self.drain.run() => {}
            () = self.stop.asked() => warn!("stopped at once: asked twice"),
        }
        ShutdownSignal::FastShutdown
    }
}
