//! Every fault of a folder: its text, and the place it points to.

mod gateway;
mod journey;
mod webhook;
mod webhook_parts;

use super::{Conf, WEBHOOK};

/// A folder whose one webhook is `text`.
fn webhook(text: &str) -> Vec<String> {
    Conf::with(&[("webhooks/w.toml", text)]).faults()
}

/// A folder whose one webhook is valid but for what `text` adds to it.
fn webhook_with(text: &str) -> Vec<String> {
    webhook(&format!("{WEBHOOK}{text}"))
}

/// A folder whose one journey is `text`, beside a POST `w` and a GET `g`.
fn journey(text: &str) -> Vec<String> {
    let get = WEBHOOK.replace("POST", "GET");
    Conf::with(&[
        ("webhooks/w.toml", WEBHOOK),
        ("webhooks/g.toml", &get),
        ("journeys/j.toml", text),
    ])
    .faults()
}

fn gateway(text: &str) -> Vec<String> {
    Conf::with(&[("gateway.toml", text)]).faults()
}

/// A text, and what `check` says of it.
type Row = (&'static str, &'static [&'static str]);

fn assert_rows(judge: impl Fn(&str) -> Vec<String>, rows: &[Row]) {
    for (text, expected) in rows {
        assert_eq!(judge(text), *expected, "{text}");
    }
}

#[test]
fn no_fault_says_anything_of_a_secret() {
    let wrong = [
        r#"token = "hunter2\u0007""#,
        r#"token = ["hunter2"]"#,
        r#"token = { evn = "hunter2" }"#,
        r#"token = { env = ["hunter2"] }"#,
        r#"token = { file = { hunter = "hunter2" } }"#,
        r#"token = { file = "secret" }"#,
        r#"token = "hunter2"#,
        r#"token = hunter2"#,
        r#"tokne = "hunter2""#,
    ];
    for token in wrong {
        let text = format!("{WEBHOOK}[auth]\ntype = \"basic\"\n{token}\n");
        let conf = Conf::with(&[("webhooks/w.toml", &text), ("secret", "hunter2\0")]);
        let faults = conf.faults().join("\n");
        assert!(!faults.is_empty(), "{token}");
        assert!(!faults.contains("hunter2"), "{faults}");
    }
}
