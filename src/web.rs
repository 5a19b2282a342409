//! The server kit of the doors: a connection, a bounded body, a reply, a problem.
//!
//! Every wait on a client has its limit here (see `Patience`), so that a slow or silent one
//! costs a socket for a while and nothing else.
//!
//! How HTTP/1.1 frames a body is read here too, for requests and for the answers that `egress`
//! gets.
//!
//! Not here: what a path means, and who may ask. Each door decides that.

mod door;
mod exchange;
mod framing;
mod http1;
mod occupancy;
mod problem;

pub use door::{Door, Handle};
pub use exchange::{Beginning, BodyFault, Exchange, Gone};
pub use framing::{BadFraming, Rest, digits, has_empty_line, more, one_length, parts};
pub use occupancy::{Occupancy, Presence};
pub use problem::Problem;

use bytes::Bytes;
use futures_util::poll;
use http::{HeaderName, HeaderValue, StatusCode, header};
use pingora_timeout::{Elapsed, timeout};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// How long a client is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two requests, and for the first.
    pub idle: Duration,
    /// From a request's first byte to the end of its head.
    pub head: Duration,
    /// For the whole body.
    pub body: Duration,
    /// Until the client has taken the whole answer.
    pub answer: Duration,
    /// For a client to stop sending what will not be read any more.
    pub linger: Duration,
}

/// A whole answer. Clones share its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub body: Bytes,
    /// What it says besides, in order: `Allow`, `Retry-After`, `ETag` and the like.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

// === impl Patience ===

impl Default for Patience {
    fn default() -> Self {
        Self {
            // Longer than the 90 s that common clients keep a connection, so that the client is
            // the one to let go and no request meets a closed door.
            idle: Duration::from_secs(120),
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(30),
            linger: Duration::from_secs(10),
        }
    }
}

// === impl Reply ===

impl Reply {
    /// A JSON text.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: "application/json",
            body: body.into(),
            headers: Vec::new(),
        }
    }

    /// Plain text.
    pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body: body.into(),
            headers: Vec::new(),
        }
    }

    /// The same, for no cache.
    #[must_use]
    pub fn fresh(self) -> Self {
        self.with(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// The same with one header more.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What `future` gives, if it does `within` that time. Most are done at once, and those pay for no
/// look at the clock.
async fn within<F: Future>(within: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    match poll!(future.as_mut()) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => timeout(within, future).await,
    }
}

/// The token of `Authorization: Bearer <token>`.
pub fn bearer(authorization: Option<&HeaderValue>) -> Option<&[u8]> {
    let (scheme, token) = authorization?.as_bytes().split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_what_stands_after_the_scheme() {
        for (header, token) in [
            ("Bearer abc", Some(&b"abc"[..])),
            ("bearer  abc ", Some(b"abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("", None),
        ] {
            let header = HeaderValue::from_str(header).unwrap();
            assert_eq!(bearer(Some(&header)), token, "{header:?}");
        }
        assert_eq!(bearer(None), None);
    }
}
