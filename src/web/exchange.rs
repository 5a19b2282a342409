//! One request and its answer, whatever protocol carries them.

mod cut;
mod streamed;

pub use cut::Beginning;
pub use streamed::Gone;

use super::{Patience, Reply, http1};
use crate::web;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use pingora_core::protocols::http::ServerSession;
use pingora_core::server::ShutdownWatch;
use pingora_http::ResponseHeader;
use pingora_timeout::timeout;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Most bytes that are read away after an answer, for a client that is still sending.
pub(super) const LINGER_BYTES: usize = 128 * 1024 * 1024;

/// Longest silence of such a client.
pub(super) const LINGER_SILENCE: Duration = Duration::from_secs(2);

/// A request whose head is here. The one who handles it reads the body, if it wants it, and
/// answers once.
#[derive(Debug)]
pub struct Exchange<'a> {
    session: Session,
    patience: Patience,
    closing: &'a ShutdownWatch,
    answered: bool,
}

/// Why a body is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not come within {within:?}")]
    Slow { within: Duration },
    /// The client hung up, or its framing is broken.
    #[error("the body was cut short, or its framing is broken")]
    Broken,
}

/// The request as its protocol has it.
pub(super) enum Session {
    Http1(Box<http1::Session>),
    /// Pingora's.
    Http2(Box<ServerSession>),
}

/// The client does not take what is written.
struct Unwritten;

// === impl Unwritten ===

impl<E: std::error::Error> From<E> for Unwritten {
    fn from(_: E) -> Self {
        Self
    }
}

// === impl Session ===

impl Session {
    fn is_body_done(&mut self) -> bool {
        match self {
            Self::Http1(session) => session.is_body_done(),
            Self::Http2(session) => session.is_body_done(),
        }
    }

    /// The next of the body; none at its end.
    async fn piece(&mut self) -> Result<Option<Bytes>, BodyFault> {
        match self {
            Self::Http1(session) => session.piece().await,
            Self::Http2(session) => {
                let piece = session.read_request_body().await;
                piece.map_err(|_| BodyFault::Broken)
            }
        }
    }

    async fn shutdown(&mut self) {
        match self {
            Self::Http1(session) => session.shutdown().await,
            Self::Http2(session) => session.shutdown().await,
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("session")
    }
}

// === impl Exchange ===

impl<'a> Exchange<'a> {
    /// `closing` turns true when the process begins to stop; from then on each answer is the last
    /// of its connection.
    pub(super) fn new(session: Session, patience: Patience, closing: &'a ShutdownWatch) -> Self {
        Self {
            session,
            patience,
            closing,
            answered: false,
        }
    }

    /// The request line and headers.
    pub fn head(&self) -> &Parts {
        match &self.session {
            Session::Http1(session) => session.head(),
            Session::Http2(session) => session.req_header(),
        }
    }

    /// Who asks, where that is an address.
    pub fn peer(&self) -> Option<SocketAddr> {
        match &self.session {
            Session::Http1(session) => session.peer(),
            Session::Http2(session) => session.client_addr()?.as_inet().copied(),
        }
    }

    /// The whole body, of at most `limit` bytes. A client that waits for `100 Continue` gets it
    /// here, so that one who is refused earlier never sends.
    ///
    /// # Errors
    /// A [`BodyFault`]; the answer to it is the last of its connection.
    pub async fn body(&mut self, limit: usize) -> Result<Bytes, BodyFault> {
        if self.announced().is_some_and(|length| length > limit) {
            return Err(BodyFault::TooLarge { limit });
        }
        let within = self.patience.body;
        let body = web::within(within, self.read(limit))
            .await
            .unwrap_or(Err(BodyFault::Slow { within }));
        if body.is_err() {
            self.close_after();
        }
        body
    }

    /// Turns true when the process begins to stop.
    pub fn closing(&self) -> ShutdownWatch {
        self.closing.clone()
    }

    /// Waits until the client hangs up; for ever where that cannot be told: while a body is unread,
    /// and where the client has sent its next request already. A client that only stops sending
    /// counts as well, and still gets its answer. May be dropped at any time, and
    /// asked again.
    pub async fn hung_up(&mut self) {
        if !self.session.is_body_done() {
            std::future::pending::<()>().await;
        }
        match &mut self.session {
            Session::Http1(session) => session.hung_up().await,
            // With the body read this gives no piece of it, but the end, as an error.
            Session::Http2(session) => drop(session.read_body_or_idle(true).await),
        }
    }

