//! One way to the endpoint: a connection, kept or new, and the exchange on it.

use super::call::{Call, Failure};
use super::guard::Guard;
use super::http2::Shared;
use super::pool::{Patience, Turn};
use super::socket::{Socket, Terms};
use super::trust::Roots;
use super::{Inner, Response, Timing, connect, http1, http2, resolve};
use crate::config::EgressRules;
use crate::model::Origin;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a request waits for a connection that another one is opening. A handshake takes less;
/// where it does not, each is better off with its own.
const PATIENCE: Duration = Duration::from_millis(500);

/// What stands between a request and its endpoint.
pub(super) struct Route<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) rules: &'a EgressRules,
    pub(super) guard: Guard<'a>,
    /// None for plain HTTP.
    pub(super) roots: Option<Arc<Roots>>,
    pub(super) inner: &'a Inner,
}

/// Whether an HTTP/1.1 connection that has served before will do.
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
        match self.connection(kept, &mut timing).await? {
            Open::Http1(socket) => http1::exchange(socket, self.call, timing).await,
            Open::Http2(shared) => Box::pin(http2::exchange(&shared, self.call, timing)).await,
        }
    }

    async fn connection(&self, kept: Kept, timing: &mut Timing) -> Result<Open, Failure> {
        let mut patience = Patience::Fresh;
        loop {
            let fit = |terms| self.is_fit(terms);
            match self.call.pool.take(self.origin(), patience, fit) {
                Turn::Http1(socket) if kept == Kept::Welcome => return Ok(Open::Http1(socket)),
                // Closed: the one before it was dead, and they are of an age.
                Turn::Http1(socket) => drop(socket),
                Turn::Http2(shared) => return Ok(Open::Http2(shared)),
                Turn::Open(opening) => {
                    // Boxed, as all here that few requests need: what a request carries along is as
                    // large as the largest of its ways.
                    let opened = Box::pin(self.open(timing)).await;
                    drop(opening);
                    return opened;
                }
                Turn::Wait(mut opening) => {
                    // Nothing is ever sent: the end is the news.
                    patience = match timeout(PATIENCE, opening.changed()).await {
                        Ok(_) => Patience::Waited,
                        Err(_) => Patience::Over,
                    };
                }
            }
        }
    }

    /// Whether a connection opened earlier could be opened just so now.
    fn is_fit(&self, terms: Terms) -> bool {
        terms == self.terms(terms.peer) && self.guard.admit(&[terms.peer]).is_ok()
    }

    /// What a connection to `peer` would be opened under.
    fn terms(&self, peer: SocketAddr) -> Terms {
        Terms {
            peer,
            fixed: resolve::fixed(&self.origin().host, self.rules),
            trust: self.roots.as_ref().map_or(0, |roots| roots.generation),
        }
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
        let terms = self.terms(peer);
        let Some(roots) = &self.roots else {
            return Ok(Open::Http1(Box::new(Socket::plain(tcp, terms))));
        };

        let start = Instant::now();
        let socket = connect::secure(tcp, terms, &origin.host, roots).await?;
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
