//! One open connection: TCP, with TLS over it or without.
//!
//! Pingora's own TLS stream is not used: its handshake keeps only the text of what went wrong,
//! and a certificate's fault must be told from a lost connection by its type.

use super::connect::tls_cause;
use pingora_core::protocols::UniqueIDType;
use rustix::net::RecvFlags;
use rustls::AlertDescription;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// An open connection, and what it was opened under.
#[derive(Debug)]
pub(super) struct Socket {
    io: Io,
    pub(super) terms: Terms,
    /// The fatal alert that ended it: it would be lost on the way through a session.
    pub(super) alert: Alert,
    sent: u64,
}

/// What a connection was opened under. Under other terms it is not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// The address that was judged, and dialled.
    pub(super) peer: SocketAddr,
    /// Whether it was the rules that gave the host this address.
    pub(super) fixed: Option<IpAddr>,
    /// Whose certificates are trusted: 0 without TLS.
    pub(super) trust: u64,
}

/// A fatal TLS alert from the other side, once there was one. Clones share it.
pub(super) type Alert = Arc<OnceLock<AlertDescription>>;

#[derive(Debug)]
enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

// === impl Socket ===

impl Socket {
    pub(super) fn plain(tcp: TcpStream, terms: Terms) -> Self {
        Self {
            io: Io::Plain(tcp),
            terms,
            alert: Alert::default(),
            sent: 0,
        }
    }

    pub(super) fn tls(tls: TlsStream<TcpStream>, terms: Terms) -> Self {
        Self {
            io: Io::Tls(Box::new(tls)),
            terms,
            alert: Alert::default(),
            sent: 0,
        }
    }

    /// What Pingora tells connections apart by.
    pub(super) fn id(&self) -> UniqueIDType {
        match &self.io {
            Io::Plain(tcp) => tcp.as_raw_fd(),
            Io::Tls(tls) => tls.get_ref().0.as_raw_fd(),
        }
    }

    /// Whether TLS agreed on HTTP/2.
    pub(super) fn speaks_http2(&self) -> bool {
        match &self.io {
            Io::Plain(_) => false,
            Io::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    /// Bytes that the connection has taken from us, of all requests on it.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether the other side has left an idle connection open and said nothing on it.
    ///
    /// To `ask` the kernel too is safer: it can know of a close that the runtime has not seen yet.
    pub(super) fn is_quiet(&mut self, ask: bool) -> bool {
        let mut byte = [0];
        let mut read = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        if Pin::new(&mut *self)
            .poll_read(&mut context, &mut read)
            .is_ready()
        {
            return false;
        }
        if !ask {
            return true;
        }
        let tcp = match &self.io {
            Io::Plain(tcp) => tcp,
            Io::Tls(tls) => tls.get_ref().0,
        };
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(
            rustix::net::recv(tcp, &mut byte[..], flags),
            Err(rustix::io::Errno::WOULDBLOCK)
        )
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Io::Tls(tls) => {
                let read = Pin::new(tls).poll_read(context, buffer);
                if let Poll::Ready(Err(error)) = &read
                    && let Some(rustls::Error::AlertReceived(alert)) = tls_cause(error)
                {
                    self.alert.get_or_init(|| *alert);
                }
                read
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = match &mut this.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Io::Tls(tls) => {
                let written = Pin::new(&mut *tls).poll_write(context, bytes);
                if matches!(written, Poll::Ready(Err(_))) {
                    // It can have sent a part.
                    this.sent += 1;
                    if let Some(alert) = unread_alert(tls) {
                        this.alert.get_or_init(|| alert);
                    }
                }
                written
            }
        };
        if let Poll::Ready(Ok(count)) = written {
            this.sent += count as u64;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Io::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Io::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}

/// The alert that came before the close that a write ran into. What else came stays to be read.
fn unread_alert(tls: &mut TlsStream<TcpStream>) -> Option<AlertDescription> {
    let (tcp, session) = tls.get_mut();
    // Whatever else there is to say about the connection, the write has said it.
    session.read_tls(&mut Arrived(tcp)).ok()?;
    match session.process_new_packets() {
        Err(rustls::Error::AlertReceived(alert)) => Some(alert),
        Err(_) | Ok(_) => None,
    }
}

/// What the kernel has of a connection's bytes, read without waiting.
struct Arrived<'a>(&'a TcpStream);

impl io::Read for Arrived<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (_, count) = rustix::net::recv(self.0, buffer, RecvFlags::DONTWAIT)?;
        Ok(count)
    }
}
