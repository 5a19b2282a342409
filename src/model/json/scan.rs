//! JSON text checked and taken apart in one walk over it: what every step goes through first.
//!
//! It says yes only to what is JSON beyond doubt. Whatever it does not take goes to the serializer,
//! which judges it, and says in words what is wrong and where.

use super::{Member, Place};
use std::ops::Range;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES * 0x80;

/// Deepest nesting that is followed: a bit each.
const MOST_DEPTH: u32 = 64;

/// Members of a usual object.
const USUAL: usize = 16;

/// Most members whose places are noted: they are kept as long as their step is.
const MOST_NOTED: usize = 48;

/// A name as it stands in the text, without its quotes.
struct Name {
    place: Range<usize>,
    has_escape: bool,
}

/// Calls `each` with the members of the object that `text` is, in order, whose values are nested
/// less than `depth` deep. None if it is not beyond doubt that this is an object.
pub fn each_member<'a>(text: &'a str, depth: u32, mut each: impl FnMut(Member<'a>)) -> Option<()> {
    let bytes = text.as_bytes();
    let most = depth.min(MOST_DEPTH);
    let end = object(bytes, space(bytes, 0), |name, from| {
        let to = value(bytes, from, most)?;
        each(Member {
            name: text.get(name.place.start - 1..name.place.end + 1)?,
            value: text.get(from..to)?,
        });
        Some(to)
    })?;
    is_end(bytes, end)
}

/// As [`each_member`], with each name, its value, and where the members of a value that is a usual
/// object stand in it. None too where there is an escape in a name.
pub fn each_noted<'a>(
    text: &'a str,
    depth: u32,
    mut each: impl FnMut(&'a str, &'a str, Vec<Place>),
) -> Option<()> {
    let bytes = text.as_bytes();
    let most = depth.min(MOST_DEPTH);
    let end = object(bytes, space(bytes, 0), |name, from| {
        let (to, places) = match bytes.get(from)? {
            b'{' => noted(bytes, from, most.checked_sub(1)?)?,
            _ => (value(bytes, from, most)?, Vec::new()),
        };
        let name = text.get(name.place).filter(|_| !name.has_escape)?;
        each(name, text.get(from..to)?, places);
        Some(to)
    })?;
    is_end(bytes, end)
}

/// Behind the object that begins at `from`, whose values have at most `most` objects and arrays
/// inside one another, and where in it its members stand: none where a name has an escape or there
/// are very many.
fn noted(bytes: &[u8], from: usize, most: u32) -> Option<(usize, Vec<Place>)> {
    let mut places = Vec::with_capacity(USUAL);
    let mut is_usual = true;
    let end = object(bytes, from, |name, at| {
        let to = value(bytes, at, most)?;
        is_usual &= !name.has_escape && places.len() < MOST_NOTED;
        if is_usual {
            places.push(Place {
                name: name.place.start - from..name.place.end - from,
                value: at - from..to - from,
            });
        }
        Some(to)
    })?;
    Some((end, if is_usual { places } else { Vec::new() }))
}

