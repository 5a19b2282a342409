//! Who goes before a new step and is not in the line: what is due, and what is on its way.

use std::time::Duration;
use tokio::time::Instant;

/// How long a step that was let through may take to join the line; then it is not waited for. Short
/// beside what is let in ahead, so that a line does not run dry while nobody comes.
const ON_THE_WAY: Duration = Duration::from_millis(50);

/// How long a slot stays free before nobody is believed to be due: whoever was has been cancelled,
/// or could not be stored.
const UNCLAIMED: Duration = Duration::from_secs(1);

/// Counts of steps, as far as they are known.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Due, on the schedule.
    due: usize,
    /// When the schedule last said so, or the first of them was seen off to it.
    told: Instant,
    /// Let through from the schedule, and not in the line yet.
    coming: usize,
    /// When the first of those was let through.
    since: Instant,
}

// === impl Ahead ===

impl Ahead {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            due: 0,
            told: now,
            coming: 0,
            since: now,
        }
    }

    /// So many are due.
    pub(super) fn tell(&mut self, due: usize, now: Instant) {
        (self.due, self.told) = (due, now);
    }

    /// A step was late, and goes to the schedule.
    pub(super) fn overflow(&mut self, now: Instant) {
        if self.due == 0 {
            self.told = now;
        }
        self.due = self.due.saturating_add(1);
    }

    /// So many steps come from the schedule.
    pub(super) fn let_through(&mut self, count: usize, now: Instant) {
        if self.coming == 0 {
            self.since = now;
        }
        self.due = self.due.saturating_sub(count);
        self.coming += count;
    }

    /// A step of the schedule is in the line.
    pub(super) fn joined(&mut self) {
        match self.coming {
            0 => self.due = self.due.saturating_sub(1),
            _ => self.coming -= 1,
        }
    }

    pub(super) fn coming(&mut self, now: Instant) -> usize {
        if now > self.since + ON_THE_WAY {
            self.coming = 0;
        }
        self.coming
    }

    /// How long those who are coming are waited for; none if nobody is.
    pub(super) fn patience(&self, now: Instant) -> Option<Duration> {
        let until = self.since + ON_THE_WAY;
        (self.coming > 0).then(|| until.saturating_duration_since(now))
    }

    /// All that are ahead of a new step. `free` is when the next slot is or was free, of a line
    /// that nobody waits in.
    pub(super) fn count(&mut self, free: Option<Instant>, now: Instant) -> usize {
        let coming = self.coming(now);
        let unclaimed = free.is_some_and(|free| now > free.max(self.told) + UNCLAIMED);
        if coming == 0 && unclaimed {
            self.due = 0;
        }
        self.due.saturating_add(coming)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn who_was_let_through_counts_until_it_joins_and_not_for_ever() {
        let now = Instant::now();
        let mut ahead = Ahead::new(now);
        ahead.tell(10, now);

        ahead.let_through(4, now);
        ahead.joined();

        assert_eq!((ahead.coming(now), ahead.count(None, now)), (3, 9));
        let later = now + milliseconds(51);
        assert_eq!((ahead.coming(later), ahead.count(None, later)), (0, 6));
    }

    #[test]
    fn nobody_is_due_who_lets_a_slot_pass_by() {
        let now = Instant::now();
        let mut ahead = Ahead::new(now);
        ahead.overflow(now);
        ahead.overflow(now + milliseconds(900));

        let free = now + milliseconds(500);
        assert_eq!(ahead.count(Some(free), now + milliseconds(1400)), 2);
        assert_eq!(ahead.count(None, now + milliseconds(1600)), 2);
        assert_eq!(ahead.count(Some(free), now + milliseconds(1600)), 0);
    }
}
