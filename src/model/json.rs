//! JSON as text: members and pointers of a document that is never turned into a tree.
//!
//! What goes through the gateway keeps its exact text: a number with 19 digits, `1.10`, `1e400`,
//! the order of keys. So values are slices of the document they came in.

mod decode;
mod fields;
pub mod scan;
pub mod walk;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

pub use decode::decode;
pub use fields::{Fields, Place};

/// One member of an object: the text of its name, quotes included, and the text of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    pub name: &'a str,
    pub value: &'a str,
}

// === impl Member ===

impl<'a> Member<'a> {
    /// The name with escapes undone: what two spellings of one name share. A lone surrogate has
    /// no text, so such a name stays as it is written.
    pub fn key(&self) -> Cow<'a, str> {
        let inner = &self.name[1..self.name.len() - 1];
        if scan::plain(inner.as_bytes()) < inner.len() {
            serde_json::from_str(self.name).map_or(Cow::Borrowed(inner), Cow::Owned)
        } else {
            Cow::Borrowed(inner)
        }
    }
}

/// The members of the object `text`, in order, a name that comes twice twice.
///
/// # Errors
/// When `text` is not exactly one JSON object.
pub fn members(text: &str) -> Result<Vec<Member<'_>>, serde_json::Error> {
    let mut members = Vec::with_capacity(16);
    match scan::each_member(text, u32::MAX, |member| members.push(member)) {
        Some(()) => Ok(members),
        None => judged_members(text),
    }
}

/// As [`members`], by a serializer, which says what is wrong.
fn judged_members(text: &str) -> Result<Vec<Member<'_>>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}

/// The text of the member `key` of the object `text`; of one that comes twice, the last.
pub fn member<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let members = members(text).ok()?;
    members
        .into_iter()
        .rev()
        .find(|m| m.key() == key)
        .map(|m| m.value)
}

/// The text of what `pointer` (RFC 6901) names in the document `text`.
pub fn find<'a>(text: &'a str, pointer: &str) -> Option<&'a str> {
    let mut here = text.trim();
    let Some(path) = pointer.strip_prefix('/') else {
        return pointer.is_empty().then_some(here);
    };
    for token in path.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        here = match here.as_bytes().first()? {
            b'{' => member(here, &token)?,
            b'[' => element(here, &token)?,
            _ => return None,
        };
    }
    Some(here)
}

/// `text`, which must be one JSON document, without the white space between its tokens.
pub fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped, mut kept) = (false, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else if byte == b'"' {
            in_string = true;
        } else if byte.is_ascii_whitespace() {
            out.push_str(&text[kept..at]);
            kept = at + 1;
        }
    }
    out.push_str(&text[kept..]);
    out
}

/// The string that `text`, a JSON string with its quotes, stands for. Lone surrogates, which no
/// text can hold, become U+FFFD.
pub fn unquote(text: &str) -> Cow<'_, str> {
    decode(&text[1..text.len() - 1])
}

/// `text` as a JSON string, with its quotes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    out
}

/// Appends `text` as the content of a JSON string, without quotes.
pub fn escape_into(out: &mut String, text: &str) {
    // Nearly all text is plain, and goes in at once.
    if scan::plain(text.as_bytes()) == text.len() {
        out.push_str(text);
    } else {
        write_escaped(out, text).expect("a String takes all text");
    }
}

/// Writes `text` as a JSON string, quotes included.
///
/// # Errors
/// Those of `out`.
pub fn write_quoted(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    write_escaped(out, text)?;
    out.write_char('"')
}

fn write_escaped(out: &mut impl fmt::Write, mut text: &str) -> fmt::Result {
    loop {
        let (plain, rest) = text.split_at(scan::plain(text.as_bytes()));
        out.write_str(plain)?;
        let Some(byte) = rest.bytes().next() else {
            return Ok(());
        };
        match byte {
            b'"' => out.write_str("\\\""),
            b'\\' => out.write_str("\\\\"),
            b'\n' => out.write_str("\\n"),
            b'\r' => out.write_str("\\r"),
            b'\t' => out.write_str("\\t"),
            0x08 => out.write_str("\\b"),
            0x0c => out.write_str("\\f"),
            _ => write!(out, "\\u{byte:04x}"),
        }?;
        // What is not plain is one byte long.
        text = &rest[1..];
    }
}

/// Appends `text` as a JSON string, quotes included.
pub fn quote_into(out: &mut String, text: &str) {
    out.push('"');
    escape_into(out, text);
    out.push('"');
}

/// What `text`, one JSON document, is: words for a message.
pub fn kind_of(text: &str) -> &'static str {
    match text.as_bytes()[0] {
        b'"' => "a string",
        b'{' => "an object",
        b'[' => "an array",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}

fn element<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    let canonical = token == "0" || !token.starts_with('0');
    let index: usize = token.parse().ok().filter(|_| canonical)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let elements = deserializer.deserialize_seq(Elements).ok()?;
    elements.get(index).copied()
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            members.push(Member {
                name: name.get(),
                value: value.get(),
            });
        }
        Ok(members)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(value) = seq.next_element::<&RawValue>()? {
            elements.push(value.get());
        }
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_the_text_of_their_values() {
        let text = r#"{ "a" : 1.10, "b":1e400,"a": [1, {"x":"}"}] }"#;
        let found: Vec<_> = members(text)
            .unwrap()
            .iter()
            .map(|m| (m.name, m.value))
            .collect();
        assert_eq!(
            found,
            [
                ("\"a\"", "1.10"),
                ("\"b\"", "1e400"),
                ("\"a\"", r#"[1, {"x":"}"}]"#)
            ]
        );
    }

    #[test]
    fn a_member_is_found_by_its_name_however_it_is_spelled() {
        let text = r#"{"caf\u00e9":1,"x":2,"x":3}"#;
        assert_eq!(member(text, "café"), Some("1"));
        assert_eq!(member(text, "x"), Some("3"));
        assert_eq!(member(text, "y"), None);
    }

    #[test]
    fn a_pointer_walks_objects_and_arrays() {
        let text = r#"{"data":{"a/b":[10,{"m~n":"v"}],"":0}}"#;
        for (pointer, found) in [
            ("", Some(text)),
            ("/data/a~1b/0", Some("10")),
            ("/data/a~1b/1/m~0n", Some("\"v\"")),
            ("/data/", Some("0")),
            ("/data/a~1b/01", None),
            ("/data/a~1b/2", None),
            ("/data/a~1b/-", None),
            ("/none", None),
            ("data", None),
        ] {
            assert_eq!(find(text, pointer), found, "{pointer}");
        }
    }

    #[test]
    fn compacting_leaves_strings_and_numbers_alone() {
        assert_eq!(
            compact("{ \"a b\" :\n [1.10 , \"x \\\" y\"] }"),
            r#"{"a b":[1.10,"x \" y"]}"#
        );
    }

    #[test]
    fn a_lone_surrogate_becomes_a_replacement_character() {
        assert_eq!(unquote(r#""a\ud800b""#), "a\u{fffd}b");
        assert_eq!(unquote(r#""\ud83d\ude00""#), "😀");
        assert_eq!(unquote(r#""���\ud800""#), "����");
    }
}
