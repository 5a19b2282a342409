//! The only code that dials out: a request and a deadline become a response or an `EgressError`.
//!
//! A request goes out once. It goes out a second time only on proof that the endpoint has not
//! processed it: its connection took not one byte, or HTTP/2 said so.
//!
//! Not here: what an answer or an error leads to, and redirects, which nobody follows.

mod body;
mod call;
mod connect;
mod guard;
mod http1;
mod http2;
mod pool;
mod resolve;
mod route;
mod socket;
mod trust;

pub use guard::OwnListeners;
pub use resolve::Lookup;

use crate::config::EgressRules;
use crate::model::{Cause, Request, Scheme, Timing};
use bytes::Bytes;
use call::{Call, Failure};
use guard::Guard;
use http::HeaderMap;
use pool::Pools;
use resolve::SystemLookup;
use route::{Kept, Route};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use trust::Trust;

/// Dials out. Clones share caches and pools.
#[derive(Clone)]
pub struct Egress(Arc<Inner>);

struct Inner {
    own: OwnListeners,
    lookup: Arc<dyn Lookup>,
    trust: Trust,
    pools: Pools,
}

/// What to do with an answer's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyUse {
    /// The exchange ends with the head; the body is read away unkept, so that the connection can serve again.
    Discard,
    /// Kept, up to so many bytes. A 2xx is whole or it is an error; of any other answer the body is
    /// what came of it in good time.
    Capture { limit: usize },
    /// Kept of a 2xx, up to so many bytes; that of any other answer is discarded, since its head
    /// says all that counts.
    CaptureSuccess { limit: usize },
}

/// A whole answer: whole as far as it was asked for.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Empty, as the body, where that was discarded.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub timing: Timing,
}

/// Why an attempt got no whole response.
///
/// One variant for each cause that the classifier or an operator treats differently.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    #[error("cannot resolve `{host}`")]
    Resolve {
        host: String,
        source: std::io::Error,
    },
    #[error("`{host}` resolves to {address}, which the egress rules forbid")]
    Blocked { host: String, address: IpAddr },
    #[error("scheme http is not allowed: `egress.allow_http` is false")]
    SchemeNotAllowed,
    /// No connection, or none that took the request: the endpoint has not processed it.
    #[error("cannot connect to {peer}")]
    Connect {
        peer: SocketAddr,
        source: std::io::Error,
    },
    /// Certificate, alert or protocol.
    #[error("TLS with `{host}` failed: {detail}")]
    Tls { host: String, detail: String },
    /// Reset or closed while the TLS handshake was under way: nothing of the request was sent.
    #[error("`{host}` closed the connection during the TLS handshake")]
    LostInHandshake { host: String },
    /// Reset or closed after the first byte of the request.
    #[error("the connection was lost before the answer was whole")]
    Lost,
    /// An answer that is not HTTP.
    #[error("the answer is not HTTP")]
    Protocol,
    #[error("no whole answer within {limit:?}")]
    Deadline {
        limit: Duration,
        request_begun: bool,
    },
    /// A 2xx whose body is to be kept.
    #[error("the answer's body is over {limit} bytes")]
    BodyTooLarge { limit: usize, status: u16 },
}

// === impl BodyUse ===

impl BodyUse {
    /// Most bytes that are kept of the body of an answer with `status`; none if it is discarded.
    fn kept(self, status: u16) -> Option<usize> {
        match self {
            Self::Discard => None,
            Self::Capture { limit } => Some(limit),
            Self::CaptureSuccess { limit } => (200..300).contains(&status).then_some(limit),
        }
    }
}

// === impl Egress ===

impl Egress {
    /// Reads the machine's name servers, hosts file and root certificates; none of them has to be
    /// there. `own` is never dialled.
    pub fn new(own: OwnListeners) -> Self {
        Self::with_lookup(own, Arc::new(SystemLookup::new()))
    }

    /// As [`new`](Self::new), with another source of addresses than the machine's.
    pub fn with_lookup(own: OwnListeners, lookup: Arc<dyn Lookup>) -> Self {
        Self(Arc::new(Inner {
            own,
            lookup,
            trust: Trust::new(),
            pools: Pools::default(),
        }))
    }

    /// Sends `request` and reads the answer, within `limit` from now. That holds for all of it: DNS,
    /// connect, TLS, request, response.
    ///
    /// To be called on a runtime that goes on: a connection, once opened, lives there.
    ///
    /// # Errors
    /// An [`EgressError`]; [`EgressError::may_have_been_seen`] says whether the endpoint can have
    /// seen the request.
    pub async fn exchange(
        &self,
        request: &Request,
        rules: &EgressRules,
        body: BodyUse,
        limit: Duration,
    ) -> Result<Response, EgressError> {
        let begun = AtomicBool::new(false);
        let call = Call::new(request, body, self.0.pools.here(), &begun);
        match timeout(limit, self.attempt(&call, rules)).await {
            Ok(result) => result,
            Err(_) => Err(EgressError::Deadline {
                limit,
                request_begun: begun.load(Ordering::Relaxed),
            }),
        }
    }

    async fn attempt(&self, call: &Call<'_>, rules: &EgressRules) -> Result<Response, EgressError> {
        let guard = Guard::new(&self.0.own, rules, call.request)?;
        let roots = match call.request.origin.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Box::pin(self.0.trust.roots(rules.ca_file.as_deref())).await),
        };
        let route = Route {
            call,
            rules,
            guard,
            roots,
            inner: &self.0,
        };
        let mut sent = route.send(Kept::Welcome).await;
        if let Err(Failure::Unseen(_)) = sent {
            call.unbegin();
            sent = Box::pin(route.send(Kept::Avoided)).await;
        }
        sent.map_err(Failure::into_error)
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Egress")
    }
}

// === impl EgressError ===

impl EgressError {
    /// Whether the endpoint can have seen the request: if not, a retry cannot repeat its effect.
    pub fn may_have_been_seen(&self) -> bool {
        match self {
            Self::Resolve { .. }
            | Self::Blocked { .. }
            | Self::SchemeNotAllowed
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::LostInHandshake { .. } => false,
            Self::Lost | Self::Protocol | Self::BodyTooLarge { .. } => true,
            Self::Deadline { request_begun, .. } => *request_begun,
        }
    }

    /// The `cause` of a failure that may be retried; none for one that may not.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Resolve { .. } => Some(Cause::DnsFailed),
            Self::Connect { .. } => Some(Cause::ConnectFailed),
            Self::LostInHandshake { .. } | Self::Lost => Some(Cause::ConnectionLost),
            Self::Protocol => Some(Cause::ProtocolError),
            Self::Deadline { .. } => Some(Cause::Timeout),
            Self::Blocked { .. }
            | Self::SchemeNotAllowed
            | Self::Tls { .. }
            | Self::BodyTooLarge { .. } => None,
        }
    }
}
