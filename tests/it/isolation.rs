//! What is full delays no other: hosts that hang, tiles that are paced, many steps due at once.

use crate::support::client::{Answer, post};
use crate::support::endpoint::{Endpoint, Reply, Speaks, reply};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// Steps that wait for a host that hangs.
const MANY: usize = if cfg!(debug_assertions) {
    10_000
} else {
    100_000
};

/// Steps that come back at the same time.
const DUE: usize = 2_000;

/// Connections that many steps come by: what comes at the same time is written together.
const CONNECTIONS: usize = 32;

/// Requests that are sent ahead of their answers on one connection.
const AHEAD: usize = 50;

/// Sends these steps over a few connections, many ahead of their answers; every answer.
fn send_all(gateway: &Gateway, steps: &[Value]) -> Vec<Answer> {
    let answers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for part in steps.chunks(steps.len().div_ceil(CONNECTIONS)) {
            let answers = &answers;
            scope.spawn(move || {
                let mut client = gateway.client();
                for few in part.chunks(AHEAD) {
                    let requests: String = few.iter().map(|step| post(&step.to_string())).collect();
                    client.send(requests);
                    let mut come: Vec<_> = few.iter().map(|_| client.answer()).collect();
                    answers.lock().unwrap().append(&mut come);
                }
            });
        }
    });
    answers.into_inner().unwrap()
}

/// Every answer is pending for this reason.
#[track_caller]
fn assert_pending(answers: &[Answer], reason: &str) {
    for answer in answers {
        let outcome: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &outcome["reason"]),
            (202, &json!(reason)),
            "{outcome}"
        );
    }
}

/// How long after they were due steps of the webhook `due` leave, which `endpoint` answers with a
/// `503` that is retried after `delay`, then with `200`: the longest of ten.
fn longest_lag(gateway: &Gateway, endpoint: &Endpoint, delay: Duration) -> Duration {
    for n in 0..10 {
        let (status, _) = gateway.step(&json!({"id": format!("due-{n}"), "webhook": "due"}));
        assert_eq!(status, 202);
        let done = gateway.finally(&format!("due-{n}"));
        assert_eq!(done["outcome"], "continue");
    }
    let received = endpoint.requests();
    let pairs = received.chunks(2);
    let lags = pairs.map(|pair| (pair[1].at - pair[0].at).saturating_sub(delay));
    lags.max().unwrap()
}

/// Every other request is answered with `503`, the others with `200`.
fn by_turns() -> Endpoint {
    let seen = Mutex::new(HashSet::new());
    Endpoint::answering(Speaks::Http, move |received| {
        let id = received.header("idempotency-key").unwrap().to_owned();
        let first = seen.lock().unwrap().insert(id);
        reply(if first { 503 } else { 200 })
    })
}

/// When the steps came back whose ids begin with `due`, after each has been there once.
fn returned(endpoint: &Endpoint) -> Vec<Instant> {
    let mut seen = HashSet::new();
    let mut returned = Vec::new();
    for received in endpoint.requests() {
        let id = received.header("idempotency-key").unwrap();
        if id.starts_with("due") && !seen.insert(id.to_owned()) {
            returned.push(received.at);
        }
    }
    returned
}

