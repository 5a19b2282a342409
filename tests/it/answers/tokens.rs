//! OAuth 2.0: tokens that are refused, and tokens that do not come.

use super::{assert_answers, settled};
use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, reply};
use crate::support::process::{Stage, at, until, webhook};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// `[auth]` with the token URL `url`.
fn auth(url: &str) -> String {
    format!("[auth]\ntype = 'oauth2'\nclient_id = 'c'\nclient_secret = 's'\ntoken_url = '{url}'\n")
}

/// Gives out `tok-1`, `tok-2` and so on at `/token`, and answers the rest by `script`.
fn issuing(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Endpoint {
    let given = AtomicUsize::new(0);
    Endpoint::answering(Speaks::Http, move |received| {
        match received.target.as_str() {
            "/token" => {
                let number = given.fetch_add(1, Ordering::SeqCst) + 1;
                reply(200).body(format!(r#"{{"access_token":"tok-{number}"}}"#))
            }
            _ => script(received),
        }
    })
}

/// What came, in its order: `token` for a fetch, else the token that a call carried.
fn calls(endpoint: &Endpoint) -> Vec<String> {
    let call = |received: &Received| match received.target.as_str() {
        "/token" => "token".to_owned(),
        _ => received.header("authorization").unwrap().to_owned(),
    };
    endpoint.requests().iter().map(call).collect()
}

fn stage(endpoint: &Endpoint) -> Stage {
    let more = auth(&at(endpoint, "/token"));
    Stage::new().webhook("w", webhook("POST", &at(endpoint, "/"), &more))
}

#[test]
fn a_refused_token_is_fetched_anew_at_most_three_times_a_step() {
    let endpoint = issuing(|_| reply(401));
    let gateway = stage(&endpoint).start();

    let exit = json!({"outcome": "exit", "reason": "unauthorized", "status": 401, "attempts": 4});
    assert_answers(&gateway, [("w", exit)]);
    let rounds = (1..=4).flat_map(|round| ["token".to_owned(), format!("Bearer tok-{round}")]);
    assert_eq!(calls(&endpoint), rounds.collect::<Vec<_>>());
}

#[test]
fn a_token_that_is_good_after_a_refusal_continues_and_is_kept() {
    let endpoint = issuing(|received| match received.header("authorization") {
        Some("Bearer tok-2") => reply(200),
        _ => reply(401),
    });
    let gateway = stage(&endpoint).start();

    let done = |attempts| json!({"outcome": "continue", "status": 200, "attempts": attempts});
    assert_answers(&gateway, [("w", done(2)), ("w", done(1))]);
    let expected = [
        "token",
        "Bearer tok-1",
        "token",
        "Bearer tok-2",
        "Bearer tok-2",
    ];
    assert_eq!(calls(&endpoint), expected);
}

#[test]
fn steps_that_see_the_same_refusal_cause_one_fetch() {
    let revoked = Arc::new(AtomicBool::new(false));
    let refused = Arc::new(AtomicUsize::new(0));
    let endpoint = issuing({
        let (revoked, refused) = (revoked.clone(), refused.clone());
        move |received| match received.header("authorization") {
            Some("Bearer tok-1") if revoked.load(Ordering::SeqCst) => {
                refused.fetch_add(1, Ordering::SeqCst);
                reply(401).after(Duration::from_millis(200))
            }
            _ => reply(200),
        }
    });
    let gateway = stage(&endpoint).start();
    gateway.step(&json!({"webhook": "w"}));
    revoked.store(true, Ordering::SeqCst);

    thread::scope(|scope| {
        let steps = [(); 4].map(|()| scope.spawn(|| gateway.step(&json!({"webhook": "w"}))));
        for step in steps {
            let (status, outcome) = step.join().unwrap();
            let done = json!({"outcome": "continue", "status": 200, "attempts": 2});
            assert_eq!((status, settled(outcome)), (200, done));
        }
    });

    assert_eq!(
        refused.load(Ordering::SeqCst),
        4,
        "not all were on their way at once"
    );
    let fetches = calls(&endpoint)
        .iter()
        .filter(|call| *call == "token")
        .count();
    assert_eq!(fetches, 2);
}

#[test]
fn many_first_steps_wait_for_one_fetch() {
    let endpoint = issuing(|_| reply(200));
    let gateway = stage(&endpoint).start();

    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| gateway.step(&json!({"webhook": "w"})));
        }
    });

    let fetches = calls(&endpoint)
        .iter()
        .filter(|call| *call == "token")
        .count();
    assert_eq!((fetches, calls(&endpoint).len()), (1, 9));
}

