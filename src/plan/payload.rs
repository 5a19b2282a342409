//! The payload: user fields, then `dataFields`, then `email` and `workflowId`, then the custom body.
//!
//! Where a name comes twice the later value wins and the first place stays. Values are slices of
//! JSON text, so what comes in goes out as it was written.

use crate::model::json::{self, Fields, Member};
use crate::template::Data;
use std::borrow::Cow;
use std::collections::HashMap;

/// Members past which names are looked up in a map: below it a walk is cheaper.
const INDEX_FROM: usize = 24;

/// The members of one payload, in the order that they are sent.
#[derive(Debug)]
pub(super) struct Payload<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Name → place in `members`; filled once there are [`INDEX_FROM`] of them.
    index: HashMap<Cow<'a, str>, usize>,
    /// The bits of all names (see [`bit`]).
    bits: u64,
}

/// A member's value.
#[derive(Debug)]
enum Value<'a> {
    /// JSON text.
    Json(&'a str),
    /// Plain text: a rendered form value.
    Text(String),
}

// === impl Payload ===

impl<'a> Payload<'a> {
    /// No members yet, and room for `count` of them.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            members: Vec::with_capacity(count),
            index: HashMap::new(),
            bits: 0,
        }
    }

    /// Puts JSON text under `name`.
    pub(super) fn json(&mut self, name: Cow<'a, str>, value: &'a str) {
        self.put(name, Value::Json(value));
    }

    /// Puts plain text under `name`.
    pub(super) fn text(&mut self, name: &'a str, value: String) {
        self.put(Cow::Borrowed(name), Value::Text(value));
    }

    /// Puts every one of `members`.
    pub(super) fn members(&mut self, members: &[Member<'a>]) {
        for member in members {
            self.json(member.key(), member.value);
        }
    }

    /// Puts every one of `fields`.
    pub(super) fn fields(&mut self, fields: &Fields<'a>) {
        for (name, value) in fields.iter() {
            self.json(name.clone(), value);
        }
    }

    /// The user fields that the trigger, else the profile, has.
    pub(super) fn user_fields<'d: 'a>(&mut self, names: &'a [String], data: &Data<'d>) {
        for name in names {
            let found = data.data_fields().get(name);
            if let Some(value) = found.or_else(|| data.profile().get(name)) {
                self.json(Cow::Borrowed(name), value);
            }
        }
    }

    /// As one JSON object.
    pub(super) fn to_json(&self) -> String {
        let length = |(name, value): &(Cow<'_, str>, Value<'_>)| match value {
            Value::Json(text) => name.len() + text.len() + 4,
            Value::Text(text) => name.len() + text.len() + 6,
        };
        let room = self.members.iter().map(length).sum::<usize>() + 2;
        let mut out = String::with_capacity(room);
        out.push('{');
        for (at, (name, value)) in self.members.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            json::quote_into(&mut out, name);
            out.push(':');
            match value {
                Value::Json(text) => out.push_str(text),
                Value::Text(text) => json::quote_into(&mut out, text),
            }
        }
        out.push('}');
        out
    }

    /// As `application/x-www-form-urlencoded`: nested values as JSON text, `null` empty.
    pub(super) fn to_form(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(256));
        for (name, value) in &self.members {
            let text = match value {
                Value::Text(text) => Cow::Borrowed(text.as_str()),
                Value::Json(text) if text.starts_with('"') => json::unquote(text),
                Value::Json("null") => Cow::Borrowed(""),
                Value::Json(text) => Cow::Borrowed(*text),
            };
            form.append_pair(name, &text);
        }
        form.finish()
    }

    fn put(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        let bit = bit(&name);
        // Most names are new, and nothing is searched for those whose bit is.
        if self.bits & bit != 0
            && let Some(at) = self.place_of(&name)
        {
            self.members[at].1 = value;
            return;
        }
        self.bits |= bit;
        if self.members.len() == INDEX_FROM {
            let names = self.members.iter().enumerate();
            self.index = names.map(|(at, (name, _))| (name.clone(), at)).collect();
        }
        if self.members.len() >= INDEX_FROM {
            self.index.insert(name.clone(), self.members.len());
        }
        self.members.push((name, value));
    }

    fn place_of(&self, name: &str) -> Option<usize> {
        if self.members.len() > INDEX_FROM {
            self.index.get(name).copied()
        } else {
            self.members.iter().position(|(known, _)| known == name)
        }
    }
}

/// One of 64 bits for a name; others can share it.
fn bit(name: &str) -> u64 {
    let ends = match name.as_bytes() {
        [first, .., last] => first.wrapping_mul(31) ^ last,
        short => short.first().copied().unwrap_or_default(),
    };
    1 << ((name.len() + usize::from(ends)) % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Context;

    fn merged(parts: &[&'static str]) -> Payload<'static> {
        let mut payload = Payload::with_capacity(0);
        for part in parts {
            payload.members(&json::members(part).unwrap());
        }
        payload
    }

    #[test]
    fn the_later_value_wins_and_the_first_place_stays() {
        let payload = merged(&[r#"{"a":1,"b":2}"#, r#"{"b":3,"c":4,"a":null}"#]);
        assert_eq!(payload.to_json(), r#"{"a":null,"b":3,"c":4}"#);
    }

    #[test]
    fn numbers_keep_their_text_and_keys_their_order() {
        let text = r#"{"z":1234567890123456789,"a":1.10,"m":1e400,"n":-0.0}"#;
        assert_eq!(merged(&[text]).to_json(), text);
    }

    #[test]
    fn a_name_that_comes_twice_is_sent_once_however_it_is_spelled() {
        let payload = merged(&[r#"{"x":1,"x":2}"#, r#"{"\u0078":3}"#]);
        assert_eq!(payload.to_json(), r#"{"x":3}"#);
    }

    #[test]
    fn a_payload_with_many_names_merges_like_a_small_one() {
        let text = |from: usize| {
            let members: Vec<String> = (0..100).map(|i| format!("\"k{i}\":{}", i + from)).collect();
            format!("{{{}}}", members.join(","))
        };
        let (first, second) = (text(0), text(1000));
        let mut payload = Payload::with_capacity(0);
        payload.members(&json::members(&first).unwrap());
        payload.members(&json::members(&second).unwrap());
        assert_eq!(payload.to_json(), second);
    }

    #[test]
    fn a_user_field_comes_from_the_trigger_else_from_the_profile_else_not_at_all() {
        let names = ["city", "state", "zip"].map(String::from);
        let mut payload = Payload::with_capacity(0);
        let data = Data::new(Context {
            data_fields: Some(r#"{"state":"CA","x":1}"#),
            profile: Some(r#"{"city":"SF","state":"NV"}"#),
            ..Context::default()
        });
        payload.user_fields(&names, &data);
        payload.fields(data.data_fields());
        assert_eq!(payload.to_json(), r#"{"city":"SF","state":"CA","x":1}"#);
    }

    #[test]
    fn a_form_has_nested_values_as_json_text_and_null_empty() {
        let text = r#"{"a":"x y&\u00fc","n":1.10,"t":true,"o":{"k": 1},"l":[1,2],"z":null}"#;
        assert_eq!(
            merged(&[text]).to_form(),
            "a=x+y%26%C3%BC&n=1.10&t=true&o=%7B%22k%22%3A+1%7D&l=%5B1%2C2%5D&z="
        );
    }
}
