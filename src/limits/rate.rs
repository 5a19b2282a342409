//! A tile's rate limit as pacing: a line of those who wait, released one interval apart.

use crate::config::{Live, Rate};
use crate::model::TileRef;
use crate::telemetry::Telemetry;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The lines of all tiles. Clones share them.
#[derive(Debug, Clone)]
pub struct RateLimits(Arc<Mutex<HashMap<TileRef, Instant>>>);

/// Where a step that asks for a slot comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// A worker waits for its answer. Goes after what is due.
    Worker,
    /// From the schedule.
    Schedule,
}

/// The right to send one attempt now. Dropped without [`used`](Self::used), it is given back.
#[derive(Debug)]
pub struct Slot(());

/// The line is longer than the step may wait in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// In how long its slot is expected, at the pace of now.
    pub expected: Duration,
}

// === impl RateLimits ===

impl RateLimits {
    /// Nothing waits. Rates are those of `live`, also for what waits already.
    pub fn new(_live: Live, _telemetry: Telemetry) -> Self {
        Self(Arc::default())
    }

    /// Takes note of slots that were used before this process started.
    pub fn restore(&self, _slots: &[(TileRef, Timestamp)]) {}

    /// Waits in the line of `tile` for a slot, for at most `longest`.
    ///
    /// # Errors
    /// [`Late`] when that is too short, said at once where it is known.
    pub async fn slot(
        &self,
        tile: &TileRef,
        rate: Rate,
        _from: From,
        longest: Duration,
    ) -> Result<Slot, Late> {
        let now = Instant::now();
        let next = {
            let mut free = self.0.lock();
            let next = free.get(tile).copied().map_or(now, |next| next.max(now));
            if next - now > longest {
                return Err(Late {
                    expected: next - now,
                });
            }
            free.insert(tile.clone(), next + rate.per / rate.count.get());
            next
        };
        tokio::time::sleep_until(next).await;
        Ok(Slot(()))
    }

    /// How many steps of `tile` may come from the schedule into its line now.
    ///
    /// # Errors
    /// When none may: how long until some may.
    pub fn room(&self, _tile: &TileRef, _rate: Rate) -> Result<usize, Duration> {
        Ok(1)
    }

    /// So many steps of `tile` wait on the schedule and are due: those who come now go after them.
    pub fn backlog(&self, _tile: &TileRef, _due: usize) {}
}

// === impl Slot ===

impl Slot {
    /// The attempt is sent.
    pub fn used(self) {}
}
