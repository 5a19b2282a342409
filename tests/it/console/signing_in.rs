//! Who gets in, how it is remembered, and what a viewer may do.

use super::{assert_quiet, editor};
use crate::admin::stage;
use crate::support::browser::Browser;
use crate::support::process::webhook;
use serde_json::json;

#[test]
fn a_wrong_token_is_told_and_the_right_one_leads_to_the_list() {
    let gateway = stage()
        .webhook("letters", webhook("POST", "http://127.0.0.1:1/", ""))
        .start();
    let browser = Browser::at(&gateway);

    browser.fill("Admin token", "token-of-nobody");
    browser.press("Sign in");
    browser.see("This token is not known.");
    assert_eq!(browser.value("Admin token"), "");
    browser.sign_in("token-of-ed");

    browser.see("1 webhook");
    browser.see("letters");
    browser.see("ed, editor");
    assert_eq!(browser.address(), "#/webhooks");
    assert_quiet(&browser, &["/admin/v1/session"]);
}

#[test]
fn a_session_is_a_cookie_that_no_script_can_read_and_no_other_site_can_use() {
    let gateway = stage().start();
    let browser = editor(&gateway);

    let cookies = browser.cookies();

    assert_eq!(browser.run("return document.cookie", vec![]), "");
    let [cookie] = &cookies[..] else {
        panic!("one cookie, not {cookies:?}");
    };
    assert_eq!(cookie["httpOnly"], true);
    assert_eq!(cookie["sameSite"], "Strict");
    let value = cookie["value"].as_str().unwrap();
    assert!(!value.contains("token-of-ed"), "{value}");
    let kept = "return JSON.stringify({...localStorage, ...sessionStorage})";
    assert_eq!(browser.run(kept, vec![]), "{}");
    assert_quiet(&browser, &[]);
}

#[test]
fn signing_out_ends_the_session() {
    let gateway = stage().start();
    let browser = editor(&gateway);
    let cookie = browser.cookies().remove(0);

    browser.press("Sign out");
    browser.see("Admin token");
    browser.reload();

    browser.see("Admin token");
    assert_eq!(browser.cookies(), Vec::<serde_json::Value>::new());
    // The very cookie is of no use any more, whoever kept it.
    browser.restore(&cookie);
    browser.reload();
    browser.see("Admin token");
}

#[test]
fn a_session_that_is_over_leads_back_to_signing_in() {
    let gateway = stage().start();
    let browser = editor(&gateway);
    browser.forget_cookies();

    // Not by pressing: some page that asks by itself may have led back already.
    browser.run("location.hash = '#/journeys'", vec![]);

    browser.see("Your session has ended. Sign in again.");
    browser.sign_in("token-of-ed");
}

#[test]
fn a_viewer_sees_all_and_is_offered_no_change() {
    let gateway = stage()
        .webhook("letters", webhook("POST", "http://127.0.0.1:1/", ""))
        .journey("welcome", "workflow_id = 7\nname = 'Welcome'\n")
        .start();
    let browser = Browser::at(&gateway);

    browser.sign_in("token-of-eve");

    browser.see("You are signed in as a viewer");
    browser.see("letters");
    assert!(browser.offers("View W"));
    for change in ["New webhook", "Copy W", "Edit W", "Delete W"] {
        assert!(!browser.offers(change), "{change}");
    }
    browser.press("View W");
    browser.see("The preview needs the role editor.");
    for change in ["Save changes", "Test Connection", "Add header"] {
        assert!(!browser.offers(change), "{change}");
    }
    browser.press("Journeys");
    browser.see("Welcome");
    for change in [
        "New journey",
        "Edit Welcome",
        "Publish Welcome",
        "Delete Welcome",
    ] {
        assert!(!browser.offers(change), "{change}");
    }
    assert_quiet(&browser, &[]);
}

#[test]
fn a_viewer_who_asks_for_a_change_by_the_back_door_is_refused() {
    let gateway = stage().start();
    let browser = Browser::at(&gateway);
    browser.sign_in("token-of-eve");

    let status = browser.run(
        "return fetch('/admin/v1/webhooks', {method: 'POST', body: arguments[0]})\
            .then((answer) => answer.status)",
        vec![json!("{\"id\": \"w\"}")],
    );

    assert_eq!(status, 403);
}
