//! What the next process has to know of slow tiles: when their latest slot was used.

use super::Pipeline;
use crate::config::Rate;
use crate::model::TileRef;
use crate::schedule;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// Slots this far apart are remembered across restarts: a shorter pause no restart undercuts.
const SLOW: Duration = Duration::from_secs(1);

/// How far ahead of its writing a note is dated: longer than most disks take for it.
const AHEAD: Duration = Duration::from_millis(50);

// === impl Pipeline ===

impl Pipeline {
    /// Takes note of the slots that were used before this process started.
    pub fn restore_slots(&self, slots: &[(TileRef, Timestamp)]) {
        self.rates.restore(slots);
    }

    /// Notes that a slot of `tile` is used, right before it is. The note is of a moment that has
    /// not passed when it is on disk: with an earlier one a restart would let the next slot come
    /// too soon, by as much as the disk was slow.
    pub(super) async fn note_slot(&self, tile: &TileRef, rate: Rate) {
        if rate.per / rate.count.get() <= SLOW {
            return;
        }
        let mut ahead = AHEAD;
        loop {
            let begin = Instant::now();
            let at = schedule::later(Timestamp::now(), ahead);
            if let Err(error) = self.store.mark_slot(tile, at).await {
                tracing::warn!(%tile, "a slot was not noted, and a restart will not know of it: {error}");
                return;
            }
            let took = begin.elapsed();
            if took <= ahead {
                return;
            }
            ahead = took * 2;
        }
    }
}
