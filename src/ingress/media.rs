//! What a body says that it is.

use ::http::{HeaderMap, HeaderValue, header};

pub(super) const NDJSON: &str = "application/x-ndjson";

/// What a body can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    /// JSON texts, one a line.
    Lines,
    Other,
}

/// Parameters such as a charset do not matter.
pub(super) fn media(headers: &HeaderMap) -> Media {
    let said = headers.get(header::CONTENT_TYPE);
    let said = said.map_or(&b""[..], HeaderValue::as_bytes);
    let essence = said.split(|byte| *byte == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/json") {
        Media::Json
    } else if essence.eq_ignore_ascii_case(NDJSON.as_bytes()) {
        Media::Lines
    } else {
        Media::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_its_type_says_however_that_is_written() {
        for (said, is) in [
            ("application/json", Media::Json),
            ("Application/JSON; charset=utf-8", Media::Json),
            ("application/x-ndjson", Media::Lines),
            (" application/X-NDJSON ;x", Media::Lines),
            ("application/jsonl", Media::Other),
            ("", Media::Other),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(said));
            assert_eq!(media(&headers), is, "{said:?}");
        }
        assert_eq!(media(&HeaderMap::new()), Media::Other);
    }
}
