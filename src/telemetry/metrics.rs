//! Every metric in one list: name, unit, labels.
//!
//! What is counted for each step is found without building labels: handles are kept by key, in a
//! map that readers share without a lock.

use super::TokenFetch;
use super::history::{Reading, Tally};
use super::latency::Latency;
use super::schedule::Gauges;
use crate::model::Target;
use crate::model::Timing;
use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::OnceLock;
use std::time::Duration;

/// Most targets with a series of their own; the others count as `other`.
const MOST_TARGETS: usize = 1000;

/// Label names and values, in order.
type Labels = Vec<(&'static str, String)>;

/// How a phase is told from the others, and how long it took.
type Phase = (fn(&Timing) -> Duration, Latency);

#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    pub(super) outcomes: Cells<Decision>,
    pub(super) targets: Cells<(Target, &'static str)>,
    pub(super) step_seconds: Latency,
    pub(super) in_flight: Gauge,
    pub(super) schedule: Gauges,
    pub(super) store_commit: Latency,
    pub(super) slot_wait: Latency,
    pub(super) lag: Latency,
    pub(super) outcomes_dropped: Counter,
    attempts: Cells<&'static str>,
    phases: [Phase; 5],
    tokens: Cells<&'static str>,
    refusals: Cells<&'static str>,
    pub(super) config_version: Gauge,
    pub(super) config_faults: Gauge,
    pub(super) config_errors: Gauge,
}

/// What was decided of a step, in the words of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Decision {
    pub(super) outcome: &'static str,
    pub(super) reason: &'static str,
    pub(super) cause: &'static str,
}

/// Counters of one family, kept by key. At most `most` of them, then one for all others.
#[derive(Debug)]
pub(super) struct Cells<K> {
    family: Family<Labels, Counter>,
    label: fn(&K) -> Labels,
    most: usize,
    others: Labels,
    /// The one of all others, once there are any.
    other: OnceLock<Counter>,
    cells: ArcSwap<HashMap<K, Counter, RandomState>>,
}

// === impl Metrics ===

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("stepgate");
        let r = &mut registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "The build of this process", build);
        Self {
            outcomes: Cells::register(r, "outcomes", "Outcomes of steps", Decision::labels),
            targets: Cells::register(r, "target_outcomes", "Outcomes by target", of_target)
                .at_most(MOST_TARGETS, vec![("target", "other".into())]),
            step_seconds: seconds(
                r,
                "step",
                "From a step's arrival to its outcome, pending included",
            ),
            in_flight: gauge(r, "in_flight", "Steps held by this process now"),
            schedule: Gauges::register(r),
            store_commit: seconds(
                r,
                "store_commit",
                "From a group of the schedule's writes to their being durable",
            ),
            slot_wait: seconds(r, "slot_wait", "In line for a slot of a tile"),
            lag: seconds(
                r,
                "schedule_lag",
                "From the moment a step was due to its leaving the schedule",
            ),
            outcomes_dropped: counter(
                r,
                "outcomes_dropped",
                "Outcomes that left the log by age before every group had acknowledged them",
            ),
            attempts: Cells::register(r, "attempts", "Exchanges with endpoints", |answer| {
                vec![("answer", (*answer).to_owned())]
            }),
            phases: phases(r),
            tokens: Cells::register(r, "token_fetches", "Fetches of OAuth 2.0 tokens", |end| {
                vec![("result", (*end).to_owned())]
            }),
            refusals: Cells::register(r, "refusals", "Requests answered by a problem", |kind| {
                vec![("type", (*kind).to_owned())]
            }),
            config_version: gauge(
                r,
                "config_version",
                "The configuration in force, counted from 1 at the start",
            ),
            config_faults: gauge(
                r,
                "config_faults",
                "Faults in the configuration's files now",
            ),
            config_errors: gauge(
                r,
                "config_errors",
                "Errors in the configuration's files since the start",
            ),
            registry,
        }
    }
}

