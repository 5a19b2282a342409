//! A client of batches: lines go in and come out on one HTTP/1.1 connection, at the same time.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection with a batch under way.
pub(crate) struct Batch<S> {
    stream: BufReader<S>,
    /// Of the chunk that is being read, what is left.
    chunk: usize,
    ended: bool,
}

impl Batch<TcpStream> {
    /// Begins a batch whose lines will follow.
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self::on(stream, "Transfer-Encoding: chunked\r\n")
    }

    /// A second hand on the same connection, which only sends.
    pub(crate) fn sender(&self) -> Sender<TcpStream> {
        Sender(self.stream.get_ref().try_clone().unwrap())
    }

    /// Hangs up.
    pub(crate) fn hang_up(self) {
        drop(self);
    }
}

impl<S: Read> Batch<S>
where
    for<'a> &'a S: Write,
{
    /// Begins a batch; `headers`, each ended by CRLF, say how its body is framed.
    pub(crate) fn on(stream: S, headers: &str) -> Self {
        let head = format!(
            "POST /v1/steps HTTP/1.1\r\nHost: localhost\r\n\
            Content-Type: application/x-ndjson\r\n{headers}\r\n"
        );
        (&stream).write_all(head.as_bytes()).unwrap();
        Self {
            stream: BufReader::new(stream),
            chunk: 0,
            ended: false,
        }
    }

    /// Sends these lines, or a part of one.
    pub(crate) fn send(&self, text: &str) {
        Sender(self.stream.get_ref()).send(text).unwrap();
    }

    /// Bytes as they are, for a body that is not chunked.
    pub(crate) fn send_raw(&self, text: &str) {
        self.stream.get_ref().write_all(text.as_bytes()).unwrap();
    }

    /// No more will come.
    pub(crate) fn end(&self) {
        self.send_raw("0\r\n\r\n");
    }

    /// The status and the headers, in lower case.
    pub(crate) fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.stream.read_line(&mut head).unwrap() > 0, "{head}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase())
    }

    /// The next line of the answer; none at its end.
    ///
    /// # Errors
    /// Where the connection ends before the answer does.
    pub(crate) fn try_line(&mut self) -> io::Result<Option<Value>> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            if self.chunk == 0 && !self.next_chunk()? {
                assert!(line.is_empty(), "{:?}", String::from_utf8_lossy(&line));
                return Ok(None);
            }
            let mut some = (&mut self.stream).take(self.chunk as u64);
            let count = some.read_until(b'\n', &mut line)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.chunk -= count;
        }
        Ok(Some(serde_json::from_slice(&line).unwrap()))
    }

    /// As [`try_line`](Self::try_line), and there is one.
    pub(crate) fn line(&mut self) -> Value {
        self.try_line().unwrap().expect("a line")
    }

    /// The rest of the answer, by line.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        let mut all: Vec<_> = std::iter::from_fn(|| self.try_line().unwrap()).collect();
        all.sort_by_key(|line| line["line"].as_u64());
        all
    }

    /// The connection, after the end of the answer.
    pub(crate) fn into_stream(self) -> S {
        assert!(self.ended && self.stream.buffer().is_empty());
        self.stream.into_inner()
    }

    /// Reads up to the next chunk; false at the last one.
    fn next_chunk(&mut self) -> io::Result<bool> {
        let mut size = String::new();
        while size.trim().is_empty() && !self.ended {
            size.clear();
            if self.stream.read_line(&mut size)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.chunk = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if self.chunk == 0 && !self.ended {
            self.ended = true;
            self.stream.read_line(&mut size)?;
        }
        Ok(self.chunk > 0)
    }
}

/// The half that sends.
pub(crate) struct Sender<S>(S);

impl<S: Write> Sender<S> {
    /// Sends these lines, or a part of one.
    ///
    /// # Errors
    /// Where the other side is gone.
    pub(crate) fn send(&mut self, text: &str) -> io::Result<()> {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.0.write_all(chunk.as_bytes())
    }

    /// No more will come.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.0.write_all(b"0\r\n\r\n")
    }
}