#[test]
fn a_host_that_hangs_fills_only_its_share_and_the_rest_is_busy() {
    let (hanging, other) = (
        Endpoint::replying([Reply::silent()]),
        Endpoint::replying([reply(200)]),
    );
    let gateway = Stage::new()
        .set("delivery.max_in_flight_per_host", "4")
        .webhook("hanging", webhook("POST", &at(&hanging, "/"), ""))
        .webhook("other", webhook("POST", &at(&other, "/"), ""))
        .start();

    let mut clients: Vec<_> = (0..4).map(|_| gateway.client()).collect();
    for client in &mut clients {
        client.send(post(r#"{"webhook":"hanging"}"#));
    }
    until("the host has its share", || hanging.requests().len() == 4);
    let steps: Vec<_> = (0..20).map(|_| json!({"webhook": "hanging"})).collect();
    let answers = send_all(&gateway, &steps);

    assert_pending(&answers, "busy");
    assert_eq!(gateway.step(&json!({"webhook": "other"})).0, 200);
    assert_eq!(hanging.requests().len(), 4);
}

#[test]
fn however_many_wait_for_a_host_that_hangs_a_due_step_of_another_leaves_at_once() {
    let (hanging, healthy) = (Endpoint::replying([Reply::silent()]), by_turns());
    let delay = Duration::from_millis(200);
    let gateway = Stage::new()
        .set("delivery.max_in_flight_per_host", "4")
        .set("retry.delay", "'200ms'")
        .webhook("hanging", webhook("POST", &at(&hanging, "/"), ""))
        .webhook("due", webhook("POST", &at(&healthy, "/"), ""))
        .start();
    let mut clients: Vec<_> = (0..4).map(|_| gateway.client()).collect();
    for client in &mut clients {
        client.send(post(r#"{"webhook":"hanging"}"#));
    }
    until("the host has its share", || hanging.requests().len() == 4);
    let steps: Vec<_> = (0..MANY).map(|_| json!({"webhook": "hanging"})).collect();
    assert_pending(&send_all(&gateway, &steps), "busy");

    let lag = longest_lag(&gateway, &healthy, delay);

    println!("behind {MANY} that wait for another host: at most {lag:?} after it was due");
    assert!(lag < Duration::from_secs(1), "{lag:?}");
}

#[test]
fn however_many_wait_for_a_tile_a_due_step_of_another_leaves_at_once() {
    let healthy = by_turns();
    let other = Endpoint::replying([reply(200)]);
    let delay = Duration::from_millis(200);
    let journey = "workflow_id = 1\nname = 'J'\n\
        [[tiles]]\nid = 't'\ntype = 'webhook'\nwebhook = 'w'\nrate_limit = '1/minute'\n";
    let gateway = Stage::new()
        .set("retry.delay", "'200ms'")
        .webhook("w", webhook("POST", &at(&other, "/"), ""))
        .webhook("due", webhook("POST", &at(&healthy, "/"), ""))
        .journey("j", journey)
        .start();
    assert_eq!(gateway.step(&json!({"tile": "j/t"})).0, 200);
    let steps: Vec<_> = (0..1_000).map(|_| json!({"tile": "j/t"})).collect();
    assert_pending(&send_all(&gateway, &steps), "rate_limit");

    let lag = longest_lag(&gateway, &healthy, delay);

    println!("behind 1000 that wait for a tile: at most {lag:?} after it was due");
    assert!(lag < Duration::from_secs(1), "{lag:?}");
    assert_eq!(other.requests().len(), 1);
}

#[test]
fn thousands_due_at_once_keep_to_the_hosts_share_and_keep_no_new_step_out() {
    const SERVICE: Duration = Duration::from_millis(20);
    const SHARE: usize = 40;
    let seen = Mutex::new(HashSet::new());
    let endpoint = Endpoint::answering(Speaks::Http, move |received| {
        let id = received.header("idempotency-key").unwrap().to_owned();
        let first = id.starts_with("due") && seen.lock().unwrap().insert(id);
        if first {
            reply(503)
        } else {
            reply(200).after(SERVICE)
        }
    });
    let gateway = Stage::new()
        .set("delivery.max_in_flight_per_host", &SHARE.to_string())
        .set("retry.delay", "'2s'")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    let steps: Vec<_> = (0..DUE)
        .map(|n| json!({"id": format!("due-{n}"), "webhook": "w"}))
        .collect();
    assert_pending(&send_all(&gateway, &steps), "retry");
    until("the first comes back", || !returned(&endpoint).is_empty());

    let (mut new, mut back) = (0, Vec::new());
    while back.len() < DUE {
        for _ in 0..20 {
            let (status, outcome) = gateway.step(&json!({"webhook": "w"}));
            assert_eq!(status, 200, "{outcome}");
            new += 1;
        }
        back = returned(&endpoint);
    }

    // Whoever came less than a service time before is still there.
    let most = (0..back.len())
        .map(|n| {
            back[..=n]
                .iter()
                .rev()
                .take_while(|at| back[n] - **at < SERVICE)
                .count()
        })
        .max()
        .unwrap();
    println!("{DUE} due at once: at most {most} beside each other, {new} new ones meanwhile");
    assert!(most <= SHARE / 2, "{most}");
    assert!(new > 0);
}
