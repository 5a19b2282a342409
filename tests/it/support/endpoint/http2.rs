//! The endpoint over HTTP/2.

use super::{Log, Received, Script};
use bytes::Bytes;
use h2::server::SendResponse;
use http::Request;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::Instant;

pub(super) async fn converse<S>(stream: S, script: Script, log: Arc<Log>, connection: usize)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ok(mut streams) = h2::server::handshake(stream).await else {
        return;
    };
    let close = Arc::new(Notify::new());
    loop {
        let next = tokio::select! {
            next = streams.accept() => next,
            () = close.notified() => {
                streams.graceful_shutdown();
                continue;
            }
        };
        let Some(Ok((request, respond))) = next else {
            return;
        };
        let (script, log, close) = (script.clone(), log.clone(), close.clone());
        tokio::spawn(async move {
            if let Some(Ending::Close) = answer(request, respond, script, log, connection).await {
                close.notify_one();
            }
        });
    }
}

/// Whether the connection goes on after an answer.
enum Ending {
    Close,
    Keep,
}

async fn answer(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    script: Script,
    log: Arc<Log>,
    connection: usize,
) -> Option<Ending> {
    let at = Instant::now();
    let (head, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(Ok(chunk)) = stream.data().await {
        stream.flow_control().release_capacity(chunk.len()).ok()?;
        body.extend_from_slice(&chunk);
    }
    log.application_bytes
        .fetch_add(body.len() as u64 + 1, Ordering::SeqCst);
    let received = Received {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body,
        raw: Vec::new(),
        connection,
        at,
    };
    let reply = script(&received);
    log.requests.lock().unwrap().push(received);
    reply.wait().await;
    if reply.refused {
        respond.send_reset(h2::Reason::REFUSED_STREAM);
        return Some(Ending::Keep);
    }
    let mut response = http::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let mut send = respond
        .send_response(response.body(()).unwrap(), reply.body.is_empty())
        .ok()?;
    if !reply.body.is_empty() {
        send.send_data(reply.body.into(), true).ok()?;
    }
    Some(if reply.closing {
        Ending::Close
    } else {
        Ending::Keep
    })
}
