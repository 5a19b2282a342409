//! HTTP/2: one connection, many exchanges.
//!
//! The connection is driven on the runtime that opened it; Pingora's own handshake would hand it
//! to any of the runtimes.

use super::body::{self, Body};
use super::call::{Call, Failure};
use super::connect::turned_away;
use super::socket::{Alert, Socket, Terms};
use super::{EgressError, Response, Timing};
use crate::model::Request;
use bytes::Bytes;
use h2::Reason;
use http::HeaderMap;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use pingora_core::connectors::http::v2::ConnectionRef;
use pingora_core::protocols::Digest;
use pingora_core::protocols::http::v2::client::{Http2Session, drive_connection};
use pingora_core::{Error, ErrorType};
use pingora_http::RequestHeader;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::time::Instant;

/// Exchanges at a time on one connection.
const MOST_STREAMS: usize = 100;

/// What an endpoint may send ahead of being read: for one exchange, and for all of a connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Headers that mean something to an HTTP/1.1 connection alone; HTTP/2 forbids them.
const CONNECTION_HEADERS: [HeaderName; 7] = [
    CONNECTION,
    HOST,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// An HTTP/2 connection. Clones share it.
#[derive(Clone)]
pub(super) struct Shared {
    connection: ConnectionRef,
    pub(super) terms: Terms,
    opened: Instant,
    /// The last sign of life from the other side; its opening, before there was one.
    answered: Arc<Mutex<Instant>>,
    alert: Alert,
}

/// A stream under way. Dropped without an answer, it doubts the connection.
struct Doubt<'a> {
    shared: &'a Shared,
    began: Instant,
}

// === impl Shared ===

impl Shared {
    /// Speaks HTTP/2 on `socket`.
    ///
    /// # Errors
    /// [`Failure::Unseen`]: no request was written yet.
    pub(super) async fn open(socket: Socket) -> Result<Self, Failure> {
        let (terms, id) = (socket.terms, socket.id());
        let (opened, alert) = (Instant::now(), socket.alert.clone());
        let (sender, connection) = h2::client::Builder::new()
            .enable_push(false)
            .initial_max_send_streams(MOST_STREAMS)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .handshake::<_, Bytes>(socket)
            .await
            .map_err(|_| Failure::Unseen(terms.peer))?;
        let (closing, closed) = watch::channel(false);
        let silent = Arc::new(AtomicBool::new(false));
        tokio::spawn(drive_connection(
            connection,
            id,
            closing,
            None,
            silent.clone(),
        ));
        Ok(Self {
            connection: ConnectionRef::new(
                sender,
                closed,
                silent,
                id,
                MOST_STREAMS,
                Digest::default(),
            ),
            terms,
            opened,
            answered: Arc::new(Mutex::new(opened)),
            alert,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.connection.is_closed() && !self.connection.is_shutting_down()
    }

    pub(super) fn has_room(&self) -> bool {
        self.connection.free_stream_slots() > 0
    }

    pub(super) fn is_idle_since(&self, then: Instant) -> bool {
        self.connection.is_idle() && self.answered() < then
    }

    fn answered(&self) -> Instant {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lives(&self) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        *answered = Instant::now();
    }

    /// Why the endpoint would not have the gateway, if it said so before it answered anything.
    fn turned_away(&self, host: &str) -> Option<EgressError> {
        let new = self.answered() == self.opened;
        new.then(|| turned_away(&self.alert, host)).flatten()
    }
}

impl Body for Http2Session {
    fn declared(&mut self) -> Option<u64> {
        let length = self.response_header()?.headers.get(CONTENT_LENGTH)?;
        let length = length.to_str().ok()?.parse().ok();
        length.filter(|_| !self.response_finished())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        self.read_response_body()
            .await
            .map_err(|error| answer_error(&error))
    }
}

// === impl Doubt ===

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        // A connection that has gone silent would hold every later request too.
        if self.shared.answered() < self.began {
            self.shared.connection.mark_shutdown();
        }
    }
}

