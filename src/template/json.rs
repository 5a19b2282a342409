//! JSON text read where it stands: members, items and strings found in it, nothing copied.
//!
//! Numbers keep their text and depth costs no stack: every walk here is a loop with a counter. Text that is not
//! JSON gives fewer values, never a panic; whoever took the step has already refused it.

use std::borrow::Cow;
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

/// What a string means, of what stands between its quotes. A lone surrogate becomes U+FFFD.
pub(super) fn decode(inner: &str) -> Cow<'_, str> {
    let Some(first) = inner.find('\\') else {
        return Cow::Borrowed(inner);
    };
    let mut decoded = String::with_capacity(inner.len());
    let mut rest = inner;
    let mut next = Some(first);
    while let Some(at) = next {
        decoded.push_str(&rest[..at]);
        let (character, length) = unescape(&rest[at..]);
        decoded.push(character);
        rest = rest.get(at + length..).unwrap_or("");
        next = rest.find('\\');
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
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

/// The character that an escape at the start of `text` means, and the escape's length in bytes.
fn unescape(text: &str) -> (char, usize) {
    let character = match text.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'u') => return unicode_escape(text),
        Some(_) | None => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (character, 2)
}

fn unicode_escape(text: &str) -> (char, usize) {
    let Some(high) = code_unit(text) else {
        return (char::REPLACEMENT_CHARACTER, 2);
    };
    if let Some(character) = char::from_u32(high) {
        return (character, 6);
    }
    let low = text
        .get(6..)
        .filter(|rest| rest.starts_with("\\u"))
        .and_then(code_unit);
    match low {
        Some(low @ 0xdc00..0xe000) if high < 0xdc00 => {
            let scalar = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            (
                char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER),
                12,
            )
        }
        Some(_) | None => (char::REPLACEMENT_CHARACTER, 6),
    }
}

fn code_unit(text: &str) -> Option<u32> {
    u32::from_str_radix(text.get(2..6)?, 16).ok()
}
