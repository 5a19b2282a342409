//! A connection, from its first byte to its end: HTTP/1.1 with keep-alive and pipelining, or h2c.
//!
//! Pingora's own look at the first bytes waits for 24 of them without a limit, so a shorter
//! HTTP/1 request would hang. Here the look ends at the first byte that differs.

use super::{Exchange, Occupancy, Patience, Problem};
use async_trait::async_trait;
use bytes::{BufMut, BytesMut};
use http::StatusCode;
use pingora_core::apps::ServerApp;
use pingora_core::protocols::http::ServerSession;
use pingora_core::protocols::http::v2::server::{self as h2, H2Accept};
use pingora_core::protocols::l4::stream::Stream as L4Stream;
use pingora_core::protocols::{Digest, Stream};
use pingora_core::server::ShutdownWatch;
use pingora_timeout::timeout;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

/// What every h2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Room for a usual request's head; grows for others.
const HEAD_ROOM: usize = 4096;

/// Most bytes of a request's head.
const HEAD_LIMIT: usize = 64 * 1024;

/// Most streams open at once on one h2 connection.
const H2_STREAMS: u32 = 1024;

/// Malformed h2 requests after which a connection is closed.
const H2_FAULTS: u32 = 32;

/// Handles requests, many at once.
pub trait Handle: Send + Sync + 'static {
    /// Answers one request. Runs to its end even when the client hangs up.
    fn handle(&self, exchange: &mut Exchange<'_>) -> impl Future<Output = ()> + Send;
}

/// The connections of one listener.
#[derive(Debug)]
pub struct Door<H> {
    handler: Arc<H>,
    patience: Patience,
    busy: Occupancy,
}

// === impl Door ===

impl<H: Handle> Door<H> {
    /// A door to `handler`. `busy` counts the requests that have begun and are not yet answered.
    pub fn new(handler: Arc<H>, patience: Patience, busy: Occupancy) -> Self {
        Self {
            handler,
            patience,
            busy,
        }
    }

    /// Reads up to the first byte that no h2 connection has there. `None`: the client is gone.
    async fn greet(&self, stream: &mut Stream, closing: &mut ShutdownWatch) -> Option<BytesMut> {
        let mut seen = BytesMut::new();
        seen.put_u8(self.first_byte(stream, closing).await?);
        let look = async {
            while seen.len() < PREFACE.len() && PREFACE.starts_with(&seen) {
                seen.put_u8(stream.read_u8().await.ok()?);
            }
            Some(())
        };
        timeout(self.patience.head, look).await.ok()??;
        Some(seen)
    }

    /// Waits for a request to begin. `None`: the client has gone or is late, or we are closing.
    async fn first_byte(&self, stream: &mut Stream, closing: &mut ShutdownWatch) -> Option<u8> {
        let byte = async {
            tokio::select! {
                biased;
                byte = stream.read_u8() => byte.ok(),
                _ = closing.changed() => None,
            }
        };
        timeout(self.patience.idle, byte).await.ok()?
    }

    async fn http1(&self, mut stream: Stream, mut begun: BytesMut, closing: &mut ShutdownWatch) {
        loop {
            if begun.is_empty() {
                let Some(byte) = self.first_byte(&mut stream, closing).await else {
                    stream.shutdown().await;
                    return;
                };
                begun.reserve(HEAD_ROOM);
                begun.put_u8(byte);
            }
            let Some(next) = self.request(stream, begun, closing).await else {
                return;
            };
            (stream, begun) = next;
        }
    }

