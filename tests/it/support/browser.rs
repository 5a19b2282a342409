//! A person at the console: Chromium without a window, told in plain words what to do.
//!
//! What is pressed and filled in is found by what it is called, as a person finds it, among what is
//! shown; an open dialog hides the rest. Whatever is not there yet is waited for, so that no test
//! says how long anything takes.
//!
//! Not here: what a page looks like, see [`looks`]; what a person does not see, see [`behind`].

mod behind;
mod driver;
mod looks;

pub(crate) use looks::{Scheme, View};

use super::process::Gateway;
use driver::Driver;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::{Element, ElementRef};
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::thread::sleep;
use std::time::Duration;
use tokio::runtime::{self, Runtime};
use tokio::time::{Instant, timeout};

/// Longest that anything here is waited for: a machine may have other things to do, and some pages
/// ask anew each ten seconds for what is counted each ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The key that a WebDriver names an element by (W3C WebDriver, 12.2).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Finds what a person would: its label or its name are the arguments.
const FIND: &str = include_str!("browser/find.js");

/// A browser with one page. Dropped, it ends.
pub(crate) struct Browser {
    runtime: Runtime,
    client: Client,
    /// Of the console, without the part after `#`.
    home: String,
    /// What the browser's log said so far; asking for it empties it.
    log: RefCell<Vec<String>>,
    driver: Driver,
}

// === impl Browser ===

impl Browser {
    /// A browser that has the console of `gateway` before it; nobody is signed in.
    pub(crate) fn at(gateway: &Gateway) -> Self {
        let driver = Driver::start();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(driver.capabilities());
        let client = runtime.block_on(builder.connect(&driver.url())).unwrap();
        let browser = Self {
            runtime,
            client,
            home: format!("http://{}/console", gateway.door),
            log: RefCell::default(),
            driver,
        };
        browser.watch();
        browser.open("");
        browser
    }

    /// Signs in with `token`, and waits for the first page.
    pub(crate) fn sign_in(&self, token: &str) {
        self.fill("Admin token", token);
        self.press("Sign in");
        self.see("Sign out");
    }

    /// Goes to a page of the console by its address, such as `#/journeys`.
    pub(crate) fn open(&self, page: &str) {
        let url = format!("{}{page}", self.home);
        self.runtime.block_on(self.client.goto(&url)).unwrap();
        self.settled();
    }

    /// Loads the page anew.
    pub(crate) fn reload(&self) {
        self.runtime.block_on(self.client.refresh()).unwrap();
        self.settled();
    }

    /// The part of the address after the console's own.
    pub(crate) fn address(&self) -> String {
        let url = self.runtime.block_on(self.client.current_url()).unwrap();
        url.as_str().replacen(&self.home, "", 1)
    }

    /// Types `text` into the field of that label, in the place of what is there.
    #[track_caller]
    pub(crate) fn fill(&self, label: &str, text: &str) {
        // Control and A, then no key held, and what is typed takes the place of the whole.
        let typed = match text {
            "" => "\u{e009}a\u{e000}\u{e017}".to_owned(),
            text => format!("\u{e009}a\u{e000}{text}"),
        };
        self.on("field", label, async |field| field.send_keys(&typed).await);
    }

    /// Types `text` after what stands in the field of that label.
    #[track_caller]
    pub(crate) fn type_on(&self, label: &str, text: &str) {
        self.on("field", label, async |field| field.send_keys(text).await);
    }

    /// Chooses the option that reads `option` in the list of that label.
    #[track_caller]
    pub(crate) fn choose(&self, label: &str, option: &str) {
        self.on("field", label, async |list| {
            list.select_by_label(option).await?;
            // For a person the browser tells of an `input` too, chromedriver of a `change` alone.
            let told = "arguments[0].dispatchEvent(new Event('input', {bubbles: true}))";
            let list = serde_json::to_value(list)?;
            self.client.execute(told, vec![list]).await.map(drop)
        });
    }

