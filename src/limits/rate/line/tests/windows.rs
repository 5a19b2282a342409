//! Whatever happens to a line, no window holds more than the limit.

use super::rate;
use crate::limits::From;
use crate::limits::rate::line::{Asked, Grant, Line};
use proptest::prelude::*;
use std::time::Duration;
use tokio::time::Instant;

/// Something that happens, and after how many microseconds.
#[derive(Debug, Clone)]
struct Event {
    after: u64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// So many steps ask.
    Join(From, u16),
    /// The first one who waits is cancelled.
    Cancel,
    /// The limit is another one from now on.
    Limit(u32),
    /// The thread that releases is not heard of until the next event.
    Stall,
    /// The next slots are used only so many microseconds after they were given out.
    Slow(u64),
    /// So many of the next slots are given back.
    GiveBack(u8),
}

/// What became of a line.
#[derive(Debug)]
struct History {
    now: Instant,
    line: Line<()>,
    /// Slots given out, and when they will be used.
    open: Vec<(Instant, Grant)>,
    slow: Duration,
    give_back: u8,
    used: Vec<Instant>,
    tickets: Vec<(From, u64)>,
}

fn events(limits: Vec<u32>) -> impl Strategy<Value = Vec<Event>> {
    let from = prop_oneof![Just(From::Worker), Just(From::Schedule)];
    let what = prop_oneof![
        6 => (from, 0_u16..1500).prop_map(|(from, count)| What::Join(from, count)),
        1 => Just(What::Cancel),
        2 => prop::sample::select(limits).prop_map(What::Limit),
        2 => Just(What::Stall),
        2 => prop_oneof![0_u64..3000, 0_u64..200_000].prop_map(What::Slow),
        2 => (1_u8..20).prop_map(What::GiveBack),
    ];
    let after = prop_oneof![0_u64..20_000, 0_u64..1_500_000];
    let event = (after, what).prop_map(|(after, what)| Event { after, what });
    prop::collection::vec(event, 1..40)
}

// === impl History ===

impl History {
    fn new(limit: u32) -> Self {
        let now = Instant::now();
        let mut line = Line::new(now, None);
        line.set_pace(rate(limit, 1));
        Self {
            now,
            line,
            open: Vec::new(),
            slow: Duration::ZERO,
            give_back: 0,
            used: Vec::new(),
            tickets: Vec::new(),
        }
    }

    fn happens(&mut self, what: &What) {
        match what {
            What::Join(from, count) => (0..*count).for_each(|_| self.join(*from)),
            What::Cancel => {
                if let Some(ticket) = self.tickets.pop() {
                    self.line.leave(ticket);
                }
            }
            What::Limit(limit) => self.line.set_pace(rate(*limit, 1)),
            What::Slow(micros) => self.slow = Duration::from_micros(*micros),
            What::GiveBack(count) => self.give_back = *count,
            What::Stall => {}
        }
    }

    fn join(&mut self, from: From) {
        match self
            .line
            .ask(from, Duration::from_secs(2), 10_000, self.now)
        {
            Asked::Now(grant) => self.take(grant),
            Asked::Wait => self.tickets.push(self.line.join(from, (), self.now)),
            Asked::Late(_) => {}
        }
    }

    fn take(&mut self, grant: Grant) {
        if self.give_back > 0 {
            self.give_back -= 1;
            self.line.give_back(grant);
        } else {
            self.open.push((self.now + self.slow, grant));
        }
    }

    /// Time goes on to `end`; nobody is released where the thread `is_stalled`.
    fn go_on(&mut self, end: Instant, is_stalled: bool) {
        loop {
            let release = self.line.next_release().filter(|_| !is_stalled);
            let usage = self.open.iter().map(|(at, _)| *at).min();
            let next = release.into_iter().chain(usage).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            if let Some((grant, ())) = release.and_then(|_| self.line.release(self.now)) {
                self.take(grant);
            }
            self.use_open();
        }
        self.now = end;
    }

    fn use_open(&mut self) {
        let now = self.now;
        let (used, open) = self.open.iter().partition(|(at, _)| *at <= now);
        self.open = open;
        let used: Vec<(Instant, Grant)> = used;
        for (_, grant) in used {
            if grant.is_late(now) {
                self.line.used(grant, now);
            }
            self.used.push(now);
        }
    }
}

/// The most that any window of a second or more has above `limit` × window + 1.
fn excess(used: &[Instant], limit: u32) -> f64 {
    // A window begins and ends with a slot; shorter ones count as a second.
    let mut most = f64::MIN;
    for (first, begin) in used.iter().enumerate() {
        let mut last = first;
        let mut end = *begin + Duration::from_secs(1);
        for _ in 0..20 {
            last += used[last..].iter().take_while(|at| **at <= end).count();
            let window = end.duration_since(*begin).as_secs_f64();
            let count = f64::from(u32::try_from(last - first).unwrap());
            most = most.max(count - (f64::from(limit) * window + 1.0));
            let Some(next) = used.get(last) else {
                break;
            };
            end = *next;
        }
    }
    most
}

fn history(limit: u32, events: &[Event]) -> History {
    let mut history = History::new(limit);
    let mut is_stalled = false;
    for event in events {
        let end = history.now + Duration::from_micros(event.after);
        history.go_on(end, is_stalled);
        is_stalled = matches!(event.what, What::Stall);
        history.happens(&event.what);
    }
    let end = history.now + Duration::from_secs(3);
    history.go_on(end, false);
    history
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_window_has_more_than_the_limit_whatever_happens(
        (limit, events) in prop::sample::select(vec![1_u32, 5, 37, 500, 1000])
            .prop_flat_map(|limit| (Just(limit), events(vec![limit]))),
    ) {
        let used = history(limit, &events).used;
        prop_assert!(excess(&used, limit) <= 0.0, "{} too many", excess(&used, limit));
    }

    #[test]
    fn no_window_has_more_than_the_highest_limit_in_it(events in events(vec![5, 50, 500])) {
        let used = history(500, &events).used;
        prop_assert!(excess(&used, 500) <= 0.0, "{} too many", excess(&used, 500));
    }
}

#[test]
fn a_backlog_is_drained_at_99_percent_of_the_limit_by_a_thread_that_wakes_a_little_late() {
    for limit in [5, 500, 5000] {
        let mut history = History::new(limit);
        let begin = history.now;
        for _ in 0..limit * 10 {
            history.line.join(From::Schedule, (), begin);
        }
        // Late by up to 2 ms, again and again.
        let end = begin + Duration::from_secs(10);
        while let Some(next) = history.line.next_release().filter(|next| *next < end) {
            let late =
                Duration::from_micros(u64::from(next.duration_since(begin).subsec_micros() % 2000));
            history.now = next.max(history.now) + late;
            while let Some((grant, ())) = history.line.release(history.now) {
                history.take(grant);
            }
        }

        // The first one comes after an interval.
        let drained = history.open.len() as f64 + 1.0;
        assert!(drained >= 9.9 * f64::from(limit), "{drained} at {limit}/s");
    }
}
