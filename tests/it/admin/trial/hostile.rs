//! Drafts that are made to take long, and do not.

use super::super::{Door, stage};
use serde_json::{Value, json};

/// Just below what the admin API takes.
const LONG: usize = 900 * 1024;

/// `part`, over and over.
fn repeated(part: &str) -> String {
    part.repeat(LONG / part.len())
}

/// A draft with `member` beside what it needs.
fn draft(member: &str, value: Value) -> Value {
    let mut draft = json!({"name": "W", "method": "POST", "endpoint": "https://api.example.com/"});
    draft[member] = value;
    draft
}

/// Headers, each with a regular expression of its own.
fn with_patterns(count: usize) -> Vec<Value> {
    let value = r"{{#ifMatchesRegexStr a '\w{50}'}}{{/ifMatchesRegexStr}}";
    let header = |at| json!({"name": format!("x-{at}"), "value": value});
    (0..count).map(header).collect()
}

#[test]
fn a_preview_of_any_draft_is_answered_while_its_client_waits() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let json_body = |text: &str| draft("body", json!({"json": repeated(text)}));
    let names = (0..LONG / 10).map(|at| (format!("k{at}"), json!(1)));
    for (name, draft) in [
        ("comments", json_body("{{!----}}a")),
        ("texts", json_body("{{!}}a")),
        ("unknown helpers", json_body("{{a b}}")),
        ("values", draft("endpoint", json!(repeated("{{a}}")))),
        ("a long key", draft(&repeated("k"), json!(1))),
        ("many keys", Value::Object(names.collect())),
        (
            "many headers",
            draft("headers", json!(vec![json!({}); LONG / 3])),
        ),
        (
            "many fields",
            draft("user_fields", json!(vec![1; LONG / 2])),
        ),
        (
            "regular expressions in headers",
            draft("headers", json!(with_patterns(LONG / 100))),
        ),
        (
            "regular expressions",
            json_body(r"{{#ifMatchesRegexStr a '\w{50}'}}{{/ifMatchesRegexStr}}"),
        ),
    ] {
        let said = door.post("webhooks/preview", &json!({"webhook": draft}));

        assert!([200, 422].contains(&said.status()), "{name}: {said:?}");
        let faults = said.json["faults"].as_array().map_or(0, Vec::len);
        assert!(faults <= 2002, "{name}: {faults} faults");
    }
}
