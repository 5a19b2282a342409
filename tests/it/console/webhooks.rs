//! A webhook made by hand: typed in, seen as it will be sent, tried out, and then in service.

use super::{OFFER, admin, assert_quiet, editor, endpoint};
use crate::admin::stage;
use crate::support::process::{at, webhook};
use serde_json::{Value, json};

#[test]
fn a_webhook_is_typed_into_the_form_and_becomes_a_file() {
    let endpoint = endpoint();
    let gateway = stage().start();
    let browser = editor(&gateway);
    let url = at(
        &endpoint,
        "/points?to={{#urlEncode}}{{email}}{{/urlEncode}}",
    );

    browser.press("New webhook");
    browser.fill("ID", "spring-launch");
    browser.fill("Name", "Spring launch — reward points");
    browser.fill("Endpoint", &url);
    browser.press("Add header");
    browser.keys("X-Source");
    browser.fill("Value", "journey-{{workflowId}}");
    browser.fill(
        "Custom body",
        r#"{"campaign": "Spring", "city": "{{city}}"}"#,
    );
    browser.press("Create webhook");
    browser.see("Webhook spring-launch is created and in service.");

    let expected = format!(
        "name = \"Spring launch — reward points\"\nmethod = \"POST\"\nendpoint = \"{url}\"\n\n\
         [[headers]]\nname = \"X-Source\"\nvalue = \"journey-{{{{workflowId}}}}\"\n\n\
         [body]\nformat = \"json\"\n\
         json = '''{{\"campaign\": \"Spring\", \"city\": \"{{{{city}}}}\"}}'''\n"
    );
    assert_eq!(
        same(&admin::file(&gateway, "spring-launch")),
        same(&expected)
    );
    gateway.step(&json!({"webhook": "spring-launch", "email": "a+b@example.com"}));
    assert_eq!(
        endpoint.requests()[0].target,
        "/points?to=a%2Bb%40example.com"
    );
    assert_quiet(&browser, &["/admin/v1/webhooks/preview"]);
}

#[test]
fn the_request_that_a_draft_would_send_is_shown_while_it_is_typed() {
    let gateway = stage().start();
    let browser = editor(&gateway);

    browser.press("New webhook");
    browser.fill("Endpoint", "http://127.0.0.1:1/{{city}}");
    browser.see("POST http://127.0.0.1:1/San%20Francisco");
    browser.fill("Custom body", r#"{"who": "{{firstName}}"}"#);
    browser.see(r#""who":"Test""#);
    browser.fill(
        "Sample data (JSON)",
        r#"{"profile": {"firstName": "Ada", "city": "Rome"}}"#,
    );

    browser.see(r#""who":"Ada""#);
    browser.see("POST http://127.0.0.1:1/Rome");
}

#[test]
fn what_is_wrong_is_told_at_its_field_and_nothing_is_written() {
    let gateway = stage().start();
    let browser = editor(&gateway);

    browser.press("New webhook");
    browser.fill("ID", "Spring Launch");
    browser.press("Create webhook");
    browser.see("3 things must be put right.");
    browser.see("Use small letters, digits, - and _;");
    browser.fill("ID", "spring-launch");
    browser.fill("Name", "Spring");
    browser.fill("Endpoint", "http://127.0.0.1:1/{{#if}}");
    browser.press("Create webhook");

    browser.see("One thing must be put right.");
    let blamed = "return document.activeElement.labels[0].textContent";
    browser.wait("the focus on what is wrong", || {
        browser.run(blamed, vec![]) == "Endpoint (required)"
    });
    assert!(!gateway.path("conf/webhooks/spring-launch.toml").exists());
}

#[test]
fn a_test_shows_what_was_sent_and_what_came_back() {
    let endpoint = endpoint();
    let gateway = stage()
        .webhook("offer", webhook("POST", &at(&endpoint, "/offer"), ""))
        .start();
    let browser = editor(&gateway);

    browser.press("Edit W");
    browser.press("Test Connection");
    browser.see("Status 200");

    browser.see("\"currency\": \"EUR\"");
    browser.see("First byte");
    let sent = endpoint.requests();
    assert_eq!((sent.len(), &*sent[0].target), (1, "/offer"));
    let body: Value = serde_json::from_str(&sent[0].text()).unwrap();
    assert_eq!(body["email"], "test.user@example.com");
    assert_quiet(&browser, &[]);
}

#[test]
fn live_data_fields_are_picked_from_the_answer_and_kept() {
    let endpoint = endpoint();
    let gateway = stage().start();
    let browser = editor(&gateway);

    browser.press("New webhook");
    browser.fill("ID", "offer");
    browser.fill("Name", "Offer of the day");
    browser.choose("Method", "GET");
    browser.fill("Endpoint", &at(&endpoint, "/offer"));
    browser.tick("Capture fields of the answer as Live Data");
    browser.fill("Object", "offer");
    browser.press("Test Connection");
    browser.tick("price number 12.5");
    browser.tick("stock number 3");
    browser.see("2 of 10 fields picked.");
    browser.press("Create webhook");
    browser.see("Webhook offer is created and in service.");

    let written = admin::Door::of(&gateway).get("webhooks/offer").good(200);
    let fields = json!([
        {"name": "price", "pointer": "/offer/price", "type": "number"},
        {"name": "stock", "pointer": "/stock", "type": "number"},
    ]);
    assert_eq!(written["data_retrieval"]["fields"], fields);
    assert!(admin::file(&gateway, "offer").contains("fingerprint = \"sha256:"));
    assert_eq!(endpoint.requests().len(), 1, "{OFFER}");
}

#[test]
fn a_live_data_webhook_is_not_saved_before_its_present_draft_was_tested() {
    let endpoint = endpoint();
    let gateway = stage().start();
    let door = admin::Door::of(&gateway);
    let url = at(&endpoint, "/offer");
    let draft = json!({"id": "offer", "name": "Offer", "method": "GET", "endpoint": url,
        "data_retrieval": {"object": "offer", "fields": [
            {"name": "stock", "pointer": "/stock", "type": "number"}]}});
    let tested = door
        .post("webhooks/test", &json!({"webhook": draft}))
        .good(200);
    let mut draft = draft;
    draft["data_retrieval"]["test"] =
        json!({"fingerprint": tested["fingerprint"], "at": "2026-11-23T10:00:00Z"});
    door.post("webhooks", &draft).good(201);
    let browser = editor(&gateway);

    browser.press("Edit Offer");
    browser.see("Tested: this draft can be saved.");
    browser.type_on("Endpoint", "?today=1");
    browser.see("Changed since the test: test again to save.");
    browser.press("Save changes");
    browser.see("Test the connection first");
    browser.press("Test Connection");
    browser.see("Tested: this draft can be saved.");
    browser.press("Save changes");

    browser.see("Webhook offer is saved and in service.");
    let kept = door.get("webhooks/offer").good(200);
    assert_eq!(kept["endpoint"], format!("{url}?today=1"));
}

/// Without what a writer of TOML may choose: blank lines, and how a text is quoted.
fn same(text: &str) -> Vec<String> {
    let text: toml::Table = text.parse().unwrap();
    let text = toml::to_string_pretty(&text).unwrap();
    text.lines().map(str::to_owned).collect()
}
