//! One request and its answer, whatever protocol carries them.

mod streamed;

pub use streamed::Gone;

use super::{Patience, Reply};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::{HeaderValue, StatusCode, header};
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::ServerSession;
use pingora_core::server::ShutdownWatch;
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_timeout::timeout;
use std::time::Duration;

/// Most bytes that are read away after an answer, for a client that is still sending.
const LINGER_BYTES: usize = 128 * 1024 * 1024;

/// Longest silence of such a client.
const LINGER_SILENCE: Duration = Duration::from_secs(2);

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

struct Session(ServerSession);

// === impl Session ===

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("session")
    }
}

// === impl Exchange ===

impl<'a> Exchange<'a> {
    /// `closing` turns true when the process begins to stop; from then on each answer is the last
    /// of its connection.
    pub(super) fn new(
        session: ServerSession,
        patience: Patience,
        closing: &'a ShutdownWatch,
    ) -> Self {
        Self {
            session: Session(session),
            patience,
            closing,
            answered: false,
        }
    }

    /// The request line and headers.
    pub fn head(&self) -> &RequestHeader {
        self.session.0.req_header()
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
        let body = timeout(within, self.read(limit))
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
    /// counts as well, and still gets its answer. May be dropped at any time, and asked once.
    pub async fn hung_up(&mut self) {
        let session = &mut self.session.0;
        if !session.is_body_done() {
            std::future::pending::<()>().await;
        }
        // With the body read this gives no piece of it, but the end, as an error.
        let _ = session.read_body_or_idle(true).await;
    }

    /// Answers. A client that cannot be told is none of the caller's business: what it asked for
    /// is done.
    pub async fn reply(&mut self, reply: Reply) {
        self.read_what_is_here();
        if self.closing.has_changed().unwrap_or(true) {
            self.close_after();
        }
        let within = self.patience.answer;
        self.answered = matches!(timeout(within, self.write(reply)).await, Ok(Ok(())));
    }

    /// Answers a head that could not be read, and closes the connection.
    pub(super) async fn refuse_head(mut self, reply: Reply) {
        let within = self.patience.answer;
        // A client that cannot be told of its own fault is let go all the same.
        let _ = timeout(within, self.write(reply)).await;
        self.session.0.shutdown().await;
    }

    /// Bytes of the head as it came; 0 for h2, whose own limit holds.
    pub(super) fn head_length(&self) -> usize {
        let head = self.session.0.as_http1();
        head.map_or(0, |session| session.get_headers_raw_bytes().len())
    }

    /// Lets go of the request: its connection, with what came of the next request, if it can serve
    /// again.
    pub(super) async fn finish(mut self) -> Option<(Stream, BytesMut)> {
        if !self.answered {
            return None;
        }
        if !self.session.0.is_body_done() {
            self.linger().await;
            return None;
        }
        let reusable = self.session.0.finish().await.ok()??;
        let (stream, next) = reusable.into_parts();
        Some((stream, next.unwrap_or_default()))
    }

    /// Closes the connection after the answer.
    pub(super) fn close_after(&mut self) {
        self.session.0.set_keepalive(None);
    }

    fn announced(&self) -> Option<usize> {
        let length = self.head().headers.get(header::CONTENT_LENGTH)?;
        length.to_str().ok()?.parse().ok()
    }

    async fn read(&mut self, limit: usize) -> Result<Bytes, BodyFault> {
        let told = self.continue_if_asked().await;
        told.map_err(|_| BodyFault::Broken)?;
        let session = &mut self.session.0;
        // Most bodies come in one piece, and that piece is then the body.
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        loop {
            let Some(piece) = session
                .read_request_body()
                .await
                .map_err(|_| BodyFault::Broken)?
            else {
                break;
            };
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
    async fn continue_if_asked(&mut self) -> pingora_core::Result<()> {
        let session = &mut self.session.0;
        let expects = session.req_header().headers.get(header::EXPECT);
        if expects.is_some_and(|e| e.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
            session.write_continue_response().await?;
        }
        Ok(())
    }

    /// Takes in what has come of an unread body without waiting: a short one is then whole, and
    /// the connection can serve again.
    fn read_what_is_here(&mut self) {
        const ROUNDS: usize = 4;
        for _ in 0..ROUNDS {
            let session = &mut self.session.0;
            if session.is_body_done() {
                return;
            }
            let Some(Ok(Some(_))) = session.read_request_body().now_or_never() else {
                return;
            };
        }
    }

    async fn write(&mut self, reply: Reply) -> pingora_core::Result<()> {
        let mut head = ResponseHeader::build_no_case(reply.status, Some(6))?;
        // A 204 has no body, and may not say how long it is.
        if reply.status != StatusCode::NO_CONTENT {
            let kind = HeaderValue::from_static(reply.content_type);
            head.insert_header(header::CONTENT_TYPE, kind)?;
            head.insert_header(header::CONTENT_LENGTH, HeaderValue::from(reply.body.len()))?;
        }
        if let Some((name, value)) = reply.header {
            head.insert_header(name, value)?;
        }
        let session = &mut self.session.0;
        session.write_response_header(Box::new(head)).await?;
        session.write_response_body(reply.body, true).await
    }

    /// Reads away what a client still sends after its answer. Closing at once would reset the
    /// connection, and a reset takes the answer with it.
    async fn linger(&mut self) {
        if let ServerSession::H1(session) = &mut self.session.0 {
            session.shutdown().await;
        }
        let session = &mut self.session.0;
        let away = async {
            let mut left = LINGER_BYTES;
            while let Ok(Ok(Some(piece))) =
                timeout(LINGER_SILENCE, session.read_request_body()).await
            {
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
