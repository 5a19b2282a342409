//! A journey made by hand, and what becomes of the steps at its tiles.

use super::{admin, assert_quiet, editor, endpoint, open_inspector};
use crate::admin::stage;
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, at, webhook};
use serde_json::json;

const WELCOME: &str = "workflow_id = 7\nname = 'Welcome series'\n\
                       [[tiles]]\nid = 'points'\ntype = 'webhook'\nwebhook = 'points'\n";

#[test]
fn a_journey_with_a_tile_is_made_by_hand_and_runs_steps() {
    let endpoint = endpoint();
    let gateway = serving(&endpoint);
    let browser = editor(&gateway);

    browser.press("Journeys");
    browser.press("New journey");
    browser.fill("ID", "spring");
    browser.fill("Name", "Spring launch");
    browser.fill("Workflow ID", "12345");
    browser.press("Add tile");
    browser.fill("Tile ID", "points");
    browser.choose("Webhook", "W (points)");
    browser.choose("Rate limit", "per second");
    browser.fill("Rate limit, steps", "50");
    browser.press("Create journey");
    browser.see("Journey spring is created and in service.");
    browser.press("Publish Spring launch");
    browser.see("no webhook is locked by it");
    browser.press("Publish");
    browser.see("Journey spring is published.");

    let text = admin::journey_file(&gateway, "spring");
    for line in [
        "workflow_id = 12345",
        "published = true",
        "rate_limit = \"50/second\"",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let (_, outcome) = gateway.step(&json!({"tile": "spring/points"}));
    assert_eq!(outcome["outcome"], "continue", "{outcome}");
    assert_quiet(&browser, &[]);
}

#[test]
fn outcomes_appear_in_the_tail_as_they_come_and_without_anyone_s_data() {
    let endpoint = Endpoint::replying([reply(200), reply(404)]);
    let gateway = serving(&endpoint);
    let browser = editor(&gateway);
    browser.press("Live tail");
    browser.see("Connected: outcomes appear as they come, newest first.");

    let ada = json!({"id": "s-1", "tile": "welcome/points", "email": "ada@example.com",
        "profile": {"city": "Timbuktu"}});
    gateway.step(&ada);
    browser.see("s-1");
    gateway.step(&json!({"id": "s-2", "webhook": "points", "email": "bob@example.com"}));
    browser.see("exit (status)");

    let text = browser.text();
    for told in ["s-1", "welcome/points", "continue", "200", "s-2", "404"] {
        assert!(text.contains(told), "{told} in\n{text}");
    }
    let source = browser.run("return document.documentElement.outerHTML", vec![]);
    for secret in ["ada@example.com", "bob@example.com", "Timbuktu"] {
        assert!(!source.as_str().unwrap().contains(secret), "{secret}");
    }
    assert_quiet(&browser, &[]);
}

#[test]
fn the_tail_can_be_narrowed_paused_and_cleared() {
    let endpoint = Endpoint::replying([reply(200), reply(404), reply(200)]);
    let gateway = serving(&endpoint);
    let browser = editor(&gateway);
    let step = |id: &str| gateway.step(&json!({"id": id, "webhook": "points"}));
    browser.press("Live tail");
    browser.see("Connected: outcomes appear as they come, newest first.");
    step("s-1");
    step("s-2");
    browser.see("2 of at most 500 shown.");

    browser.choose("Outcome", "Exit");
    browser.see("1 of at most 500 shown.");
    assert!(!browser.text().contains("s-1"), "{}", browser.text());
    browser.choose("Outcome", "All");
    browser.press("Pause");
    step("s-3");
    browser.see("Paused; 1 waiting.");
    assert!(!browser.text().contains("s-3"), "{}", browser.text());
    browser.press("Pause");
    browser.see("s-3");
    browser.press("Clear");

    browser.see("0 of at most 500 shown.");
}

#[test]
fn what_waits_is_listed_with_its_reason() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = serving(&endpoint);
    let browser = editor(&gateway);
    gateway.step(&json!({"id": "s-1", "webhook": "points"}));

    browser.press("Pending");

    browser.see("s-1");
    browser.see("retry 1");
    browser.see("503");
    browser.fill("Tile", "welcome/other");
    browser.see("No step.");
    assert_quiet(&browser, &[]);
}

#[test]
fn what_an_endpoint_of_the_inspector_is_sent_is_shown() {
    let gateway = stage().start();
    let browser = editor(&gateway);
    let url = open_inspector(&browser);
    gateway.serve_webhook("inspected", &webhook("POST", &url, ""));

    gateway.step(&json!({"webhook": "inspected", "email": "ada@example.com"}));

    browser.see("1 received, newest first.");
    browser.see("\"email\":\"ada@example.com\"");
    browser.press("Close");
    browser.see("No endpoint yet.");
    assert_quiet(&browser, &[]);
}

/// A gateway with a webhook `points`, which the tile `welcome/points` calls.
fn serving(endpoint: &Endpoint) -> Gateway {
    stage()
        .webhook("points", webhook("POST", &at(endpoint, "/points"), ""))
        .journey("welcome", WELCOME)
        .start()
}
