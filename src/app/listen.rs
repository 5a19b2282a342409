//! Addresses bound by us and served by Pingora.
//!
//! Bound here because Pingora panics on an address in use, after half a minute of trying, and
//! removes whatever stands at a unix socket's path.

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
use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Owner and group may connect. Pingora's default, 0o666, lets every local user send.
const SOCKET_MODE: u32 = 0o660;

/// Bytes read at once: a usual step and its head. Held by every connection.
const READ_BUFFER: usize = 16 * 1024;

/// Bytes written at once: a usual answer and its head. Held by every connection.
const WRITE_BUFFER: usize = 4 * 1024;

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

/// Addresses that are bound and belong to one listener.
pub(super) struct Bound {
    fds: Fds,
    endpoints: Vec<ListenerConfig>,
    /// Of the TCP endpoints, with the ports they got.
    pub(super) addresses: Vec<SocketAddr>,
}

/// A door at its addresses.
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
    /// The addresses for steps.
    pub(super) fn steps(listen: &Listen) -> Result<Self, ListenFault> {
        let mut bound = Self::none();
        for address in &listen.http {
            bound.tcp(*address)?;
        }
        for path in &listen.unix {
            bound.unix(path)?;
        }
        Ok(bound)
    }

    /// The address for people.
    pub(super) fn admin(address: SocketAddr) -> Result<Self, ListenFault> {
        let mut bound = Self::none();
        bound.tcp(address)?;
        Ok(bound)
    }

    fn none() -> Self {
        Self {
            fds: Fds::new(),
            endpoints: Vec::new(),
            addresses: Vec::new(),
        }
    }

    fn tcp(&mut self, address: SocketAddr) -> Result<(), ListenFault> {
        let fault = |source| ListenFault::Tcp { address, source };
        let listener = TcpListener::bind(address).map_err(fault)?;
        listener.set_nonblocking(true).map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        self.fds.add(address.to_string(), listener.into_raw_fd());
        self.endpoints
            .push(ListenerConfig::tcp(address.to_string()));
        self.addresses.push(address);
        Ok(())
    }

    fn unix(&mut self, path: &Path) -> Result<(), ListenFault> {
        let path = path.to_owned();
        let Some(name) = path.to_str().map(str::to_owned) else {
            return Err(ListenFault::Name { path });
        };
        make_way(&path)?;
        let listener = bind_unix(&path).map_err(|source| ListenFault::Unix { path, source })?;
        self.fds.add(name.clone(), listener.into_raw_fd());
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

    /// Runs `tasks` on the same threads.
    pub(super) fn beside(mut self, tasks: Vec<BoxFuture<'static, ()>>) -> Self {
        self.beside = Mutex::new(tasks);
        self
    }

    /// Serves with `threads`, instead of as many as the configuration says.
    pub(super) fn with_threads(mut self, threads: usize) -> Self {
        self.service.threads = Some(threads);
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
        self.service.threads
    }
}

/// Sees to it that nothing at `path` is in use.
fn make_way(path: &Path) -> Result<(), ListenFault> {
    let Ok(there) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let path = path.to_owned();
    if !there.file_type().is_socket() {
        Err(ListenFault::NoSocket { path })
    } else if UnixStream::connect(&path).is_ok() {
        Err(ListenFault::Served { path })
    } else {
        Ok(())
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
