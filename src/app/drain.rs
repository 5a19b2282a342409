//! The end of a process: no new connection, what is in flight finished, then out at once.
//!
//! Pingora's own graceful stop sleeps all of its grace period. Here the steps' listeners are told
//! first, by a watch of our own, the wait ends with the last step, and Pingora hears of it last.

use crate::config::Live;
use crate::web::Occupancy;
use async_trait::async_trait;
use pingora_core::server::{ShutdownSignal, ShutdownSignalWatch, UnixShutdownSignalWatch};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

/// How often it is asked whether all are done.
const TICK: Duration = Duration::from_millis(5);

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
    closing: watch::Sender<bool>,
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
    /// `closing` is what the steps' listeners and connections watch; `busy` counts requests, and
    /// `held` steps.
    pub(super) fn new(
        live: Live,
        closing: watch::Sender<bool>,
        busy: Occupancy,
        held: Occupancy,
    ) -> Self {
        Self {
            live,
            closing,
            busy,
            held,
        }
    }

    /// Drains once `stop` asks for it.
    pub(super) fn after(self, stop: impl Stop) -> impl ShutdownSignalWatch {
        After { stop, drain: self }
    }

    async fn run(&self) {
        self.closing.send_replace(true);
        let grace = self.live.get().gateway.shutdown.grace;
        info!(steps = self.held.count(), "stopping: no new connections");
        let drained = async {
            while self.busy.count() + self.held.count() > 0 {
                sleep(TICK).await;
            }
        };
        match timeout(grace, drained).await {
            Ok(()) => info!("stopped: nothing is in flight"),
            Err(_) => warn!(
                steps = self.held.count(),
                "stopped after `shutdown.grace`, {grace:?}, with steps in flight"
            ),
        }
        sleep(FLUSH).await;
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
