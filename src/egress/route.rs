//! One way to the endpoint: a connection, kept or new, and the exchange on it.

use super::call::{Call, Failure};
use super::guard::Guard;
use super::http2::Shared;
use super::pool::{Patience, Turn};
use super::socket::Socket;
use super::trust::Roots;
use super::{Inner, Response, Timing, connect, http1, http2, resolve};
use crate::config::EgressRules;
use crate::model::Origin;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::Instant;

/// What stands between a request and its endpoint.
pub(super) struct Route<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) rules: &'a EgressRules,
    pub(super) guard: Guard<'a>,
    /// None for plain HTTP.
    pub(super) roots: Option<Arc<Roots>>,
    pub(super) inner: &'a Inner,
}

/// Whether a connection that others have used will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Welcome,
    Avoided,
}

enum Open {
    Http1(Box<Socket>),
    Http2(Shared),
}

// === impl Route ===

impl Route<'_> {
    /// Finds a connection and has the exchange on it.
    ///
    /// # Errors
    /// [`Failure::Unseen`] where the request may go out once more, on a new connection.
    pub(super) async fn send(&self, kept: Kept) -> Result<Response, Failure> {
        let mut timing = Timing::default();
        let connection = match kept {
            Kept::Welcome => self.connection(&mut timing).await?,
            Kept::Avoided => self.open(&mut timing).await?,
        };
        match connection {
            Open::Http1(socket) => http1::exchange(socket, self.call, timing).await,
            Open::Http2(shared) => http2::exchange(&shared, self.call, timing).await,
        }
    }

    async fn connection(&self, timing: &mut Timing) -> Result<Open, Failure> {
        let mut patience = Patience::Fresh;
        loop {
            let fit = |peer, trust| self.is_fit(peer, trust);
            match self.call.pool.take(self.origin(), patience, fit) {
                Turn::Http1(socket) => return Ok(Open::Http1(socket)),
                Turn::Http2(shared) => return Ok(Open::Http2(shared)),
                Turn::Open(opening) => {
                    let opened = self.open(timing).await;
                    drop(opening);
                    return opened;
                }
                Turn::Wait(mut opening) => {
                    // Nothing is ever sent: the error is the news.
                    drop(opening.changed().await);
                    patience = Patience::Waited;
                }
            }
        }
    }

    /// Whether a connection opened earlier could be opened just so now.
    fn is_fit(&self, peer: SocketAddr, trust: u64) -> bool {
        let generation = self.roots.as_ref().map_or(0, |roots| roots.generation);
        trust == generation
            && resolve::fixed(&self.origin().host, self.rules)
                .is_none_or(|address| address == peer.ip())
            && self.guard.admit(&[peer]).is_ok()
    }

    /// Resolves, judges, dials and shakes hands.
    async fn open(&self, timing: &mut Timing) -> Result<Open, Failure> {
        let origin = self.origin();
        let start = Instant::now();
        let lookup = self.inner.lookup.as_ref();
        let addresses = resolve::addresses(&origin.host, self.rules, lookup).await?;
        timing.dns = start.elapsed();
        let peers: Vec<_> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, origin.port))
            .collect();
        self.guard.admit(&peers)?;

        let start = Instant::now();
        let (tcp, peer) = connect::dial(&peers).await?;
        timing.connect = start.elapsed();
        let Some(roots) = &self.roots else {
            return Ok(Open::Http1(Box::new(Socket::plain(tcp, peer))));
        };

        let start = Instant::now();
        let socket = connect::secure(tcp, peer, &origin.host, roots).await?;
        timing.tls = start.elapsed();
        if !socket.speaks_http2() {
            self.call.pool.speaks_http1(origin);
            return Ok(Open::Http1(Box::new(socket)));
        }
        let shared = Shared::open(socket).await?;
        self.call.pool.share(origin, shared.clone());
        Ok(Open::Http2(shared))
    }

    fn origin(&self) -> &Origin {
        &self.call.request.origin
    }
}
