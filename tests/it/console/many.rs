//! A list of five thousand.

use super::{assert_quiet, editor};
use crate::admin::stage;
use crate::support::process::webhook;

const MANY: usize = 5000;

#[test]
fn of_five_thousand_webhooks_each_is_found() {
    let mut stage = stage();
    for number in 1..=MANY {
        let name = format!("\"Campaign {number}\"");
        let text = webhook("POST", "https://api.example.com/", "").replace("\"W\"", &name);
        stage = stage.webhook(&format!("campaign-{number}"), text);
    }
    let gateway = stage.start();
    let browser = editor(&gateway);

    browser.see("5000 webhooks");
    browser.see("Page 1 of 100");
    browser.see("Campaign 50");
    browser.press("Next");
    browser.see("Campaign 51");
    browser.see("Page 2 of 100");
    browser.fill("Search webhooks", "campaign-4711");
    browser.see("1 of 5000 webhooks");
    browser.press("Edit Campaign 4711");
    browser.wait("the form", || {
        browser.address() == "#/webhooks/campaign-4711"
    });
    browser.press("Cancel");
    browser.press("Journeys");
    browser.press("New journey");
    browser.press("Add tile");
    browser.fill("Webhook", "campaign-4712");

    assert_eq!(browser.value("Webhook"), "campaign-4712");
    assert_quiet(&browser, &[]);
}