    /// One HTTP/1 request, of which `begun` is here already. The connection, with what came of the
    /// next request, if it can serve again.
    async fn request(
        &self,
        stream: Stream,
        begun: BytesMut,
        closing: &ShutdownWatch,
    ) -> Option<(Stream, BytesMut)> {
        let busy = self.busy.enter();
        let mut session = ServerSession::new_http1(stream);
        session.set_pipelining_enabled(true);
        session.set_pipelined_prefix(begun);
        let head = timeout(self.patience.head, session.read_request()).await;
        let fault = match head {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => return None,
            Ok(Err(_)) => Some(malformed()),
            Err(_) => Some(late()),
        };
        if let Some(problem) = fault {
            let exchange = Exchange::new(session, self.patience, closing);
            exchange.refuse_head(problem.reply()).await;
            return None;
        }
        let mut exchange = Exchange::new(session, self.patience, closing);
        if exchange.head_length() > HEAD_LIMIT {
            exchange.close_after();
            exchange.reply(too_long().reply()).await;
        } else {
            self.handler.handle(&mut exchange).await;
        }
        drop(busy);
        exchange.finish().await
    }

    async fn http2(&self, stream: Stream, closing: &mut ShutdownWatch) {
        let mut options = h2::default_h2_options();
        options
            .max_concurrent_streams(H2_STREAMS)
            .max_header_list_size(HEAD_LIMIT as u32);
        let digest = Arc::new(Digest::default());
        let greeting = timeout(self.patience.head, h2::handshake(stream, Some(options))).await;
        let Ok(Ok(mut connection)) = greeting else {
            return;
        };
        let (mut leaving, mut faults) = (false, 0);
        // Each stream that is open holds one more.
        let open = Arc::new(());
        loop {
            let accept = h2::HttpSession::from_h2_conn(&mut connection, digest.clone());
            let accepted = tokio::select! {
                biased;
                _ = closing.changed(), if !leaving => {
                    leaving = true;
                    connection.graceful_shutdown();
                    continue;
                }
                accepted = timeout(self.patience.idle, accept) => accepted,
            };
            match accepted {
                Ok(Ok(Some(H2Accept::Session(session)))) => {
                    self.stream(session, closing.clone(), open.clone());
                }
                Ok(Ok(Some(H2Accept::Rejected))) if faults < H2_FAULTS => faults += 1,
                Ok(Ok(Some(H2Accept::Rejected) | None) | Err(_)) => return,
                Err(_) if Arc::strong_count(&open) > 1 => {}
                Err(_) => return,
            }
        }
    }

    /// Handles one h2 request beside the others, on the thread of its connection.
    fn stream(&self, session: h2::HttpSession, closing: ShutdownWatch, open: Arc<()>) {
        let busy = self.busy.enter();
        let handler = self.handler.clone();
        let mut session = ServerSession::new_http2(session);
        session.set_write_timeout(Some(self.patience.answer));
        let patience = self.patience;
        tokio::spawn(async move {
            let mut exchange = Exchange::new(session, patience, &closing);
            handler.handle(&mut exchange).await;
            drop(busy);
            exchange.finish().await;
            drop(open);
        });
    }
}

#[async_trait]
impl<H: Handle> ServerApp for Door<H> {
    async fn process_new(
        self: &Arc<Self>,
        mut stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let mut closing = shutdown.clone();
        let begun = self.greet(&mut stream, &mut closing).await?;
        if &begun[..] == PREFACE {
            Box::pin(self.http2(unread(stream, &begun)?, &mut closing)).await;
        } else {
            self.http1(stream, begun, &mut closing).await;
        }
        None
    }
}

/// Puts `bytes` back before what `stream` reads next.
fn unread(stream: Stream, bytes: &[u8]) -> Option<Stream> {
    // Plain listeners give plain streams.
    let mut stream = stream.into_any().downcast::<L4Stream>().ok()?;
    stream.rewind(bytes);
    Some(stream)
}

fn malformed() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-request",
        "Not an HTTP request",
        "the request line or a header cannot be understood",
    )
}

fn late() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "request-timeout",
        "Request too slow",
        "the head of the request did not come in time",
    )
}

fn too_long() -> Problem {
    Problem::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "head-too-large",
        "Headers too large",
        format!("the head of the request is larger than {HEAD_LIMIT} bytes"),
    )
}
