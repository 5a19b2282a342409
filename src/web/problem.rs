//! What went wrong with a request, as a client reads it (RFC 9457).

use super::Reply;
use http::StatusCode;
use serde::Serialize;
use std::borrow::Cow;

/// One `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A bare name, such as `webhook-invalid`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'static str,
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    pub detail: Cow<'static, str>,
    /// JSON pointer of the fault, where it lies in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<Cow<'static, str>>,
}

// === impl Problem ===

impl Problem {
    /// A problem without a pointer.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            title,
            status,
            detail: detail.into(),
            pointer: None,
        }
    }

    /// The same, pointing into the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<Cow<'static, str>>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The reply that says so.
    pub fn reply(&self) -> Reply {
        let body = serde_json::to_vec(self).expect("strings and a number serialize");
        Reply {
            content_type: "application/problem+json",
            ..Reply::json(self.status, body)
        }
    }
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_its_members_in_order_and_a_pointer_only_where_there_is_one() {
        let plain = Problem::new(
            StatusCode::NOT_FOUND,
            "unknown-tile",
            "No such tile",
            "there is no tile `a/b`",
        );
        let reply = plain.clone().at("/tile").reply();
        assert_eq!(reply.content_type, "application/problem+json");
        assert_eq!(
            (plain.reply().body, reply.body),
            (
                r#"{"type":"unknown-tile","title":"No such tile","status":404,"detail":"there is no tile `a/b`"}"#.into(),
                r#"{"type":"unknown-tile","title":"No such tile","status":404,"detail":"there is no tile `a/b`","pointer":"/tile"}"#.into(),
            )
        );
    }
}
