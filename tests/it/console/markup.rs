//! Text that would like to be markup: wherever it gets into a page, it is shown as it was written.
//!
//! It comes from everyone: from who edits the files, from who uses the console, from the endpoints
//! that are tested, from who sends steps, and from who calls the inspector.

use super::{admin, assert_quiet, editor, open_inspector};
use crate::admin::{Door, stage};
use crate::support::browser::Browser;
use crate::support::client::Client;
use crate::support::endpoint::{Endpoint, Speaks, reply};
use crate::support::process::at;
use serde_json::{Value, json};

/// Ends an attribute, a script, a picture and an address that are code, braces and an entity.
const EVIL: &str = "\"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\
                    <svg/onload=window.pwned=1> javascript:window.pwned=1 {{{constructor}}} &lt;";

/// The same for where braces would be a template.
const PLAIN: &str = "\"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\
                     <svg/onload=window.pwned=1> javascript:window.pwned=1 &lt;";

/// As [`PLAIN`], for the query of a URL.
const IN_URL: &str = "?q=<img/src=x/onerror=window.pwned=1>javascript:window.pwned=1";

/// What has become of it, if anything has.
const HARM: &str = "const made = document.querySelectorAll('img, svg[onload], [onerror], body script, \
        iframe, object, [href^=\"javascript:\" i], [src^=\"javascript:\" i]'); \
    return [window.pwned ?? 'nothing', [...made].map((node) => node.outerHTML)];";

#[test]
fn a_file_s_texts_are_shown_as_they_are() {
    let endpoint = Endpoint::replying([reply(200).body(json!({ PLAIN: PLAIN }).to_string())]);
    let gateway = stage().start();
    let door = Door::of(&gateway);
    for draft in [
        hooks(&endpoint),
        json!({"id": "form", "name": "Form", "method": "POST", "endpoint": at(&endpoint, "/"),
            "body": {"format": "form", "form": {PLAIN: PLAIN}}}),
    ] {
        door.post("webhooks", &draft).good(201);
    }
    let journey = json!({"id": "evil", "name": EVIL, "workflow_id": 7, "tiles": [
        {"id": "t", "type": "webhook", "webhook": "evil", "parameters": {PLAIN: PLAIN}}]});
    door.post("journeys", &journey).good(201);
    let browser = editor(&gateway);

    browser.see(EVIL);
    browser.press(EVIL);
    browser.see(&format!("X-Evil: {PLAIN}"));
    browser.see("Custom body");
    browser.press("Form");
    browser.see(&format!("{PLAIN}: {PLAIN}"));
    unharmed(&browser);
    browser.press(&format!("Delete {EVIL}"));
    browser.see("One tile relies on it");
    unharmed(&browser);
    browser.press("Cancel");
    browser.press(&format!("Edit {EVIL}"));
    assert_eq!(browser.value("Name"), EVIL);
    assert_eq!(browser.value("Value"), PLAIN);
    browser.see(&format!("x-evil\n{PLAIN}"));
    unharmed(&browser);
    browser.open("#/webhooks/form");
    browser.see("POST");
    unharmed(&browser);
    browser.press("Journeys");
    browser.press(EVIL);
    browser.see(&format!("parameters {PLAIN}"));
    browser.press(&format!("Publish {EVIL}"));
    browser.see(&format!("Publish {EVIL}?"));
    unharmed(&browser);
    browser.press("Cancel");
    browser.press(&format!("Edit {EVIL}"));
    assert_eq!(browser.value("Name"), EVIL);
    assert_eq!(browser.value("Value"), PLAIN);

    unharmed(&browser);
    assert_quiet(&browser, &[]);
}

#[test]
fn a_fault_of_a_file_is_told_in_its_own_words() {
    let key = "<img src=x onerror=window.pwned=1>";
    let gateway = stage()
        .file("conf/webhooks/broken.toml", format!("{EVIL:?} = 1\n"))
        .file(&format!("conf/webhooks/{key}.toml"), "name = 1\n")
        .file("conf/journeys/broken.toml", format!("{EVIL}\n"))
        .start();
    let browser = editor(&gateway);

    browser.wait("the faults", || {
        let open = "const box = document.querySelector('.banner details'); \
            if (box) box.open = true; return Boolean(box)";
        browser.run(open, vec![]) == true && browser.text().contains("conf/")
    });

    browser.see("onerror=window.pwned=1");
    browser.see(key);
    unharmed(&browser);
    browser.press("broken");
    unharmed(&browser);
    assert_quiet(&browser, &[]);
}

#[test]
fn an_endpoint_s_answer_is_shown_as_it_came() {
    let endpoint = Endpoint::answering(Speaks::Http, |received| {
        let body = match received.target.as_str() {
            "/page" => format!("<html><body>{EVIL}</body></html>"),
            _ => json!({EVIL: EVIL, "in": {PLAIN: [PLAIN]}}).to_string(),
        };
        reply(200)
            .header("Content-Type", "text/html")
            .header("X-Evil", PLAIN)
            .body(body)
    });
    let gateway = stage().start();
    let browser = editor(&gateway);

    browser.press("New webhook");
    browser.fill("ID", "evil");
    browser.fill("Name", EVIL);
    browser.choose("Method", "GET");
    browser.fill("Endpoint", &at(&endpoint, "/json"));
    browser.tick("Capture fields of the answer as Live Data");
    browser.fill("Object", "evil");
    browser.press("Test Connection");
    browser.see("Live Data fields");
    browser.tick(&format!("{EVIL} string…"));
    browser.see("1 of 10 fields picked.");
    browser.press("3 headers");
    browser.see(&format!("x-evil\n{PLAIN}"));
    unharmed(&browser);
    browser.press("Create webhook");
    browser.see("Webhook evil is created and in service.");
    browser.press(EVIL);
    browser.see("Live Data");
    unharmed(&browser);
    browser.press(&format!("Edit {EVIL}"));
    browser.fill("Endpoint", &at(&endpoint, "/page"));
    browser.press("Test Connection");
    browser.see(&format!("<html><body>{EVIL}</body></html>"));

    unharmed(&browser);
    assert_quiet(&browser, &["/admin/v1/webhooks/preview"]);
}

