//! Endpoints that mean no good: the outcome, within the deadline, and memory stays flat.

use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, Step, reply};
use crate::support::process::{Gateway, Stage, assert_part, at, until, webhook};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// One attempt's time in these tests.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Beyond [`TIMEOUT`]: for a busy machine, and far less than any of these endpoints would take.
const SLACK: Duration = Duration::from_secs(2);

const MB: u64 = 1024 * 1024;

/// What an endpoint does, and what that is for a tile that needs the head alone, and for one that
/// needs the body.
struct Case {
    name: &'static str,
    reply: Reply,
    head: Value,
    body: Value,
}

fn case(name: &'static str, reply: Reply, head: Value, body: Value) -> Case {
    Case {
        name,
        reply,
        head,
        body,
    }
}

/// One step at a time: so a connection that is kept is used again.
fn stage() -> Stage {
    Stage::new()
        .set("delivery.timeout", "'1s'")
        .set("listen.threads", "1")
}

/// A gateway with the webhook tile `<name>/head` and the User Profile tile `<name>/body` for each.
fn serve(cases: &[Case]) -> (Gateway, Vec<Endpoint>) {
    let mut stage = stage();
    let mut endpoints = Vec::new();
    for case in cases {
        let endpoint = Endpoint::replying([case.reply.clone()]);
        let name = case.name;
        stage = stage
            .webhook(name, webhook("GET", &at(&endpoint, "/"), ""))
            .journey(
                name,
                format!(
                    "workflow_id = 1\nname = 'J'\n\
                    [[tiles]]\nid = 'head'\ntype = 'webhook'\nwebhook = '{name}'\n\
                    [[tiles]]\nid = 'body'\ntype = 'user_profile'\nwebhook = '{name}'\n"
                ),
            );
        endpoints.push(endpoint);
    }
    (stage.start(), endpoints)
}

/// Sends a step to both tiles of each case, all at once.
fn assert_outcomes(gateway: &Gateway, cases: &[Case]) {
    thread::scope(|scope| {
        for case in cases {
            for (tile, expected) in [("head", &case.head), ("body", &case.body)] {
                scope.spawn(move || {
                    let began = Instant::now();
                    let target = format!("{}/{tile}", case.name);
                    let (_, outcome) = gateway.step(&json!({"tile": target}));
                    assert_part(&outcome, expected, &target);
                    assert!(began.elapsed() < TIMEOUT + SLACK, "{target}: too late");
                });
            }
        }
    });
}

fn done() -> Value {
    json!({"outcome": "continue", "status": 200, "attempts": 1})
}

fn lost(cause: &str) -> Value {
    json!({"outcome": "pending", "reason": "retry", "cause": cause, "sent": "unknown",
        "attempts": 1})
}

/// Retried; which cause it is called is not said.
fn again() -> Value {
    json!({"outcome": "pending", "reason": "retry", "sent": "unknown", "attempts": 1})
}

fn drip(before: &str, slowly: &str) -> Reply {
    Reply::script([
        Step::Write(before.into()),
        Step::Drip(slowly.into(), Duration::from_secs(1)),
        Step::Hang,
    ])
}

