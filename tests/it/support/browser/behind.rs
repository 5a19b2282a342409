//! What a person at the console does not see: cookies, the browser's log, and commands that are
//! chromedriver's own.

use super::Browser;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

/// Keeps what the page's policy refused, from before its first script on.
const WATCH: &str = "window.refused = [];
    document.addEventListener('securitypolicyviolation', (event) =>
        window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));";

/// A command of chromedriver's own, below the session's address.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

// === impl Own ===

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

// === impl Browser ===

impl Browser {
    /// The cookies of the console, as the browser has them.
    pub(crate) fn cookies(&self) -> Vec<Value> {
        let kept = self.devtools("Network.getCookies", json!({"urls": [&self.home]}));
        kept["cookies"].as_array().unwrap().clone()
    }

    /// Has the browser keep a cookie that it had before.
    pub(crate) fn restore(&self, cookie: &Value) {
        let parameters = json!({
            "url": &self.home, "name": cookie["name"], "value": cookie["value"], "path": cookie["path"],
            "httpOnly": cookie["httpOnly"], "sameSite": cookie["sameSite"],
        });
        self.devtools("Network.setCookie", parameters);
    }

    /// Has the browser forget every cookie.
    pub(crate) fn forget_cookies(&self) {
        self.devtools("Network.clearBrowserCookies", json!({}));
    }

    /// Everything in the browser's log that is worse than a remark, and what the policy refused.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.own("se/log", json!({"type": "browser"}));
        let mut log = self.log.borrow_mut();
        for entry in entries.as_array().unwrap() {
            if matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")) {
                log.push(entry["message"].as_str().unwrap_or_default().to_owned());
            }
        }
        let refused = self.run("return window.refused", vec![]);
        let refused = refused.as_array().unwrap().iter();
        log.iter()
            .cloned()
            .chain(refused.map(|one| format!("refused: {one}")))
            .collect()
    }

    /// Has every page from now on keep what its policy refused.
    pub(super) fn watch(&self) {
        let script = json!({ "source": WATCH });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", script);
    }

    /// A command of the Chrome DevTools Protocol.
    pub(super) fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.own("goog/cdp/execute", body)
    }

    fn own(&self, path: &'static str, body: Value) -> Value {
        let answer = self.client.issue_cmd(Own { path, body });
        self.runtime.block_on(answer).unwrap()
    }
}
