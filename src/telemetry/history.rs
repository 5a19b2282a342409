//! The last hour, in intervals: how the counters and histograms moved from one look to the next.
//!
//! Nothing here is on the path of a step. What a step counts anyway is read now and then, and the
//! differences are kept. All of it is lost at a restart.

use super::latency::Reading as Durations;
use crate::model::{Target, rfc3339};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// How far back the history goes.
const SPAN: SignedDuration = SignedDuration::from_hours(1);

/// How long an interval is meant to be.
pub const INTERVAL: Duration = Duration::from_secs(10);

/// Most intervals that are kept: an hour of them.
const MOST_INTERVALS: usize = 360;

/// Most targets that are told of.
const MOST_TARGETS: usize = 1000;

/// All counters and histograms that the history is made of, at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) outcomes: Tally,
    pub(super) attempts: u64,
    pub(super) step_seconds: Durations,
    pub(super) slot_wait: Durations,
    pub(super) in_flight: i64,
    pub(super) scheduled: i64,
    pub(super) targets: HashMap<Target, Tally>,
}

/// How many outcomes of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    #[serde(rename = "continue")]
    pub continues: u64,
    pub exit: u64,
    pub pending: u64,
}

/// What was counted, and when.
#[derive(Debug, Default)]
pub(super) struct History {
    last: Option<(Timestamp, Reading)>,
    intervals: VecDeque<Interval>,
    /// The sums of all intervals.
    targets: HashMap<Target, Tally>,
}

#[derive(Debug)]
struct Interval {
    begin: Timestamp,
    sample: Sample,
    targets: Vec<(Target, Tally)>,
}

/// The last hour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// The beginning of the first interval.
    #[serde(serialize_with = "time")]
    pub since: Timestamp,
    /// How long an interval is, in seconds.
    pub every: u64,
    /// Oldest first.
    pub samples: Vec<Sample>,
    /// Those with the most outcomes first.
    pub targets: Vec<TargetStats>,
}

/// One interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Its end.
    #[serde(serialize_with = "time")]
    pub at: Timestamp,
    /// Outcomes, pending ones included.
    pub steps: u64,
    #[serde(flatten)]
    pub outcomes: Tally,
    pub attempts: u64,
    /// From a step's arrival to its outcome; none without steps.
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// At its end.
    pub in_flight: i64,
    /// At its end.
    pub scheduled: i64,
    /// The mean of those that left the line of their tile; 0 when none did.
    pub slot_wait_ms: f64,
}

/// A tile, or a webhook that was called without one, in the last hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetStats {
    pub target: Target,
    pub outcomes: Tally,
}

// === impl Tally ===

impl Tally {
    pub(super) fn add(&mut self, outcome: &str, count: u64) {
        match outcome {
            "continue" => self.continues += count,
            "exit" => self.exit += count,
            _ => self.pending += count,
        }
    }

    fn sum(self) -> u64 {
        self.continues + self.exit + self.pending
    }

    fn plus(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    fn minus(self, other: Self) -> Self {
        self.with(other, u64::saturating_sub)
    }

    fn with(self, other: Self, by: fn(u64, u64) -> u64) -> Self {
        Self {
            continues: by(self.continues, other.continues),
            exit: by(self.exit, other.exit),
            pending: by(self.pending, other.pending),
        }
    }
}

// === impl History ===

impl History {
    /// Ends an interval at `now`, and begins the next. The first reading only begins one.
    pub(super) fn take(&mut self, reading: Reading, now: Timestamp) {
        if let Some((begin, last)) = &self.last {
            let interval = Interval::between(last, &reading, *begin, now);
            for (target, more) in &interval.targets {
                let sum = self.targets.entry(target.clone()).or_default();
                *sum = sum.plus(*more);
            }
            self.intervals.push_back(interval);
        }
        self.last = Some((now, reading));
        self.forget(now);
    }

    /// What is known at `now`.
    pub(super) fn stats(&self, now: Timestamp) -> Stats {
        let begin = self.intervals.front().map(|interval| interval.begin);
        let last = self.last.as_ref().map(|(at, _)| *at);
        let sums = self.targets.iter();
        let mut targets: Vec<_> = sums
            .map(|(target, outcomes)| TargetStats {
                target: target.clone(),
                outcomes: *outcomes,
            })
            .collect();
        targets
            .sort_by_cached_key(|it| (std::cmp::Reverse(it.outcomes.sum()), it.target.to_string()));
        targets.truncate(MOST_TARGETS);
        Stats {
            since: begin.or(last).unwrap_or(now),
            every: INTERVAL.as_secs(),
            samples: self.intervals.iter().map(|it| it.sample).collect(),
            targets,
        }
    }

    /// Drops what is too old, or too much.
    fn forget(&mut self, now: Timestamp) {
        let too_old = |interval: &Interval| now.duration_since(interval.sample.at) > SPAN;
        while self.intervals.len() > MOST_INTERVALS || self.intervals.front().is_some_and(too_old) {
            let Some(interval) = self.intervals.pop_front() else {
                return;
            };
            for (target, less) in interval.targets {
                if let Some(sum) = self.targets.get_mut(&target) {
                    *sum = sum.minus(less);
                    if sum.sum() == 0 {
                        self.targets.remove(&target);
                    }
                }
            }
        }
    }
}

// === impl Interval ===

impl Interval {
    fn between(last: &Reading, now: &Reading, begin: Timestamp, end: Timestamp) -> Self {
        let outcomes = now.outcomes.minus(last.outcomes);
        let seconds = now.step_seconds.since(&last.step_seconds);
        let slot_wait = now.slot_wait.since(&last.slot_wait);
        let millis = |share| seconds.quantile(share).map(thousandths);
        let sample = Sample {
            at: end,
            steps: outcomes.sum(),
            outcomes,
            attempts: now.attempts.saturating_sub(last.attempts),
            p50_ms: millis(0.5),
            p95_ms: millis(0.95),
            p99_ms: millis(0.99),
            in_flight: now.in_flight,
            scheduled: now.scheduled,
            slot_wait_ms: slot_wait.mean().map_or(0.0, thousandths),
        };
        let moved = now.targets.iter().filter_map(|(target, tally)| {
            let before = last.targets.get(target).copied().unwrap_or_default();
            let more = tally.minus(before);
            (more.sum() > 0).then(|| (target.clone(), more))
        });
        Self {
            begin,
            sample,
            targets: moved.collect(),
        }
    }
}

// === impl TargetStats ===

impl Serialize for TargetStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            tile: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            webhook: Option<&'a str>,
            #[serde(flatten)]
            outcomes: Tally,
        }
        let (tile, webhook) = match &self.target {
            Target::Tile(tile) => (Some(tile.as_str()), None),
            Target::Webhook(webhook) => (None, Some(webhook.as_str())),
        };
        let outcomes = self.outcomes;
        Line {
            tile,
            webhook,
            outcomes,
        }
        .serialize(serializer)
    }
}

/// Seconds as milliseconds, to the microsecond.
fn thousandths(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e3
}

fn time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

#[cfg(test)]
mod tests;
