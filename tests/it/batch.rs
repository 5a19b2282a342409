//! Batches: one step a line in, one outcome a line back.

mod limits;
mod transports;

use crate::support::batch::Batch;
use crate::support::client::{Client, post};
use crate::support::endpoint::{Endpoint, Received, Speaks, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::{Value, json};
use std::time::Duration;

/// A gateway whose webhook `w` calls `endpoint` at the path that a step's `path` names.
fn stage(endpoint: &Endpoint) -> Stage {
    Stage::new().webhook("w", webhook("POST", &at(endpoint, "/{{path}}"), ""))
}

/// A step whose tile captures what the endpoint answers.
const CAPTURED: &str = "{\"tile\":\"j/t\",\"email\":\"a@example.com\"}\n";

/// A gateway with that tile.
fn capturing(endpoint: &Endpoint) -> Stage {
    Stage::new()
        .webhook("w", webhook("GET", &at(endpoint, "/"), ""))
        .journey(
            "j",
            "workflow_id = 1\nname = 'J'\n\
            [[tiles]]\nid = 't'\ntype = 'user_profile'\nwebhook = 'w'\n",
        )
}

/// An endpoint that answers 200, and `/slow` after a second.
fn endpoint() -> Endpoint {
    Endpoint::answering(Speaks::Http, |request: &Received| match &*request.target {
        "/slow" => reply(200).after(Duration::from_secs(1)),
        "/missing" => reply(404),
        _ => reply(200),
    })
}

fn gateway() -> (Endpoint, Gateway) {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    (endpoint, gateway)
}

/// A step's line.
fn step(id: &str, path: &str) -> String {
    json!({"id": id, "webhook": "w", "dataFields": {"path": path}}).to_string() + "\n"
}

/// A line of the answer in short: its number, its id or the type of its problem, its outcome.
fn short(line: &Value) -> (u64, String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = line["line"].as_u64().unwrap();
    match line.get("error") {
        Some(problem) => (number, text(&problem["type"]), "error".to_owned()),
        None => (number, text(&line["id"]), text(&line["outcome"])),
    }
}

fn shorts(lines: &[Value]) -> Vec<(u64, String, String)> {
    lines.iter().map(short).collect()
}

fn line(number: u64, id: &str, outcome: &str) -> (u64, String, String) {
    (number, id.to_owned(), outcome.to_owned())
}

#[test]
fn every_line_gets_its_outcome_with_its_id_and_its_number() {
    let (endpoint, gateway) = gateway();
    let mut batch = Batch::to(gateway.http);
    batch.send(&(step("a", "x") + &step("b", "missing") + step("c", "x").trim_end()));
    batch.end();

    let (status, head) = batch.head();
    let lines = batch.rest();

    assert_eq!(status, 200);
    assert!(
        head.contains("content-type: application/x-ndjson\r\n"),
        "{head}"
    );
    assert_eq!(
        shorts(&lines),
        [
            line(1, "a", "continue"),
            line(2, "b", "exit"),
            line(3, "c", "continue")
        ]
    );
    assert_eq!(lines[1]["status"], json!(404));
    assert_eq!(endpoint.requests().len(), 3);
    // The connection serves again.
    let mut client = Client::on(batch.into_stream());
    assert_eq!(client.ask(post(r#"{"webhook":"w"}"#)).status, 200);
}

#[test]
fn outcomes_come_back_as_they_finish_while_more_is_sent() {
    let (_endpoint, gateway) = gateway();
    let mut batch = Batch::to(gateway.http);
    assert_eq!(batch.head().0, 200);
    batch.send(&(step("slow", "slow") + &step("a", "x")));
    assert_eq!(short(&batch.line()), line(2, "a", "continue"));

    // A line may come in parts, and nothing else waits for its end.
    let text = step("b", "x");
    batch.send(&text[..20]);
    assert_eq!(short(&batch.line()), line(1, "slow", "continue"));
    batch.send(&text[20..]);
    assert_eq!(short(&batch.line()), line(3, "b", "continue"));

    batch.end();
    assert_eq!(batch.rest(), Vec::<Value>::new());
}

#[test]
fn a_bad_line_is_answered_by_its_problem_and_harms_no_other() {
    let (_endpoint, gateway) = gateway();
    let long = format!(r#"{{"webhook":"w","email":"{}"}}"#, "x".repeat(1 << 20));
    let text = [
        r#"{"webhook":"#,
        &step("a", "x"), // Ends with a newline of its own: the line after it is blank.
        r#"{"tile":"no/where"}"#,
        &long,
        "[]",
        r#"{"id":"b","webhook":"w","expiresAt":1}"#,
        r#"{"id":"c","webhook":"unknown"}"#,
        r#"{"id":"d","webhook":"w"}"#,
    ]
    .join("\n");
    let mut batch = Batch::to(gateway.http);
    let mut sender = batch.sender();
    let sending = std::thread::spawn(move || {
        sender.send(&text).unwrap();
        sender.end().unwrap();
    });
    assert_eq!(batch.head().0, 200);

    let lines = batch.rest();
    sending.join().unwrap();

    assert_eq!(
        shorts(&lines),
        [
            line(1, "invalid-step", "error"),
            line(2, "a", "continue"),
            line(4, "unknown-tile", "error"),
            line(5, "body-too-large", "error"),
            line(6, "invalid-step", "error"),
            line(7, "invalid-step", "error"),
            line(8, "c", "exit"),
            line(9, "d", "continue"),
        ]
    );
    assert_eq!(lines[2]["error"]["status"], json!(404));
    assert_eq!(lines[3]["error"]["status"], json!(413));
    assert_eq!(lines[5]["error"]["pointer"], json!("/expiresAt"));
}

#[test]
fn a_step_that_is_in_a_batch_twice_is_delivered_once_and_answered_twice() {
    let (endpoint, gateway) = gateway();
    let mut batch = Batch::to(gateway.http);
    batch.send(&(step("a", "slow") + &step("a", "slow")));
    batch.end();
    batch.head();

    let lines = batch.rest();

    assert_eq!(
        shorts(&lines),
        [line(1, "a", "continue"), line(2, "a", "continue")]
    );
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn what_a_tile_captures_stays_on_its_line() {
    let endpoint = Endpoint::answering(Speaks::Http, |_: &Received| {
        reply(200).body("{\r\n  \"name\": \"A\\nB\",\n  \"price\": 1.10\n}\n")
    });
    let gateway = capturing(&endpoint).start();
    let mut batch = Batch::to(gateway.http);
    batch.send(CAPTURED);
    batch.end();
    batch.head();

    let lines = batch.rest();

    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["profile"]["name"], json!("A\nB"));
}

#[test]
fn a_batch_that_wants_no_answer_now_is_made_durable_line_by_line() {
    let (_endpoint, gateway) = gateway();
    let headers = "Transfer-Encoding: chunked\r\nPrefer: respond-async\r\n";
    let stream = std::net::TcpStream::connect(gateway.http).unwrap();
    let mut batch = Batch::on(stream, headers);
    let ids: Vec<String> = (1..=50).map(|number| format!("s{number}")).collect();
    batch.send(&ids.iter().map(|id| step(id, "x")).collect::<String>());
    batch.end();

    let (_, head) = batch.head();
    let lines = batch.rest();

    assert!(
        head.contains("preference-applied: respond-async\r\n"),
        "{head}"
    );
    for (number, (id, answer)) in (1..).zip(ids.iter().zip(&lines)) {
        assert_eq!(short(answer), line(number, id, "pending"));
        assert_eq!(answer["reason"], json!("async"));
        assert_eq!(gateway.finally(id)["outcome"], json!("continue"));
    }
    assert_eq!(gateway.outcomes("").ids().len(), 50);
}
