//! Copies, locks, and what is told before a webhook is gone.

use super::{admin, assert_quiet, editor, endpoint};
use crate::admin::{Door, stage};
use crate::support::browser::Browser;
use crate::support::endpoint::Endpoint;
use crate::support::process::{Gateway, at, webhook};
use serde_json::Value;

const AUTH: &str = "[auth]\ntype = \"basic\"\ntoken = \"of-the-original\"\n\
                    [[headers]]\nname = \"X-Source\"\nvalue = \"journey\"\n";

#[test]
fn a_copy_is_the_webhook_without_its_authentication() {
    let url = "http://127.0.0.1:1/";
    let gateway = stage()
        .webhook("letters", webhook("POST", url, AUTH))
        .start();
    let browser = editor(&gateway);

    browser.press("Copy W");
    browser.see("Authentication and secret headers are not copied");
    browser.fill("ID of the copy", "letters-2");
    browser.press("Copy");
    browser.see("Copied to letters-2, without authentication.");

    browser.wait("the copy's form", || {
        browser.address() == "#/webhooks/letters-2"
    });
    assert_eq!(browser.value("Type"), "none");
    assert_eq!(browser.value("Endpoint"), url);
    let copy = Door::of(&gateway).get("webhooks/letters-2").good(200);
    assert_eq!(copy["auth"], Value::Null);
    assert_eq!(copy["headers"][0]["name"], "X-Source");
    assert_quiet(&browser, &[]);
}

#[test]
fn a_webhook_that_a_published_journey_relies_on_is_explained_and_not_editable() {
    let endpoint = endpoint();
    let gateway = locked(&endpoint);
    let browser = editor(&gateway);

    browser.see("Locked");
    assert!(!browser.offers("Edit L"));
    browser.press("View L");
    explained(&browser);
    assert!(!browser.offers("Save changes"));
    assert!(!browser.offers("Add field by hand"));
    browser.press("Back to the list");
    browser.press("Delete L");
    browser.see("offer cannot be deleted");
    explained(&browser);
    assert!(!browser.offers("Delete webhook"));
    browser.press("Close");

    assert!(gateway.path("conf/webhooks/offer.toml").exists());
    assert_quiet(&browser, &[]);
}

#[test]
fn a_lock_that_comes_while_one_edits_is_told_when_saving() {
    let endpoint = endpoint();
    let gateway = locked(&endpoint);
    let door = Door::of(&gateway);
    door.post("journeys/j/unpublish", &Value::Null).good(200);
    let browser = editor(&gateway);
    browser.press("Edit L");
    browser.see("GET http://127.0.0.1");
    browser.fill("Name", "Another");
    door.post("journeys/j/publish", &Value::Null).good(200);

    browser.press("Save changes");

    browser.see("One thing must be put right.");
    browser.see("while journey `j` is published");
    // The preview of what was typed comes after it, and does not know of the lock.
    let previews = "return performance.getEntriesByType('resource')\
        .filter((one) => one.name.endsWith('/preview')).length";
    browser.wait("both previews", || browser.run(previews, vec![]) == 2);
    browser.see("while journey `j` is published");
    assert!(admin::file(&gateway, "offer").starts_with("name = \"L\"\n"));
}

#[test]
fn an_unpublished_journey_gives_its_webhook_back() {
    let endpoint = endpoint();
    let gateway = locked(&endpoint);
    let browser = editor(&gateway);

    browser.press("Journeys");
    browser.press("Unpublish J");
    browser.see("Its Live Data webhooks can be edited again");
    browser.press("Unpublish");
    browser.see("Journey j is not published any more.");
    browser.press("Webhooks");
    browser.press("Edit L");
    browser.fill("Name", "Offer of the day");
    browser.press("Save changes");

    browser.see("Webhook offer is saved and in service.");
    assert!(admin::file(&gateway, "offer").starts_with("name = \"Offer of the day\"\n"));
}

#[test]
fn who_relies_on_a_webhook_is_told_before_it_is_deleted() {
    let gateway = stage()
        .webhook("letters", webhook("POST", "http://127.0.0.1:1/", ""))
        .journey("j", admin::journey("webhook", "letters", true))
        .start();
    let browser = editor(&gateway);

    browser.press("Delete W");
    browser.see("One tile relies on it");
    browser.see("j/t Webhook, published");
    browser.press("Cancel");
    browser.see_no_more("One tile relies on it");
    assert!(gateway.path("conf/webhooks/letters.toml").exists());
    browser.press("Delete W");
    browser.press("Delete webhook");

    browser.see("Webhook letters is deleted.");
    browser.see("There is no webhook yet.");
    assert!(!gateway.path("conf/webhooks/letters.toml").exists());
}

/// A gateway whose webhook `offer` a Live Data tile of a published journey relies on.
fn locked(endpoint: &Endpoint) -> Gateway {
    let url = at(endpoint, "/offer");
    let gateway = stage()
        .webhook("offer", admin::live_data(&url, ""))
        .journey("j", admin::journey("live_data", "offer", false))
        .start();
    let door = Door::of(&gateway);
    let tested = admin::fingerprint(&door, "offer");
    gateway.serve_webhook("offer", &admin::live_data(&url, &tested));
    door.post("journeys/j/publish", &Value::Null).good(200);
    gateway
}

#[track_caller]
fn explained(browser: &Browser) {
    browser.see(
        "Locked. A Live Data tile of a published journey relies on this webhook, so it can be \
         neither edited nor deleted. Unpublish j first; publish it again after the change.",
    );
}
