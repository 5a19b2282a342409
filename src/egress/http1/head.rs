//! The head of an answer: its status, where its body ends, and whether its connection goes on.

use crate::egress::EgressError;
use crate::web::{BadFraming, Rest, digits, one_length, parts};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::{Header, ParserConfig, Status};
use std::mem::MaybeUninit;
use std::time::Duration;

/// Most header fields of an answer.
const MOST_FIELDS: usize = 256;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Where the body ends (RFC 9112, 6.3).
    pub(super) body: Rest,
    /// For how long the connection may wait to serve again, once the body is read; none if it may
    /// not.
    pub(super) stays: Option<Duration>,
    /// Empty where nobody asked for them.
    pub(super) fields: HeaderMap,
}

/// What the fields of a head say of its framing.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    /// Whether the last coding is `chunked`; none without a coding.
    chunked: Option<bool>,
    close: bool,
    keep_alive: bool,
    idle: Option<Duration>,
}

// === impl Head ===

impl Head {
    /// The head that `bytes` begin with, and its length; none while it is not whole. Its fields are
    /// kept where they are `wanted`.
    ///
    /// # Errors
    /// [`EgressError::Protocol`].
    pub(super) fn parse(
        bytes: &[u8],
        wanted: impl FnOnce(u16) -> bool,
    ) -> Result<Option<(Self, usize)>, EgressError> {
        let mut fields = [MaybeUninit::<Header<'_>>::uninit(); MOST_FIELDS];
        let mut head = httparse::Response::new(&mut []);
        let mut config = ParserConfig::default();
        // Old servers write such heads, and what they mean is clear.
        config.allow_spaces_after_header_name_in_responses(true);
        config.allow_obsolete_multiline_headers_in_responses(true);
        let parsed = config.parse_response_with_uninit_headers(&mut head, bytes, &mut fields);
        let length = match parsed {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) => return Ok(None),
            Err(_) => return Err(EgressError::Protocol),
        };
        let (Some(status), Some(version)) = (head.code, head.version) else {
            return Err(EgressError::Protocol);
        };
        let said = Said::read(head.headers)?;
        let body = said.body(status);
        let head = Self {
            status,
            body,
            stays: said.stays(version).filter(|_| !body.is_close()),
            fields: if wanted(status) {
                kept(head.headers)?
            } else {
                HeaderMap::new()
            },
        };
        Ok(Some((head, length)))
    }
}

// === impl Said ===

