//! The only code that dials out: a request and a deadline become a response or an [`EgressError`].

use crate::config::EgressRules;
use crate::model::{Cause, Request};
use bytes::Bytes;
use http::HeaderMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::Instant;

/// Dials out. Clones share caches and pools.
#[derive(Debug, Clone)]
pub struct Egress;

/// What to do with an answer's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyUse {
    /// The exchange ends with the head; the body is read away unkept, so that the connection can serve again.
    Discard,
    /// Kept, up to so many bytes.
    Capture { limit: usize },
}

/// A whole answer: whole as far as it was asked for.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    /// Empty where the body was discarded.
    pub body: Bytes,
    pub timing: Timing,
}

/// How long each phase took. Zero where it was not needed (a pooled connection, an IP literal).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    pub dns: Duration,
    pub connect: Duration,
    pub tls: Duration,
    pub first_byte: Duration,
    pub body: Duration,
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
    #[error("the answer's body is over {limit} bytes")]
    BodyTooLarge { limit: usize, status: u16 },
}

impl Egress {
    /// Sends `request` under `deadline` and reads the answer.
    ///
    /// # Errors
    /// An [`EgressError`]; [`EgressError::may_have_been_seen`] says whether the endpoint can have seen the request.
    pub async fn exchange(
        &self,
        _request: &Request,
        _rules: &EgressRules,
        _body: BodyUse,
        _deadline: Instant,
    ) -> Result<Response, EgressError> {
        Err(EgressError::Protocol)
    }
}

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
