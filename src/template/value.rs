//! What an expression gives: a slice of the step's JSON, or text that a helper made.
//!
//! Numbers are text all the way, so 19 digits, `1.10` and `1e400` come out as they came in.

use crate::model::json::decode;
use std::borrow::Cow;

use super::data::Data;
use super::json;

/// A value while a template renders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Missing,
    Null,
    Bool(bool),
    /// A number's source text.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    /// The JSON text of an array.
    Array(&'a str),
    /// The JSON text of an object.
    Object(&'a str),
    /// All that the template sees: fields of the profile and the trigger, and the six names.
    Root,
}

// === impl Value ===

impl<'a> Value<'a> {
    /// The value of JSON text.
    pub(super) fn of_json(text: &'a str) -> Self {
        let text = text.trim_matches([' ', '\n', '\r', '\t']);
        match text.as_bytes().first() {
            None => Self::Missing,
            Some(b'"') => Self::Text(decode(json::between_quotes(text))),
            Some(b'{') => Self::Object(text),
            Some(b'[') => Self::Array(text),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            Some(_) => Self::Number(Cow::Borrowed(text)),
        }
    }

    /// Text that a helper made.
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A whole number.
    pub(super) fn count(count: usize) -> Self {
        Self::Number(Cow::Owned(count.to_string()))
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// Handlebars truth: `false`, `null`, missing, 0, `""` and `[]` are false.
    pub(super) fn is_true(&self) -> bool {
        !self.is_empty() && !self.is_zero()
    }

    /// Handlebars emptiness: as false, but 0 is something.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Missing | Self::Null => true,
            Self::Bool(truth) => !truth,
            Self::Text(text) => text.is_empty(),
            Self::Array(text) => json::items(text).next().is_none(),
            Self::Number(_) | Self::Object(_) | Self::Root => false,
        }
    }

    /// Text, or the text of a number or a boolean.
    pub(super) fn as_text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Missing | Self::Null | Self::Array(_) | Self::Object(_) | Self::Root => None,
        }
    }

    /// Compact JSON; `null` for what is missing.
    pub(super) fn to_json(&self, data: &Data<'a>) -> Cow<'a, str> {
        match self {
            Self::Missing | Self::Null => Cow::Borrowed("null"),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(text) => text.clone(),
            Self::Text(text) => {
                let mut quoted = String::with_capacity(text.len() + 2);
                json::quote_into(&mut quoted, text);
                Cow::Owned(quoted)
            }
            Self::Array(text) | Self::Object(text) => {
                let mut compact = String::with_capacity(text.len());
                json::compact_into(&mut compact, text);
                Cow::Owned(compact)
            }
            Self::Root => Cow::Owned(data.to_json()),
        }
    }

    /// What the value is called in a message, with its article.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Array(_) => "a list",
            Self::Object(_) | Self::Root => "an object",
        }
    }

    /// Whether both are one and the same object or list of the step, not two that look alike.
    pub(super) fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Root, Self::Root) => true,
            (Self::Object(one), Self::Object(two)) | (Self::Array(one), Self::Array(two)) => {
                std::ptr::eq(*one, *two)
            }
            _ => false,
        }
    }

    fn is_zero(&self) -> bool {
        let Self::Number(text) = self else {
            return false;
        };
        let mantissa = text.split(['e', 'E']).next().unwrap_or("");
        mantissa
            .bytes()
            .all(|byte| matches!(byte, b'0' | b'.' | b'-' | b'+'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_is_that_of_handlebars() {
        for (text, expected) in [
            ("null", false),
            ("false", false),
            ("0", false),
            ("-0.00e7", false),
            ("\"\"", false),
            ("[ ]", false),
            ("", false),
            ("true", true),
            ("1e-400", true),
            ("\"0\"", true),
            ("\"false\"", true),
            ("[0]", true),
            ("{}", true),
        ] {
            assert_eq!(Value::of_json(text).is_true(), expected, "{text}");
        }
    }
}
