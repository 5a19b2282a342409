//! The order of lanes, without a disk.

use super::*;
use crate::model::{Scheme, TileRef};

fn lane(tile: &str) -> Lane {
    let tile = TileRef::new(&format!("welcome/{tile}")).unwrap();
    Lane {
        target: Target::Tile(tile),
        origin: None,
    }
}

/// Lanes 1 to `count`; lane `n` has its first step due at `n`.
fn lanes(count: u32) -> Lanes {
    let mut lanes = Lanes::default();
    for id in 1..=count {
        lanes.add(id, lane(&format!("t{id}")));
        lanes.count(id, PendingReason::Busy, 1);
        lanes.joined(id, (i64::from(id), 0));
    }
    lanes
}

fn host() -> Origin {
    Origin {
        scheme: Scheme::Https,
        host: "dead.example".into(),
        port: 443,
    }
}

/// Visits every lane that may go by `now`, in order.
fn visited(lanes: &mut Lanes, now: i64) -> Vec<u32> {
    lanes.recheck(now);
    let mut visited = Vec::new();
    while let Some(id) = lanes.next_due(now) {
        lanes.admitted(id);
        lanes.put_aside(id);
        visited.push(id);
    }
    lanes.resume();
    visited
}

#[test]
fn lanes_are_visited_by_when_their_first_step_is_due() {
    let mut lanes = lanes(3);
    assert_eq!(visited(&mut lanes, 2), [1, 2]);
    lanes.set_head(1, Some((9, 0)));
    lanes.joined(3, (0, 7));
    lanes.joined(2, (5, 7));
    assert_eq!(visited(&mut lanes, 9), [3, 2, 1]);
    assert_eq!(lanes.oldest_due(), Some(0));
    assert_eq!(lanes.again(), Some(0));
}

#[test]
fn a_lane_that_is_held_back_is_passed_over_until_its_time() {
    let mut lanes = lanes(2);
    lanes.hold(1, 50);
    lanes.joined(1, (0, 0));
    assert_eq!(visited(&mut lanes, 49), [2]);
    assert_eq!(lanes.oldest_due(), Some(0));
    lanes.set_head(2, None);
    assert_eq!(lanes.again(), Some(50));
    assert_eq!(visited(&mut lanes, 50), [1]);
}

#[test]
fn the_oldest_behind_a_host_asks_for_all() {
    let mut lanes = lanes(4);
    for id in [3, 1, 2] {
        lanes.hold_host(id, host(), 50);
    }
    assert_eq!(visited(&mut lanes, 49), [4]);

    lanes.recheck(50);
    assert_eq!(lanes.next_due(50), Some(1));
    lanes.hold_host(1, host(), 100);
    assert_eq!(visited(&mut lanes, 99), [4]);
    assert_eq!(visited(&mut lanes, 100), [1, 2, 3, 4]);
}

#[test]
fn the_next_behind_a_host_asks_when_the_one_that_asked_is_gone() {
    let mut lanes = lanes(2);
    lanes.hold_host(1, host(), 50);
    lanes.hold_host(2, host(), 50);
    lanes.recheck(50);
    lanes.set_head(1, None);
    assert_eq!(visited(&mut lanes, 50), [2]);
    lanes.joined(1, (60, 0));
    assert_eq!(visited(&mut lanes, 60), [2, 1]);
}

#[test]
fn a_lane_that_lost_its_steps_behind_a_host_asks_for_itself_when_it_has_some_again() {
    let mut lanes = lanes(1);
    lanes.hold_host(1, host(), 50);
    lanes.set_head(1, None);
    assert_eq!(visited(&mut lanes, 50), Vec::<u32>::new());
    lanes.joined(1, (60, 0));
    assert_eq!(visited(&mut lanes, 60), [1]);
}

#[test]
fn steps_are_counted_by_target_and_reason_and_empty_lanes_are_forgotten() {
    let mut lanes = lanes(2);
    lanes.count(1, PendingReason::Retry(None), 2);
    lanes.uncount(2, PendingReason::Busy);
    lanes.set_head(2, None);
    let mut tallies = lanes.tallies();
    tallies.sort_by_key(|tally| tally.reason);
    let counts: Vec<_> = tallies
        .iter()
        .map(|tally| (tally.reason, tally.steps))
        .collect();
    assert_eq!(counts, [("busy", 1), ("retry", 2)]);
    assert_eq!(lanes.pending(), 3);

    lanes.drop_empty();
    assert_eq!(
        (lanes.id(&lane("t1")), lanes.id(&lane("t2"))),
        (Some(1), None)
    );
}
