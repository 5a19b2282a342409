//! The slots of a slow tile, across the end of the process.

use super::disk::Disk;
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::json;
use std::time::Duration;

/// From one slot of the tile to the next, at least.
const INTERVAL: Duration = Duration::from_secs(3);

/// How late an arrival may be seen.
const LATE: Duration = Duration::from_millis(500);

/// A tile `j/t` that goes once in an interval, and whose steps wait for it in line.
fn stage(endpoint: &Endpoint) -> Stage {
    let journey = "workflow_id = 1\nname = 'J'\n[[tiles]]\nid = 't'\ntype = 'webhook'\n\
        webhook = 'w'\nrate_limit = '20/minute'\n";
    Stage::new()
        .set("delivery.inline_wait", "'15s'")
        .webhook("w", webhook("POST", &at(endpoint, "/"), ""))
        .journey("j", journey)
}

fn send(gateway: &Gateway) {
    let (status, outcome) = gateway.step(&json!({"tile": "j/t"}));
    assert_eq!(status, 200, "{outcome}");
}

/// No two arrivals are closer than the limit has it. A slot may be used a while before its request
/// is seen here.
fn assert_paced(endpoint: &Endpoint, arrivals: usize) {
    let requests = endpoint.requests();
    assert_eq!(requests.len(), arrivals);
    for two in requests.windows(2) {
        let gap = two[1].at - two[0].at;
        assert!(gap > INTERVAL - LATE, "{gap:?}");
    }
}

#[test]
fn a_slot_that_was_used_before_a_stop_or_a_crash_counts_after_the_start() {
    let endpoint = Endpoint::replying([reply(200)]);
    let mut gateway = stage(&endpoint).start();
    send(&gateway);

    gateway.stop();
    assert!(gateway.ended().success(), "{}", gateway.logs());
    gateway.start_again();
    send(&gateway);

    gateway.kill();
    gateway.start_again();
    send(&gateway);

    assert_paced(&endpoint, 3);
}

#[test]
fn a_slot_counts_from_its_use_however_long_the_disk_took_to_note_it() {
    let endpoint = Endpoint::replying([reply(200)]);
    let stage = stage(&endpoint);
    let disk = Disk::watching(stage.folder().join("data"));
    let mut gateway = disk.around(stage).start();

    disk.set_sync(Duration::from_secs(1));
    send(&gateway);
    gateway.kill();
    disk.set_sync(Duration::ZERO);
    gateway.start_again();
    send(&gateway);

    assert_paced(&endpoint, 2);
}
