//! One HTTP/1.1 exchange on one connection.

use super::body::{self, Body};
use super::call::{Call, Failure};
use super::connect::turned_away;
use super::pool::Pool;
use super::socket::Socket;
use super::{EgressError, Response, Timing};
use crate::model::{Method, Origin, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, HeaderName};
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_core::{Error, ErrorType};
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// Interim answers that are skipped; a server that sends more is not heading anywhere.
const MOST_INTERIM: usize = 16;

/// Bodies up to this size share one write with their head; a larger one is not copied for it.
const ONE_WRITE: usize = 64 * 1024;

/// Pingora's name for a chunked body that ended too soon; the constant itself is private to it.
const PREMATURE_BODY_END: ErrorType = ErrorType::new("PrematureBodyEnd");

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// What comes after an answer.
struct After {
    pool: Pool,
    origin: Origin,
    /// Whether the request was written to its end.
    whole: bool,
}

// === impl After ===

impl After {
    /// Puts the connection back, if the answer was read to its end and the endpoint keeps it open.
    async fn keep(self, mut session: HttpSession) {
        session.respect_keepalive();
        let idle = keep_alive_timeout(&session);
        if !self.whole || idle == Some(Duration::ZERO) {
            return;
        }
        let stream = session.reuse().await;
        if let Some(socket) = stream.and_then(Socket::from_stream) {
            self.pool.put(&self.origin, socket, idle);
        }
    }
}

impl Body for HttpSession {
    fn declared(&mut self) -> Option<u64> {
        if self.is_body_done() {
            return None;
        }
        let length = self.get_header(CONTENT_LENGTH)?;
        length.to_str().ok()?.parse().ok()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        self.read_body_bytes()
            .await
            .map_err(|error| answer_error(&error))
    }
}

/// Sends the request on `socket` and reads the answer.
///
/// # Errors
/// [`Failure::Unseen`] if the connection took not one byte, else the final error.
pub(super) async fn exchange(
    mut socket: Box<Socket>,
    call: &Call<'_>,
    mut timing: Timing,
) -> Result<Response, Failure> {
    let sent_before = socket.sent();
    call.begin();
    let written_at = Instant::now();
    let written = write(&mut socket, call.request).await;
    if written.is_err() && socket.sent() == sent_before {
        return Err(Failure::Unseen(socket.terms.peer));
    }
    // An endpoint may answer and close before it has read all: a failed write is not the end.
    let alert = (sent_before == 0).then(|| socket.alert.clone());
    let mut session = HttpSession::new(socket);
    let status = read_head(&mut session).await.map_err(|error| {
        let refusal = alert.and_then(|it| turned_away(&it, &call.request.origin.host));
        refusal.unwrap_or(error)
    })?;
    timing.first_byte = written_at.elapsed();
    let headers = session
        .resp_header()
        .map_or_else(HeaderMap::new, |head| head.headers.clone());
    let after = After {
        pool: call.pool.clone(),
        origin: call.request.origin.clone(),
        whole: written.is_ok(),
    };
    let body = match call.body.kept(status) {
        None => {
            let rest = async move {
                body::read_away(&mut session).await;
                after.keep(session).await;
            };
            body::finish_apart(&call.pool, rest).await;
            Bytes::new()
        }
        Some(limit) => {
            let head_at = Instant::now();
            let body = body::capture(&mut session, limit, status).await?;
            timing.body = head_at.elapsed();
            body::finish_apart(&call.pool, after.keep(session)).await;
            body
        }
    };
    Ok(Response {
        status,
        headers,
        body,
        timing,
    })
}

/// Request line, `Host`, the request's own headers in their order, `Content-Length`, body.
async fn write(socket: &mut Socket, request: &Request) -> io::Result<()> {
    let body = request.body.as_deref();
    let mut message = head(request);
    let apart = body.filter(|body| body.len() > ONE_WRITE);
    if apart.is_none() {
        message.extend_from_slice(body.unwrap_or_default());
    }
    socket.write_all(&message).await?;
    if let Some(body) = apart {
        socket.write_all(body).await?;
    }
    socket.flush().await
}

fn head(request: &Request) -> Vec<u8> {
    let body_len = request.body.as_ref().map(Bytes::len);
    let mut head =
        Vec::with_capacity(512 + request.path.len() + body_len.unwrap_or(0).min(ONE_WRITE));
    for part in [
        request.method.as_str(),
        " ",
        &request.path,
        " HTTP/1.1\r\nhost: ",
    ] {
        head.extend_from_slice(part.as_bytes());
    }
    head.extend_from_slice(request.origin.authority().as_bytes());
    head.extend_from_slice(b"\r\n");
    for (name, value) in &request.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    // A method that is expected to have a body says so when it has none (RFC 9110, 8.6).
    let length = match request.method {
        Method::Post | Method::Put | Method::Patch => Some(body_len.unwrap_or(0)),
        Method::Get | Method::Delete => body_len,
    };
    if let Some(length) = length {
        head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// The status of the final answer.
async fn read_head(session: &mut HttpSession) -> Result<u16, EgressError> {
    for _ in 0..=MOST_INTERIM {
        session
            .read_response()
            .await
            .map_err(|error| answer_error(&error))?;
        let status = session.get_status().ok_or(EgressError::Protocol)?.as_u16();
        match status {
            // Nobody asked for another protocol.
            101 => return Err(EgressError::Protocol),
            100..=199 => {}
            _ => return Ok(status),
        }
    }
    Err(EgressError::Protocol)
}

fn answer_error(error: &Error) -> EgressError {
    match error.etype() {
        ErrorType::ConnectionClosed | ErrorType::ReadError => EgressError::Lost,
        other if *other == PREMATURE_BODY_END => EgressError::Lost,
        _ => EgressError::Protocol,
    }
}

/// How long the endpoint keeps an idle connection, less a second for the way there.
fn keep_alive_timeout(session: &HttpSession) -> Option<Duration> {
    let value = session.get_header(KEEP_ALIVE)?.to_str().ok()?;
    let seconds = value
        .split(',')
        .filter_map(|part| part.trim().strip_prefix("timeout="))
        .find_map(|seconds| seconds.trim().parse::<u64>().ok())?;
    Some(Duration::from_secs(seconds.saturating_sub(1)))
}
