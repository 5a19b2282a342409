//! How every page looks: on a desk and on a phone, by day and by night.
//!
//! Each is judged by axe-core, must not scroll sideways, and is kept as a picture under
//! `target/tmp/screenshots`; `make screenshots` takes those of the README from there.

mod campaign;

use crate::support::browser::{Browser, Scheme, View};
use campaign::Campaign;

/// A page on a desk and on a phone, by day and by night.
const VIEWS: [View; 4] = [
    View {
        width: 1440,
        height: 900,
        scheme: Scheme::Light,
    },
    View {
        width: 1440,
        height: 900,
        scheme: Scheme::Dark,
    },
    View {
        width: 390,
        height: 844,
        scheme: Scheme::Light,
    },
    View {
        width: 390,
        height: 844,
        scheme: Scheme::Dark,
    },
];

#[test]
fn signing_in_looks_right() {
    let campaign = Campaign::running();
    let browser = Browser::at(&campaign.gateway);

    let mut faults = judge(&browser, "signing-in");
    browser.fill("Admin token", "token-of-nobody");
    browser.press("Sign in");
    browser.see("This token is not known.");
    faults.extend(judge(&browser, "signing-in-refused"));

    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_lists_look_right() {
    let campaign = Campaign::running();
    let browser = campaign.editor();

    browser.see("8 webhooks");
    // The last hour is counted each ten seconds.
    browser.see("3 pending");
    let mut faults = judge(&browser, "webhooks");
    browser.press("Price offer of the day");
    browser.see("welcome/offer");
    faults.extend(judge(&browser, "webhook-details"));
    browser.press("Delete Spring launch — reward points");
    browser.see("Delete spring-launch?");
    faults.extend(judge(&browser, "dialog"));
    browser.press("Cancel");
    browser.press("Journeys");
    browser.press("Welcome series");
    browser.see("on failure branch");
    faults.extend(judge(&browser, "journeys"));

    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_forms_look_right() {
    let campaign = Campaign::running();
    let browser = campaign.editor();

    browser.open("#/webhooks/spring-launch");
    browser.see("POST http://rewards.example.com");
    let mut faults = judge(&browser, "webhook-form");
    browser.press("Test Connection");
    browser.see("Status 200");
    browser.see_no_more("The endpoint answered 200.");
    faults.extend(judge(&browser, "webhook-tested"));
    browser.open("#/new-webhook");
    browser.press("Create webhook");
    browser.see("things must be put right.");
    faults.extend(judge(&browser, "webhook-refused"));
    browser.open("#/webhooks/price-offer");
    browser.see("Locked.");
    browser.see("GET http://offers.example.com");
    faults.extend(judge(&browser, "webhook-locked"));
    browser.open("#/journeys/welcome");
    browser.see("Dynamic parameters");
    faults.extend(judge(&browser, "journey-form"));

    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_pages_to_watch_look_right() {
    let campaign = Campaign::running();
    let browser = campaign.editor();

    browser.open("#/tail");
    browser.see("Connected");
    campaign.steps();
    browser.see("welcome/tier");
    let mut faults = judge(&browser, "tail");
    browser.open("#/traffic");
    // The charts begin with the second sample, and there is one each ten seconds.
    browser.wait("a line to see", || {
        campaign.steps();
        browser.reload();
        let line = "return document.querySelector('.plot path[d*=L]') !== null";
        browser.run(line, vec![]) == true
    });
    faults.extend(judge(&browser, "traffic"));
    browser.open("#/pending");
    browser.see("rate limit");
    faults.extend(judge(&browser, "pending"));
    browser.open("#/inspector");
    browser.press("Create an endpoint");
    browser.see("No request yet: waiting.");
    campaign.inspect(&browser.value("Address of the endpoint"));
    browser.see("1 received, newest first.");
    browser.see_no_more("The endpoint is open.");
    faults.extend(judge(&browser, "inspector"));

    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_folder_with_faults_looks_right() {
    let campaign = Campaign::running();
    let browser = campaign.editor();
    campaign
        .gateway
        .rewrite("conf/webhooks/sms-consent.toml", "name = \n");
    browser.reload();

    browser.see("1 configuration error");
    browser.press("1 configuration error: the last good version of each file stays in service");
    browser.see("sms-consent.toml:1:");

    assert_eq!(judge(&browser, "faults"), Vec::<String>::new());
}

/// What is wrong with how a page looks, and a picture of it, in every view.
fn judge(browser: &Browser, page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for view in VIEWS {
        browser.look_through(view);
        let name = format!("{page}-{}-{}", view.width, view.scheme.name());
        browser.picture(&name);
        let found = browser.barriers().into_iter().chain(browser.sticking_out());
        faults.extend(found.map(|fault| format!("{name}: {fault}")));
    }
    faults
}
