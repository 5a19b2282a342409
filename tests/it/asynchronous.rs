//! Steps that are answered before they are done: by preference, or because nobody waits.

mod kept;
mod twice;

use crate::support::client::{Answer, get};
use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, reply};
use crate::support::log::Page;
use crate::support::process::{Gateway, Stage, assert_part, at, until, webhook};
use serde_json::{Value, json};
use std::time::Duration;

const ASYNC: &str = "Prefer: respond-async\r\n";

fn stage(endpoint: &Endpoint) -> Stage {
    Stage::new()
        .set("retry.delay", "'100ms'")
        .webhook("w", webhook("POST", &at(endpoint, "/"), ""))
}

/// An endpoint that takes its time.
fn slow(after: Duration) -> Endpoint {
    Endpoint::replying([reply(200).after(after)])
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn applied(answer: &Answer) -> Option<&str> {
    answer.header("preference-applied")
}

/// The id of a step that was answered before it was done, with `preference` applied.
#[track_caller]
fn early(answer: &Answer, preference: &str) -> String {
    assert_eq!(
        (answer.status, applied(answer)),
        (202, Some(preference)),
        "{}",
        answer.body
    );
    let outcome = body(answer);
    assert_part(
        &outcome,
        &json!({"outcome": "pending", "reason": "async"}),
        "",
    );
    assert!(outcome["dueAt"].is_string(), "{outcome}");
    outcome["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_step_that_is_to_be_answered_at_once_is_delivered_after_and_its_outcome_is_in_the_log() {
    let endpoint = slow(Duration::from_millis(300));
    let gateway = stage(&endpoint).start();

    for step in [
        json!({"id": "mine", "webhook": "w"}),
        json!({"webhook": "w"}),
    ] {
        let id = early(&gateway.step_with(ASYNC, &step), "respond-async");
        let meanwhile = gateway.state(&id);
        let last = gateway.finally(&id);

        assert_eq!(
            (meanwhile.0, &meanwhile.1["outcome"]),
            (200, &json!("pending"))
        );
        let done = json!({"id": id, "outcome": "continue", "status": 200, "attempts": 1});
        assert_part(&last, &done, "the state");
    }
    let logged = gateway.logged(2);
    assert_eq!(logged[0]["id"], "mine");
    assert_eq!(endpoint.requests().len(), 2);
}

#[test]
fn tile_and_webhook_are_judged_on_arrival() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = stage(&endpoint).start();

    let tile = gateway.step_with(ASYNC, &json!({"id": "t", "tile": "no/tile"}));
    let webhook = gateway.step_with(ASYNC, &json!({"id": "w", "webhook": "none"}));

    assert_eq!(tile.problem(), (404, "unknown-tile".to_owned()));
    assert_eq!((webhook.status, applied(&webhook)), (200, None));
    let exit = json!({"outcome": "exit", "reason": "unknown_webhook", "attempts": 0});
    assert_part(&body(&webhook), &exit, "an unknown webhook");
    assert_eq!(gateway.outcomes("").outcomes, Vec::<Value>::new());
}

#[test]
fn a_step_whose_time_passes_while_it_waits_exits_with_expired() {
    let endpoint = Endpoint::replying([reply(503), reply(200)]);
    let gateway = stage(&endpoint).set("retry.delay", "'2500ms'").start();
    let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let step = json!({"id": "s", "webhook": "w", "expiresAt": expires.to_string()});

    early(&gateway.step_with(ASYNC, &step), "respond-async");

    let logged = gateway.logged(1);
    let expired = json!({"id": "s", "outcome": "exit", "reason": "expired", "attempts": 1});
    assert_part(&logged[0], &expired, "the log");
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_step_that_is_done_within_the_wait_is_answered_as_ever() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = stage(&endpoint).start();

    for prefer in ["wait=10", "respond-async, wait=10"] {
        let headers = format!("Prefer: {prefer}\r\n");
        let answer = gateway.step_with(&headers, &json!({"webhook": "w"}));
        assert_eq!((answer.status, applied(&answer)), (200, None), "{prefer}");
    }
    assert_eq!(gateway.outcomes("").outcomes, Vec::<Value>::new());
}

#[test]
fn a_step_that_outlasts_the_wait_is_answered_then_and_its_outcome_goes_to_the_log() {
    let endpoint = slow(Duration::from_millis(2500));
    let gateway = stage(&endpoint).start();

    for (headers, step, preference) in [
        (
            "Prefer: wait=1\r\n",
            json!({"id": "s", "webhook": "w"}),
            "wait=1",
        ),
        (
            "Prefer: respond-async\r\nPrefer: wait=1\r\n",
            json!({"webhook": "w"}),
            "respond-async, wait=1",
        ),
    ] {
        let answer = gateway.step_with(headers, &step);
        let state = gateway.state(&early(&answer, preference));

        assert_eq!((&body(&answer)["attempts"], state.0), (&json!(1), 200));
        let running = json!({"outcome": "pending", "reason": "in_flight"});
        assert_part(&state.1, &running, "the state");
    }
    let logged = gateway.logged(2);
    for outcome in &logged {
        let done = json!({"outcome": "continue", "status": 200, "attempts": 1});
        assert_part(outcome, &done, "the log");
    }
    assert_eq!(endpoint.requests().len(), 2);
}

#[test]
fn a_wait_of_nothing_is_an_answer_at_once() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = stage(&endpoint).start();

    let id = early(
        &gateway.step_with("Prefer: wait=0\r\n", &json!({"webhook": "w"})),
        "wait=0",
    );

    assert_eq!(gateway.logged(1)[0]["id"], json!(id));
}

