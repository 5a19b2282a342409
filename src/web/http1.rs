//! HTTP/1.1 and HTTP/1.0 as a server speaks them, on one connection.
//!
//! Pingora's own session serves proxies, and does for them what costs a step a tenth of its time;
//! the rules that requests are judged by are the same here.

mod head;

use super::{BadFraming, BodyFault, Reply, Rest};
use crate::web;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, Version};
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::date::get_cached_date;
use pingora_core::protocols::l4::stream::Stream as L4Stream;
use std::io::{self, Write};
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;

use head::BadHead;
pub(super) use head::Head;

/// Most bytes of a request's head.
pub(super) const MOST_HEAD: usize = 64 * 1024;

/// Room that a connection keeps between two requests.
const MOST_KEPT: usize = 8 * 1024;

/// Room for a usual answer's head.
const HEAD_ROOM: usize = 256;

/// A connection between two requests.
pub(super) struct Connection {
    stream: Stream,
    /// What came and is not taken yet.
    came: Vec<u8>,
}

/// Why there is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadFault {
    /// The client is gone.
    Gone,
    Malformed,
    TooLong,
}

/// A request whose head is here, and its answer.
pub(super) struct Session {
    connection: Connection,
    head: Parts,
    rest: Rest,
    stays: bool,
    /// Whether the answer that was opened is in chunks.
    in_chunks: bool,
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            came: Vec::new(),
        }
    }

    /// What came and is not taken yet.
    pub(super) fn came(&self) -> &[u8] {
        &self.came
    }

    /// The connection as it was before anything came on it.
    pub(super) fn unread(self) -> Option<Stream> {
        // Plain listeners give plain streams.
        let mut stream = self.stream.into_any().downcast::<L4Stream>().ok()?;
        stream.rewind(&self.came);
        Some(stream)
    }

    /// Waits for more; 0 bytes at the end. May be dropped at any time.
    pub(super) async fn more(&mut self) -> io::Result<usize> {
        web::more(&mut self.stream, &mut self.came).await
    }

    /// The head of the next request.
    ///
    /// # Errors
    /// A [`HeadFault`].
    pub(super) async fn head(&mut self) -> Result<Head, HeadFault> {
        let (mut looked_at, mut seen) = (0, 0);
        loop {
            // A head that comes in crumbs is looked at again when there is twice as much of it.
            let is_over = self.came.len() > seen && web::has_empty_line(&self.came, seen);
            seen = self.came.len();
            if is_over || self.came.len() > 2 * looked_at {
                looked_at = self.came.len();
                match Head::parse(&self.came) {
                    Ok(Some((_, length))) if length > MOST_HEAD => return Err(HeadFault::TooLong),
                    Ok(Some((head, length))) => {
                        self.came.drain(..length);
                        return Ok(head);
                    }
                    Ok(None) => {}
                    Err(BadHead) => return Err(HeadFault::Malformed),
                }
            }
            if self.came.len() > MOST_HEAD {
                return Err(HeadFault::TooLong);
            }
            match self.more().await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Err(HeadFault::Gone),
            }
        }
    }

    /// Answers a request whose head could not be read.
    pub(super) async fn refuse(&mut self, reply: &Reply) -> io::Result<()> {
        self.write(&whole(reply, false, true)).await
    }

    /// Reads on, unkept; 0 bytes at the end.
    pub(super) async fn pass_over(&mut self) -> io::Result<usize> {
        self.came.clear();
        self.more().await
    }

    /// Ends what goes to the client: it sees that nothing more comes.
    pub(super) async fn shutdown(&mut self) {
        // A client that is gone needs no end.
        let _ = self.stream.shutdown().await;
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }
}

// === impl Session ===

impl Session {
    pub(super) fn new(connection: Connection, head: Head) -> Self {
        Self {
            connection,
            head: head.parts,
            rest: head.body,
            stays: head.stays,
            in_chunks: false,
        }
    }

    pub(super) fn head(&self) -> &Parts {
        &self.head
    }

