//! The line of one tile, as a structure that is told the time.
//!
//! A slot has a moment at the pace of the tile: one interval after the moment of the slot before
//! it, and never more than the tolerance before it is really taken. So whoever is late, the thread
//! that releases or the task that was released, moves all that comes after it: what has passed is
//! forfeit, and no burst makes up for it.

use super::From;
use super::ahead::Ahead;
use super::pace::{Pace, TOLERANCE};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// For how long ahead steps of the schedule are let into the line.
const HORIZON: Duration = Duration::from_millis(250);

/// Soonest that it makes sense to ask for room again.
const SOON: Duration = Duration::from_millis(5);

/// … and latest: the limit may be raised meanwhile.
const LATE: Duration = Duration::from_secs(1);

/// Room in a line without a limit.
const UNPACED: usize = 1000;

/// Slowest pace at which a process's first slot is one interval after its start; for slower tiles
/// their last slot is remembered.
const FORGOTTEN: Duration = Duration::from_millis(1004);

/// Those who wait for a slot of one tile; `W` wakes one of them.
#[derive(Debug)]
pub(super) struct Line<W> {
    pace: Pace,
    /// When the process began.
    begin: Instant,
    /// The moment of the latest slot, if there was one.
    last: Option<Instant>,
    /// Slots given out; those given back are not counted.
    turns: u64,
    /// In the order they go.
    waiting: BTreeMap<Ticket, W>,
    /// Since when somebody waits, if anybody does.
    busy: Instant,
    tickets: u64,
    /// Of those who wait, how many are workers.
    workers: usize,
    ahead: Ahead,
}

/// A place in the line.
pub(super) type Ticket = (From, u64);

/// A slot that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    /// Counts from 1.
    turn: u64,
    moment: Instant,
    pace: Pace,
}

/// What a line says to one who asks for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Now(Grant),
    /// Join the line.
    Wait,
    /// The slot is expected in so long.
    Late(Duration),
}

// === impl Line ===

impl<W> Line<W> {
    /// An empty line of a process that began at `begin`. `last` is its tile's latest slot before.
    pub(super) fn new(begin: Instant, last: Option<Instant>) -> Self {
        Self {
            pace: Pace::SLOWEST,
            begin,
            last,
            turns: 0,
            waiting: BTreeMap::new(),
            busy: begin,
            tickets: 0,
            workers: 0,
            ahead: Ahead::new(begin),
        }
    }

    /// The pace from now on, also of those who wait.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Asks for a slot within `longest`. Of those who wait at most `most` may be workers.
    pub(super) fn ask(
        &mut self,
        from: From,
        longest: Duration,
        most: usize,
        now: Instant,
    ) -> Asked {
        let expected = self.expected(from, now);
        let nobody = self.waiting.is_empty();
        if expected <= longest && nobody && self.next() <= now {
            self.came(from);
            return Asked::Now(self.grant(now, now));
        }
        if expected > longest || (from == From::Worker && self.workers >= most) {
            self.came(from);
            self.ahead.overflow(now);
            return Asked::Late(expected);
        }
        Asked::Wait
    }

    /// Takes a place, to be woken by `wake`.
    pub(super) fn join(&mut self, from: From, wake: W, now: Instant) -> Ticket {
        self.came(from);
        if from == From::Worker {
            self.workers += 1;
        }
        self.tickets += 1;
        let ticket = (from, self.tickets);
        if self.waiting.is_empty() {
            self.busy = now;
        }
        self.waiting.insert(ticket, wake);
        ticket
    }

    /// Gives a place up; false where its slot was given out already.
    pub(super) fn leave(&mut self, ticket: Ticket) -> bool {
        let left = self.waiting.remove(&ticket).is_some();
        if left && ticket.0 == From::Worker {
            self.workers -= 1;
        }
        left
    }

    /// As [`leave`](Self::leave), of one whose time is over: in how long it would have had its
    /// slot.
    pub(super) fn give_up(&mut self, ticket: Ticket, now: Instant) -> Option<Duration> {
        self.leave(ticket).then(|| {
            let expected = self.expected(ticket.0, now);
            self.ahead.overflow(now);
            expected
        })
    }

