//! The console as people use it: in a browser, against the gateway as it is shipped.

mod journeys;
mod keyboard;
mod locked;
mod looks;
mod many;
mod markup;
mod signing_in;
mod webhooks;

use crate::admin;
use crate::support::browser::Browser;
use crate::support::endpoint::{Endpoint, Speaks, reply};
use crate::support::process::Gateway;

/// What the endpoint says of an offer.
const OFFER: &str =
    r#"{"offer": {"price": 12.5, "currency": "EUR", "title": "Spring"}, "stock": 3}"#;

/// Whoever is not signed in yet is told so, which Chromium takes for a fault of the page.
const NOT_SIGNED_IN: &str = "/admin/v1/session - Failed to load resource: the server responded \
                             with a status of 401 (Unauthorized)";

/// An endpoint that answers every request with [`OFFER`].
fn endpoint() -> Endpoint {
    Endpoint::answering(Speaks::Http, |_| {
        reply(200)
            .header("Content-Type", "application/json")
            .body(OFFER)
    })
}

/// A browser in which the editor `ed` is signed in.
fn editor(gateway: &Gateway) -> Browser {
    let browser = Browser::at(gateway);
    browser.sign_in("token-of-ed");
    browser
}

/// The page did nothing that a browser minds, but for what is `expected`.
#[track_caller]
fn assert_quiet(browser: &Browser, expected: &[&str]) {
    let complaints = browser.complaints();
    let known = |one: &String| {
        let known = [NOT_SIGNED_IN].into_iter().chain(expected.iter().copied());
        known.into_iter().any(|part| one.contains(part))
    };
    let others: Vec<_> = complaints.iter().filter(|one| !known(one)).collect();
    assert_eq!(others, Vec::<&String>::new());
}

/// Opens an endpoint of the inspector, and says its address.
fn open_inspector(browser: &Browser) -> String {
    browser.press("Inspector");
    browser.press("Create an endpoint");
    browser.see("No request yet: waiting.");
    browser.value("Address of the endpoint")
}
