//! What was answered `202` is kept, whatever happens to the process or its disk.

mod disk;
mod load;

use crate::support::endpoint::{Endpoint, Speaks, reply};
use crate::support::process::{Stage, at, until, webhook};
use disk::{Disk, Unsynced};
use load::{Load, assert_kept};
use serde_json::json;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

/// Some time in this range, in milliseconds.
fn a_while(range: std::ops::Range<u64>) {
    sleep(Duration::from_millis(fastrand::u64(range)));
}

#[test]
fn nothing_that_was_answered_202_is_lost_when_the_process_is_killed_at_any_moment() {
    let (endpoint, seen) = load::endpoint();
    let mut gateway = load::stage(&endpoint).start();
    let load = Load::start(&gateway, 4000);

    let mut kills = 0;
    while kills < 8 {
        let before = load.answered();
        a_while(20..300);
        gateway.kill();
        gateway.start_again();
        kills += 1;
        // Each life of the process gets somewhere.
        until("another answer", || load.answered() > before);
    }
    let promised = load.finish();

    assert!(promised.kept.len() >= 2000, "{}", promised.kept.len());
    assert_kept(&gateway, &promised, &seen);
}

#[test]
fn nothing_that_was_answered_202_is_lost_when_the_power_fails() {
    let (endpoint, seen) = load::endpoint();
    let stage = load::stage(&endpoint);
    let mut disk = Disk::watching(stage.folder().join("data"));
    let mut stage = stage;
    for (name, value) in disk.environment() {
        stage = stage.environment(name, value.to_str().unwrap());
    }
    let mut gateway = stage.start();
    let load = Load::start(&gateway, 2000);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut chance = fastrand::Rng::with_seed(seed);

    let mut lost = 0;
    for round in 0..6 {
        let before = load.answered();
        a_while(50..300);
        gateway.kill();
        lost += disk.cut_power(match round % 2 {
            0 => Unsynced::Lost,
            _ => Unsynced::Some(chance.fork()),
        });
        gateway.start_again();
        until("another answer", || load.answered() > before);
    }
    let promised = load.finish();

    assert!(lost > 0, "no write was ever without a sync");
    assert!(promised.kept.len() >= 1000, "{}", promised.kept.len());
    assert_kept(&gateway, &promised, &seen);
}
