//! The admin API: who may use it, files edited through it, drafts tried out.

mod access;
mod journeys;
mod trial;
mod watching;
mod webhooks;

use crate::support::client::{Answer, Client};
use crate::support::process::{Gateway, Stage};
use serde_json::{Value, json};
use std::fs;

/// Tokens of the three roles, in the order of what they may do.
const TOKENS: &str = "[{ name = 'eve', role = 'viewer', token = 'token-of-eve' }, \
                      { name = 'ed', role = 'editor', token = 'token-of-ed' }]";

/// A gateway to be, whose door knows a viewer `eve`, an editor `ed` and the admin.
pub(crate) fn stage() -> Stage {
    Stage::new()
        .set("admin.token", "'token-of-admin'")
        .set("admin.tokens", TOKENS)
}

/// The admin API, for one caller.
pub(crate) struct Door<'a> {
    gateway: &'a Gateway,
    /// Sent with every request, each ended by CRLF.
    headers: String,
}

/// What the admin API says.
#[derive(Debug)]
pub(crate) struct Said {
    answer: Answer,
    /// `null` where there is no body.
    json: Value,
}

// === impl Door ===

impl<'a> Door<'a> {
    /// For the editor `ed`.
    pub(crate) fn of(gateway: &'a Gateway) -> Self {
        Self::with(gateway, "Authorization: Bearer token-of-ed\r\n")
    }

    fn with(gateway: &'a Gateway, headers: impl Into<String>) -> Self {
        let headers = headers.into();
        Self { gateway, headers }
    }

    pub(crate) fn get(&self, path: &str) -> Said {
        self.ask("GET", path, "", "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Said {
        self.ask("POST", path, "", &body.to_string())
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Said {
        self.ask("PUT", path, "", &body.to_string())
    }

    pub(crate) fn delete(&self, path: &str) -> Said {
        self.ask("DELETE", path, "", "")
    }

    /// `path` follows `/admin/v1/`; `headers` are each ended by CRLF.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Said {
        let request = self.request(method, path, headers, body);
        Said::of(Client::to(self.gateway.door).ask(request))
    }

    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let (own, length) = (&self.headers, body.len());
        format!(
            "{method} /admin/v1/{path} HTTP/1.1\r\nHost: localhost\r\n{own}{headers}\
             Content-Length: {length}\r\n\r\n{body}"
        )
    }
}

// === impl Said ===

impl Said {
    fn of(answer: Answer) -> Self {
        let json = match answer.body.as_str() {
            "" => Value::Null,
            body => serde_json::from_str(body).unwrap(),
        };
        Self { answer, json }
    }

    pub(crate) fn status(&self) -> u16 {
        self.answer.status
    }

    fn etag(&self) -> String {
        self.answer.header("etag").unwrap().to_owned()
    }

    /// Status, the problem's type, and where in the request it is.
    #[track_caller]
    fn problem(&self) -> (u16, &str, &str) {
        let kind = self.answer.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{self:?}");
        let text = |name: &str| self.json[name].as_str().unwrap_or("none");
        (self.status(), text("type"), text("pointer"))
    }

    /// The JSON of a success.
    #[track_caller]
    pub(crate) fn good(self, status: u16) -> Value {
        assert_eq!(self.status(), status, "{}", self.json);
        self.json
    }
}

/// A webhook as the API has it, that posts to `endpoint`.
pub(crate) fn draft(id: &str, endpoint: &str) -> Value {
    json!({"id": id, "name": "W", "method": "POST", "endpoint": endpoint})
}

/// `json` with the members of `change` in the place of its own.
pub(crate) fn with(json: &Value, change: &Value) -> Value {
    let mut json = json.clone();
    for (name, value) in change.as_object().unwrap() {
        json[name] = value.clone();
    }
    json
}

/// The text of a webhook's file.
pub(crate) fn file(gateway: &Gateway, id: &str) -> String {
    fs::read_to_string(gateway.path(&format!("conf/webhooks/{id}.toml"))).unwrap()
}

/// The text of a journey's file.
pub(crate) fn journey_file(gateway: &Gateway, id: &str) -> String {
    fs::read_to_string(gateway.path(&format!("conf/journeys/{id}.toml"))).unwrap()
}

/// A Live Data webhook with one field, as TOML; tested when it has a fingerprint.
pub(crate) fn live_data(endpoint: &str, fingerprint: &str) -> String {
    let test = match fingerprint {
        "" => String::new(),
        fingerprint => format!("[data_retrieval.test]\nfingerprint = \"{fingerprint}\"\n"),
    };
    format!(
        "name = \"L\"\nmethod = \"GET\"\nendpoint = \"{endpoint}\"\n\n[data_retrieval]\n\
         object = \"offer\"\n\n[[data_retrieval.fields]]\nname = \"price\"\n\
         pointer = \"/price\"\ntype = \"number\"\n\n{test}"
    )
}

/// The fingerprint that a test of the webhook `id` gives.
#[track_caller]
pub(crate) fn fingerprint(door: &Door<'_>, id: &str) -> String {
    let tested = door.post("webhooks/test", &json!({"id": id})).good(200);
    tested["fingerprint"].as_str().unwrap().to_owned()
}

/// A journey `id` with one tile `t`, as TOML.
pub(crate) fn journey(tile_type: &str, webhook: &str, published: bool) -> String {
    format!(
        "workflow_id = 7\nname = \"J\"\npublished = {published}\n\n[[tiles]]\nid = \"t\"\n\
         type = \"{tile_type}\"\nwebhook = \"{webhook}\"\n"
    )
}
