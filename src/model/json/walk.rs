//! JSON text read where it stands: members and items found in it, nothing copied, nothing checked.
//!
//! Depth costs no stack: every walk here is a loop with a counter. Text that is not JSON gives fewer
//! values, never a panic; whoever took the step has already refused it.

use super::Member;
use super::scan::plain;

/// Members of an object in their order; keys as written between the quotes.
#[derive(Debug, Clone)]
pub struct Members<'a>(Walk<'a>);

/// Items of an array in their order.
#[derive(Debug, Clone)]
pub struct Items<'a>(Walk<'a>);

#[derive(Debug, Clone)]
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

/// The members of the object `text`; none of anything else.
pub fn members(text: &str) -> Members<'_> {
    Members(Walk::inside(text, b'{'))
}

/// The items of the array `text`; none of anything else.
pub fn items(text: &str) -> Items<'_> {
    Items(Walk::inside(text, b'['))
}

/// The members of the object `text`, in order, names with their quotes.
pub fn known_members(text: &str) -> impl Iterator<Item = Member<'_>> {
    let mut walk = Walk::inside(text, b'{');
    std::iter::from_fn(move || {
        let (name, value) = walk.entry()?;
        Some(Member { name, value })
    })
}

/// A string without its quotes.
pub fn between_quotes(word: &str) -> &str {
    let inner = word.strip_prefix('"').unwrap_or(word);
    inner.strip_suffix('"').unwrap_or(inner)
}

// === impl Members ===

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.0.entry()?;
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

    /// The next member, its name with the quotes.
    fn entry(&mut self) -> Option<(&'a str, &'a str)> {
        let name = self.value()?;
        self.skip(b':');
        let value = self.value()?;
        self.skip(b',');
        Some((name, value))
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

/// Where the value that begins at `start` ends.
pub fn value_end(bytes: &[u8], start: usize) -> usize {
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

/// Where the string that begins at `start` ends.
pub fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        at += plain(rest);
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => break,
        }
    }
    bytes.len()
}

/// Where the number or word that begins at `start` ends. At least one byte, so that every walk moves on.
pub fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: &u8| {
        matches!(
            byte,
            b',' | b']' | b'}' | b':' | b'"' | b' ' | b'\n' | b'\r' | b'\t'
        )
    };
    let length = bytes[start + 1..].iter().position(ends);
    length.map_or(bytes.len(), |length| start + 1 + length)
}
