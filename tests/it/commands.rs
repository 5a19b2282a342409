//! What the commands promise beside `serve`: `render`, `test --record`, `check`, `demo`.

use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Stage, at, until, webhook};
use serde_json::json;
use std::path::Path;
use std::process::Command;

#[test]
fn render_shows_byte_for_byte_what_is_sent() {
    let endpoint = Endpoint::replying([reply(200)]);
    let url = at(&endpoint, "/a?b={{#urlEncode}}{{x}}{{/urlEncode}}#c");
    let more = "user_fields = ['city']\n\
        [[headers]]\nname = 'X-Source'\nvalue = 'journey-{{workflowId}}'\n\
        [body]\njson = '''{\"n\": {{n}}, \"t\": \"{{x}}\"}'''\n";
    let journey = "workflow_id = 12\nname = 'J'\n\
        [[tiles]]\nid = 't'\ntype = 'webhook'\nwebhook = 'w'\n\
        [tiles.parameters]\nexperiment = '{{x}}'\n";
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &url, more))
        .journey("j", journey)
        .start();
    let step = json!({"id": "s-1", "tile": "j/t", "email": "a@b.c",
        "profile": {"city": "Zürich"}, "dataFields": {"x": "ü \"&", "n": 1}});
    gateway.rewrite("step.json", step.to_string());

    let shown = gateway.command(&["render", "j/t", "--step", "step.json"]);
    gateway.step(&step);

    let sent = String::from_utf8(endpoint.requests()[0].raw.clone()).unwrap();
    assert_eq!(shown, sent);
}

#[test]
fn render_masks_every_secret() {
    let more = "[auth]\ntype = 'basic'\ntoken = 'hidden-token'\n\
        [[headers]]\nname = 'X-Key'\nvalue = { env = 'STEPGATE_TEST_KEY' }\n";
    let gateway = Stage::new()
        .environment("STEPGATE_TEST_KEY", "hidden-key")
        .webhook("w", webhook("GET", "http://127.0.0.1:9/", more))
        .file("step.json", r#"{"id": "s-1"}"#)
        .start();

    let shown = gateway.command(&["render", "w", "--step", "step.json"]);

    assert_eq!(
        shown,
        format!(
            "GET / HTTP/1.1\r\nhost: 127.0.0.1:9\r\nuser-agent: stepgate/{}\r\n\
            idempotency-key: s-1\r\naccept-encoding: identity\r\nx-key: ***\r\n\
            authorization: Basic ***\r\n\r\n",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn a_recorded_test_puts_a_live_data_webhook_into_service() {
    let answer = reply(200).body(r#"{"data": {"price": 1.10}}"#);
    let endpoint = Endpoint::replying([answer]);
    let fields = "[data_retrieval] # live\nobject = 'offer'\n\
        [[data_retrieval.fields]]\nname = 'price'\npointer = '/data/price'\ntype = 'number'\n";
    let journey = "workflow_id = 1\nname = 'J'\n\
        [[tiles]]\nid = 't'\ntype = 'live_data'\nwebhook = 'w'\n";
    let gateway = Stage::new()
        .webhook("w", webhook("GET", &at(&endpoint, "/"), fields))
        .journey("j", journey)
        .file("sample.json", r#"{"email": "a@b.c"}"#)
        .start();
    let step = json!({"tile": "j/t"});
    assert_eq!(gateway.step(&step).1["type"], "webhook-untested");

    let shown = gateway.command(&["test", "w", "--sample", "sample.json", "--record"]);

    assert!(shown.contains("  /data/price  number  1.10\n"), "{shown}");
    until("the webhook to be served", || gateway.step(&step).0 == 200);
    let live = gateway.step(&step).1;
    assert_eq!(
        (&live["path"], &live["outcome"]),
        (&json!("success"), &json!("continue"))
    );
    let text = std::fs::read_to_string(gateway.path("conf/webhooks/w.toml")).unwrap();
    assert!(text.contains("[data_retrieval] # live\n"), "{text}");
}

#[test]
fn a_test_that_fails_records_nothing() {
    let endpoint = Endpoint::replying([reply(500), reply(200).body("<html>")]);
    let fields = "[data_retrieval]\nobject = 'o'\n\
        [[data_retrieval.fields]]\nname = 'a'\npointer = '/a'\ntype = 'number'\n";
    let gateway = Stage::new()
        .webhook("w", webhook("GET", &at(&endpoint, "/"), fields))
        .file("sample.json", "{}")
        .start();
    let path = gateway.path("conf/webhooks/w.toml");
    let before = std::fs::read_to_string(&path).unwrap();

    for said in [
        "the endpoint answered 500",
        "the answer is not JSON: nothing was recorded",
    ] {
        let shown = gateway.command(&["test", "w", "--sample", "sample.json", "--record"]);
        assert!(shown.contains(said), "{shown}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    }
}

#[test]
fn the_demonstration_of_the_example_goes_as_expected() {
    let conf = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf");

    let output = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["demo", "--once"])
        .arg(conf)
        .output()
        .unwrap();

    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.ends_with("7 of 7 steps had the outcome that was expected.\n"),
        "{shown}"
    );
    assert_eq!(output.status.code(), Some(0));
}
