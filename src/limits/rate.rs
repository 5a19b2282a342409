//! A tile's rate limit as pacing: a line of those who wait, released one interval apart.
//!
//! In every window of a second or more at most limit × window + 1 slots are used. What comes from
//! the schedule goes before what a worker waits for, because it came earlier; each of the two in
//! the order they asked.

mod ahead;
mod line;
mod lines;
mod pace;
mod pacer;

pub use pacer::Slot;

use crate::config::{Delivery, Live, Rate};
use crate::model::TileRef;
use crate::telemetry::Telemetry;
use jiff::Timestamp;
use line::{Asked, Line, Ticket};
use lines::Lines;
use pacer::{Pacer, Tile};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// Shortest wait of what comes from the schedule: longer than what is let into a line takes to go,
/// so that none of it is turned away again.
const CLAIMED: Duration = Duration::from_secs(1);

/// The lines of all tiles. Clones share them.
#[derive(Debug, Clone)]
pub struct RateLimits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    live: Live,
    telemetry: Telemetry,
    lines: Lines,
    pacer: Arc<Pacer>,
}

/// Where a step that asks for a slot comes from. Earlier ones go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// From the schedule.
    Schedule,
    /// A worker waits for its answer. Goes after what is due.
    Worker,
}

/// The line is longer than the step may wait in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// In how long its slot is expected, at the pace of now.
    pub expected: Duration,
}

/// A place in a line. Dropped, it leaves no trace.
struct Place {
    tile: Arc<Tile>,
    ticket: Ticket,
    slot: oneshot::Receiver<Slot>,
}

// === impl RateLimits ===

impl RateLimits {
    /// Nothing waits. Rates are those of `live`, also for what waits already.
    pub fn new(live: Live, telemetry: Telemetry) -> Self {
        Self(Arc::new(Shared {
            pacer: Arc::new(Pacer::new(live.clone())),
            live,
            telemetry,
            lines: Lines::new(Instant::now()),
        }))
    }

    /// Takes note of slots that were used before this process started. To be told before the
    /// first slot is asked for.
    pub fn restore(&self, slots: &[(TileRef, Timestamp)]) {
        let (now, wall) = (Instant::now(), Timestamp::now());
        for (tile, at) in slots {
            // A time to come, of a clock that was set back, counts as now.
            let ago = Duration::try_from(wall.duration_since(*at)).unwrap_or_default();
            self.0
                .lines
                .restore(tile, now.checked_sub(ago).unwrap_or(now));
        }
    }

    /// Waits in the line of `tile` for a slot, for at most `longest`; what comes from the schedule
    /// waits for a second at least.
    ///
    /// # Errors
    /// [`Late`] when that is too short, said at once where it is known.
    pub async fn slot(
        &self,
        tile: &TileRef,
        rate: Rate,
        from: From,
        longest: Duration,
    ) -> Result<Slot, Late> {
        let begin = Instant::now();
        let longest = match from {
            From::Schedule => longest.max(CLAIMED),
            From::Worker => longest,
        };
        let snapshot = self.0.live.get();
        let most = most_workers(&snapshot.gateway.delivery);
        let tile = self.0.lines.of(tile, begin);
        let place = {
            let mut state = tile.state.lock();
            state.refresh(&tile.name, Some(rate), &snapshot);
            let now = Instant::now();
            match state.line.ask(from, longest, most, now) {
                Asked::Now(grant) => {
                    drop(state);
                    return Ok(Slot::new(tile, self.0.pacer.clone(), grant));
                }
                Asked::Late(expected) => return Err(Late { expected }),
                Asked::Wait => {}
            }
            let (wake, slot) = oneshot::channel();
            let ticket = state.line.join(from, wake, now);
            self.0.pacer.attend(&tile, &mut state);
            drop(state);
            Place { tile, ticket, slot }
        };
        let slot = place.wait(longest).await?;
        self.0.telemetry.slot_wait(begin.elapsed());
        Ok(slot)
    }

    /// How many steps of `tile` may come from the schedule into its line now.
    ///
    /// # Errors
    /// When none may: how long until some may.
    pub fn room(&self, tile: &TileRef, rate: Rate) -> Result<usize, Duration> {
        self.with(tile, Some(rate), |line, now| line.room(now))
    }

    /// So many steps of `tile` come from the schedule into its line, at once.
    pub fn coming(&self, tile: &TileRef, count: usize) {
        self.with(tile, None, |line, now| line.coming(count, now));
    }

    /// So many steps of `tile` wait on the schedule and are due: those who come now go after them.
    pub fn backlog(&self, tile: &TileRef, due: usize) {
        self.with(tile, None, |line, now| line.backlog(due, now));
    }

    fn with<T>(
        &self,
        tile: &TileRef,
        rate: Option<Rate>,
        act: impl FnOnce(&mut Line<oneshot::Sender<Slot>>, Instant) -> T,
    ) -> T {
        let now = Instant::now();
        let tile = self.0.lines.of(tile, now);
        let mut state = tile.state.lock();
        state.refresh(&tile.name, rate, &self.0.live.get());
        let done = act(&mut state.line, now);
        self.0.pacer.attend(&tile, &mut state);
        done
    }
}

// === impl Shared ===

impl Drop for Shared {
    fn drop(&mut self) {
        self.pacer.close();
    }
}

// === impl Place ===

impl Place {
    async fn wait(mut self, longest: Duration) -> Result<Slot, Late> {
        if let Ok(Ok(slot)) = timeout(longest, &mut self.slot).await {
            return Ok(slot);
        }
        let late = self.give_up();
        match late {
            Some(expected) => Err(Late { expected }),
            // Released at the last moment: the slot is on its way.
            None => (&mut self.slot).await.map_err(|_| Late {
                expected: Duration::ZERO,
            }),
        }
    }

    fn give_up(&self) -> Option<Duration> {
        let mut state = self.tile.state.lock();
        state.line.give_up(self.ticket, Instant::now())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Where it was released meanwhile, the slot is dropped with the rest, and so given back.
        self.tile.state.lock().line.leave(self.ticket);
    }
}

/// How many workers may wait in one line: as many as may be under way at one host, and fewer than
/// half of all, so that a line never fills the process.
fn most_workers(delivery: &Delivery) -> usize {
    let half = delivery.max_in_flight.saturating_sub(1) / 2;
    delivery.max_in_flight_per_host.min(half)
}
