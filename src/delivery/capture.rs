//! What a tile keeps of an answer: nothing, the profile, or its Live Data fields.

use crate::config::{DataRetrieval, LiveType, Webhook};
use crate::model::json;
use crate::model::{Capture, Captured, StepWarning};
use bytes::Bytes;
use serde::de::IgnoredAny;

/// What is kept, and what there is to say of it.
type Kept = (Option<Captured>, Vec<StepWarning>);

/// Keeps of `body` what `capture` asks for.
///
/// # Errors
/// What is wrong with the body, as the end of a sentence.
pub(super) fn keep(capture: Capture, body: &[u8], webhook: &Webhook) -> Result<Kept, &'static str> {
    match (capture, &webhook.data_retrieval) {
        (Capture::Nothing, _) => Ok((None, Vec::new())),
        (Capture::Profile, _) => {
            let text = json_text(body).ok_or("the body is not JSON")?;
            if !text.starts_with('{') {
                return Err("the body is not a JSON object");
            }
            let profile = Bytes::from(json::compact(text));
            Ok((Some(Captured::Profile(profile)), Vec::new()))
        }
        (Capture::LiveData, Some(retrieval)) => {
            let text = json_text(body).ok_or("the body is not JSON")?;
            let (object, warnings) = live_data(text, retrieval);
            Ok((Some(Captured::LiveData(object)), warnings))
        }
        (Capture::LiveData, None) => Err("the webhook names no fields to keep"),
    }
}

/// `body` as the text of one JSON document, without the white space around it.
pub(super) fn json_text(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    Some(text.trim())
}

/// `{"<object>":{"<name>":<value>,…}}`; a field that is missing or of another type is `null`.
fn live_data(text: &str, retrieval: &DataRetrieval) -> (Bytes, Vec<StepWarning>) {
    let mut warnings = Vec::new();
    let mut out = format!("{{{}:{{", json::quote(&retrieval.object));
    for (at, field) in retrieval.fields.iter().enumerate() {
        let found = json::find(text, &field.pointer);
        let value = found.filter(|value| fits(field.expected, value));
        if value.is_none() {
            let message = match found {
                None => format!("nothing stands at `{}`", field.pointer),
                Some(other) => format!(
                    "`{}` is {}, not of type {}",
                    field.pointer,
                    json::kind_of(other),
                    field.expected.as_str()
                ),
            };
            warnings.push(StepWarning {
                field: field.name.clone(),
                message,
            });
        }
        if at > 0 {
            out.push(',');
        }
        out.push_str(&json::quote(&field.name));
        out.push(':');
        out.push_str(&json::compact(value.unwrap_or("null")));
    }
    out.push_str("}}");
    (out.into(), warnings)
}

fn fits(expected: LiveType, value: &str) -> bool {
    match (expected, value.as_bytes()[0]) {
        (LiveType::String, b'"')
        | (LiveType::Number, b'-' | b'0'..=b'9')
        | (LiveType::Boolean, b't' | b'f')
        | (LiveType::Object, b'{')
        | (LiveType::Array, b'[') => true,
        (
            LiveType::String
            | LiveType::Number
            | LiveType::Boolean
            | LiveType::Object
            | LiveType::Array,
            _,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retrieval(fields: &[(&str, &str, LiveType)]) -> DataRetrieval {
        DataRetrieval {
            object: "offer".into(),
            fields: fields
                .iter()
                .map(|(name, pointer, expected)| crate::config::LiveField {
                    name: (*name).into(),
                    pointer: (*pointer).into(),
                    expected: *expected,
                })
                .collect(),
        }
    }

    #[test]
    fn live_fields_keep_their_text_and_what_does_not_fit_is_null_with_a_warning() {
        let body = r#"{"data": {"price": 1.10, "tags": [ "a" ], "name": 7}}"#;
        let (object, warnings) = live_data(
            body,
            &retrieval(&[
                ("price", "/data/price", LiveType::Number),
                ("tags", "/data/tags", LiveType::Array),
                ("name", "/data/name", LiveType::String),
                ("gone", "/data/gone", LiveType::String),
            ]),
        );
        assert_eq!(
            object,
            r#"{"offer":{"price":1.10,"tags":["a"],"name":null,"gone":null}}"#
        );
        let warnings: Vec<_> = warnings.iter().map(|w| (&*w.field, &*w.message)).collect();
        assert_eq!(
            warnings,
            [
                ("name", "`/data/name` is a number, not of type string"),
                ("gone", "nothing stands at `/data/gone`"),
            ]
        );
    }
}