#[test]
fn a_step_s_values_are_shown_as_they_are_where_they_are_shown_at_all() {
    let endpoint = Endpoint::replying([reply(200).body(json!({ "a": EVIL }).to_string())]);
    let gateway = stage().start();
    let door = Door::of(&gateway);
    door.post("webhooks", &hooks(&endpoint)).good(201);
    let browser = editor(&gateway);
    browser.press("Live tail");
    browser.see("Connected");

    for step in [
        json!({"id": "s-1", "webhook": "evil", "email": EVIL, "userId": EVIL,
            "profile": {EVIL: EVIL}, "dataFields": {EVIL: EVIL}}),
        json!({"id": "s-2", "webhook": EVIL, "email": EVIL}),
        json!({"id": "s-3", "tile": EVIL, "email": EVIL}),
        json!({"id": EVIL, "webhook": "evil"}),
        json!({"id": "s-4", "webhook": "gone", "email": EVIL}),
    ] {
        gateway.step(&step);
    }
    browser.see("s-1");
    browser.see("s-4");
    unharmed(&browser);
    browser.fill("Tile", EVIL);
    browser.see("0 of at most 500 shown.");
    browser.open(&format!("#/webhooks?q={PLAIN}"));
    browser.see("1 webhook");
    let searched = PLAIN.split_once(" &lt;").unwrap().0;
    assert_eq!(browser.value("Search webhooks").trim_end(), searched);
    for address in ["#/webhooks/", "#/journeys/", "#/"] {
        browser.open(&format!("{address}{}", PLAIN.replace('/', "%2F")));
        unharmed(&browser);
    }
    browser.open("#/pending");
    browser.fill("Tile", EVIL);
    browser.see("No step.");
    browser.open("#/new-webhook");
    browser.fill("Endpoint", &at(&endpoint, "/{{{city}}}"));
    browser.fill("Custom body", r#"{"city": "{{{city}}}"}"#);
    let sample = json!({"email": EVIL, "profile": {"city": EVIL, EVIL: EVIL}});
    browser.fill("Sample data (JSON)", &sample.to_string());
    browser.see("\"email\":\"\\\"'><script>window.pwned=1</script>");

    unharmed(&browser);
    assert_quiet(&browser, &["404", "/admin/v1/webhooks/preview"]);
}

#[test]
fn what_the_inspector_was_sent_is_shown_as_it_came() {
    let gateway = stage().start();
    let browser = editor(&gateway);
    let url = open_inspector(&browser);
    let path = url.split_at(url.find("/inspect/").unwrap()).1;

    let length = EVIL.len();
    let request = format!(
        "POST {path}?q=javascript:window.pwned=1 HTTP/1.1\r\nHost: {}\r\nX-Evil: {EVIL}\r\n\
         Content-Type: text/html\r\nContent-Length: {length}\r\n\r\n{EVIL}",
        gateway.door
    );
    assert_eq!(Client::to(gateway.door).ask(request).status, 200);

    browser.see("1 received, newest first.");
    browser.see("?q=javascript:window.pwned=1");
    browser.see(&format!("x-evil\n{EVIL}"));
    unharmed(&browser);
    assert_quiet(&browser, &[]);
}

#[test]
fn markup_that_got_in_all_the_same_would_not_run() {
    let gateway = stage().start();
    let browser = editor(&gateway);

    let script = "const made = document.createElement('script'); \
        made.textContent = 'window.pwned=1'; \
        document.body.append(made); \
        document.body.insertAdjacentHTML('beforeend', arguments[0]);";
    browser.run(script, vec![json!(PLAIN)]);

    for kind in ["script-src-elem inline", "script-src-attr inline"] {
        browser.wait(kind, || {
            browser.complaints().iter().any(|one| one.contains(kind))
        });
    }
    assert_eq!(browser.run(HARM, vec![])[0], "nothing");
}

/// A webhook `evil` with markup wherever a webhook may have text.
fn hooks(endpoint: &Endpoint) -> Value {
    let body = json!({ PLAIN: PLAIN }).to_string();
    let headers = [json!({"name": "X-Evil", "value": PLAIN})];
    let parts = json!({"name": EVIL, "headers": headers, "user_fields": [PLAIN],
        "body": {"format": "json", "json": body}});
    let endpoint = at(endpoint, &format!("/{IN_URL}"));
    admin::with(&admin::draft("evil", &endpoint), &parts)
}

/// Nothing that was shown has become a part of the page.
#[track_caller]
fn unharmed(browser: &Browser) {
    assert_eq!(browser.run(HARM, vec![]), json!(["nothing", []]));
}
