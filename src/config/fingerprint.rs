//! What of a webhook shapes its request, as one short text.
//!
//! A test of a webhook holds for as long as this stays the same. Never in it: the value of a
//! secret (it is rotated without a new test), the display name, and what is kept of the answer.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Everything that shapes a request; `Serialize` in the order of the fields is the canonical form.
#[derive(Debug, Default, Serialize)]
pub(super) struct Shape {
    pub(super) method: &'static str,
    pub(super) endpoint: String,
    pub(super) include_email_and_workflow_id: bool,
    pub(super) user_fields: Vec<String>,
    /// Type, then what it says, secrets by their origin only.
    pub(super) auth: Vec<String>,
    /// Name in lower case, kind, and text or origin.
    pub(super) headers: Vec<(String, &'static str, String)>,
    /// `json` or `form`, or `inkit`.
    pub(super) body: &'static str,
    /// Names and sources; the one template of a JSON body has no name.
    pub(super) content: Vec<(String, String)>,
}

impl Shape {
    /// `sha256:<hex>` of the canonical form.
    pub(super) fn fingerprint(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("text, lists and booleans only");
        let mut text = String::from("sha256:");
        for byte in Sha256::digest(&canonical) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
