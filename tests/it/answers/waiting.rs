//! Steps that wait in line, that are running, that come too late.

use super::settled;
use crate::support::client::post;
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use serde_json::json;
use std::thread;
use std::time::Duration;

/// A gateway with webhook `w`, and with tile `j/t` that calls it at `rate`.
fn gateway(endpoint: &Endpoint, stage: Stage, rate: &str) -> Gateway {
    stage
        .webhook("w", webhook("POST", &at(endpoint, "/"), ""))
        .journey("j", journey(rate))
        .start()
}

/// A journey with a tile `t` that calls `w` at `rate`.
fn journey(rate: &str) -> String {
    format!(
        "workflow_id = 1\nname = 'J'\n\
        [[tiles]]\nid = 't'\ntype = 'webhook'\nwebhook = 'w'\nrate_limit = '{rate}'\n"
    )
}

#[test]
fn a_step_that_cannot_go_within_the_inline_wait_is_pending_and_goes_in_its_slot() {
    let endpoint = Endpoint::replying([reply(200)]);
    let stage = Stage::new().set("delivery.inline_wait", "'100ms'");
    let gateway = gateway(&endpoint, stage, "2/second");
    // The first slot of a process is one interval after its start.
    thread::sleep(Duration::from_millis(550));

    let (first, _) = gateway.step(&json!({"id": "a", "tile": "j/t"}));
    let (second, outcome) = gateway.step(&json!({"id": "b", "tile": "j/t"}));
    let last = gateway.finally("b");

    assert_eq!((first, second), (200, 202));
    let waits = json!({"outcome": "pending", "reason": "rate_limit", "sent": "no", "attempts": 0});
    assert_eq!(settled(outcome), waits);
    let done = json!({"outcome": "continue", "status": 200, "attempts": 1});
    assert_eq!(settled(last), done);
    // A slot is half a second; the first was taken a little before its request arrived.
    let received = endpoint.requests();
    assert!(received[1].at - received[0].at > Duration::from_millis(450));
}

#[test]
fn a_step_that_can_go_within_the_inline_wait_is_waited_for() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = gateway(&endpoint, Stage::new(), "5/second");

    thread::scope(|scope| {
        let steps = [(); 4].map(|()| scope.spawn(|| gateway.step(&json!({"tile": "j/t"}))));
        for step in steps {
            let (status, outcome) = step.join().unwrap();
            assert_eq!((status, &outcome["outcome"]), (200, &json!("continue")));
        }
    });

    let received = endpoint.requests();
    assert!(received[3].at - received[0].at > Duration::from_millis(550));
}

#[test]
fn a_round_with_another_token_and_a_retry_take_slots_like_everyone() {
    let issuer = Endpoint::replying([reply(200).body(r#"{"access_token":"t"}"#)]);
    let endpoint = Endpoint::replying([reply(401), reply(503), reply(200)]);
    let auth = format!(
        "[auth]\ntype = 'oauth2'\nclient_id = 'c'\nclient_secret = 's'\ntoken_url = '{}'\n",
        at(&issuer, "/")
    );
    let gateway = Stage::new()
        .set("retry.delay", "'10ms'")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), &auth))
        .journey("j", journey("4/second"))
        .start();

    gateway.step(&json!({"id": "s", "tile": "j/t"}));
    let last = gateway.finally("s");

    let done = json!({"outcome": "continue", "status": 200, "attempts": 3});
    assert_eq!(settled(last), done);
    let received = endpoint.requests();
    for pair in received.windows(2) {
        assert!(pair[1].at - pair[0].at > Duration::from_millis(220));
    }
}

#[test]
fn a_full_host_is_busy_and_costs_neither_a_retry_nor_another_host() {
    let slow = Endpoint::replying([reply(200).after(Duration::from_millis(400))]);
    let other = Endpoint::replying([reply(200)]);
    let gateway = Stage::new()
        .set("delivery.max_in_flight_per_host", "1")
        .set("retry.max_retries", "0")
        .webhook("w", webhook("POST", &at(&slow, "/"), ""))
        .webhook("other", webhook("POST", &at(&other, "/"), ""))
        .start();

    thread::scope(|scope| {
        let first = scope.spawn(|| gateway.step(&json!({"id": "a", "webhook": "w"})));
        until("the first is at the endpoint", || {
            slow.requests().len() == 1
        });
        let (status, outcome) = gateway.step(&json!({"id": "b", "webhook": "w"}));
        let busy = json!({"outcome": "pending", "reason": "busy", "sent": "no", "attempts": 0});
        assert_eq!((status, settled(outcome)), (202, busy));
        assert_eq!(gateway.step(&json!({"webhook": "other"})).0, 200);
        assert_eq!(first.join().unwrap().0, 200);
    });

    let done = json!({"outcome": "continue", "status": 200, "attempts": 1});
    assert_eq!(settled(gateway.finally("b")), done);
}