    /// The next one who may go now, if any.
    pub(super) fn release(&mut self, now: Instant) -> Option<(Grant, W)> {
        if self.next() > now {
            return None;
        }
        let (ticket, wake) = self.waiting.pop_first()?;
        if ticket.0 == From::Worker {
            self.workers -= 1;
        }
        Some((self.grant(self.busy, now), wake))
    }

    /// When the next one of those who wait may go.
    pub(super) fn next_release(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then(|| self.next())
    }

    /// A slot is used, a while after it was given out.
    pub(super) fn used(&mut self, grant: Grant, now: Instant) {
        let since = usize::try_from(self.turns.saturating_sub(grant.turn)).unwrap_or(usize::MAX);
        let latest = earlier(now, TOLERANCE) + self.pace.times(since);
        self.last = self.last.max(Some(latest));
    }

    /// A slot is not used: if it is the latest one, it is free again.
    pub(super) fn give_back(&mut self, grant: Grant) {
        if grant.turn == self.turns {
            self.turns -= 1;
            let interval = grant.pace.interval();
            self.last = self.last.map(|last| earlier(last, interval));
        }
    }

    /// How many steps may come from the schedule now; else how long until some may.
    pub(super) fn room(&mut self, now: Instant) -> Result<usize, Duration> {
        let (next, end) = (self.next().max(now), now + HORIZON);
        if next > end {
            return Err((next - end).clamp(SOON, LATE));
        }
        let slots = match self.pace.is_free() {
            true => UNPACED,
            false => self.pace.within(end - next) + 1,
        };
        let taken = self.claimed() + self.ahead.coming(now);
        let half = slots / 2;
        if taken > half {
            let drained = next - now + self.pace.times(taken - half - 1);
            let patience = self.ahead.patience(now).unwrap_or(LATE);
            return Err(drained.min(patience).max(SOON));
        }
        Ok(slots - taken)
    }

    /// So many steps come from the schedule.
    pub(super) fn coming(&mut self, count: usize, now: Instant) {
        self.ahead.let_through(count, now);
    }

    /// So many steps are due, on the schedule.
    pub(super) fn backlog(&mut self, due: usize, now: Instant) {
        self.ahead.tell(due, now);
    }

    /// Whether nothing is lost when the line is forgotten.
    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.waiting.is_empty() && self.next() <= now && self.ahead(now) == 0
    }

    /// When the next slot is, or was, free.
    fn next(&self) -> Instant {
        let interval = self.pace.interval();
        let first = match interval <= FORGOTTEN {
            true => self.begin + interval,
            false => self.begin,
        };
        self.last.map_or(first, |last| first.max(last + interval))
    }

    /// In how long one who comes now would have its slot.
    fn expected(&mut self, from: From, now: Instant) -> Duration {
        let before = match from {
            From::Schedule => self.claimed(),
            From::Worker => self.waiting.len().saturating_add(self.ahead(now)),
        };
        self.next().saturating_duration_since(now) + self.pace.times(before)
    }

    fn claimed(&self) -> usize {
        self.waiting.len() - self.workers
    }

    fn ahead(&mut self, now: Instant) -> usize {
        let free = self.waiting.is_empty().then(|| self.next());
        self.ahead.count(free, now)
    }

    fn came(&mut self, from: From) {
        if from == From::Schedule {
            self.ahead.joined();
        }
    }

    /// The next slot, which is free, of a line that somebody waits in since `since`. One who comes
    /// later and goes first does not make it a later one.
    fn grant(&mut self, since: Instant, now: Instant) -> Grant {
        let moment = self.next().max(since).max(earlier(now, TOLERANCE));
        self.last = Some(moment);
        self.turns += 1;
        Grant {
            turn: self.turns,
            moment,
            pace: self.pace,
        }
    }
}

// === impl Grant ===

impl Grant {
    /// Whether `now` is so long after the slot that its line must be told.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        now > self.moment + TOLERANCE
    }
}

/// `by` before `moment`; `moment` itself where the clock does not go back so far.
fn earlier(moment: Instant, by: Duration) -> Instant {
    moment.checked_sub(by).unwrap_or(moment)
}

#[cfg(test)]
mod tests;
