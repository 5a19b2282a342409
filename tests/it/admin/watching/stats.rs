//! `GET /admin/v1/stats`: the last hour, counted by the gateway itself.

use super::{ask, endpoint, stage};
use crate::support::process::{assert_part, parsed, until};
use serde_json::{Value, json};

#[test]
fn the_last_hour_is_counted_by_interval_and_by_target() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    let stats = || parsed(&ask(&gateway, "GET", "/admin/v1/stats"));
    let (status, fresh) = stats();
    assert_eq!(status, 200);
    assert_part(
        &fresh,
        &json!({"every": 10, "samples": [], "targets": []}),
        "fresh",
    );
    for (id, member, target) in [
        ("1", "tile", "j/a"),
        ("2", "tile", "j/a"),
        ("3", "tile", "j/b"),
        ("4", "webhook", "w"),
        ("5", "webhook", "nowhere"),
    ] {
        gateway.step(&json!({"id": id, member: target, "email": "hidden@example.com"}));
    }

    let mut told = Value::Null;
    until("an interval that has ended", || {
        told = stats().1;
        told["samples"] != json!([])
    });

    let sample = &told["samples"][0];
    let counts = json!({"steps": 5, "continue": 3, "exit": 2, "pending": 0, "attempts": 4,
        "inFlight": 0, "scheduled": 0, "slotWaitMs": 0.0});
    assert_part(sample, &counts, "the sample");
    for percentile in ["p50Ms", "p95Ms", "p99Ms"] {
        assert!(sample[percentile].as_f64().unwrap() > 0.0, "{sample}");
    }
    // What a caller made up is no target.
    assert_eq!(
        told["targets"],
        json!([
            {"tile": "j/a", "continue": 2, "exit": 0, "pending": 0},
            {"tile": "j/b", "continue": 0, "exit": 1, "pending": 0},
            {"webhook": "w", "continue": 1, "exit": 0, "pending": 0},
        ])
    );
    assert!(!told.to_string().contains("hidden"), "{told}");
}
