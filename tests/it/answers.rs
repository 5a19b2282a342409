//! What comes back for a step: each row of the contract's table, over the real binary.

mod captured;
mod refusals;
mod retries;
mod service;
mod tokens;
mod waiting;

use crate::support::endpoint::{Endpoint, Reply, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::{Value, json};

/// An outcome without what differs from run to run, once that is as it has to be.
fn settled(mut outcome: Value) -> Value {
    let members = outcome.as_object_mut().unwrap();
    let message = members.remove("message");
    let message = message.as_ref().and_then(Value::as_str).unwrap();
    assert!(
        !message.starts_with(char::is_lowercase) && message.ends_with('.'),
        "no sentence: {message}"
    );
    assert!(members.remove("id").unwrap().is_string());
    let time = if members["outcome"] == "pending" {
        "dueAt"
    } else {
        "elapsedMs"
    };
    assert!(members.remove(time).is_some(), "no `{time}`: {members:?}");
    outcome
}

/// Sends a step to each webhook of `cases` and compares the answer; 202 for pending, else 200.
#[track_caller]
fn assert_answers<'a>(gateway: &Gateway, cases: impl IntoIterator<Item = (&'a str, Value)>) {
    for (id, expected) in cases {
        let (status, outcome) = gateway.step(&json!({"webhook": id, "email": "a@example.com"}));
        let said = if expected["outcome"] == "pending" {
            202
        } else {
            200
        };
        assert_eq!((status, settled(outcome)), (said, expected), "{id}");
    }
}

#[test]
fn the_status_of_an_answer_decides() {
    let elsewhere = Endpoint::replying([reply(200)]);
    let endpoint = Endpoint::answering(crate::support::endpoint::Speaks::Http, {
        let elsewhere = at(&elsewhere, "/");
        move |received| {
            let status = received.target.trim_start_matches('/').parse().unwrap();
            reply(status).header("Location", &elsewhere)
        }
    });
    let continues = [200, 201, 202, 206, 299];
    let retries = [429, 502, 503, 504];
    let exits = [
        300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 418, 422, 425, 431,
        500, 501, 505, 507, 599,
    ];
    let every = [&continues[..], &retries, &exits].concat();
    let mut stage = Stage::new();
    for status in every {
        let url = at(&endpoint, &format!("/{status}"));
        stage = stage.webhook(&format!("w{status}"), webhook("POST", &url, ""));
    }
    let gateway = stage.start();

    let answers = |statuses: &[u16], expected: Value| {
        for status in statuses {
            let mut expected = expected.clone();
            expected["status"] = json!(status);
            assert_answers(&gateway, [(format!("w{status}").as_str(), expected)]);
        }
    };
    answers(&continues, json!({"outcome": "continue", "attempts": 1}));
    answers(
        &retries,
        json!({"outcome": "pending", "reason": "retry", "attempts": 1}),
    );
    answers(
        &exits,
        json!({"outcome": "exit", "reason": "status", "attempts": 1}),
    );
    assert_eq!(elsewhere.connections(), 0, "a redirect was followed");
}

#[test]
fn the_statuses_that_are_retried_are_those_of_the_configuration() {
    let endpoint = Endpoint::replying([reply(500), reply(503)]);
    let gateway = Stage::new()
        .set("retry.statuses", "[500]")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();

    let retry = json!({"outcome": "pending", "reason": "retry", "status": 500, "attempts": 1});
    let exit = json!({"outcome": "exit", "reason": "status", "status": 503, "attempts": 1});
    assert_answers(&gateway, [("w", retry), ("w", exit)]);
}

#[test]
fn the_verdict_of_a_webhook_tile_falls_with_the_head_whatever_becomes_of_the_body() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf";
    let refused = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    let replies: [Reply; 2] = [Reply::raw_then_close(head), Reply::raw_then_close(refused)];
    let endpoint = Endpoint::replying(replies);
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();

    let done = json!({"outcome": "continue", "status": 200, "attempts": 1});
    let exit = json!({"outcome": "exit", "reason": "status", "status": 404, "attempts": 1});
    assert_answers(&gateway, [("w", done), ("w", exit)]);
}

#[test]
fn the_next_user_is_attempted_however_many_failed_before() {
    let failures = (0..30).map(|_| reply(500));
    let endpoint = Endpoint::replying(failures.chain([reply(200)]));
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();

    let exit = json!({"outcome": "exit", "reason": "status", "status": 500, "attempts": 1});
    let done = json!({"outcome": "continue", "status": 200, "attempts": 1});
    assert_answers(&gateway, (0..30).map(|_| ("w", exit.clone())));
    assert_answers(&gateway, [("w", done)]);
}
