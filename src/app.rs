//! Every part built once and joined into a Pingora server; nothing is decided here.
//!
//! All addresses are bound before the server starts, so that one in use is an error to read and
//! not a panic in a thread.

mod drain;
mod limits;
mod listen;

pub use drain::{Signals, Stop};
pub use listen::ListenFault;

use crate::admin::{Admin, Status, TokenFault};
use crate::config::{Gateway, Live};
use crate::ingress::{Dedupe, Front, Run};
use crate::telemetry::Telemetry;
use crate::web::{Door, Occupancy, Patience};
use drain::Drain;
use futures_util::future::BoxFuture;
use listen::{Bound, Listener};
use pingora_core::server::configuration::ServerConf;
use pingora_core::server::{RunArgs, Server};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// What a gateway is joined from.
pub struct Parts<P> {
    pub live: Live,
    pub telemetry: Telemetry,
    pub pipeline: P,
    pub dedupe: Dedupe,
    /// Steps in flight, whichever door they came by.
    pub held: Occupancy,
    /// How long the doors wait for a client.
    pub patience: Patience,
    pub threads: Threads,
    /// What runs beside the steps' door, on its threads, until the process ends.
    pub beside: Vec<BoxFuture<'static, ()>>,
    pub ending: Ending,
}

/// How far the process is on its way out. Each turns true once.
#[derive(Debug, Default)]
pub struct Ending {
    /// Nothing new is begun: no connection, no due step.
    pub closing: watch::Sender<bool>,
    /// The grace is over: what is in flight has 2 s to become pending.
    pub overdue: watch::Sender<bool>,
}

/// How steps are spread over the worker threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// A step stays on the thread of its connection, with the pools of that thread.
    Pinned,
    /// Idle threads take steps from busy ones. For processes that start one gateway after another:
    /// Pingora keeps pinned threads in a register by thread, and a thread that ended leaves its
    /// entry to the next.
    Stealing,
}

/// A gateway whose addresses are bound.
pub struct App {
    server: Server,
    drain: Drain,
    http: Vec<SocketAddr>,
    admin: SocketAddr,
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    #[error(
        "`listen.http` has {address}, which others can reach: set `listen.token`, or listen on a loopback address"
    )]
    Unprotected { address: SocketAddr },
    #[error(transparent)]
    Listen(#[from] ListenFault),
    #[error(transparent)]
    Token(#[from] TokenFault),
}

// === impl Parts ===

impl<P> Parts<P> {
    /// The parts around `pipeline` as a process has them.
    pub fn new(live: Live, telemetry: Telemetry, pipeline: P) -> Self {
        let dedupe = Dedupe::new(&live.get().gateway.steps);
        Self {
            live,
            telemetry,
            pipeline,
            dedupe,
            held: Occupancy::default(),
            patience: Patience::default(),
            threads: Threads::Pinned,
            beside: Vec::new(),
            ending: Ending::default(),
        }
    }
}

// === impl App ===

impl App {
    /// Binds every address and joins the parts.
    ///
    /// # Errors
    /// A [`StartFault`]; nothing serves then.
    pub fn bind<P: Run>(parts: Parts<P>) -> Result<Self, StartFault> {
        let gateway = parts.live.get().gateway.clone();
        guard(&gateway)?;
        let steps = Bound::steps(&gateway.listen)?;
        let admin = Bound::admin(gateway.listen.admin)?;
        let (http, admin_at) = (steps.addresses.clone(), admin.addresses[0]);
        let closing = parts.ending.closing.subscribe();
        let busy = Occupancy::default();

        let front = Arc::new(Front::new(
            parts.pipeline,
            parts.live.clone(),
            parts.dedupe,
            parts.held.clone(),
            limits::most_in_flight(&gateway.delivery),
            parts.telemetry.clone(),
        ));
        let door = Door::new(front, parts.patience, busy.clone());
        let status = Status::new(parts.telemetry.clone(), parts.held.clone(), closing.clone());
        let people = Arc::new(Admin::new(parts.live.clone(), &gateway, status)?);
        // Requests to the admin door keep no one from stopping.
        let people = Door::new(people, parts.patience, Occupancy::default());

        let mut server = Server::new_with_opt_and_conf(None, server_conf(&gateway, parts.threads));
        server.bootstrap();
        let steps = Listener::new("steps", door, steps)
            .closing_with(closing)
            .beside(parts.beside);
        server.add_service(steps);
        server.add_service(Listener::new("admin", people, admin).with_threads(1));
        Ok(Self {
            server,
            drain: Drain::new(parts.live, parts.ending, busy, parts.held),
            http,
            admin: admin_at,
        })
    }

    /// Where steps are taken over TCP.
    pub fn http(&self) -> &[SocketAddr] {
        &self.http
    }

    /// Where the admin listener is.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Serves until `stop`, then until what is in flight is done, or the grace is over.
    pub fn run(self, stop: impl Stop) {
        self.server.run(RunArgs {
            shutdown_signal: Box::new(self.drain.after(stop)),
        });
    }
}

/// Steps from other machines need a token.
fn guard(gateway: &Gateway) -> Result<(), StartFault> {
    let listen = &gateway.listen;
    let open = listen.http.iter().find(|at| !at.ip().is_loopback());
    match open {
        Some(&address) if listen.token.is_none() => Err(StartFault::Unprotected { address }),
        Some(_) | None => Ok(()),
    }
}

fn server_conf(gateway: &Gateway, spread: Threads) -> ServerConf {
    let threads = match gateway.listen.threads {
        // Respects CPU affinity and quotas.
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    ServerConf {
        threads,
        work_stealing: spread == Threads::Stealing,
        // `Drain` has waited already when Pingora hears of the end.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}
