//! What an endpoint does with one request, step by step.

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A reply: what is written, and how.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// For a server that writes its own heads (HTTP/2).
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) refused: bool,
    pub(super) closing: bool,
    script: Vec<Step>,
    /// Whether the head and body above are written after the script's steps.
    whole: bool,
}

/// One step of a script.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Write(Vec<u8>),
    Pause(Duration),
    /// One byte at a time.
    Drip(Vec<u8>, Duration),
    /// So many bytes of nothing in particular.
    Flood(u64),
    /// The connection stays open, and silent, until the other side closes it.
    Hang,
    Close,
}

/// An answer with a status and, until told otherwise, an empty body.
pub(crate) fn reply(status: u16) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        refused: false,
        closing: false,
        script: Vec::new(),
        whole: true,
    }
}

// === impl Reply ===

impl Reply {
    /// Nothing but these steps; the connection then waits for its next request.
    pub(crate) fn script(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            script: steps.into_iter().collect(),
            whole: false,
            ..reply(200)
        }
    }

    /// These bytes, then the next request.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::script([Step::Write(bytes.into())])
    }

    /// These bytes, then the end of the connection.
    pub(crate) fn raw_then_close(bytes: impl Into<Vec<u8>>) -> Self {
        Self::script([Step::Write(bytes.into()), Step::Close])
    }

    /// HTTP/2 alone: the connection is ended after this answer.
    pub(crate) fn closing(mut self) -> Self {
        self.closing = true;
        self
    }

    /// HTTP/2 alone: the stream is refused, which says that nothing was processed.
    pub(crate) fn refused() -> Self {
        Self {
            refused: true,
            ..reply(0)
        }
    }

    /// Not a word.
    pub(crate) fn silent() -> Self {
        Self::script([Step::Hang])
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A pause before the answer.
    pub(crate) fn after(mut self, pause: Duration) -> Self {
        self.script.push(Step::Pause(pause));
        self
    }

    /// The answer's bytes, in HTTP/1.1.
    fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Plays the reply; none when the connection is over.
    pub(super) async fn play<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
    ) -> Option<()> {
        for step in &self.script {
            step.play(stream).await?;
        }
        if self.whole {
            stream.write_all(&self.to_bytes()).await.ok()?;
            stream.flush().await.ok()?;
        }
        Some(())
    }

    /// Plays only the pauses and hangs: what HTTP/2 has of a script.
    pub(super) async fn wait(&self) {
        for step in &self.script {
            match step {
                Step::Pause(pause) => tokio::time::sleep(*pause).await,
                Step::Hang => std::future::pending().await,
                Step::Write(_) | Step::Drip(..) | Step::Flood(_) | Step::Close => {}
            }
        }
    }
}

// === impl Step ===

impl Step {
    async fn play<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S) -> Option<()> {
        match self {
            Self::Write(bytes) => stream.write_all(bytes).await.ok()?,
            Self::Pause(pause) => tokio::time::sleep(*pause).await,
            Self::Drip(bytes, every) => {
                for byte in bytes {
                    stream.write_all(&[*byte]).await.ok()?;
                    stream.flush().await.ok()?;
                    tokio::time::sleep(*every).await;
                }
            }
            Self::Flood(count) => {
                let mut left = *count;
                let block = vec![b'x'; 64 * 1024];
                while left > 0 {
                    let count = left.min(block.len() as u64);
                    stream.write_all(&block[..count as usize]).await.ok()?;
                    left -= count;
                }
            }
            Self::Hang => {
                // Until the other side has had enough.
                while stream.read_u8().await.is_ok() {}
                return None;
            }
            Self::Close => {
                // The other side may have closed first.
                drop(stream.shutdown().await);
                return None;
            }
        }
        stream.flush().await.ok()
    }
}