impl Metrics {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }

    /// What the history is made of, as it is now.
    pub(super) fn reading(&self) -> Reading {
        let (mut outcomes, mut attempts) = (Tally::default(), 0);
        let mut targets: HashMap<_, Tally> = HashMap::new();
        self.outcomes
            .each(|decision, count| outcomes.add(decision.outcome, count));
        self.attempts.each(|_, count| attempts += count);
        self.targets.each(|(target, outcome), count| {
            let tally = targets.entry(target.clone()).or_default();
            tally.add(outcome, count);
        });
        Reading {
            outcomes,
            attempts,
            step_seconds: self.step_seconds.reading(),
            slot_wait: self.slot_wait.reading(),
            in_flight: self.in_flight.get(),
            scheduled: self.schedule.pending(),
            targets,
        }
    }

    pub(super) fn attempt(&self, status: Option<u16>, phases: &Timing) {
        let answer = match status {
            None => "none",
            Some(..200) => "1xx",
            Some(200..300) => "2xx",
            Some(300..400) => "3xx",
            Some(400..500) => "4xx",
            Some(500..) => "5xx",
        };
        self.attempts.inc(&answer);
        for (phase, seconds) in &self.phases {
            let took = phase(phases);
            // A phase that was not needed is none, and would hide how long it takes when it is.
            if !took.is_zero() {
                seconds.observe(took);
            }
        }
    }

    pub(super) fn token_fetch(&self, end: TokenFetch) {
        self.tokens.inc(&match end {
            TokenFetch::Fetched => "fetched",
            TokenFetch::Failed => "failed",
        });
    }

    pub(super) fn refused(&self, kind: &'static str) {
        self.refusals.inc(&kind);
    }
}

// === impl Decision ===

impl Decision {
    fn labels(&self) -> Labels {
        vec![
            ("outcome", self.outcome.to_owned()),
            ("reason", self.reason.to_owned()),
            ("cause", self.cause.to_owned()),
        ]
    }
}

// === impl Cells ===

impl<K: Hash + Eq + Clone> Cells<K> {
    fn register(registry: &mut Registry, name: &str, help: &str, label: fn(&K) -> Labels) -> Self {
        let family = Family::default();
        registry.register(name, help, family.clone());
        Self {
            family,
            label,
            most: usize::MAX,
            others: Vec::new(),
            other: OnceLock::new(),
            cells: ArcSwap::default(),
        }
    }

    fn at_most(mut self, most: usize, others: Labels) -> Self {
        (self.most, self.others) = (most, others);
        self
    }

    pub(super) fn inc(&self, key: &K) {
        let cells = self.cells.load();
        if let Some(counter) = cells.get(key) {
            counter.inc();
        } else if cells.len() >= self.most {
            let other = || self.family.get_or_create_owned(&self.others);
            self.other.get_or_init(other).inc();
        } else {
            self.inc_new(key);
        }
    }

    /// Shows every counter that has a key of its own.
    fn each(&self, mut show: impl FnMut(&K, u64)) {
        for (key, counter) in self.cells.load().iter() {
            show(key, counter.get());
        }
    }

    #[cold]
    fn inc_new(&self, key: &K) {
        let counter = self.family.get_or_create_owned(&(self.label)(key));
        counter.inc();
        self.cells.rcu(|cells| {
            let mut cells = HashMap::clone(cells);
            cells.insert(key.clone(), counter.clone());
            cells
        });
    }
}

fn of_target((target, outcome): &(Target, &'static str)) -> Labels {
    vec![
        ("target", target.to_string()),
        ("outcome", (*outcome).to_owned()),
    ]
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let counter = Counter::default();
    registry.register(name, help, counter.clone());
    counter
}

fn seconds(registry: &mut Registry, name: &str, help: &str) -> Latency {
    let latency = Latency::default();
    registry.register_with_unit(name, help, Unit::Seconds, latency.clone());
    latency
}

fn phases(registry: &mut Registry) -> [Phase; 5] {
    let family = Family::<[(&str, &str); 1], Latency>::default();
    registry.register_with_unit(
        "attempt_phase",
        "The phases of exchanges with endpoints",
        Unit::Seconds,
        family.clone(),
    );
    let phase = |name| family.get_or_create_owned(&[("phase", name)]);
    [
        (|p| p.dns, phase("dns")),
        (|p| p.connect, phase("connect")),
        (|p| p.tls, phase("tls")),
        (|p| p.first_byte, phase("first_byte")),
        (|p| p.body, phase("body")),
    ]
}
