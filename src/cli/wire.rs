//! HTTP/1.1 as plainly as commands need it: a message is kept as it came.
//!
//! Not here: limits of time. Whoever is talked to is this gateway, or nearby.

use std::io;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;

/// Most bytes of an answer: the report of a schedule with some hundred thousand tiles.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// A request or a response, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The request line or the status line.
    pub(super) start: String,
    /// As they came: order and spelling kept.
    pub(super) headers: Vec<(String, String)>,
    /// With the transfer coding taken off.
    pub(super) body: Vec<u8>,
}

// === impl Message ===

impl Message {
    /// The next message of a connection; none where it ends before one begins.
    ///
    /// # Errors
    /// When the connection breaks inside a message, or what comes is not HTTP/1.1.
    pub(super) async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Self>> {
        let Some(start) = line(stream).await? else {
            return Ok(None);
        };
        let mut message = Self {
            start,
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let header = line(stream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            let header = (name.to_owned(), value.trim().to_owned());
            message.headers.push(header);
        }
        message.body = message.read_body(stream).await?;
        Ok(Some(message))
    }

    /// The method of a request.
    pub(super) fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The path of a request, without its query.
    pub(super) fn path(&self) -> &str {
        let target = self.start.split(' ').nth(1).unwrap_or_default();
        target.split('?').next().unwrap_or_default()
    }

    /// The status of a response.
    pub(super) fn status(&self) -> Option<u16> {
        self.start.split(' ').nth(1)?.parse().ok()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let named = |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.headers.iter().find(named).map(|(_, value)| &**value)
    }

    async fn read_body(&self, stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if let Some(length) = self.header("content-length") {
            let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            part(stream, length, &mut body).await?;
        } else if self.header("transfer-encoding").is_some() {
            loop {
                let size = line(stream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
                let size =
                    u64::from_str_radix(&size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
                part(stream, size, &mut body).await?;
                line(stream).await?;
                if size == 0 {
                    break;
                }
            }
        } else if self.start.starts_with("HTTP/") {
            // A response without a length is as long as its connection.
            stream.read_to_end(&mut body).await?;
        }
        Ok(body)
    }
}

/// Sends one request over a connection of its own. `headers` are whole lines, `body` is JSON; none
/// makes a GET.
///
/// # Errors
/// When there is no whole answer.
pub(super) async fn ask(
    mut stream: TcpStream,
    path: &str,
    headers: &str,
    body: Option<&str>,
) -> io::Result<Message> {
    let method = if body.is_some() { "POST" } else { "GET" };
    // Whatever its address is, a gateway knows this name.
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}");
    match body {
        Some(body) => {
            request += "Content-Type: application/json\r\n";
            request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        }
        None => request += "\r\n",
    }
    stream.write_all(request.as_bytes()).await?;
    let answer = Message::read(&mut BufReader::new(stream.take(MOST_BYTES))).await?;
    answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Appends the next `length` bytes. What is promised takes no memory before it comes.
async fn part(
    stream: &mut (impl AsyncBufRead + Unpin),
    length: u64,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    let count = stream.take(length).read_to_end(body).await?;
    match count as u64 == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The next line without its end; none at the end of the stream.
async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_of_one_connection_are_read_one_after_the_other() {
        let mut bytes = &b"POST /a?b=c HTTP/1.1\r\nHOST: x\r\nContent-Length: 2\r\n\r\n{}\
            PUT /d HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\n\
            GET /e HTTP/1.1\r\n\r\n"[..];

        let first = Message::read(&mut bytes).await.unwrap().unwrap();
        let second = Message::read(&mut bytes).await.unwrap().unwrap();
        let third = Message::read(&mut bytes).await.unwrap().unwrap();
        let end = Message::read(&mut bytes).await.unwrap();

        let headers = [("HOST", "x"), ("Content-Length", "2")].map(|(n, v)| (n.into(), v.into()));
        assert_eq!(
            first,
            Message {
                start: "POST /a?b=c HTTP/1.1".into(),
                headers: headers.into(),
                body: b"{}".into(),
            }
        );
        assert_eq!((first.method(), first.path()), ("POST", "/a"));
        assert_eq!(second.body, b"ab0123456789");
        assert_eq!((third.method(), third.path()), ("GET", "/e"));
        assert_eq!(end, None);
    }

    #[tokio::test]
    async fn a_message_that_ends_early_is_an_error() {
        for text in [
            "GET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab",
            // Nobody has that much memory.
            "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7000000000000000\r\nab",
        ] {
            let error = Message::read(&mut text.as_bytes()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{text:?}");
        }
    }
}
