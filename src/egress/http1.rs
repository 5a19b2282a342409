//! One HTTP/1.1 exchange on one connection.

mod answer;
mod head;

use super::body;
use super::call::{Call, Failure};
use super::connect::turned_away;
use super::pool::Pool;
use super::socket::Socket;
use super::{Response, Timing};
use crate::model::{Method, Origin, Request};
use answer::Answer;
use bytes::Bytes;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// Bodies up to this size share one write with their head; a larger one is not copied for it.
const ONE_WRITE: usize = 64 * 1024;

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
    let mut answer = Answer::on(socket);
    let wanted = |status| call.body.kept(status).is_some();
    let head = answer.head(wanted).await.map_err(|error| {
        let refusal = alert.and_then(|it| turned_away(&it, &call.request.origin.host));
        refusal.unwrap_or(error)
    })?;
    let head_at = Instant::now();
    timing.first_byte = head_at - written_at;
    let stays = head.stays.filter(|_| written.is_ok());
    let mut body = Bytes::new();
    let (pool, origin) = (&call.pool, &call.request.origin);
    if let Some(limit) = call.body.kept(head.status) {
        body = body::capture(&mut answer, limit, head.status).await?;
        timing.body = head_at.elapsed();
        after(pool, origin, answer, stays);
    } else if answer.pass_over() {
        after(pool, origin, answer, stays);
    } else {
        let (pool, origin) = (pool.clone(), origin.clone());
        let rest = async move {
            body::read_away(&mut answer).await;
            after(&pool, &origin, answer, stays);
        };
        body::finish_apart(&call.pool, rest).await;
    }
    Ok(Response {
        status: head.status,
        headers: head.fields,
        body,
        timing,
    })
}

/// Puts a connection back if it `stays`, its answer was read to its end and nothing came behind.
fn after(pool: &Pool, origin: &Origin, answer: Answer, stays: Option<Duration>) {
    if let (Some(idle), Some(socket)) = (stays, answer.into_socket()) {
        pool.put(origin, socket, idle);
    }
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
        &request.origin.host,
    ] {
        head.extend_from_slice(part.as_bytes());
    }
    let mut number = itoa::Buffer::new();
    if let Some(port) = request.origin.unusual_port() {
        head.push(b':');
        head.extend_from_slice(number.format(port).as_bytes());
    }
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
        head.extend_from_slice(b"content-length: ");
        head.extend_from_slice(number.format(length).as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}
