//! Addresses bound by us and served by Pingora.
//!
//! Bound here because Pingora panics on an address in use, after half a minute of trying, and
//! removes whatever stands at a unix socket's path.
//!
//! Each worker has a listener of its own on each address: a connection lives on the thread that
//! accepted it, because that thread is the one which hears of its bytes. With one listener for all,
//! Pingora would hand most connections to another thread, at the price of a wake-up for each read.

use crate::config::Listen;
use crate::web::{Door, Handle};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use pingora_core::listeners::ListenerConfig;
use pingora_core::protocols::l4::stream::L4BufferSettings;
use pingora_core::server::{Fds, ListenFds, ShutdownWatch};
use pingora_core::services::{Service, listening};
use pingora_runtime::current_handle;
use socket2::{Domain, Socket, Type};
use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Owner and group may connect. Pingora's default, 0o666, lets every local user send.
const SOCKET_MODE: u32 = 0o660;

/// Connections that may wait to be accepted; the kernel takes what it allows of it.
const BACKLOG: i32 = 65_535;

/// Bytes that Pingora reads ahead, held by every connection. Few: whoever reads with more room than
/// that is served from the kernel at once, and all who read here do.
const READ_BUFFER: usize = 512;

/// Bytes that Pingora gathers before it writes, held by every connection. Few: what is written here
/// is whole already.
const WRITE_BUFFER: usize = 512;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenFault {
    #[error("cannot listen on {address}")]
    Tcp {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("cannot listen on {}", path.display())]
    Unix { path: PathBuf, source: io::Error },
    #[error("cannot listen on {}: another process serves it", path.display())]
    Served { path: PathBuf },
    #[error("cannot listen on {}: there is a file that is no socket", path.display())]
    NoSocket { path: PathBuf },
    #[error("cannot listen on {}: the path is not UTF-8", path.display())]
    Name { path: PathBuf },
}

/// Addresses that are bound and belong to one worker.
pub(super) struct Bound {
    fds: Fds,
    endpoints: Vec<ListenerConfig>,
}

/// A door at its addresses, with a thread of its own.
pub(super) struct Listener<H> {
    service: listening::Service<Door<H>>,
    fds: ListenFds,
    /// Where this listener closes before the process does.
    closing: Option<ShutdownWatch>,
    /// A mutex because Pingora asks services to be `Sync`, which futures are not.
    beside: Mutex<Vec<BoxFuture<'static, ()>>>,
}

// === impl Bound ===

impl Bound {
    /// The addresses for steps, once for each of the `workers`, and the TCP ones with the ports
    /// they got.
    pub(super) fn steps(
        listen: &Listen,
        workers: usize,
    ) -> Result<(Vec<Self>, Vec<SocketAddr>), ListenFault> {
        let mut all: Vec<_> = (0..workers).map(|_| Self::none()).collect();
        let mut addresses = Vec::new();
        for address in &listen.http {
            let mut address = free(*address)?;
            for bound in &mut all {
                address = bound.tcp(address)?;
            }
            addresses.push(address);
        }
        for path in &listen.unix {
            let listener = claim(path)?;
            for bound in &mut all {
                bound.unix(path, &listener)?;
            }
        }
        Ok((all, addresses))
    }

    /// The address for people, and the port it got.
    pub(super) fn admin(address: SocketAddr) -> Result<(Self, SocketAddr), ListenFault> {
        let mut bound = Self::none();
        let address = bound.tcp(free(address)?)?;
        Ok((bound, address))
    }

    fn none() -> Self {
        Self {
            fds: Fds::new(),
            endpoints: Vec::new(),
        }
    }

    /// Binds `address`: as it is then, with a port.
    fn tcp(&mut self, address: SocketAddr) -> Result<SocketAddr, ListenFault> {
        let (socket, address) =
            listen_shared(address).map_err(|source| ListenFault::Tcp { address, source })?;
        self.fds.add(address.to_string(), socket.into_raw_fd());
        self.endpoints
            .push(ListenerConfig::tcp(address.to_string()));
        Ok(address)
    }