/// Sends the request on a stream of `shared` and reads the answer. Dropped at any point, it
/// resets the stream and gives its place back.
///
/// # Errors
/// [`Failure::Unseen`] if the endpoint says it has not processed the request, or had no room.
pub(super) async fn exchange(
    shared: &Shared,
    call: &Call<'_>,
    mut timing: Timing,
) -> Result<Response, Failure> {
    let mut session = match shared.connection.spawn_stream().await {
        Ok(Some(session)) => session,
        Ok(None) | Err(_) => return Err(Failure::Unseen(shared.terms.peer)),
    };
    let doubt = Doubt {
        shared,
        began: Instant::now(),
    };
    let body = call.request.body.clone().filter(|body| !body.is_empty());
    call.begin();
    let written_at = Instant::now();
    session
        .write_request_header(head(call.request)?, body.is_none())
        .map_err(|error| judge(&error, shared.terms.peer))?;
    if let Some(body) = body {
        // An endpoint may answer before it has read all; what it says counts, and comes below.
        drop(session.write_request_body(body, true).await);
    }
    session.read_response_header().await.map_err(|error| {
        match shared.turned_away(&call.request.origin.host) {
            Some(refusal) => Failure::Final(refusal),
            None => judge(&error, shared.terms.peer),
        }
    })?;
    timing.first_byte = written_at.elapsed();
    shared.lives();
    let head = session.response_header().ok_or(EgressError::Protocol)?;
    let status = head.status.as_u16();
    let kept = call.body.kept(status);
    let headers = kept.map_or_else(HeaderMap::new, |_| head.headers.clone());
    let body = match kept {
        None => {
            let rest = async move { body::read_away(&mut session).await };
            body::finish_apart(&call.pool, rest).await;
            Bytes::new()
        }
        Some(limit) => {
            let head_at = Instant::now();
            let body = body::capture(&mut session, limit, status).await?;
            timing.body = head_at.elapsed();
            body
        }
    };
    drop(doubt);
    Ok(Response {
        status,
        headers,
        body,
        timing,
    })
}

fn head(request: &Request) -> Result<Box<RequestHeader>, EgressError> {
    let uri = request.url().parse().map_err(|_| EgressError::Protocol)?;
    let count = request.headers.len() + 1;
    let mut head = RequestHeader::build_no_case(request.method.as_str(), b"/", Some(count))
        .map_err(|_| EgressError::Protocol)?;
    head.set_uri(uri);
    for (name, value) in &request.headers {
        if !CONNECTION_HEADERS.contains(name) {
            head.append_header(name, value)
                .map_err(|_| EgressError::Protocol)?;
        }
    }
    if let Some(body) = &request.body {
        head.append_header(CONTENT_LENGTH, body.len())
            .map_err(|_| EgressError::Protocol)?;
    }
    Ok(Box::new(head))
}

/// What a stream's failure before its answer says about the request.
fn judge(error: &Error, peer: SocketAddr) -> Failure {
    match error.root_cause().downcast_ref::<h2::Error>() {
        Some(cause) if is_unprocessed(cause) => Failure::Unseen(peer),
        Some(_) | None => Failure::Final(answer_error(error)),
    }
}

/// RFC 9113, section 8.7: a refused stream, and one above the last that a GOAWAY counts (the only
/// kind that a GOAWAY ends), were not processed.
fn is_unprocessed(cause: &h2::Error) -> bool {
    let refused = cause.is_reset() && cause.reason() == Some(Reason::REFUSED_STREAM);
    cause.is_remote() && (refused || cause.is_go_away())
}

fn answer_error(error: &Error) -> EgressError {
    match error.root_cause().downcast_ref::<h2::Error>() {
        Some(cause) if cause.is_io() || cause.is_remote() => EgressError::Lost,
        Some(_) => EgressError::Protocol,
        None if *error.etype() == ErrorType::ReadError => EgressError::Lost,
        None => EgressError::Protocol,
    }
}
