//! Every part built once and joined into a Pingora server; nothing is decided here.
//!
//! All addresses are bound before the server starts, so that one in use is an error to read and
//! not a panic in a thread.

mod drain;
mod limits;
mod listen;

pub use drain::{Signals, Stop};
pub use listen::ListenFault;

use crate::admin::{Admin, Status, TokenFault, Tools};
use crate::config::{Gateway, Live};
use crate::ingress::{Dedupe, Front, Run};
use crate::schedule::Store;
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
    pub store: Arc<dyn Store>,
    /// One for each worker thread, so that the connections it opens stay on that thread.
    pub pipelines: Vec<P>,
    pub dedupe: Dedupe,
    /// Steps in flight, whichever door they came by.
    pub held: Occupancy,
    /// Most of them that the process has room for, whatever the configuration allows.
    pub room: usize,
    /// How long the doors wait for a client.
    pub patience: Patience,
    pub runtime: Runtime,
    /// What runs beside the steps' doors until the process ends: the first on the first worker
    /// thread, and so on, round and round.
    pub beside: Vec<BoxFuture<'static, ()>>,
    pub ending: Ending,
    /// What people edit the configuration with; none where it is not of files.
    pub tools: Option<Tools>,
}

/// What a worker thread runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// The leanest: for a process that is one gateway.
    Lean,
    /// For a process that starts one gateway after another. Pingora keeps lean runtimes in a
    /// register by thread, and a thread that ended leaves its entry to the next.
    Restartable,
}

/// How far the process is on its way out. Each turns true once.
#[derive(Debug, Default)]
pub struct Ending {
    /// Nothing new is begun: no connection, no due step.
    pub closing: watch::Sender<bool>,
    /// The grace is over: what is in flight has 2 s to become pending.
    pub overdue: watch::Sender<bool>,
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

/// How many worker threads `gateway` asks for.
pub fn workers(gateway: &Gateway) -> usize {
    match gateway.listen.threads {
        // Respects CPU affinity and quotas.
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

// === impl Parts ===

impl<P> Parts<P> {
    /// The parts around `pipelines`, of which there are as many as [`workers`].
    pub fn new(live: Live, telemetry: Telemetry, store: Arc<dyn Store>, pipelines: Vec<P>) -> Self {
        let gateway = live.get().gateway.clone();
        let dedupe = Dedupe::new(&gateway.steps);
        Self {
            live,
            telemetry,
            store,
            pipelines,
            dedupe,
            held: Occupancy::default(),
            room: limits::most_in_flight(&gateway.delivery),
            patience: Patience::default(),
            runtime: Runtime::Lean,
            beside: Vec::new(),
            ending: Ending::default(),
            tools: None,
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
        let (doors, http) = Bound::steps(&gateway.listen, parts.pipelines.len())?;
        let (people, admin) = Bound::admin(gateway.listen.admin)?;
        let busy = Occupancy::default();

        let mut server = Server::new_with_opt_and_conf(None, server_conf(parts.runtime));
        server.bootstrap();
        let mut beside = in_turn(parts.beside, doors.len()).into_iter();
        for (bound, pipeline) in doors.into_iter().zip(parts.pipelines) {
            let front = Front::new(
                pipeline,
                parts.live.clone(),
                parts.store.clone(),
                parts.dedupe.clone(),
                parts.held.clone(),
                parts.room,
                parts.telemetry.clone(),
            )
            .keeping_when(parts.ending.overdue.subscribe());
            let door = Door::new(Arc::new(front), parts.patience, busy.clone());
            let listener = Listener::new("steps", door, bound)
                .closing_with(parts.ending.closing.subscribe())
                .beside(beside.next().unwrap_or_default());
            server.add_service(listener);
        }
        let closing = parts.ending.closing.subscribe();
        let status = Status::new(
            parts.live.clone(),
            parts.telemetry,
            parts.store,
            parts.held.clone(),
            closing,
        );
        let admins = Arc::new(Admin::new(
            parts.live.clone(),
            &gateway,
            status,
            parts.tools,
        )?);
        // Requests to the admin door keep no one from stopping.
        let door = Door::new(admins, parts.patience, Occupancy::default());
        server.add_service(Listener::new("admin", door, people));
        Ok(Self {
            server,
            drain: Drain::new(parts.live, parts.ending, busy, parts.held),
            http,
            admin,
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

/// Deals `tasks` to `workers`, one after another.
fn in_turn<T>(tasks: Vec<T>, workers: usize) -> Vec<Vec<T>> {
    let mut dealt: Vec<Vec<T>> = (0..workers).map(|_| Vec::new()).collect();
    for (n, task) in tasks.into_iter().enumerate() {
        dealt[n % workers].push(task);
    }
    dealt
}

fn server_conf(runtime: Runtime) -> ServerConf {
    ServerConf {
        work_stealing: runtime == Runtime::Restartable,
        // `Drain` has waited already when Pingora hears of the end.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_dealt_round_and_round() {
        for (tasks, workers, dealt) in [
            (vec![1, 2, 3], 2, vec![vec![1, 3], vec![2]]),
            (vec![1], 3, vec![vec![1], vec![], vec![]]),
            (vec![], 1, vec![vec![]]),
        ] {
            assert_eq!(in_turn(tasks, workers), dealt, "{workers}");
        }
    }
}
