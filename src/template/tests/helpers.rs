//! Each helper with what it is for, and with missing, null, wrong types, other scripts, and numbers out of range.

use super::{Place, rendered};

mod encode;
mod list;
mod logic;
mod number;
mod text;
mod time;

const DATA: &str = r#"{
    "s": "new york", "u": "ñandú Öl", "e": "", "n": null, "yes": true, "no": false, "i": 7, "d": 2.50, "z": 0, "text7": "7.0",
    "big": 12345678901234567890, "huge": 1e400, "vast": 1e99999999999, "long": "A longer text", "list": ["a", 1, null, "ü"], "none": [],
    "o": {"b": 1.10, "a": [1, "x y"]}, "lists": [[1]], "t": "2012-06-19T13:05:09Z", "ms": 1340111109123, "day": "2026-01-31",
    "items": [{"n": "b", "p": 10}, {"n": "a", "p": 9.5}, {"n": "c"}, {"n": "d", "p": "100"}], "lines": "a\nb\r\nc", "html": "a<b>c</b> < d"
}"#;

/// What each template renders as text.
fn renders(table: &[(&str, &str)]) {
    for (template, expected) in table {
        assert_eq!(
            rendered(template, Place::FormValue, DATA).as_deref(),
            Ok(*expected),
            "{template}"
        );
    }
}

/// What each template is refused with while it renders.
fn refuses(table: &[(&str, &str)]) {
    for (template, expected) in table {
        assert_eq!(
            rendered(template, Place::FormValue, DATA).unwrap_err(),
            *expected,
            "{template}"
        );
    }
}
