//! Byte offsets of a file's text as lines and columns, and offsets inside a TOML string as byte
//! offsets of the file.

/// A place in a file, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) struct Place {
    pub(in crate::config) line: usize,
    pub(in crate::config) column: usize,
}

/// Where each line of a text begins.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

// === impl Place ===

impl Place {
    /// The beginning of a file.
    pub(in crate::config) const START: Self = Self { line: 1, column: 1 };

    /// The place right after `text`, which a file begins with.
    pub(in crate::config) fn after(text: &str) -> Self {
        Lines::of(text).place(text, text.len())
    }
}

// === impl Lines ===

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(after).collect())
    }

    /// The place of the byte at `offset` of `text`, the text that this was made from.
    pub(super) fn place(&self, text: &str, offset: usize) -> Place {
        let offset = floor(text, offset);
        let line = self.0.partition_point(|start| *start <= offset);
        let start = self.0[line - 1];
        Place {
            line,
            column: text[start..offset].chars().count() + 1,
        }
    }
}

/// Where the byte at `offset` of the string's value stands in `token`, the string as it is
/// written: quotes, escapes and all. The end of the value is the closing quote.
pub(super) fn into_token(token: &str, value: &str, offset: usize) -> usize {
    let (start, escapes) = opening(token);
    let (mut raw, mut decoded) = (start, 0);
    // At the end of the value nothing is skipped: that is the closing quote's place.
    let end = offset.min(value.len());
    while raw < token.len() {
        let rest = &token[raw..];
        let next = rest.chars().next().map_or(1, char::len_utf8);
        let (length, stands_for) = if escapes && rest.starts_with('\\') {
            escape(rest)
        } else if rest.starts_with("\r\n") && !value[floor(value, decoded)..].starts_with('\r') {
            // A line break may be written as two characters and read as one.
            (next, 0)
        } else {
            (next, next)
        };
        if decoded >= end && (stands_for > 0 || end == value.len()) {
            break;
        }
        (raw, decoded) = (raw + length, decoded + stands_for);
    }
    raw.min(token.len())
}

/// How long the opening of a string is, and whether backslashes mean something in it.
fn opening(token: &str) -> (usize, bool) {
    let long = ["\"\"\"", "'''"].iter().any(|q| token.starts_with(q));
    let escapes = token.starts_with('"');
    if !long {
        return (token.len().min(1), escapes);
    }
    // The line break right after the opening of a long string is not part of it.
    let body = &token[3..];
    let skipped = match body {
        _ if body.starts_with("\r\n") => 2,
        _ if body.starts_with('\n') => 1,
        _ => 0,
    };
    (3 + skipped, escapes)
}

/// How many bytes the escape at the head of `rest` takes, and how many it stands for.
fn escape(rest: &str) -> (usize, usize) {
    let digits = |from: usize, count: usize| {
        let text = rest.get(from..from + count).unwrap_or_default();
        let code = u32::from_str_radix(text, 16).unwrap_or(0);
        char::from_u32(code).map_or(1, char::len_utf8)
    };
    match rest.as_bytes().get(1) {
        Some(b'x') => (4, digits(2, 2)),
        Some(b'u') => (6, digits(2, 4)),
        Some(b'U') => (10, digits(2, 8)),
        // A backslash at the end of a line drops all space up to the next word.
        Some(b' ' | b'\t' | b'\r' | b'\n') => {
            let gone =
                rest[1..].len() - rest[1..].trim_start_matches([' ', '\t', '\r', '\n']).len();
            (1 + gone, 0)
        }
        Some(_) => (2, 1),
        None => (1, 0),
    }
}

/// The nearest beginning of a character at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_a_line_ends_after_its_newline() {
        let text = "ab\nüx\n";
        let lines = Lines::of(text);
        let place = |offset| {
            let Place { line, column } = lines.place(text, offset);
            (line, column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(2), (1, 3));
        assert_eq!(place(3), (2, 1));
        assert_eq!(place(5), (2, 2));
        assert_eq!(place(99), (3, 1));
    }

    #[test]
    fn an_offset_in_a_string_finds_its_place_among_quotes_escapes_and_line_breaks() {
        for (name, token, value, offset, expected) in [
            ("basic", r#""ab{{c""#, "ab{{c", 2, 3),
            ("literal", "'ab{{c'", "ab{{c", 2, 3),
            ("an escape", r#""a\n{{c""#, "a\n{{c", 2, 4),
            ("a short code", r#""\x41{{c""#, "A{{c", 1, 5),
            ("a code", r#""\u00fc{{c""#, "ü{{c", 2, 7),
            ("a long code", r#""\U0001F600{{c""#, "😀{{c", 4, 11),
            ("long literal", "'''\na\n{{c'''", "a\n{{c", 2, 6),
            ("long basic", "\"\"\"a\\\n   {{c\"\"\"", "a{{c", 0, 3),
            (
                "past a line end escape",
                "\"\"\"a\\\n   {{c\"\"\"",
                "a{{c",
                2,
                10,
            ),
            (
                "two character line break",
                "'''\r\na\r\nb'''",
                "a\r\nb",
                3,
                8,
            ),
            ("two read as one", "'''\r\na\r\nb'''", "a\nb", 2, 8),
            ("the end", "'ab'", "ab", 2, 3),
        ] {
            assert_eq!(into_token(token, value, offset), expected, "{name}");
        }
    }
}
