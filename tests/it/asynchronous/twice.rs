//! A step that was ever made durable is never delivered for a second asking.

use super::{ASYNC, body, early, stage};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::assert_part;
use serde_json::json;

#[test]
fn a_step_that_waits_is_answered_with_its_state_and_not_delivered_again() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = stage(&endpoint).set("retry.delay", "'10m'").start();
    let step = json!({"id": "s", "webhook": "w"});
    assert_eq!(gateway.step(&step).0, 202);

    for headers in ["", ASYNC, "Prefer: wait=5\r\n"] {
        let again = gateway.step_with(headers, &step);
        let waits = json!({"id": "s", "outcome": "pending", "reason": "retry", "status": 503,
            "attempts": 1});
        assert_eq!(again.status, 202);
        assert_part(&body(&again), &waits, headers);
    }
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_durable_step_is_remembered_across_restarts_and_acknowledgements() {
    let endpoint = Endpoint::replying([reply(200)]);
    let mut gateway = stage(&endpoint).start();
    let step = json!({"id": "s", "webhook": "w"});
    early(&gateway.step_with(ASYNC, &step), "respond-async");
    let outcome = gateway.logged(1).remove(0);

    for end in ["killed", "stopped", "acknowledged"] {
        match end {
            "killed" => gateway.kill(),
            "stopped" => {
                gateway.stop();
                gateway.ended();
            }
            _ => {
                let page = gateway.outcomes("");
                assert_eq!(gateway.ack(&json!({"cursor": page.cursor})).status, 204);
                gateway.kill();
            }
        }
        gateway.start_again();

        for headers in ["", ASYNC] {
            let again = gateway.step_with(headers, &step);
            assert_eq!(
                (again.status, body(&again)),
                (200, outcome.clone()),
                "{end}"
            );
        }
        assert_eq!(gateway.state("s"), (200, outcome.clone()), "{end}");
    }
    assert_eq!(gateway.outcomes("").outcomes.len(), 0);
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_step_that_was_answered_202_goes_on_after_a_crash() {
    let endpoint = Endpoint::replying([reply(503), reply(200)]);
    let mut gateway = stage(&endpoint).set("retry.delay", "'2s'").start();
    let step = json!({"id": "s", "webhook": "w"});
    assert_eq!(gateway.step(&step).0, 202);

    gateway.kill();
    gateway.start_again();

    assert_eq!(gateway.step(&step).0, 202);
    let done = json!({"id": "s", "outcome": "continue", "status": 200, "attempts": 2});
    assert_part(&gateway.logged(1)[0], &done, "the log");
    assert_eq!(endpoint.requests().len(), 2);
}