    /// Who is at the other end, where that is an address.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        let digest = self.connection.stream.get_socket_digest()?;
        digest.peer_addr()?.as_inet().copied()
    }

    /// Whether the body has been read to its end.
    pub(super) fn is_body_done(&self) -> bool {
        self.rest.is_done()
    }

    /// Tells a client that waits for it to go on.
    pub(super) async fn go_on(&mut self) -> io::Result<()> {
        self.connection
            .write(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
    }

    /// The next of the body; none at its end. May be dropped at any time.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, BodyFault> {
        loop {
            if let Some(piece) = self.piece_here()? {
                return Ok(Some(piece));
            }
            if self.rest.is_done() {
                return Ok(None);
            }
            match self.connection.more().await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Err(BodyFault::Broken),
            }
        }
    }

    /// What has come of the body and is not taken yet.
    fn piece_here(&mut self) -> Result<Option<Bytes>, BodyFault> {
        let came = &mut self.connection.came;
        let length = self
            .rest
            .take(came)
            .map_err(|BadFraming| BodyFault::Broken)?;
        if length == 0 {
            return Ok(None);
        }
        let piece = Bytes::copy_from_slice(&came[..length]);
        came.drain(..length);
        Ok(Some(piece))
    }

    /// Waits for the end of the connection; for ever once there is more on it.
    pub(super) async fn hung_up(&mut self) {
        if self.connection.came.is_empty() && !matches!(self.connection.more().await, Ok(1..)) {
            return;
        }
        std::future::pending().await
    }

    /// Closes the connection after the answer.
    pub(super) fn close_after(&mut self) {
        self.stays = false;
    }

    /// Sends a whole answer.
    pub(super) async fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        // Where the next request begins can only be told by who has read all of this one.
        self.stays &= self.rest.is_done();
        let with_body = self.head.method != Method::HEAD;
        let answer = whole(reply, self.stays, with_body);
        self.connection.write(&answer).await
    }

    /// Sends the head of an answer whose body follows in pieces.
    pub(super) async fn open(
        &mut self,
        content_type: &str,
        more: Option<(HeaderName, HeaderValue)>,
    ) -> io::Result<()> {
        // A client that knows no chunks sees the end of the answer by the end of the connection.
        self.in_chunks = self.head.version != Version::HTTP_10;
        self.stays &= self.in_chunks;
        let mut head = Vec::with_capacity(HEAD_ROOM);
        begin(&mut head, StatusCode::OK, self.stays, more.as_slice());
        field(&mut head, "content-type", content_type.as_bytes());
        if self.in_chunks {
            field(&mut head, "transfer-encoding", b"chunked");
        }
        head.extend_from_slice(b"\r\n");
        self.connection.write(&head).await
    }

    /// Sends a piece of an answer that was opened.
    pub(super) async fn send(&mut self, piece: &[u8]) -> io::Result<()> {
        if !self.in_chunks {
            return self.connection.write(piece).await;
        }
        let mut chunk = Vec::with_capacity(piece.len() + 16);
        write!(chunk, "{:x}\r\n", piece.len())?;
        chunk.extend_from_slice(piece);
        chunk.extend_from_slice(b"\r\n");
        self.connection.write(&chunk).await
    }

    /// Ends an answer that was opened.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        if self.in_chunks {
            self.connection.write(b"0\r\n\r\n").await?;
        }
        Ok(())
    }

    /// Ends what goes to the client.
    pub(super) async fn shutdown(&mut self) {
        self.connection.shutdown().await;
    }

    /// The connection, if it can serve again.
    pub(super) fn finish(mut self) -> Option<Connection> {
        if !self.stays || !self.rest.is_done() {
            return None;
        }
        if self.connection.came.is_empty() && self.connection.came.capacity() > MOST_KEPT {
            self.connection.came = Vec::new();
        }
        Some(self.connection)
    }
}

/// A whole answer as bytes.
fn whole(reply: &Reply, stays: bool, with_body: bool) -> Vec<u8> {
    let mut answer = Vec::with_capacity(HEAD_ROOM + reply.body.len());
    begin(&mut answer, reply.status, stays, &reply.headers);
    // A 204 has no body, and may not say how long it is.
    if reply.status != StatusCode::NO_CONTENT {
        field(&mut answer, "content-type", reply.content_type.as_bytes());
        let mut length = itoa::Buffer::new();
        let length = length.format(reply.body.len());
        field(&mut answer, "content-length", length.as_bytes());
    }
    answer.extend_from_slice(b"\r\n");
    if with_body {
        answer.extend_from_slice(&reply.body);
    }
    answer
}

/// Appends the status line and what every answer says.
fn begin(head: &mut Vec<u8>, status: StatusCode, stays: bool, more: &[(HeaderName, HeaderValue)]) {
    for part in [
        "HTTP/1.1 ",
        status.as_str(),
        " ",
        status.canonical_reason().unwrap_or_default(),
        "\r\n",
    ] {
        head.extend_from_slice(part.as_bytes());
    }
    field(head, "date", get_cached_date().as_bytes());
    let connection: &[u8] = if stays { b"keep-alive" } else { b"close" };
    field(head, "connection", connection);
    for (name, value) in more {
        field(head, name.as_str(), value.as_bytes());
    }
}

fn field(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}
