//! Again later: the retries, until they are used up.

use super::settled;
use crate::support::endpoint::{Endpoint, Received, Reply, reply};
use crate::support::process::{Stage, at, webhook};
use serde_json::{Value, json};
use std::time::Duration;

fn quick() -> Stage {
    Stage::new().set("retry.delay", "'200ms'")
}

#[test]
fn a_step_is_tried_again_no_sooner_than_the_delay_and_exits_after_three_retries() {
    let endpoint = Endpoint::replying([reply(502), reply(429), reply(504), reply(503)]);
    let gateway = quick()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();

    let (status, first) = gateway.step(&json!({"id": "s", "webhook": "w"}));
    let last = gateway.finally("s");

    assert_eq!(
        (status, settled(first)),
        (
            202,
            json!({"outcome": "pending", "reason": "retry", "status": 502, "attempts": 1})
        )
    );
    assert_eq!(
        settled(last),
        json!({"outcome": "exit", "reason": "retries_exhausted", "status": 503, "attempts": 4})
    );
    let received = endpoint.requests();
    assert_eq!(received.len(), 4);
    for pair in received.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(200));
        assert_eq!(pair[1].raw, pair[0].raw, "a retry is another request");
    }
}

#[test]
fn retries_without_an_answer_end_with_the_last_cause() {
    let silent = Endpoint::replying([Reply::silent()]);
    let stranger = Endpoint::replying([reply(503), Reply::raw_then_close("hello\r\n\r\n")]);
    let gateway = quick()
        .set("delivery.timeout", "'200ms'")
        .set("retry.max_retries", "1")
        .webhook("silent", webhook("POST", &at(&silent, "/"), ""))
        .webhook("stranger", webhook("POST", &at(&stranger, "/"), ""))
        .start();

    for (id, cause) in [("silent", "timeout"), ("stranger", "protocol_error")] {
        gateway.step(&json!({"id": id, "webhook": id}));
        assert_eq!(
            settled(gateway.finally(id)),
            json!({"outcome": "exit", "reason": "retries_exhausted", "cause": cause,
                "sent": "unknown", "attempts": 2}),
            "{id}"
        );
    }
}

#[test]
fn a_retry_that_works_continues_and_the_id_is_remembered_throughout() {
    let endpoint = Endpoint::replying([reply(503), reply(200)]);
    let gateway = quick()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    let step = json!({"id": "s", "webhook": "w"});

    let (_, first) = gateway.step(&step);
    let (status, again) = gateway.step(&step);
    let last = gateway.finally("s");
    let after = gateway.step(&step);

    assert_eq!((status, &again["dueAt"]), (202, &first["dueAt"]));
    assert_eq!(settled(again), settled(first));
    let done = json!({"outcome": "continue", "status": 200, "attempts": 2});
    assert_eq!(settled(last.clone()), done);
    assert_eq!(after, (200, last));
    assert_eq!(endpoint.requests().len(), 2);
}

#[test]
fn a_pending_step_says_when_it_is_due() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    let before = jiff::Timestamp::now();

    let (_, outcome) = gateway.step(&json!({"webhook": "w"}));

    let due: jiff::Timestamp = outcome["dueAt"].as_str().unwrap().parse().unwrap();
    let wait = due.duration_since(before);
    assert!((180..185).contains(&wait.as_secs()), "{wait:?}");
}

#[test]
fn each_try_is_planned_from_the_configuration_then_in_force() {
    let endpoint = Endpoint::replying([reply(503), reply(200)]);
    let gateway = Stage::new()
        .set("retry.delay", "'1200ms'")
        .webhook("w", webhook("POST", &at(&endpoint, "/old"), ""))
        .start();

    gateway.step(&json!({"id": "s", "webhook": "w"}));
    gateway.serve_webhook("w", &webhook("PUT", &at(&endpoint, "/new"), ""));
    let last: Value = gateway.finally("s");

    assert_eq!(last["outcome"], "continue");
    let received = endpoint.requests();
    let line = |it: &Received| format!("{} {}", it.method, it.target);
    let lines: Vec<_> = received.iter().map(line).collect();
    assert_eq!(lines, ["POST /old", "PUT /new"]);
}
