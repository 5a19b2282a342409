//! JSON text checked and taken apart in one walk over it: what every step goes through first.
//!
//! It says yes only to what is JSON beyond doubt. Whatever it does not take goes to the serializer,
//! which judges it, and says in words what is wrong and where.

use super::Member;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = ONES * 0x80;

/// Deepest nesting that is followed: a bit each.
const MOST_DEPTH: u32 = 64;

/// Calls `each` with the members of the object that `text` is, in order, whose values are nested
/// less than `depth` deep. None if it is not beyond doubt that this is an object.
pub fn each_member<'a>(text: &'a str, depth: u32, mut each: impl FnMut(Member<'a>)) -> Option<()> {
    let bytes = text.as_bytes();
    let mut at = byte(bytes, space(bytes, 0), b'{')?;
    at = space(bytes, at);
    if bytes.get(at) == Some(&b'}') {
        return is_end(bytes, at + 1);
    }
    loop {
        let name_from = space(bytes, at);
        let name_to = string(bytes, name_from)?;
        let value_from = space(bytes, byte(bytes, space(bytes, name_to), b':')?);
        let value_to = value(bytes, value_from, depth.min(MOST_DEPTH))?;
        each(Member {
            name: text.get(name_from..name_to)?,
            value: text.get(value_from..value_to)?,
        });
        at = space(bytes, value_to);
        match bytes.get(at)? {
            b',' => at += 1,
            b'}' => return is_end(bytes, at + 1),
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
    let mut at = byte(bytes, at, b'"')?;
    loop {
        at += plain(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at = escape(bytes, at + 1)?,
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
mod tests {
    use super::*;
    use crate::model::json;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    fn scanned(text: &str) -> Option<Vec<Member<'_>>> {
        let mut members = Vec::new();
        each_member(text, MOST_DEPTH, |member| members.push(member))?;
        Some(members)
    }

    /// Pieces of JSON without order.
    fn noise() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("{"),
            Just("}"),
            Just("["),
            Just("]"),
            Just(","),
            Just(":"),
            Just(" "),
            Just("\n"),
            Just("\"a\""),
            Just("\"\""),
            Just("\"\\\""),
            Just("\"x\\n\\u00e9\""),
            Just("\"\\ud800\""),
            Just("\"ü\u{1F600}\""),
            Just("\"long enough for a word\""),
            Just("\"\u{1}\""),
            Just("\"\\x\""),
            Just("\"\\u12\""),
            Just("\""),
            Just("0"),
            Just("-"),
            Just("12"),
            Just("01"),
            Just("1.5"),
            Just("1."),
            Just(".5"),
            Just("1e9"),
            Just("1E+"),
            Just("true"),
            Just("false"),
            Just("null"),
            Just("nul"),
            Just("\u{a0}"),
        ];
        proptest::collection::vec(word, 0..14).prop_map(|words| words.concat())
    }

    /// A JSON value, with white space here and there.
    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
            Just("true".to_owned()),
            Just("null".to_owned()),
            any::<String>().prop_map(|text| json::quote(&text)),
        ];
        leaf.prop_recursive(6, 40, 5, |inner| {
            let member = (any::<String>(), inner.clone());
            prop_oneof![
                proptest::collection::vec(inner, 0..5)
                    .prop_map(|items| format!("[{}]", items.join(" , "))),
                proptest::collection::vec(member, 0..5).prop_map(|members| {
                    let member = |(name, value): &(String, String)| {
                        format!("{} :\t{value}", json::quote(name))
                    };
                    let members: Vec<_> = members.iter().map(member).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    /// Text that is JSON, nearly JSON, or not at all.
    fn text() -> impl Strategy<Value = String> {
        let object = (value(), 0..60_usize, noise()).prop_map(|(value, cut, noise)| {
            let mut text = format!("{{\"v\":{value}}}");
            // Most are left whole.
            if cut < 20 && text.is_char_boundary(cut.min(text.len())) {
                text.insert_str(cut.min(text.len()), &noise);
            }
            text
        });
        prop_oneof![3 => object, 1 => noise().prop_map(|noise| format!("{{{noise}}}"))]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_taken_is_what_the_serializer_takes(text in text()) {
            let judged = json::judged_members(&text).ok();
            prop_assert_eq!(scanned(&text), judged, "{}", text);
        }

        #[test]
        fn nothing_special_is_passed_over(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
            let expected = bytes.iter().position(special).unwrap_or(bytes.len());
            prop_assert_eq!(plain(&bytes), expected);
        }
    }

    #[test]
    fn what_is_deeper_than_can_be_followed_is_left_to_the_serializer() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(scanned(&nested(64)).is_some());
        assert!(scanned(&nested(65)).is_none());
        let is_valid = serde_json::from_str::<&RawValue>(&nested(65)).is_ok();
        assert!(is_valid);
    }
}