#[test]
fn each_durable_step_gets_one_entry_however_it_became_durable() {
    let endpoint = Endpoint::answering(Speaks::Http, |received: &Received| {
        match received.header("idempotency-key") {
            Some("retried") => reply(503),
            Some("waited") => reply(200).after(Duration::from_millis(2500)),
            _ => reply(200),
        }
    });
    let gateway = stage(&endpoint).set("retry.max_retries", "1").start();

    let step = |id: &str| json!({"id": id, "webhook": "w"});
    assert_eq!(gateway.step(&step("inline")).0, 200);
    assert_eq!(gateway.step(&step("retried")).0, 202);
    early(&gateway.step_with(ASYNC, &step("asked")), "respond-async");
    early(
        &gateway.step_with("Prefer: wait=1\r\n", &step("waited")),
        "wait=1",
    );

    gateway.finally("waited");
    let page = Page {
        outcomes: gateway.logged(3),
        cursor: String::new(),
    };
    let mut ids = page.ids();
    ids.sort_unstable();
    assert_eq!(ids, ["asked", "retried", "waited"]);
}

#[test]
fn a_step_that_is_deleted_while_it_waits_leaves_nothing_behind() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = stage(&endpoint).set("retry.delay", "'10m'").start();
    let finished = Endpoint::replying([reply(200)]);
    gateway.serve_webhook("f", &webhook("POST", &at(&finished, "/"), ""));

    early(
        &gateway.step_with(ASYNC, &json!({"id": "waits", "webhook": "w"})),
        "respond-async",
    );
    early(
        &gateway.step_with(ASYNC, &json!({"id": "done", "webhook": "f"})),
        "respond-async",
    );
    gateway.logged(1);
    until("the first attempt", || endpoint.requests().len() == 1);

    for id in ["waits", "done"] {
        let path = format!("/v1/steps/{id}");
        let state = || gateway.ask(&get(&path, "")).status;
        until("the end of its attempt", || {
            gateway.state(id).1["reason"] != "in_flight"
        });
        assert_eq!(
            [gateway.delete(&path), state(), gateway.delete(&path)],
            [204, 404, 404]
        );
    }
    assert_eq!(gateway.outcomes("").outcomes, Vec::<Value>::new());
}

/// A gateway with one step at an endpoint that answers when it is let.
fn begun(endpoint: &Endpoint, gateway: &Gateway) {
    until("the request", || !endpoint.requests().is_empty());
    assert_eq!(gateway.outcomes("").outcomes, Vec::<Value>::new());
}

/// An answer that takes so long.
fn after(millis: u64) -> Reply {
    reply(200).after(Duration::from_millis(millis))
}
