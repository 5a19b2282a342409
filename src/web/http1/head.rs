//! The head of a request: who asks for what, where its body ends, and whether its connection is to
//! serve again.
//!
//! A head that two readers could understand in two ways is refused: the next request of the
//! connection would begin where only one of them thinks.

use crate::web::framing::{BadFraming, Rest, one_length, parts as list};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};
use httparse::{Header, ParserConfig, Status};
use std::mem::MaybeUninit;

/// Most header fields of a request.
const MOST_FIELDS: usize = 256;

/// A request whose head is here.
#[derive(Debug)]
pub(in crate::web) struct Head {
    pub(super) parts: Parts,
    pub(super) body: Rest,
    /// Whether the connection may serve again.
    pub(super) stays: bool,
}

/// Not a head, or one that means more than one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadHead;

// === impl Head ===

impl Head {
    /// The head that `bytes` begin with, and its length; none while it is not whole.
    ///
    /// # Errors
    /// [`BadHead`].
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, BadHead> {
        let mut fields = [MaybeUninit::<Header<'_>>::uninit(); MOST_FIELDS];
        let mut request = httparse::Request::new(&mut []);
        let parsed = ParserConfig::default().parse_request_with_uninit_headers(
            &mut request,
            bytes,
            &mut fields,
        );
        let length = match parsed {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) => return Ok(None),
            Err(_) => return Err(BadHead),
        };
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method =
            Method::from_bytes(request.method.ok_or(BadHead)?.as_bytes()).map_err(|_| BadHead)?;
        parts.uri = Uri::try_from(request.path.ok_or(BadHead)?).map_err(|_| BadHead)?;
        parts.version = match request.version {
            Some(0) => Version::HTTP_10,
            _ => Version::HTTP_11,
        };
        parts.headers = headers(request.headers)?;
        check_authority(&parts)?;
        let body = body(&parts)?;
        let is_doubtful = body == Rest::CHUNKED && parts.headers.contains_key(CONTENT_LENGTH);
        let stays = stays(&parts) && !is_doubtful;
        Ok(Some((Self { parts, body, stays }, length)))
    }
}

fn headers(fields: &[Header<'_>]) -> Result<HeaderMap, BadHead> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| BadHead)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| BadHead)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// One authority, without user information, is all that a request may name.
fn check_authority(parts: &Parts) -> Result<(), BadHead> {
    let mut hosts = parts
        .headers
        .get_all(HOST)
        .iter()
        .map(HeaderValue::as_bytes);
    let (host, other) = (hosts.next(), hosts.next());
    let named = parts.uri.authority().map(|it| it.as_str().as_bytes());
    let has_user = |it: Option<&[u8]>| it.is_some_and(|it| it.contains(&b'@'));
    let differ = host.zip(named).is_some_and(|(host, named)| host != named);
    if other.is_some() || has_user(host) || has_user(named) || differ {
        return Err(BadHead);
    }
    Ok(())
}

/// Where the body ends (RFC 9112, 6.3).
fn body(parts: &Parts) -> Result<Rest, BadHead> {
    let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(Rest::of(length(&parts.headers)?)),
        (Some(coding), None)
            if parts.version == Version::HTTP_11
                && coding.as_bytes().eq_ignore_ascii_case(b"chunked") =>
        {
            Ok(Rest::CHUNKED)
        }
        (Some(_), _) => Err(BadHead),
    }
}

/// The length of the body; none said is none there.
fn length(headers: &HeaderMap) -> Result<u64, BadHead> {
    let mut length = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        one_length(&mut length, value.as_bytes()).map_err(|BadFraming| BadHead)?;
    }
    Ok(length.unwrap_or(0))
}

fn stays(parts: &Parts) -> bool {
    let (mut close, mut keep_alive) = (false, false);
    for value in parts.headers.get_all(CONNECTION) {
        for part in list(value.as_bytes()) {
            close |= part.eq_ignore_ascii_case(b"close");
            keep_alive |= part.eq_ignore_ascii_case(b"keep-alive");
        }
    }
    !close && (keep_alive || parts.version == Version::HTTP_11)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Head, BadHead> {
        let text = text.replace('\n', "\r\n") + "\r\n";
        let (head, length) = Head::parse(text.as_bytes())?.expect("a whole head");
        assert_eq!(length, text.len());
        Ok(head)
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let (stays, ends) = (true, false);
        for (text, body, after) in [
            ("1.1", Rest::of(0), stays),
            ("1.1\nContent-Length: 7", Rest::of(7), stays),
            (
                "1.1\nContent-Length: 7, 7\nContent-Length: 7",
                Rest::of(7),
                stays,
            ),
            ("1.1\nTransfer-Encoding: Chunked", Rest::CHUNKED, stays),
            (
                "1.1\nTransfer-Encoding: chunked\nContent-Length: 7",
                Rest::CHUNKED,
                ends,
            ),
            ("1.1\nConnection: x, Close", Rest::of(0), ends),
            ("1.0", Rest::of(0), ends),
            ("1.0\nConnection: keep-alive", Rest::of(0), stays),
        ] {
            let head = head(&format!("POST / HTTP/{text}\n")).unwrap();
            assert_eq!((head.body, head.stays), (body, after), "{text}");
        }
    }

    #[test]
    fn a_head_that_can_be_understood_in_two_ways_is_refused() {
        for text in [
            "POST / HTTP/1.1\nContent-Length: 7\nContent-Length: 8\n",
            "POST / HTTP/1.1\nContent-Length: 7, 8\n",
            "POST / HTTP/1.1\nContent-Length: +7\n",
            "POST / HTTP/1.1\nContent-Length:\n",
            "POST / HTTP/1.1\nContent-Length : 7\n",
            "POST / HTTP/1.1\nTransfer-Encoding: gzip, chunked\n",
            "POST / HTTP/1.1\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n",
            "POST / HTTP/1.1\nTransfer-Encoding: x\nContent-Length: 7\n",
            "POST / HTTP/1.0\nTransfer-Encoding: chunked\n",
            "POST / HTTP/1.1\nX: a\n b\n",
            "POST / HTTP/1.1\nHost: a\nHost: a\n",
            "POST / HTTP/1.1\nHost: u@a\n",
            "POST http://a/ HTTP/1.1\nHost: b\n",
            "POST http://u@a/ HTTP/1.1\nHost: u@a\n",
            "POST / HTTP/2.0\n",
            "POST /a b HTTP/1.1\n",
        ] {
            assert_eq!(head(text).err(), Some(BadHead), "{text}");
        }
    }

    #[test]
    fn a_request_says_who_asks_for_what() {
        let head = head("PUT http://a:1/b?c=d HTTP/1.1\nHost: a:1\nX: 1\nx: 2\n").unwrap();
        let parts = head.parts;
        assert_eq!((parts.method, parts.uri.path()), (Method::PUT, "/b"));
        assert_eq!(parts.uri.query(), Some("c=d"));
        let values: Vec<_> = parts.headers.get_all("x").iter().collect();
        assert_eq!(values, ["1", "2"]);
    }
}
