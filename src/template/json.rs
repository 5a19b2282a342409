//! JSON text as templates print it. Numbers keep their text.

use crate::model::json::decode;
use crate::model::json::walk::{scalar_end, string_end, value_end};

pub(super) use crate::model::json::walk::{between_quotes, items, members};
pub(super) use crate::model::json::{escape_into, quote_into};

#[cfg(test)]
mod tests;

/// Whether a key as written between its quotes means `name`.
pub(super) fn key_is(written: &str, name: &str) -> bool {
    written == name || (written.contains('\\') && decode(written) == name)
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
