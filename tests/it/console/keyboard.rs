//! The console without a pointer.

use super::assert_quiet;
use crate::admin::stage;
use crate::support::browser::Browser;
use crate::support::process::webhook;
use serde_json::Value;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

/// What has the focus is called, and whether it can be seen that it has it.
const FOCUSED: &str = "const node = document.activeElement; \
    const label = node.getAttribute('aria-label') ?? node.labels?.[0]?.textContent ?? node.textContent; \
    return [label.trim(), getComputedStyle(node).outlineStyle];";

#[test]
fn a_webhook_is_found_opened_and_not_deleted_by_keys_alone() {
    let gateway = stage()
        .webhook("letters", named("Letters"))
        .webhook("points", named("Points"))
        .start();
    let browser = Browser::at(&gateway);

    browser.keys(&format!("token-of-ed{ENTER}"));
    browser.see("2 webhooks");
    tab_to(&browser, "Search webhooks");
    browser.keys("point");
    browser.see("1 of 2 webhooks");
    tab_to(&browser, "Points");
    browser.keys(ENTER);
    browser.see("No tile relies on it.");
    tab_to(&browser, "Delete Points");
    browser.keys(ENTER);
    browser.see("Delete points?");
    // What cannot be taken back is not what Enter does.
    assert_eq!(browser.run(FOCUSED, vec![])[0], "Cancel");
    browser.keys(ESCAPE);
    browser.see_no_more("Delete points?");
    assert_eq!(browser.run(FOCUSED, vec![])[0], "Delete Points");
    assert!(gateway.path("conf/webhooks/points.toml").exists());
    browser.open("#/webhooks");
    tab_to(&browser, "Edit Points");
    browser.keys(ENTER);

    browser.wait("the form", || browser.address() == "#/webhooks/points");
    browser.see("Request preview");
    tab_to(&browser, "Endpoint (required)");
    assert_quiet(&browser, &[]);
}

#[test]
fn the_first_stop_leads_past_the_navigation() {
    let gateway = stage().webhook("letters", named("Letters")).start();
    let browser = Browser::at(&gateway);
    browser.keys(&format!("token-of-ed{ENTER}"));
    browser.see("1 webhook");
    browser.reload();
    browser.see("1 webhook");

    tab_to(&browser, "Skip to the content");
    browser.keys(ENTER);
    browser.keys(TAB);

    assert_eq!(browser.run(FOCUSED, vec![])[0], "New webhook");
}

#[test]
fn a_helper_is_completed_by_keys() {
    let gateway = stage().start();
    let browser = Browser::at(&gateway);
    browser.keys(&format!("token-of-ed{ENTER}"));
    browser.see("There is no webhook yet.");
    browser.open("#/new-webhook");

    browser.fill("Endpoint", "http://127.0.0.1:1/{{#urlE");
    browser.see("Encodes a value for a URL.");
    browser.keys(&format!("{ENTER}{{{{ema{ENTER}"));

    let endpoint = browser.value("Endpoint");
    assert_eq!(
        endpoint,
        "http://127.0.0.1:1/{{#urlEncode}}{{email}}{{/urlEncode}}"
    );
}

/// Presses Tab until `name` has the focus; every stop on the way shows that it has it.
#[track_caller]
fn tab_to(browser: &Browser, name: &str) {
    let mut stops = Vec::new();
    for _ in 0..60 {
        browser.keys(TAB);
        let Value::Array(focused) = browser.run(FOCUSED, vec![]) else {
            panic!("a list");
        };
        assert_ne!(focused[1], "none", "{focused:?}");
        if focused[0] == name {
            return;
        }
        stops.push(focused[0].clone());
    }
    panic!("Tab never comes to `{name}`: {stops:?}");
}

fn named(name: &str) -> String {
    webhook("POST", "http://127.0.0.1:1/", "").replace("\"W\"", &format!("\"{name}\""))
}
