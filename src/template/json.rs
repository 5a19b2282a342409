//! JSON text read where it stands: members, items and strings found in it, nothing copied.
//!
//! Numbers keep their text and depth costs no stack: every walk here is a loop with a counter. Text that is not
//! JSON gives fewer values, never a panic; whoever took the step has already refused it.

use crate::model::json::decode;
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// Members of an object in their order; keys as written between the quotes.
#[derive(Debug, Clone)]
pub(super) struct Members<'a>(Walk<'a>);

/// Items of an array in their order.
#[derive(Debug, Clone)]
pub(super) struct Items<'a>(Walk<'a>);

#[derive(Debug, Clone)]
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

/// The members of the object `text`; none of anything else.
pub(super) fn members(text: &str) -> Members<'_> {
    Members(Walk::inside(text, b'{'))
}

/// The items of the array `text`; none of anything else.
pub(super) fn items(text: &str) -> Items<'_> {
    Items(Walk::inside(text, b'['))
}

/// Whether a key as written between its quotes means `name`.
pub(super) fn key_is(written: &str, name: &str) -> bool {
    written == name || (written.contains('\\') && decode(written) == name)
}

/// Appends `text` as the content of a JSON string, without quotes.
pub(super) fn escape_into(out: &mut String, text: &str) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0x00..0x20 => "",
            0x20..=0xff => continue,
        };
        out.push_str(&text[clean..at]);
        clean = at + 1;
        if short.is_empty() {
            write!(out, "\\u{byte:04x}").expect("a String takes all text");
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[clean..]);
}

/// Appends `text` as a JSON string, quotes included.
pub(super) fn quote_into(out: &mut String, text: &str) {
    out.push('"');
    escape_into(out, text);
    out.push('"');
}

/// Appends the JSON `text` without white space between its words; numbers keep their text.
pub(super) fn compact_into(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            b' ' | b'\n' | b'\r' | b'\t' => {
                at += 1;
                continue;
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => at + 1,
            _ => scalar_end(bytes, at),
        };
        let word = text.get(at..end).unwrap_or("");
        if byte == b'"' && word.contains("\\u") {
            quote_into(out, &decode(between_quotes(word)));
        } else {
            out.push_str(word);
        }
        at = end;
    }
}

/// Appends an array as Handlebars prints it: the items' texts with commas between, inner arrays as their items,
/// `null` as nothing. Objects stay compact JSON.
pub(super) fn joined_into(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b' ' | b'\n' | b'\r' | b'\t' | b'[' | b']' => at + 1,
            b',' => {
                out.push(',');
                at + 1
            }
            _ => value_end(bytes, at),
        };
        let word = text.get(at..end).unwrap_or("");
        match byte {
            b'"' => out.push_str(&decode(between_quotes(word))),
            b'{' => compact_into(out, word),
            b' ' | b'\n' | b'\r' | b'\t' | b'[' | b']' | b',' => {}
            _ if word == "null" => {}
            _ => out.push_str(word),
        }
        at = end;
    }
}

/// A string without its quotes.
pub(super) fn between_quotes(word: &str) -> &str {
    let inner = word.strip_prefix('"').unwrap_or(word);
    inner.strip_suffix('"').unwrap_or(inner)
}

// === impl Members ===

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.0.value()?;
        self.0.skip(b':');
        let value = self.0.value()?;
        self.0.skip(b',');
        Some((between_quotes(key), value))
    }
}

// === impl Items ===

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<Self::Item> {
        let value = self.0.value()?;
        self.0.skip(b',');
        Some(value)
    }
}

// === impl Walk ===

impl<'a> Walk<'a> {
    fn inside(text: &'a str, opening: u8) -> Self {
        let mut walk = Self { text, at: 0 };
        walk.space();
        if text.as_bytes().get(walk.at) == Some(&opening) {
            walk.at += 1;
        } else {
            walk.at = text.len();
        }
        walk
    }

    fn value(&mut self) -> Option<&'a str> {
        self.space();
        let bytes = self.text.as_bytes();
        if matches!(bytes.get(self.at)?, b']' | b'}' | b',' | b':') {
            return None;
        }
        let end = value_end(bytes, self.at);
        let value = self.text.get(self.at..end)?;
        self.at = end;
        Some(value)
    }

    fn skip(&mut self, byte: u8) {
        self.space();
        if self.text.as_bytes().get(self.at) == Some(&byte) {
            self.at += 1;
        }
    }

    fn space(&mut self) {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
}

fn value_end(bytes: &[u8], start: usize) -> usize {
    match bytes[start] {
        b'"' => string_end(bytes, start),
        b'{' | b'[' => nested_end(bytes, start),
        _ => scalar_end(bytes, start),
    }
}

fn nested_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    at
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// At least one byte, so that every walk moves on.
fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: &u8| {
        matches!(
            byte,
            b',' | b']' | b'}' | b':' | b'"' | b' ' | b'\n' | b'\r' | b'\t'
        )
    };
    let length = bytes[start + 1..].iter().position(ends);
    length.map_or(bytes.len(), |length| start + 1 + length)
}
