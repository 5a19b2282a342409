//! Whatever a file holds: broken, deep, or of a kind that needs a closer look.

use super::*;
use crate::model::{JourneyId, WebhookId};
use proptest::prelude::*;
use std::path::Path;

/// Reads `text` as each kind of file. Returns the places of all faults.
fn read_as_all(text: &str) -> Vec<(usize, usize)> {
    let base = Path::new("");
    let webhook_id = WebhookId::new("w").unwrap();
    let journey_id = JourneyId::new("j").unwrap();
    let faults = [
        Sheet::read("f", text, base, gateway).faults,
        Sheet::read("f", text, base, |root| webhook(&webhook_id, root)).faults,
        Sheet::read("f", text, base, |root| journey(&journey_id, root)).faults,
    ];
    let place = |fault: &crate::config::Fault| (fault.line, fault.column);
    faults.concat().iter().map(place).collect()
}

/// What stands in files, whole or not.
const KNOWN: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "\r\n",
    " ",
    "\"",
    "'''",
    "\"\"\"",
    "'",
    "\\",
    "\\u00e9",
    "#",
    "0",
    "1.5",
    "0x1f",
    "true",
    "2026-11-23T10:00:00Z",
    "name",
    "method",
    "endpoint",
    "auth",
    "type",
    "basic",
    "token",
    "env",
    "headers",
    "value",
    "body",
    "json",
    "form",
    "data_retrieval",
    "fields",
    "pointer",
    "test",
    "inkit",
    "tiles",
    "parameters",
    "rate_limit",
    "listen",
    "http",
    "delivery",
    "timeout",
    "10s",
    "1MiB",
    "egress",
    "resolve",
    "admin",
    "tokens",
    "{{",
    "}}",
    "{{#if a}}",
    "https://",
    "a.example",
    "ü",
    "\u{0}",
    "\u{feff}",
    "= \"x\"\n",
];

/// Bits of which a broken file could be made.
fn bit() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(KNOWN).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_file_holds_its_faults_point_into_it(bits in prop::collection::vec(bit(), 0..40)) {
        let text = bits.concat();
        let lines = text.matches('\n').count() + 1;
        for (line, column) in read_as_all(&text) {
            prop_assert!((1..=lines).contains(&line), "line {line} of {lines}");
            let length = text.split('\n').nth(line - 1).unwrap_or_default().chars().count();
            prop_assert!((1..=length + 1).contains(&column), "column {column} of {length}");
        }
    }
}

#[test]
fn depth_is_a_fault_and_not_the_end() {
    for text in [
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{ a = ".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(20_000)),
        format!("[{}a]", "a.".repeat(20_000)),
    ] {
        assert!(!read_as_all(&text).is_empty());
    }
}

#[test]
fn an_inkit_letter_is_a_post_whose_token_is_in_no_template() {
    let text = r#"
name = "Letter"
destination = "inkit"
[inkit]
api_token = "hunter2"
template_id = "t-1"
first_name = "{{firstName}}"
company = 'The "{{company}}" Co'
address_line_1 = "{{defaultIfEmpty street "-"}}"
"#
    .replace(
        "\"{{defaultIfEmpty street \"-\"}}\"",
        "'{{defaultIfEmpty street \"-\"}}'",
    );
    let id = WebhookId::new("w").unwrap();
    let read = Sheet::read("f", &text, Path::new(""), |root| webhook(&id, root));
    assert_eq!(read.faults, []);

    let webhook = read.value.unwrap().webhook;

    let crate::config::Body::Json(Some(body)) = &webhook.body else {
        panic!("not JSON: {:?}", webhook.body);
    };
    assert_eq!(
        body.source(),
        r#"{"template_id":"t-1","first_name":"{{firstName}}","company":"The \u0022{{company}}\u0022 Co","address_line_1":"{{defaultIfEmpty street "-"}}"}"#
    );
    let secrets: Vec<_> = webhook
        .secret_fields
        .iter()
        .map(|(name, secret)| (name.as_str(), secret.expose()))
        .collect();
    assert_eq!(secrets, [("api_token", "hunter2")]);
    assert_eq!(
        (webhook.method, webhook.endpoint.source()),
        (
            crate::model::Method::Post,
            "https://internal.inkit.io/integrations/webhook"
        )
    );
    assert!(!format!("{webhook:?}").contains("hunter2"));
}

#[test]
fn parameters_form_fields_and_headers_keep_the_order_of_the_file() {
    let id = JourneyId::new("j").unwrap();
    let text = "workflow_id = '7'\nname = 'n'\n[[tiles]]\nid = 't'\ntype = 'webhook'\nwebhook = 'w'\n\
                [tiles.parameters]\nzulu = '1'\nalpha = '2'\nMike = '3'\n";

    let read = Sheet::read("f", text, Path::new(""), |root| journey(&id, root));

    let journey = read.value.unwrap().journey;
    let names: Vec<_> = journey.tiles["t"]
        .parameters
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        (&*journey.workflow_id, names),
        ("\"7\"", vec!["zulu", "alpha", "Mike"])
    );
}
