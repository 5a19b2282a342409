//! The outcome log of a gateway that runs.

use super::client::{Answer, get, post_with};
use super::process::{Gateway, parsed, until};
use serde_json::Value;

/// A page of the outcome log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) outcomes: Vec<Value>,
    pub(crate) cursor: String,
}

// === impl Page ===

impl Page {
    /// Which steps it is about.
    pub(crate) fn ids(&self) -> Vec<&str> {
        let outcomes = self.outcomes.iter();
        outcomes
            .map(|outcome| outcome["id"].as_str().unwrap())
            .collect()
    }
}

// === impl Gateway ===

impl Gateway {
    /// A page of the outcome log, by a query.
    pub(crate) fn outcomes(&self, query: &str) -> Page {
        let (status, page) = parsed(&self.ask(&get(&format!("/v1/outcomes?{query}"), "")));
        assert_eq!(status, 200, "{page}");
        Page {
            outcomes: page["outcomes"].as_array().unwrap().clone(),
            cursor: page["cursor"].as_str().unwrap().to_owned(),
        }
    }

    /// The whole log, once it has so many entries and no more.
    pub(crate) fn logged(&self, entries: usize) -> Vec<Value> {
        let mut page = self.outcomes("limit=1000");
        until(&format!("{entries} entries in the log"), || {
            page = self.outcomes("limit=1000");
            page.outcomes.len() >= entries
        });
        assert_eq!(page.outcomes.len(), entries, "{:?}", page.outcomes);
        page.outcomes
    }

    /// Acknowledges outcomes; the answer to it.
    pub(crate) fn ack(&self, body: &Value) -> Answer {
        self.ask(&post_with("", &body.to_string()).replacen("steps", "outcomes/ack", 1))
    }
}
