//! What an operation can answer: one status where all is well, and every one with which it refuses,
//! each with its headers and its body.
//!
//! A refusal is told by its status and its problem's type, so the types that a status can carry are
//! listed with it.

use super::{content, reference};
use serde_json::{Map, Value as Json, json};

/// The answer where all is well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Good {
    pub(super) status: u16,
    pub(super) body: Body,
    /// Names of what `headers.json` describes.
    pub(super) headers: &'static [&'static str],
}

/// What an answer carries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    /// JSON, by the name of its schema.
    Json(&'static str),
    /// Text, in one of these types.
    Text(&'static [&'static str]),
    Nothing,
}

/// One way to be refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The problem's type.
    pub(super) kind: &'static str,
    pub(super) when: &'static str,
}

/// The type of the one problem whose `status` is not that of its answer: it says what the endpoint
/// answered.
pub(super) const NOT_SCHEDULED: &str = "not-scheduled";

pub(super) const fn refusal(status: u16, kind: &'static str, when: &'static str) -> Refusal {
    Refusal { status, kind, when }
}

/// The answers of an operation, by their status.
pub(super) fn responses<'a>(good: &Good, refusals: impl Iterator<Item = &'a Refusal>) -> Json {
    let mut by_status = Map::new();
    by_status.insert(good.status.to_string(), good.response());
    let mut refusals: Vec<&Refusal> = refusals.collect();
    // Stable: within a status the order of the lists stays.
    refusals.sort_by_key(|refusal| refusal.status);
    for alike in refusals.chunk_by(|a, b| a.status == b.status) {
        by_status.insert(alike[0].status.to_string(), refused(alike));
    }
    by_status.into()
}

// === impl Good ===

impl Good {
    fn response(&self) -> Json {
        let mut response = json!({ "description": "Done." });
        match self.body {
            Body::Json(name) => response["content"] = content("application/json", name),
            Body::Text(kinds) => {
                let text = json!({ "schema": { "type": "string" } });
                let kinds = kinds.iter().map(|kind| ((*kind).to_owned(), text.clone()));
                response["content"] = kinds.collect::<Map<_, _>>().into();
            }
            Body::Nothing => {}
        }
        with_headers(response, self.headers)
    }
}

/// One status and all the problems that come with it.
fn refused(alike: &[&Refusal]) -> Json {
    let mut kinds: Vec<&str> = alike.iter().map(|refusal| refusal.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let lines = alike
        .iter()
        .map(|Refusal { kind, when, .. }| format!("`{kind}`: {when}"));
    let status = alike[0].status;
    let mut own = json!({ "type": { "enum": kinds } });
    if !kinds.contains(&NOT_SCHEDULED) {
        own["status"] = json!({ "const": status });
    }
    let response = json!({
        "description": lines.collect::<Vec<_>>().join("\n\n"),
        "content": { "application/problem+json": {
            "schema": { "allOf": [reference("Problem"), { "properties": own }] },
        } },
    });
    with_headers(response, headers_of(status))
}

/// What an answer with this status says beside its body.
fn headers_of(status: u16) -> &'static [&'static str] {
    match status {
        401 => &["WWW-Authenticate"],
        429 | 503 => &["Retry-After"],
        _ => &[],
    }
}

fn with_headers(mut response: Json, names: &[&str]) -> Json {
    if !names.is_empty() {
        let header = |name: &&str| {
            let to = format!("#/components/headers/{name}");
            ((*name).to_owned(), json!({ "$ref": to }))
        };
        response["headers"] = names.iter().map(header).collect::<Map<_, _>>().into();
    }
    response
}
