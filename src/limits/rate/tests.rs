//! The lines with their thread, in real time.

use super::*;
use crate::config::{Gateway, Snapshot};
use std::collections::HashMap;
use std::num::NonZeroU32;
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(20);

fn limits() -> RateLimits {
    let snapshot = Snapshot::new(Gateway::default(), HashMap::default(), HashMap::default());
    RateLimits::new(Live::new(snapshot), Telemetry::default())
}

fn tile() -> TileRef {
    TileRef::new("j/t").unwrap()
}

fn a_second(count: u32) -> Rate {
    Rate {
        count: NonZeroU32::new(count).unwrap(),
        per: Duration::from_secs(1),
    }
}

async fn slot(limits: &RateLimits, count: u32) -> Slot {
    let (tile, rate) = (tile(), a_second(count));
    let slot = limits.slot(&tile, rate, From::Schedule, LONG).await;
    slot.unwrap()
}

#[tokio::test]
async fn thousands_who_wait_go_at_the_pace_of_the_limit() {
    let limits = limits();
    let mut waiting = JoinSet::new();
    for _ in 0..10_000 {
        let limits = limits.clone();
        waiting.spawn(async move {
            slot(&limits, 5000).await.used();
            Instant::now()
        });
    }

    let mut used = waiting.join_all().await;
    used.sort();

    let middle = &used[2000..8000];
    let seconds = middle[5999].duration_since(middle[0]).as_secs_f64();
    let pace = 5999.0 / seconds / 5000.0;
    println!("{:.2} % of the limit", pace * 100.0);
    // Never faster. How little slower is for `tests/it/pacing.rs` on an idle machine to say: one that
    // builds beside its tests gave 0.82. Far slower would be waits that do not overlap.
    assert!((0.5..=1.005).contains(&pace), "{pace} of the limit");
}

#[tokio::test]
async fn one_who_goes_away_costs_no_slot() {
    let limits = limits();
    let begin = Instant::now();

    let gone = timeout(Duration::from_millis(20), slot(&limits, 2)).await;
    assert!(gone.is_err());
    slot(&limits, 2).await.used();

    // The first slot is half a second after the start, the second as long after it.
    let took = begin.elapsed();
    assert!(took > Duration::from_millis(450), "{took:?}");
    assert!(took < Duration::from_millis(950), "{took:?}");
}

#[tokio::test]
async fn a_slot_that_is_dropped_goes_to_the_next_at_once() {
    let limits = limits();
    let unused = slot(&limits, 1).await;
    let begin = Instant::now();
    let next = tokio::spawn({
        let limits = limits.clone();
        async move { slot(&limits, 1).await.used() }
    });
    tokio::task::yield_now().await;

    drop(unused);
    next.await.unwrap();

    let took = begin.elapsed();
    assert!(took < Duration::from_millis(800), "{took:?}");
}

#[tokio::test]
async fn a_slot_before_a_restart_counts() {
    let limits = limits();
    let rate = Rate {
        per: Duration::from_secs(60 * 60),
        ..a_second(1)
    };
    let ago = Timestamp::now() - Duration::from_secs(60);
    limits.restore(&[(tile(), ago)]);

    let late = limits.slot(&tile(), rate, From::Worker, LONG).await;

    let expected = late.unwrap_err().expected.as_secs();
    assert!((3530..=3555).contains(&expected), "{expected} s");
    let other = TileRef::new("j/other").unwrap();
    let slot = limits.slot(&other, rate, From::Worker, LONG).await;
    slot.unwrap().used();
}

#[tokio::test]
async fn the_thread_ends_with_the_limits() {
    let limits = limits();
    slot(&limits, 100).await.used();
    let pacer = Arc::downgrade(&limits.0.pacer);

    drop(limits);

    let begin = Instant::now();
    while pacer.strong_count() > 0 {
        assert!(begin.elapsed() < LONG, "the thread goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