/// Behind the object that begins at `at`. `member` gets each name and where its value begins, and
/// says where that ends.
fn object(
    bytes: &[u8],
    at: usize,
    mut member: impl FnMut(Name, usize) -> Option<usize>,
) -> Option<usize> {
    let mut at = space(bytes, byte(bytes, at, b'{')?);
    if bytes.get(at) == Some(&b'}') {
        return Some(at + 1);
    }
    loop {
        let from = byte(bytes, space(bytes, at), b'"')?;
        let (to, has_escape) = string_rest(bytes, from)?;
        let name = Name {
            place: from..to - 1,
            has_escape,
        };
        let value_from = space(bytes, byte(bytes, space(bytes, to), b':')?);
        at = space(bytes, member(name, value_from)?);
        match bytes.get(at)? {
            b',' => at += 1,
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// How many of `bytes` stand before the first that a JSON string cannot hold as it is: a quote, a
/// backslash, a control character.
pub fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    // The last word, whose beginning has been looked at: nothing special stands in that.
    if let Some(word) = bytes.last_chunk()
        && at < bytes.len()
    {
        let found = specials(u64::from_le_bytes(*word));
        let plain = found.trailing_zeros() as usize / 8;
        return bytes.len() - size_of_val(word) + plain;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    let rest = &bytes[at..];
    at + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// The high bit of each byte of `word` that is special; of those above the first, perhaps of others.
fn specials(word: u64) -> u64 {
    let quote = word ^ (ONES * u64::from(b'"'));
    let backslash = word ^ (ONES * u64::from(b'\\'));
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    (is_quote | is_backslash | is_control) & HIGHS
}

/// Behind the value that begins at `at`, with at most `most` objects and arrays inside one another.
fn value(bytes: &[u8], mut at: usize, most: u32) -> Option<usize> {
    // A bit for each that is open, the innermost lowest: whether it is an object.
    let (mut open, mut depth) = (0_u64, 0);
    loop {
        at = space(bytes, at);
        let first = *bytes.get(at)?;
        let is_object = first == b'{';
        at = match first {
            b'"' => string(bytes, at)?,
            b'{' | b'[' => {
                if depth == most {
                    return None;
                }
                at = space(bytes, at + 1);
                // The closing brackets stand two above the opening ones.
                if bytes.get(at) != Some(&(first + 2)) {
                    (open, depth) = (open << 1 | u64::from(is_object), depth + 1);
                    if is_object {
                        at = name(bytes, at)?;
                    }
                    continue;
                }
                at + 1
            }
            b't' => word(bytes, at, b"true")?,
            b'f' => word(bytes, at, b"false")?,
            b'n' => word(bytes, at, b"null")?,
            _ => number(bytes, at)?,
        };
        // A value has ended, and perhaps what it stands in.
        loop {
            if depth == 0 {
                return Some(at);
            }
            at = space(bytes, at);
            match (*bytes.get(at)?, open & 1 == 1) {
                (b',', true) => {
                    at = name(bytes, space(bytes, at + 1))?;
                    break;
                }
                (b',', false) => {
                    at += 1;
                    break;
                }
                (b'}', true) | (b']', false) => {
                    (open, depth) = (open >> 1, depth - 1);
                    at += 1;
                }
                _ => return None,
            }
        }
    }
}

/// Behind the name that begins at `at`, and its colon.
fn name(bytes: &[u8], at: usize) -> Option<usize> {
    byte(bytes, space(bytes, string(bytes, at)?), b':')
}

/// Behind the string that begins at `at`.
fn string(bytes: &[u8], at: usize) -> Option<usize> {
    let (end, _) = string_rest(bytes, byte(bytes, at, b'"')?)?;
    Some(end)
}

/// Behind the string whose quote stands before `at`, and whether there is an escape in it.
fn string_rest(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut has_escape = false;
    loop {
        at += plain(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => return Some((at + 1, has_escape)),
            b'\\' => (at, has_escape) = (escape(bytes, at + 1)?, true),
            _ => return None,
        }
    }
}

/// Behind the escape whose backslash stands before `at`.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
        b'u' => {
            let digits = bytes.get(at + 1..at + 5)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(at + 5)
        }
        _ => None,
    }
}

/// Behind the number that begins at `at`.
fn number(bytes: &[u8], mut at: usize) -> Option<usize> {
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match bytes.get(at)? {
        b'0' => at + 1,
        b'1'..=b'9' => digits(bytes, at)?,
        _ => return None,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    Some(at)
}

/// Behind the digits that begin at `at`, of which there is one at least.
fn digits(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let count = rest.iter().position(|byte| !byte.is_ascii_digit());
    let count = count.unwrap_or(rest.len());
    (count > 0).then_some(at + count)
}

fn word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes
        .get(at..)?
        .starts_with(word)
        .then_some(at + word.len())
}

fn byte(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    (*bytes.get(at)? == byte).then_some(at + 1)
}

/// Behind the white space that begins at `at`.
fn space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

fn is_end(bytes: &[u8], at: usize) -> Option<()> {
    (space(bytes, at) == bytes.len()).then_some(())
}

#[cfg(test)]
mod tests;
