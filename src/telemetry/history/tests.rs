//! The last hour without waiting for it.

use super::super::latency::Latency;
use super::*;
use crate::model::{TileRef, WebhookId};
use serde_json::json;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn hook(id: &str) -> Target {
    Target::Webhook(WebhookId::new(id).unwrap())
}

fn tally([continues, exit, pending]: [u64; 3]) -> Tally {
    Tally {
        continues,
        exit,
        pending,
    }
}

/// Counters that stand at this for one webhook, and for all.
fn reading(counts: [u64; 3]) -> Reading {
    Reading {
        outcomes: tally(counts),
        targets: HashMap::from([(hook("w"), tally(counts))]),
        ..Reading::default()
    }
}

#[test]
fn a_sample_is_what_was_counted_between_two_looks() {
    let mut history = History::default();
    let (steps, waits) = (Latency::default(), Latency::default());
    steps.observe(Duration::from_secs(9));
    let before = Reading {
        step_seconds: steps.reading(),
        attempts: 7,
        ..reading([5, 4, 3])
    };
    for _ in 0..4 {
        steps.observe(Duration::from_millis(20));
    }
    waits.observe(Duration::from_micros(1_500));
    let after = Reading {
        step_seconds: steps.reading(),
        slot_wait: waits.reading(),
        attempts: 9,
        in_flight: 2,
        scheduled: 3,
        ..reading([7, 5, 4])
    };

    history.take(before, at(0));
    history.take(after, at(10));

    let stats = serde_json::to_value(history.stats(at(12))).unwrap();
    assert_eq!(
        stats,
        json!({
            "since": "2027-01-15T08:00:00.000Z", "every": 10,
            "samples": [{
                "at": "2027-01-15T08:00:10.000Z", "steps": 4,
                "continue": 2, "exit": 1, "pending": 1, "attempts": 2,
                "p50Ms": 17.5, "p95Ms": 24.25, "p99Ms": 24.85,
                "inFlight": 2, "scheduled": 3, "slotWaitMs": 1.5,
            }],
            "targets": [{"webhook": "w", "continue": 2, "exit": 1, "pending": 1}],
        })
    );
}

#[test]
fn an_interval_without_steps_has_no_percentiles_and_no_targets() {
    let mut history = History::default();
    history.take(reading([1, 0, 0]), at(0));
    history.take(reading([1, 0, 0]), at(10));

    let stats = history.stats(at(10));

    let sample = stats.samples[0];
    assert_eq!(
        (sample.steps, sample.p50_ms, sample.p99_ms),
        (0, None, None)
    );
    assert_eq!(stats.targets, []);
}

#[test]
fn before_the_first_interval_has_ended_there_is_only_its_beginning() {
    let mut history = History::default();
    let (unbegun, begun) = (history.stats(at(3)).since, {
        history.take(reading([1, 0, 0]), at(5));
        history.stats(at(8))
    });
    assert_eq!(unbegun, at(3));
    assert_eq!((begun.since, begun.samples), (at(5), vec![]));
}

#[test]
fn what_is_an_hour_old_is_forgotten_by_all_that_tells_of_it() {
    let mut history = History::default();
    history.take(reading([0, 0, 0]), at(0));
    // One step in the first interval, then one each minute.
    for interval in 1..=365 {
        let steps = 1 + (interval - 1) / 6;
        history.take(reading([steps, 0, 0]), at(10 * interval as i64));
    }

    let stats = history.stats(at(3650));

    let steps: u64 = stats.samples.iter().map(|sample| sample.steps).sum();
    let [target] = &stats.targets[..] else {
        panic!("{:?}", stats.targets);
    };
    assert_eq!(stats.samples.len(), MOST_INTERVALS);
    assert_eq!((stats.since, stats.samples[0].at), (at(50), at(60)));
    assert_eq!((steps, target.outcomes.continues), (60, 60));

    // A machine that slept: what it had is too old now, however little it is.
    history.take(reading([61, 0, 0]), at(10_000));
    let stats = history.stats(at(10_000));
    assert_eq!((stats.samples.len(), stats.targets), (1, vec![]));
}

#[test]
fn the_busiest_targets_come_first_and_no_more_than_a_thousand() {
    let mut history = History::default();
    history.take(Reading::default(), at(0));
    let tile = Target::Tile(TileRef::new("j/t").unwrap());
    let mut targets: HashMap<_, _> = (0..MOST_TARGETS)
        .map(|n| (hook(&format!("w-{n:04}")), tally([1, 0, 0])))
        .collect();
    targets.insert(tile.clone(), tally([0, 0, 2]));
    history.take(
        Reading {
            targets,
            ..Reading::default()
        },
        at(10),
    );

    let told = history.stats(at(10)).targets;

    let named: Vec<_> = [0, 1, 999].map(|n| told[n].target.to_string()).into();
    assert_eq!(named, ["j/t", "w-0000", "w-0998"]);
    assert_eq!(told.len(), MOST_TARGETS);
}