#[test]
fn the_statuses_that_refuse_a_token_are_those_of_the_webhook() {
    let endpoint = issuing(|received| match received.header("authorization") {
        Some("Bearer tok-1") => reply(403),
        _ => reply(401),
    });
    let more = auth(&at(&endpoint, "/token")) + "refresh_statuses = [403]\n";
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), &more))
        .start();

    let exit = json!({"outcome": "exit", "reason": "status", "status": 401, "attempts": 2});
    assert_answers(&gateway, [("w", exit)]);
}

#[test]
fn a_fetch_that_fails_in_any_way_is_an_exit_before_any_attempt() {
    let endpoint = Endpoint::replying([reply(200)]);
    let answers: Vec<(&str, Endpoint)> = [
        ("status-500", reply(500)),
        ("status-401", reply(401)),
        ("status-503", reply(503)),
        ("redirect", reply(302).header("Location", "/elsewhere")),
        ("empty", reply(200)),
        ("no-json", reply(200).body("access_token=x")),
        ("no-token", reply(200).body(r#"{"expires_in":1}"#)),
        ("null-token", reply(200).body(r#"{"access_token":null}"#)),
        ("number", reply(200).body(r#"{"access_token":1}"#)),
        ("broken", reply(200).body(r#"{"access_token":"a\r\nb"}"#)),
        ("closed", Reply::raw_then_close("")),
        (
            "half",
            Reply::raw_then_close("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
        ),
        ("not-http", Reply::raw_then_close("hello\r\n\r\n")),
        ("huge", reply(200).body(vec![b' '; 2 * 1024 * 1024])),
        ("silent", Reply::silent()),
    ]
    .into_iter()
    .map(|(name, answer)| (name, Endpoint::replying([answer])))
    .collect();
    let mut urls: Vec<(&str, String)> = answers
        .iter()
        .map(|(name, issuer)| (*name, at(issuer, "/token")))
        .collect();
    urls.extend([
        ("guard", "http://10.0.0.1/token".to_owned()),
        ("nameless", "http://nothing.invalid/token".to_owned()),
        (
            "plaintext",
            format!("https://{}/token", answers[0].1.address()),
        ),
    ]);
    let mut stage = Stage::new().set("delivery.timeout", "'1s'");
    for (id, url) in &urls {
        stage = stage.webhook(id, webhook("POST", &at(&endpoint, "/"), &auth(url)));
    }
    let gateway = stage.start();

    let exit = json!({"outcome": "exit", "reason": "token_fetch_failed", "sent": "no",
        "attempts": 0});
    assert_answers(&gateway, urls.iter().map(|(id, _)| (*id, exit.clone())));
    assert_eq!(endpoint.connections(), 0);
}

#[test]
fn a_failed_fetch_is_not_remembered() {
    let issuer = Endpoint::replying([reply(500), reply(200).body(r#"{"access_token":"t"}"#)]);
    let endpoint = Endpoint::replying([reply(200)]);
    let more = auth(&at(&issuer, "/"));
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), &more))
        .start();

    let exit = json!({"outcome": "exit", "reason": "token_fetch_failed", "sent": "no",
        "attempts": 0});
    let done = json!({"outcome": "continue", "status": 200, "attempts": 1});
    assert_answers(&gateway, [("w", exit), ("w", done)]);
}

#[test]
fn the_rounds_of_a_step_are_counted_over_its_retries() {
    let calls_so_far = AtomicUsize::new(0);
    let endpoint = issuing(move |_| {
        let call = calls_so_far.fetch_add(1, Ordering::SeqCst);
        // Two refusals, then a retry, then refusals for ever.
        if call == 2 { reply(503) } else { reply(401) }
    });
    let gateway = stage(&endpoint).set("retry.delay", "'100ms'").start();

    gateway.step(&json!({"id": "s", "webhook": "w"}));
    until("a final outcome", || {
        gateway.state("s").1["outcome"] != "pending"
    });

    let exit = json!({"outcome": "exit", "reason": "unauthorized", "status": 401, "attempts": 5});
    assert_eq!(settled(gateway.finally("s")), exit);
}
