//! Webhooks with faults: refused before they are written, in the words of `stepgate check`.

use super::super::{Door, draft, file, stage, with};
use crate::support::process::webhook;
use serde_json::{Value, json};

/// What is added to a webhook, as JSON and as TOML; where the fault is in the JSON.
type Fault = (Value, &'static str, &'static str);

fn faults() -> Vec<Fault> {
    vec![
        (json!({"colour": "red"}), "colour = 'red'", "/colour"),
        (
            json!({"ambiguous": "maybe"}),
            "ambiguous = 'maybe'",
            "/ambiguous",
        ),
        (
            json!({"user_fields": "city"}),
            "user_fields = 'city'",
            "/user_fields",
        ),
        (
            json!({"user_fields": ["a", 1]}),
            "user_fields = ['a', 1]",
            "/user_fields/1",
        ),
        (
            json!({"headers": [{"name": "X-A", "value": "a"}, {"name": "Host", "value": "b"}]}),
            "[[headers]]\nname = 'X-A'\nvalue = 'a'\n[[headers]]\nname = 'Host'\nvalue = 'b'",
            "/headers/1/name",
        ),
        (
            json!({"headers": [{"name": "X-A", "valeu": "a"}]}),
            "[[headers]]\nname = 'X-A'\nvaleu = 'a'",
            "/headers/0",
        ),
        (
            json!({"auth": {"type": "digest"}}),
            "[auth]\ntype = 'digest'",
            "/auth/type",
        ),
        (
            json!({"auth": {"type": "basic"}}),
            "[auth]\ntype = 'basic'",
            "/auth",
        ),
        (
            json!({"body": {"json": "{\"a\": {{#b}}}"}}),
            "[body]\njson = '{\"a\": {{#b}}}'",
            "/body/json",
        ),
        (
            json!({"body": {"format": "form", "form": {"a.b/c": "{{#x}}"}}}),
            "[body]\nformat = 'form'\n[body.form]\n'a.b/c' = '{{#x}}'",
            "/body/form/a.b~1c",
        ),
        (json!({"inkit": {}}), "[inkit]", "/inkit"),
        (
            json!({"data_retrieval": {"object": "o", "fields": [
                {"name": "a", "pointer": "a", "type": "number"}]}}),
            "[data_retrieval]\nobject = 'o'\n[[data_retrieval.fields]]\nname = 'a'\n\
             pointer = 'a'\ntype = 'number'",
            "/data_retrieval/fields/0/pointer",
        ),
    ]
}

#[test]
fn a_webhook_with_faults_is_refused_in_the_words_of_check() {
    let text = webhook("POST", "http://127.0.0.1:1/", "");
    let gateway = stage().webhook("w", &text).start();
    let door = Door::of(&gateway);
    let json = door.get("webhooks/w").good(200);
    for (members, toml, pointer) in faults() {
        let said = door.put("webhooks/w", &with(&json, &members));

        assert_eq!(said.problem().0, 422, "{toml}: {said:?}");
        assert_eq!(said.problem().1, "webhook-invalid", "{toml}");
        assert_eq!(file(&gateway, "w"), text, "{toml}");
        let faults = said.json["faults"].as_array().unwrap();
        let there = faults
            .iter()
            .any(|fault| fault["pointer"].as_str().unwrap().starts_with(pointer));
        assert!(there, "{pointer} is not in {}", said.json);
        let found: Vec<String> = faults
            .iter()
            .map(|fault| {
                let (key, message) = (&fault["key"], fault["message"].as_str().unwrap());
                format!("{}: {message}", key.as_str().unwrap())
            })
            .collect();
        gateway.rewrite("conf/webhooks/broken.toml", format!("{text}{toml}\n"));
        let check = gateway.command(&["check"]);
        for fault in &found {
            assert!(
                check.contains(fault.as_str()),
                "{fault} is not in:\n{check}"
            );
        }
        let lines = check
            .lines()
            .filter(|line| line.starts_with("conf/webhooks/broken.toml:"));
        assert_eq!(lines.count(), found.len(), "{found:?}:\n{check}");
    }
}

#[test]
fn a_webhook_that_lacks_what_it_needs_is_not_made() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    for name in ["name", "method", "endpoint"] {
        let mut json = draft("w", "http://127.0.0.1:1/");
        json.as_object_mut().unwrap().remove(name);

        let said = door.post("webhooks", &json);

        assert_eq!(said.problem().0, 422, "{name}");
        let detail = said.json["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{name}: missing")), "{detail}");
        assert!(!gateway.path("conf/webhooks/w.toml").exists(), "{name}");
    }
}

#[test]
fn what_is_not_valid_is_refused_though_it_is_sent_back_as_it_was_read() {
    let text = webhook("FETCH", "http://127.0.0.1:1/", "");
    let gateway = stage().webhook("w", &text).start();
    let door = Door::of(&gateway);
    let read = door.get("webhooks/w").good(200);

    let said = door.put("webhooks/w", &read);

    assert_eq!(said.problem(), (422, "webhook-invalid", "/method"));
}
