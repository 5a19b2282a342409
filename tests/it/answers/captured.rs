//! What a tile keeps of an answer: a profile, live data, nothing.

use super::settled;
use crate::support::endpoint::{Endpoint, Reply, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::{Value, json};
use std::path::Path;
use stepgate::config;
use stepgate::model::WebhookId;

const RETRIEVAL: &str = "[data_retrieval]\nobject = 'offer'\n\
    fields = [{ name = 'price', pointer = '/data/price', type = 'number' },\
    { name = 'title', pointer = '/data/title', type = 'string' },\
    { name = 'a/b', pointer = '/a~1b/1', type = 'object' },\
    { name = 'flag', pointer = '/flag', type = 'boolean' },\
    { name = 'list', pointer = '/list', type = 'array' }]\n";

/// A webhook's text with the record of a test of it.
fn tested(text: &str) -> String {
    let id = WebhookId::new("w").unwrap();
    let draft = config::draft(&id, text, "w.toml", Path::new(""));
    let fingerprint = draft.fingerprint.unwrap();
    format!(
        "{text}[data_retrieval.test]\nfingerprint = '{fingerprint}'\nat = '2026-11-23T10:00:00Z'\n"
    )
}

/// A gateway with the tiles `profile`, `live` and `branch` of journey `j`, which all call `endpoint`.
fn gateway(endpoint: &Endpoint) -> Gateway {
    let get = webhook("GET", &at(endpoint, "/"), "");
    let live = tested(&webhook("GET", &at(endpoint, "/"), RETRIEVAL));
    Stage::new()
        .set("delivery.response_limit", "'4KiB'")
        .webhook("get", get)
        .webhook("live", live)
        .journey(
            "j",
            "workflow_id = 1\nname = 'J'\n\
            [[tiles]]\nid = 'profile'\ntype = 'user_profile'\nwebhook = 'get'\n\
            [[tiles]]\nid = 'live'\ntype = 'live_data'\nwebhook = 'live'\n\
            [[tiles]]\nid = 'branch'\ntype = 'live_data'\nwebhook = 'live'\non_failure = 'branch'\n\
            [[tiles]]\nid = 'nothing'\ntype = 'webhook'\nwebhook = 'get'\n",
        )
        .start()
}

/// The outcome of a step at `tile` whose endpoint replies with `answer`.
fn outcome_of(tile: &str, answer: Reply) -> Value {
    outcomes_of(tile, [answer]).remove(0)
}

fn outcomes_of<const N: usize>(tile: &str, answers: [Reply; N]) -> Vec<Value> {
    let endpoint = Endpoint::replying(answers);
    let gateway = gateway(&endpoint);
    let step = json!({"tile": format!("j/{tile}"), "email": "a@example.com"});
    (0..N).map(|_| settled(gateway.step(&step).1)).collect()
}

#[test]
fn a_profile_is_any_json_object() {
    let objects = [
        (r#"{"firstName":"Test"}"#, json!({"firstName": "Test"})),
        (" \n{ }\n", json!({})),
        (r#"{"a":{"b":[1,null]}}"#, json!({"a": {"b": [1, null]}})),
    ];
    let answers = objects.clone().map(|(body, _)| reply(200).body(body));
    let outcomes = outcomes_of("profile", answers);

    for (outcome, (body, profile)) in outcomes.into_iter().zip(objects) {
        let done = json!({"outcome": "continue", "status": 200, "attempts": 1, "profile": profile});
        assert_eq!(outcome, done, "{body}");
    }
}

#[test]
fn what_is_no_json_object_is_no_profile() {
    let bodies = [
        "",
        "[]",
        "null",
        "1",
        "\"{}\"",
        "{",
        "{}x",
        "{'a':1}",
        "<a/>",
        "{\"a\":1,}",
    ];
    let answers = bodies.map(|body| reply(200).body(body));
    let outcomes = outcomes_of("profile", answers);

    let exit = json!({"outcome": "exit", "reason": "invalid_response", "status": 200,
        "attempts": 1});
    for (outcome, body) in outcomes.into_iter().zip(bodies) {
        assert_eq!(outcome, exit, "{body}");
    }
    let not_text = outcome_of("profile", reply(200).body(b"{\"a\":\"\xff\"}"));
    assert_eq!(not_text, exit);
}

#[test]
fn live_data_are_the_fields_by_pointer_and_type() {
    let body = r#"{"data":{"price":12,"title":"Offer"},"a/b":[0,{"x":1}],"flag":false,"list":[],"more":1}"#;

    let outcome = outcome_of("live", reply(200).body(body));

    assert_eq!(
        outcome,
        json!({"outcome": "continue", "status": 200, "attempts": 1, "path": "success",
            "liveData": {"offer": {"price": 12, "title": "Offer", "a/b": {"x": 1}, "flag": false,
                "list": []}}})
    );
}

#[test]
fn a_field_that_is_missing_or_of_another_type_is_null_and_named() {
    let body = r#"{"data":{"price":"12","title":null},"a/b":[0],"flag":0,"list":{}}"#;

    for (tile, body) in [
        ("live", body),
        ("branch", body),
        ("live", "[]"),
        ("live", "7"),
    ] {
        let mut outcome = outcome_of(tile, reply(200).body(body));

        let warnings = outcome.as_object_mut().unwrap().remove("warnings").unwrap();
        assert_eq!(
            outcome,
            json!({"outcome": "continue", "status": 200, "attempts": 1, "path": "success",
                "liveData": {"offer": {"price": null, "title": null, "a/b": null, "flag": null,
                    "list": null}}}),
            "{tile} {body}"
        );
        let warnings = warnings.as_array().unwrap();
        let fields: Vec<_> = warnings.iter().map(|warning| &warning["field"]).collect();
        assert_eq!(fields, ["price", "title", "a/b", "flag", "list"]);
        assert!(
            warnings
                .iter()
                .all(|warning| warning["message"].is_string())
        );
    }
}

#[test]
fn captured_numbers_keep_their_text() {
    let endpoint = Endpoint::replying([
        reply(200).body(r#"{"n":1234567890123456789,"d":1.10,"e":1e400}"#),
        reply(200).body(r#"{"data":{"price":12345678901234567890.10}}"#),
    ]);
    let gateway = gateway(&endpoint);

    let [profile, live] = ["profile", "live"].map(|tile| {
        let step = format!(r#"{{"tile":"j/{tile}"}}"#);
        gateway.ask(&crate::support::client::post(&step)).body
    });

    let text = r#""profile":{"n":1234567890123456789,"d":1.10,"e":1e400}"#;
    assert!(profile.contains(text), "{profile}");
    let text = r#""liveData":{"offer":{"price":12345678901234567890.10,"#;
    assert!(live.contains(text), "{live}");
}

#[test]
fn live_data_that_fail_exit_or_go_on_by_the_failure_branch() {
    for (answer, reason, status) in [
        (reply(200).body("nothing"), "invalid_response", 200),
        (reply(200), "invalid_response", 200),
        (reply(404).body("{}"), "status", 404),
    ] {
        let exit = outcome_of("live", answer.clone());
        let branch = outcome_of("branch", answer);

        let expected = json!({"outcome": "exit", "reason": reason, "status": status,
            "attempts": 1, "path": "failure"});
        assert_eq!(exit, expected);
        let said = (&branch["outcome"], &branch["path"], &branch["status"]);
        assert_eq!(
            said,
            (&json!("continue"), &json!("failure"), &json!(status))
        );
    }
    let pending = outcome_of("branch", reply(503));
    assert_eq!(
        (&pending["outcome"], &pending["reason"]),
        (&json!("pending"), &json!("retry"))
    );
}

#[test]
fn a_captured_body_over_the_limit_exits_and_one_that_is_thrown_away_has_none() {
    let large = || reply(200).body(format!("{{\"a\":\"{}\"}}", "x".repeat(4096)));
    let fits = reply(200).body(format!("{{\"a\":\"{}\"}}", "x".repeat(4000)));

    for tile in ["profile", "live"] {
        let outcome = outcome_of(tile, large());
        assert_eq!(
            (&outcome["outcome"], &outcome["reason"]),
            (&json!("exit"), &json!("response_too_large")),
            "{tile}"
        );
    }
    assert_eq!(outcome_of("profile", fits)["outcome"], "continue");
    assert_eq!(outcome_of("nothing", large())["outcome"], "continue");
}

#[test]
fn the_body_of_an_answer_that_is_no_success_plays_no_part() {
    let large = "x".repeat(5000);
    let cut = |status| format!("HTTP/1.1 {status} X\r\nContent-Length: 50\r\n\r\nhalf");
    let exit = json!({"outcome": "exit", "reason": "status", "status": 404, "attempts": 1});
    let retry = json!({"outcome": "pending", "reason": "retry", "status": 503, "attempts": 1});

    let outcomes = outcomes_of(
        "profile",
        [
            reply(404).body(large.clone()),
            reply(503).body(large),
            Reply::raw_then_close(cut(404)),
            Reply::raw_then_close(cut(503)),
        ],
    );

    assert_eq!(outcomes, [exit.clone(), retry.clone(), exit, retry]);
}

#[test]
fn a_captured_body_that_breaks_off_is_tried_again() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ] {
        let outcome = outcome_of("profile", Reply::raw_then_close(answer));
        let lost = json!({"outcome": "pending", "reason": "retry", "cause": "connection_lost",
            "sent": "unknown", "attempts": 1});
        assert_eq!(outcome, lost, "{answer}");
    }
}