    /// Ticks the box of that label, or unticks it.
    #[track_caller]
    pub(crate) fn tick(&self, label: &str) {
        self.on("field", label, async |field| field.click().await);
    }

    /// Presses the button, or follows the link, of that name.
    #[track_caller]
    pub(crate) fn press(&self, name: &str) {
        self.on("button", name, async |button| button.click().await);
    }

    /// Presses keys where the focus is; for what they are called see W3C WebDriver, 17.4.2.
    pub(crate) fn keys(&self, keys: &str) {
        let mut presses = KeyActions::new("keyboard".to_owned());
        for value in keys.chars() {
            presses = presses
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        let pressed = self.client.perform_actions(presses);
        self.runtime.block_on(pressed).unwrap();
    }

    /// Waits until `text` is shown.
    #[track_caller]
    pub(crate) fn see(&self, text: &str) {
        self.wait(&format!("`{text}`"), || self.text().contains(text));
    }

    /// Waits until `text` is not shown any more.
    #[track_caller]
    pub(crate) fn see_no_more(&self, text: &str) {
        self.wait(&format!("an end of `{text}`"), || {
            !self.text().contains(text)
        });
    }

    /// Waits until `done` says so; fails the test after a while, with what the page shows.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, mut done: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !done() {
            let late = begin.elapsed() > PATIENCE;
            assert!(!late, "never: {what}; the page shows:\n{}", self.text());
            sleep(Duration::from_millis(20));
        }
    }

    /// All that is shown.
    pub(crate) fn text(&self) -> String {
        let text = self.run("return document.body.innerText", vec![]);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Whether a button or link of that name is shown and can be pressed.
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.found("button", name).is_some()
    }

    /// What stands in the field of that label.
    #[track_caller]
    pub(crate) fn value(&self, label: &str) -> String {
        let value = RefCell::new(None);
        self.on("field", label, async |field| {
            *value.borrow_mut() = field.prop("value").await?;
            Ok(())
        });
        value.take().expect("a field has a value")
    }

    /// What a script of the page returns, or what its promise comes to.
    pub(crate) fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        let answer = self.client.execute(script, arguments);
        self.runtime.block_on(answer).unwrap()
    }

    /// Does `act` to what is so called, once it is there and can be used.
    #[track_caller]
    fn on(&self, kind: &str, name: &str, act: impl AsyncFn(&Element) -> Result<(), CmdError>) {
        let mut last = "it is not there".to_owned();
        let begin = Instant::now();
        loop {
            if let Some(element) = self.found(kind, name) {
                // It may be drawn anew between the search and the deed: then both are done again.
                match self.runtime.block_on(act(&element)) {
                    Ok(()) => return,
                    Err(fault) => last = fault.to_string(),
                }
            }
            let late = begin.elapsed() > PATIENCE;
            assert!(
                !late,
                "never: the {kind} `{name}`: {last}; the page shows:\n{}",
                self.text()
            );
            sleep(Duration::from_millis(20));
        }
    }

    fn found(&self, kind: &str, name: &str) -> Option<Element> {
        let found = self.run(FIND, vec![json!(kind), json!(name)]);
        let id = found.get(ELEMENT)?.as_str()?.to_owned();
        let client = self.client.clone();
        Some(Element::from_element_id(client, ElementRef::from(id)))
    }

    /// Waits until the page that was gone to is drawn.
    fn settled(&self) {
        let script = "return document.readyState === 'complete' \
            && document.querySelector('main') !== null \
            && document.querySelector('main[aria-busy]') === null";
        self.wait("a page", || self.run(script, vec![]) == true);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let client = self.client.clone();
        if std::thread::panicking() {
            let shot = self.runtime.block_on(client.screenshot());
            let shown = shot.map(|png| looks::keep("failed", &png));
            eprintln!("the page, when the test failed: {shown:?}");
        }
        // Asked to go, it takes its processes along; whether it went is seen to by the driver.
        let end = async { timeout(Duration::from_secs(5), client.close()).await };
        drop(self.runtime.block_on(end));
        self.driver.end();
    }
}