impl Said {
    fn read(fields: &[Header<'_>]) -> Result<Self, EgressError> {
        let mut said = Self::default();
        for Header { name, value } in fields {
            // Most fields have another length than these, and cost no more than a look at it.
            if is(name, &CONTENT_LENGTH) {
                let length = one_length(&mut said.length, value);
                length.map_err(|BadFraming| EgressError::Protocol)?;
            } else if is(name, &TRANSFER_ENCODING) {
                let last = parts(value).last();
                said.chunked = Some(last.is_some_and(|it| it.eq_ignore_ascii_case(b"chunked")));
            } else if is(name, &CONNECTION) {
                for part in parts(value) {
                    said.close |= part.eq_ignore_ascii_case(b"close");
                    said.keep_alive |= part.eq_ignore_ascii_case(b"keep-alive");
                }
            } else if is(name, &KEEP_ALIVE) {
                said.idle = idle(value);
            }
        }
        Ok(said)
    }

    fn body(&self, status: u16) -> Rest {
        match (status, self.chunked, self.length) {
            (100..=199 | 204 | 304, _, _) => Rest::of(0),
            (_, Some(true), _) => Rest::CHUNKED,
            // A coding that does not say where it ends.
            (_, Some(false), _) | (_, None, None) => Rest::CLOSE,
            (_, None, Some(length)) => Rest::of(length),
        }
    }

    fn stays(&self, version: u8) -> Option<Duration> {
        // Two framings, or chunks that the version does not have: what comes next is not certain.
        let is_doubtful = self.chunked.is_some() && (self.length.is_some() || version == 0);
        let idle = self.idle.unwrap_or(Duration::MAX);
        let stays = !self.close && !is_doubtful && (version == 1 || self.keep_alive);
        (stays && !idle.is_zero()).then_some(idle)
    }
}

fn is(name: &str, header: &HeaderName) -> bool {
    name.eq_ignore_ascii_case(header.as_str())
}

/// How long `Keep-Alive: timeout=<seconds>` keeps an idle connection, less a second.
fn idle(value: &[u8]) -> Option<Duration> {
    let seconds = parts(value).find_map(|part| digits(part.strip_prefix(b"timeout=")?))?;
    Some(Duration::from_secs(seconds.saturating_sub(1)))
}

fn kept(fields: &[Header<'_>]) -> Result<HeaderMap, EgressError> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| EgressError::Protocol)?;
        map.append(name, unfolded(field.value)?);
    }
    Ok(map)
}

/// A value on one line, also where it came on several.
fn unfolded(value: &[u8]) -> Result<HeaderValue, EgressError> {
    let is_break = |byte: u8| matches!(byte, b'\r' | b'\n');
    let line: Vec<u8> = value
        .iter()
        .map(|byte| if is_break(*byte) { b' ' } else { *byte })
        .collect();
    HeaderValue::from_bytes(&line).map_err(|_| EgressError::Protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Head, EgressError> {
        let text = text.replace('\n', "\r\n") + "\r\n";
        let (head, length) = Head::parse(text.as_bytes(), |_| true)?.expect("a whole head");
        assert_eq!(length, text.len());
        Ok(head)
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let (stays, ends) = (true, false);
        for (text, body, after) in [
            ("1.1 200\nContent-Length: 7", Rest::of(7), stays),
            (
                "1.1 200\nContent-Length: 7, 7\nContent-Length: 7",
                Rest::of(7),
                stays,
            ),
            (
                "1.1 200\nTransfer-Encoding: gzip, Chunked",
                Rest::CHUNKED,
                stays,
            ),
            (
                "1.1 200\nTransfer-Encoding: a\nTransfer-Encoding: chunked",
                Rest::CHUNKED,
                stays,
            ),
            (
                "1.1 200\nTransfer-Encoding: chunked\nContent-Length: 7",
                Rest::CHUNKED,
                ends,
            ),
            (
                "1.0 200\nTransfer-Encoding: chunked\nConnection: keep-alive",
                Rest::CHUNKED,
                ends,
            ),
            (
                "1.1 200\nTransfer-Encoding: chunked, a\nContent-Length: 7",
                Rest::CLOSE,
                ends,
            ),
            ("1.1 200", Rest::CLOSE, ends),
            ("1.1 204\nContent-Length: 7", Rest::of(0), stays),
            ("1.1 304\nTransfer-Encoding: chunked", Rest::of(0), stays),
            (
                "1.1 200\nContent-Length: 0\nConnection: x, Close",
                Rest::of(0),
                ends,
            ),
            ("1.0 200\nContent-Length: 0", Rest::of(0), ends),
            (
                "1.0 200\nContent-Length: 0\nConnection: Keep-Alive",
                Rest::of(0),
                stays,
            ),
        ] {
            let head = head(&format!("HTTP/{text}\n")).unwrap();
            assert_eq!((head.body, head.stays.is_some()), (body, after), "{text}");
        }
    }

    #[test]
    fn a_head_that_can_be_read_in_two_ways_is_not_http() {
        for text in [
            "HTTP/1.1 200 OK\nContent-Length: 7\nContent-Length: 8\n",
            "HTTP/1.1 200 OK\nContent-Length: 7, 8\n",
            "HTTP/1.1 200 OK\nContent-Length: +7\n",
            "HTTP/1.1 200 OK\nContent-Length: 7,\n",
            "HTTP/1.1 200 OK\nContent-Length: 18446744073709551616\n",
            "HTTP/2 200 OK\n",
            "ICY 200 OK\n",
        ] {
            assert!(matches!(head(text), Err(EgressError::Protocol)), "{text}");
        }
    }

    #[test]
    fn fields_are_kept_as_they_came_each_on_one_line() {
        let head = head("HTTP/1.1 200 OK\nA: 1\nb : x\n  y\na: 2\n").unwrap();
        let fields: Vec<_> = head
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(fields, [("a", "1"), ("a", "2"), ("b", "x    y")]);
    }

    #[test]
    fn a_connection_is_kept_a_second_less_than_the_endpoint_keeps_it() {
        let idle = |value: &str| idle(value.as_bytes());
        assert_eq!(idle("timeout=5, max=100"), Some(Duration::from_secs(4)));
        assert_eq!(idle("max=1, timeout=0"), Some(Duration::ZERO));
        assert_eq!(idle("max=1"), None);
        assert_eq!(idle("timeout=soon"), None);
    }
}