    /// Answers. A client that cannot be told is none of the caller's business: what it asked for
    /// is done.
    pub async fn reply(&mut self, reply: Reply) {
        self.read_what_is_here();
        if self.closing.has_changed().unwrap_or(true) {
            self.close_after();
        }
        let within = self.patience.answer;
        self.answered = matches!(web::within(within, self.write(reply)).await, Ok(Ok(())));
    }

    /// Lets go of the request: its connection, if it can serve again.
    pub(super) async fn finish(mut self) -> Option<http1::Connection> {
        if !self.answered {
            return None;
        }
        if !self.session.is_body_done() {
            self.linger().await;
            return None;
        }
        match self.session {
            Session::Http1(session) => session.finish(),
            Session::Http2(session) => {
                // There is nothing left to say on this stream.
                drop(session.finish().await);
                None
            }
        }
    }

    /// Closes the connection after the answer.
    fn close_after(&mut self) {
        if let Session::Http1(session) = &mut self.session {
            session.close_after();
        }
    }

    /// The length that the head gives the body.
    fn announced(&self) -> Option<usize> {
        let length = self.head().headers.get(header::CONTENT_LENGTH)?;
        length.to_str().ok()?.parse().ok()
    }

    async fn read(&mut self, limit: usize) -> Result<Bytes, BodyFault> {
        let told = self.continue_if_asked().await;
        told.map_err(|Unwritten| BodyFault::Broken)?;
        // Most bodies come in one piece, and that piece is then the body.
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        while let Some(piece) = self.session.piece().await? {
            if whole.len() + pieces.len() + piece.len() > limit {
                return Err(BodyFault::TooLarge { limit });
            }
            if whole.is_empty() && pieces.is_empty() {
                whole = piece;
            } else {
                pieces.extend_from_slice(&std::mem::take(&mut whole));
                pieces.extend_from_slice(&piece);
            }
        }
        Ok(if pieces.is_empty() {
            whole
        } else {
            pieces.freeze()
        })
    }

    /// Tells a client that waits for it to go on.
    async fn continue_if_asked(&mut self) -> Result<(), Unwritten> {
        let expects = self.head().headers.get(header::EXPECT);
        if expects.is_some_and(|e| e.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
            match &mut self.session {
                Session::Http1(session) => session.go_on().await?,
                Session::Http2(session) => session.write_continue_response().await?,
            }
        }
        Ok(())
    }

    /// Takes in what has come of an unread body without waiting: a short one is then whole, and
    /// the connection can serve again.
    fn read_what_is_here(&mut self) {
        const ROUNDS: usize = 4;
        for _ in 0..ROUNDS {
            if self.session.is_body_done() {
                return;
            }
            let Some(Ok(Some(_))) = self.session.piece().now_or_never() else {
                return;
            };
        }
    }

    async fn write(&mut self, reply: Reply) -> Result<(), Unwritten> {
        let session = match &mut self.session {
            Session::Http1(session) => return Ok(session.reply(&reply).await?),
            Session::Http2(session) => session,
        };
        let mut head = ResponseHeader::build_no_case(reply.status, Some(6))?;
        // A 204 has no body, and may not say how long it is.
        if reply.status != StatusCode::NO_CONTENT {
            let kind = HeaderValue::from_static(reply.content_type);
            head.insert_header(header::CONTENT_TYPE, kind)?;
            head.insert_header(header::CONTENT_LENGTH, HeaderValue::from(reply.body.len()))?;
        }
        for (name, value) in reply.headers {
            head.insert_header(name, value)?;
        }
        session.write_response_header(Box::new(head)).await?;
        session.write_response_body(reply.body, true).await?;
        Ok(())
    }

    /// Reads away what a client still sends after its answer. Closing at once would reset the
    /// connection, and a reset takes the answer with it.
    async fn linger(&mut self) {
        if let Session::Http1(session) = &mut self.session {
            session.shutdown().await;
        }
        let session = &mut self.session;
        let away = async {
            let mut left = LINGER_BYTES;
            while let Ok(Ok(Some(piece))) = timeout(LINGER_SILENCE, session.piece()).await {
                left = left.saturating_sub(piece.len());
                if left == 0 {
                    break;
                }
            }
        };
        // Out of time or not, the connection is closed now.
        let _ = timeout(self.patience.linger, away).await;
    }
}