#[test]
fn past_the_steps_in_flight_a_step_is_not_taken() {
    let slow = Endpoint::replying([reply(200).after(Duration::from_millis(300))]);
    let gateway = Stage::new()
        .set("delivery.max_in_flight", "1")
        .set("delivery.max_in_flight_per_host", "1")
        .webhook("w", webhook("POST", &at(&slow, "/"), ""))
        .start();

    thread::scope(|scope| {
        let first = scope.spawn(|| gateway.step(&json!({"webhook": "w"})));
        until("the first is at the endpoint", || {
            slow.requests().len() == 1
        });
        let refused = gateway.ask(&post(r#"{"id":"b","webhook":"w"}"#));
        assert_eq!(refused.problem().0, 503);
        assert!(refused.header("retry-after").is_some());
        assert_eq!(gateway.state("b").0, 404);
        assert_eq!(first.join().unwrap().0, 200);
    });

    let (status, _) = gateway.step(&json!({"id": "b", "webhook": "w"}));
    assert_eq!(status, 200);
}

#[test]
fn a_second_step_with_the_id_of_one_in_flight_gets_the_same_answer() {
    let slow = Endpoint::replying([reply(200).after(Duration::from_millis(300))]);
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&slow, "/"), ""))
        .start();
    let step = json!({"id": "s", "webhook": "w"});

    thread::scope(|scope| {
        let first = scope.spawn(|| gateway.step(&step));
        until("the first is at the endpoint", || {
            slow.requests().len() == 1
        });
        let (status, running) = gateway.state("s");
        assert_eq!(
            (status, &running["outcome"], &running["reason"]),
            (200, &json!("pending"), &json!("in_flight"))
        );
        let second = gateway.step(&step);
        assert_eq!(first.join().unwrap(), second);
    });

    assert_eq!(slow.requests().len(), 1);
}

#[test]
fn after_its_end_a_step_is_not_attempted() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = Stage::new()
        .set("retry.delay", "'400ms'")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();

    let (status, late) =
        gateway.step(&json!({"webhook": "w", "expiresAt": "2020-01-01T00:00:00+02:00"}));
    let soon = jiff::Timestamp::now() + Duration::from_millis(200);
    let step = json!({"id": "s", "webhook": "w", "expiresAt": soon.to_string()});
    let (in_time, _) = gateway.step(&step);
    let last = gateway.finally("s");

    let expired = json!({"outcome": "exit", "reason": "expired", "sent": "no", "attempts": 0});
    assert_eq!((status, settled(late)), (200, expired));
    assert_eq!(in_time, 202);
    let said = (&last["outcome"], &last["reason"], &last["attempts"]);
    assert_eq!(said, (&json!("exit"), &json!("expired"), &json!(1)));
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_step_that_is_deleted_is_cancelled_and_forgotten() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = gateway(
        &endpoint,
        Stage::new().set("retry.delay", "'300ms'"),
        "9/second",
    );
    let delete = |id: &str| gateway.delete(&format!("/v1/steps/{id}"));

    let (status, _) = gateway.step(&json!({"id": "a", "webhook": "w"}));

    assert_eq!(status, 202);
    assert_eq!(delete("a"), 204);
    assert_eq!((gateway.state("a").0, delete("a")), (404, 404));
    // Its retry does not come; that of a step after it does.
    gateway.step(&json!({"id": "b", "webhook": "w"}));
    gateway.finally("b");
    assert_eq!(endpoint.requests().len(), 1 + 4);
}

#[test]
fn a_step_without_an_id_of_the_callers_can_be_asked_for_while_it_waits() {
    let endpoint = Endpoint::replying([reply(503), reply(200)]);
    let gateway = gateway(
        &endpoint,
        Stage::new().set("retry.delay", "'300ms'"),
        "9/second",
    );

    let (_, pending) = gateway.step(&json!({"webhook": "w"}));
    let id = pending["id"].as_str().unwrap();
    let (status, state) = gateway.state(id);
    let last = gateway.finally(id);

    assert_eq!((status, &state["dueAt"]), (200, &pending["dueAt"]));
    assert_eq!(settled(state), settled(pending.clone()));
    let done = json!({"outcome": "continue", "status": 200, "attempts": 2});
    assert_eq!(settled(last), done);
}