#[test]
fn slow_and_silent_endpoints_take_no_more_than_the_deadline() {
    let cases = [
        case("silent", Reply::silent(), lost("timeout"), lost("timeout")),
        case(
            "drips-the-head",
            drip("", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
            lost("timeout"),
            lost("timeout"),
        ),
        case(
            "drips-the-body",
            drip(
                "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n",
                "{\"a\":1          }",
            ),
            done(),
            lost("timeout"),
        ),
        case(
            "stops-in-the-body",
            Reply::script([
                Step::Write("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{".into()),
                Step::Hang,
            ]),
            done(),
            lost("timeout"),
        ),
        case(
            "interim-for-ever",
            drip(
                "HTTP/1.1 100 Continue\r\n\r\n",
                &"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(9),
            ),
            lost("timeout"),
            lost("timeout"),
        ),
    ];
    let (gateway, _endpoints) = serve(&cases);

    assert_outcomes(&gateway, &cases);
}

#[test]
fn a_head_that_is_broken_is_tried_again_and_interim_answers_are_passed_over() {
    let cases = [
        case(
            "closes-in-the-head",
            Reply::raw_then_close("HTTP/1.1 200 OK\r\nContent-"),
            lost("connection_lost"),
            lost("connection_lost"),
        ),
        case(
            "no-http",
            Reply::raw_then_close("hello\r\n\r\n"),
            lost("protocol_error"),
            lost("protocol_error"),
        ),
        case(
            "no-status",
            Reply::raw_then_close("HTTP/1.1 OK\r\n\r\n"),
            again(),
            again(),
        ),
        case(
            "another-protocol",
            Reply::raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
            again(),
            again(),
        ),
        case(
            "interim-first",
            Reply::raw(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n\
                HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
            ),
            done(),
            json!({"outcome": "continue", "status": 200, "attempts": 1, "profile": {"a": 1}}),
        ),
    ];
    let (gateway, _endpoints) = serve(&cases);

    assert_outcomes(&gateway, &cases);
}

#[test]
fn a_body_that_is_broken_matters_only_where_it_is_needed() {
    let ok = |rest: &str| Reply::raw_then_close(format!("HTTP/1.1 200 OK\r\n{rest}"));
    let chunked = |chunks: &str| ok(&format!("Transfer-Encoding: chunked\r\n\r\n{chunks}"));
    let closed = || lost("connection_lost");
    let cases = [
        case(
            "closes-after-the-head",
            ok("Content-Length: 20\r\n\r\n"),
            done(),
            closed(),
        ),
        case(
            "no-size",
            chunked("zz\r\n{}\r\n"),
            done(),
            lost("protocol_error"),
        ),
        case(
            "past-its-size",
            chunked("1\r\n{}\r\n0\r\n\r\n"),
            done(),
            again(),
        ),
        case("no-end", chunked("2\r\n{}\r\n"), done(), closed()),
    ];
    let (gateway, _endpoints) = serve(&cases);

    assert_outcomes(&gateway, &cases);
}

#[test]
fn a_flood_is_cut_off_and_leaves_memory_flat() {
    let flood = |head: &str| {
        let head = format!("HTTP/1.1 200 OK\r\n{head}");
        Reply::script([Step::Write(head.into()), Step::Flood(100 * MB), Step::Close])
    };
    let too_large = || json!({"outcome": "exit", "reason": "response_too_large", "attempts": 1});
    let long = format!("Content-Length: {}\r\n\r\n", 100 * MB);
    let chunk = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", 100 * MB);
    let cases = [
        case("announced", flood(&long), done(), too_large()),
        case("chunked", flood(&chunk), done(), too_large()),
        case("until-closed", flood("\r\n"), done(), too_large()),
        case("in-the-head", flood("X-Long: "), again(), again()),
    ];
    let (gateway, _endpoints) = serve(&cases);
    assert_outcomes(&gateway, &cases);
    let before = gateway.resident_kib();

    for _ in 0..5 {
        assert_outcomes(&gateway, &cases);
    }

    let grown = gateway.most_resident_kib().saturating_sub(before);
    // Of 4 GB that were offered. One captured body may have 1 MiB, and there were 4 at a time.
    assert!(grown < 24 * 1024, "memory grew by {grown} KiB");
}

#[test]
fn steps_that_hang_hold_no_other_up() {
    let silent = Endpoint::replying([Reply::silent()]);
    let quick = Endpoint::replying([reply(200)]);
    let gateway = stage()
        .set("delivery.timeout", "'4s'")
        .webhook("silent", webhook("POST", &at(&silent, "/"), ""))
        .webhook("quick", webhook("POST", &at(&quick, "/"), ""))
        .start();

    thread::scope(|scope| {
        let hanging =
            [(); 50].map(|()| scope.spawn(|| gateway.step(&json!({"webhook": "silent"}))));
        until("all hang", || silent.requests().len() == 50);
        let began = Instant::now();
        for _ in 0..50 {
            assert_eq!(gateway.step(&json!({"webhook": "quick"})).0, 200);
        }
        assert!(began.elapsed() < SLACK);
        assert!(hanging.iter().all(|step| !step.is_finished()));
        for step in hanging {
            assert_part(&step.join().unwrap().1, &lost("timeout"), "silent");
        }
    });
}

#[test]
fn a_connection_that_was_kept_and_then_closed_costs_nothing() {
    let closing = Reply::script([
        Step::Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into()),
        Step::Close,
    ]);
    let endpoint = Endpoint::replying([closing]);
    let gateway = stage()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();

    for round in 1..=5 {
        let (_, outcome) = gateway.step(&json!({"webhook": "w"}));
        assert_part(&outcome, &done(), "kept and closed");
        until("it is closed", || endpoint.open_connections() == 0);
        assert_eq!(endpoint.requests().len(), round);
    }
}

#[test]
fn a_request_that_a_kept_connection_swallowed_is_not_sent_again_in_secret() {
    let greeted = Mutex::new(HashSet::new());
    let endpoint = Endpoint::answering(Speaks::Http, move |received: &Received| {
        if greeted.lock().unwrap().insert(received.connection) {
            reply(200)
        } else {
            Reply::script([Step::Close])
        }
    });
    let gateway = stage()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();

    let (_, first) = gateway.step(&json!({"webhook": "w"}));
    let (_, second) = gateway.step(&json!({"webhook": "w"}));

    assert_part(&first, &done(), "first");
    assert_part(&second, &lost("connection_lost"), "second");
    assert_eq!((endpoint.connections(), endpoint.requests().len()), (1, 2));
}