    fn unix(&mut self, path: &Path, listener: &UnixListener) -> Result<(), ListenFault> {
        let Some(name) = path.to_str() else {
            return Err(ListenFault::Name { path: path.into() });
        };
        let own = listener.try_clone().map_err(|source| ListenFault::Unix {
            path: path.into(),
            source,
        })?;
        self.fds.add(name.to_owned(), own.into_raw_fd());
        self.endpoints
            .push(ListenerConfig::uds(name).permissions(Permissions::from_mode(SOCKET_MODE)));
        Ok(())
    }
}

// === impl Listener ===

impl<H: Handle> Listener<H> {
    pub(super) fn new(name: &str, door: Door<H>, bound: Bound) -> Self {
        let mut service = listening::Service::new(name.to_owned(), door);
        for endpoint in bound.endpoints {
            let buffers = L4BufferSettings::new(READ_BUFFER, WRITE_BUFFER);
            service
                .endpoints()
                .add_listener(endpoint.l4_buffer(buffers));
        }
        Self {
            service,
            fds: ListenFds::new(bound.fds.into()),
            closing: None,
            beside: Mutex::default(),
        }
    }

    /// Closes when `closing` says so, instead of with the process.
    pub(super) fn closing_with(mut self, closing: ShutdownWatch) -> Self {
        self.closing = Some(closing);
        self
    }

    /// Runs `tasks` on the same thread.
    pub(super) fn beside(mut self, tasks: Vec<BoxFuture<'static, ()>>) -> Self {
        self.beside = Mutex::new(tasks);
        self
    }
}

#[async_trait]
impl<H: Handle> Service for Listener<H> {
    async fn start_service(
        &mut self,
        _inherited: Option<ListenFds>,
        shutdown: ShutdownWatch,
        listeners_per_fd: usize,
    ) {
        for task in self.beside.get_mut().drain(..) {
            current_handle().spawn(task);
        }
        let closing = self.closing.take().unwrap_or(shutdown);
        let fds = Some(self.fds.clone());
        Service::start_service(&mut self.service, fds, closing, listeners_per_fd).await;
    }

    fn name(&self) -> &str {
        Service::name(&self.service)
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }
}

/// `address`, if nobody listens on it. Asked without sharing, so that one where another process
/// listens is in use even if that process shares.
fn free(address: SocketAddr) -> Result<SocketAddr, ListenFault> {
    // The kernel gives no port to two who ask for any.
    if address.port() != 0 {
        TcpListener::bind(address).map_err(|source| ListenFault::Tcp { address, source })?;
    }
    Ok(address)
}

/// One of several sockets on `address`, among which the kernel spreads the connections.
fn listen_shared(address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let bound = socket.local_addr()?.as_socket();
    Ok((socket, bound.unwrap_or(address)))
}

/// A socket at `path`, if nothing else is there that is of use to anyone.
fn claim(path: &Path) -> Result<UnixListener, ListenFault> {
    let there = fs::symlink_metadata(path);
    if there.is_ok_and(|there| !there.file_type().is_socket()) {
        Err(ListenFault::NoSocket { path: path.into() })
    } else if UnixStream::connect(path).is_ok() {
        Err(ListenFault::Served { path: path.into() })
    } else {
        bind_unix(path).map_err(|source| ListenFault::Unix {
            path: path.into(),
            source,
        })
    }
}

/// Binds beside `path` and moves the socket there: it never stands at `path` with a wider mode,
/// and a stale one is replaced in one go.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = tempfile::Builder::new()
        .prefix(".s")
        .rand_bytes(4)
        .tempdir_in(folder)?;
    let at = beside.path().join("s");
    let listener = UnixListener::bind(&at)?;
    fs::set_permissions(&at, Permissions::from_mode(SOCKET_MODE))?;
    fs::rename(&at, path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
