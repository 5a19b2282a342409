//! A connection, from its first byte to its end: HTTP/1.1 with keep-alive and pipelining, or h2c.
//!
//! Pingora's own look at the first bytes waits for 24 of them without a limit, so a shorter
//! HTTP/1 request would hang. Here the look ends at the first byte that differs.

use super::exchange::{LINGER_BYTES, LINGER_SILENCE, Session};
use super::http1::{self, Connection, HeadFault, MOST_HEAD};
use super::{Exchange, Occupancy, Patience, Problem, within};
use async_trait::async_trait;
use http::StatusCode;
use pingora_core::apps::ServerApp;
use pingora_core::protocols::http::ServerSession;
use pingora_core::protocols::http::v2::server::{self as h2, H2Accept};
use pingora_core::protocols::{Digest, Stream};
use pingora_core::server::ShutdownWatch;
use pingora_timeout::timeout;
use std::io;
use std::sync::Arc;

/// What every h2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

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

    /// A connection, from its first byte to its end.
    async fn serve(self: Arc<Self>, stream: Stream, mut closing: ShutdownWatch) -> Option<()> {
        let mut connection = Connection::new(stream);
        if self.greet(&mut connection, &mut closing).await? {
            Box::pin(self.http2(connection.unread()?, &mut closing)).await;
        } else {
            self.http1(connection, &mut closing).await;
        }
        None
    }

    /// Reads up to the first byte that no h2 connection has there. Whether it is one; none when the
    /// client is gone.
    async fn greet(
        &self,
        connection: &mut Connection,
        closing: &mut ShutdownWatch,
    ) -> Option<bool> {
        self.begun(connection, closing).await?;
        let look = async {
            while connection.came().len() < PREFACE.len() && PREFACE.starts_with(connection.came())
            {
                some(connection.more().await)?;
            }
            Some(connection.came().starts_with(PREFACE))
        };
        timeout(self.patience.head, look).await.ok()?
    }

    /// Waits for a request to begin. None: the client has gone or is late, or we are closing.
    async fn begun(&self, connection: &mut Connection, closing: &mut ShutdownWatch) -> Option<()> {
        let more = async {
            tokio::select! {
                biased;
                more = connection.more() => some(more),
                _ = closing.changed() => None,
            }
        };
        timeout(self.patience.idle, more).await.ok()?
    }

    /// The requests of a connection, the first of which has begun, one after another.
    async fn http1(&self, mut connection: Connection, closing: &mut ShutdownWatch) {
        loop {
            if connection.came().is_empty() && self.begun(&mut connection, closing).await.is_none()
            {
                connection.shutdown().await;
                return;
            }
            let Some(next) = self.request(connection, closing).await else {
                return;
            };
            connection = next;
        }
    }

    /// One HTTP/1 request, which has begun. Its connection, if it can serve again.
    async fn request(
        &self,
        mut connection: Connection,
        closing: &ShutdownWatch,
    ) -> Option<Connection> {
        let busy = self.busy.enter();
        let head = within(self.patience.head, connection.head()).await;
        let problem = match head {
            Ok(Ok(head)) => {
                let session = Session::Http1(Box::new(http1::Session::new(connection, head)));
                let mut exchange = Exchange::new(session, self.patience, closing);
                self.handler.handle(&mut exchange).await;
                drop(busy);
                return exchange.finish().await;
            }
            Ok(Err(HeadFault::Gone)) => return None,
            Ok(Err(HeadFault::Malformed)) => malformed(),
            Ok(Err(HeadFault::TooLong)) => too_long(),
            Err(_) => late(),
        };
        Box::pin(self.refuse(connection, problem)).await;
        None
    }

    /// Answers a request whose head could not be read, and closes the connection.
    async fn refuse(&self, mut connection: Connection, problem: Problem) {
        let told = timeout(self.patience.answer, connection.refuse(&problem.reply())).await;
        // A client that cannot be told of its own fault is let go all the same.
        connection.shutdown().await;
        if !matches!(told, Ok(Ok(()))) {
            return;
        }
        // To close at once would reset what it has not read yet.
        let away = async {
            let mut left = LINGER_BYTES;
            while let Ok(Ok(length @ 1..)) = timeout(LINGER_SILENCE, connection.pass_over()).await {
                left = left.saturating_sub(length);
                if left == 0 {
                    break;
                }
            }
        };
        // Out of time or not, the connection is closed now.
        let _ = timeout(self.patience.linger, away).await;
    }

    async fn http2(&self, stream: Stream, closing: &mut ShutdownWatch) {
        let mut options = h2::default_h2_options();
        options
            .max_concurrent_streams(H2_STREAMS)
            .max_header_list_size(MOST_HEAD as u32);
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
            let session = Session::Http2(Box::new(session));
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
    /// Serves the connection in a task of its own. Pingora's is as large as its TLS handshake, which
    /// no listener here has, and would stay so for as long as the connection.
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        tokio::spawn(self.clone().serve(stream, shutdown.clone()));
        None
    }
}

/// Whether anything came.
fn some(more: io::Result<usize>) -> Option<()> {
    matches!(more, Ok(1..)).then_some(())
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
        format!("the head of the request is larger than {MOST_HEAD} bytes"),
    )
}
