//! What a JSON string means: its escapes undone.

use std::borrow::Cow;

/// What a string means, of what stands between its quotes. A lone surrogate becomes U+FFFD.
pub fn decode(inner: &str) -> Cow<'_, str> {
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
