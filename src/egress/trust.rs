//! Whose certificates are trusted: the system's roots, and those of `egress.ca_file`.
//!
//! The file is looked at again at most once a second, and read again when it has changed. One
//! that no longer parses keeps the last good roots in force. Each change makes a new generation;
//! connections and TLS sessions of an older one are not used again.

use arc_swap::ArcSwapOption;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// How long a look at the file is good for.
const RECHECK: Duration = Duration::from_secs(1);

/// TLS sessions kept for resumption; rustls' own default is 256 servers.
const SESSIONS: usize = 4096;

/// What is trusted now.
pub(super) struct Trust {
    system: RootCertStore,
    current: ArcSwapOption<Roots>,
    /// Held by the one that looks at the file.
    looking: Mutex<()>,
    generations: AtomicU64,
}

/// One generation of roots.
pub(super) struct Roots {
    pub(super) connector: TlsConnector,
    /// From 1; 0 stands for connections without TLS.
    pub(super) generation: u64,
    /// Whether `ca_file` was never read: a certificate that is not trusted may be one of its.
    pub(super) incomplete: bool,
    file: Option<PathBuf>,
    stamp: Option<Stamp>,
    looked: Instant,
}

/// What tells one content of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    /// Seconds and nanoseconds of the last change of content or name.
    changed: (i64, i64),
    len: u64,
}

// === impl Trust ===

impl Trust {
    /// Reads the system's roots.
    pub(super) fn new() -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "cannot read some of the system's root certificates");
        }
        let mut system = RootCertStore::empty();
        system.add_parsable_certificates(found.certs);
        Self {
            system,
            current: ArcSwapOption::empty(),
            looking: Mutex::new(()),
            generations: AtomicU64::new(0),
        }
    }

    /// The roots in force, those of `file` among them.
    pub(super) async fn roots(&self, file: Option<&Path>) -> Arc<Roots> {
        let last = self.last(file);
        let _looking = match (last, self.looking.try_lock()) {
            (Some(last), _) if last.is_fresh() => return last,
            // Someone is looking: until then the last look is good enough.
            (Some(last), Err(_)) => return last,
            (_, Ok(looking)) => looking,
            (None, Err(_)) => self.looking.lock().await,
        };
        let last = self.last(file);
        if let Some(last) = last.as_ref().filter(|last| last.is_fresh()) {
            return last.clone();
        }
        let roots = match file {
            None => self.generation(None, self.system.clone()),
            Some(path) => self.look(path, last.as_deref()).await,
        };
        let roots = Arc::new(roots);
        self.current.store(Some(roots.clone()));
        roots
    }

    /// What the last look at this very file found.
    fn last(&self, file: Option<&Path>) -> Option<Arc<Roots>> {
        let last = self.current.load_full()?;
        (last.file.as_deref() == file).then_some(last)
    }

    /// The roots as the file has them now: read anew only where it changed.
    async fn look(&self, path: &Path, last: Option<&Roots>) -> Roots {
        let known = last.and_then(|last| last.stamp);
        let (stamp, read) = read_apart(path.to_owned(), known).await;
        match read {
            Ok(Some(certificates)) => {
                let mut store = self.system.clone();
                store.add_parsable_certificates(certificates);
                return Roots {
                    stamp,
                    ..self.generation(Some(path), store)
                };
            }
            Ok(None) => {}
            Err(error) => {
                if last.is_none_or(|last| last.stamp != stamp) {
                    tracing::error!(path = %path.display(), %error, "cannot read `egress.ca_file`: what was trusted before stays in force");
                }
            }
        }
        match last {
            Some(last) => Roots {
                connector: last.connector.clone(),
                file: last.file.clone(),
                stamp,
                looked: Instant::now(),
                ..*last
            },
            None => Roots {
                stamp,
                incomplete: true,
                ..self.generation(Some(path), self.system.clone())
            },
        }
    }

    fn generation(&self, file: Option<&Path>, store: RootCertStore) -> Roots {
        Roots {
            connector: TlsConnector::from(Arc::new(client(store))),
            generation: self.generations.fetch_add(1, Ordering::Relaxed) + 1,
            incomplete: false,
            file: file.map(Path::to_owned),
            stamp: None,
            looked: Instant::now(),
        }
    }
}

// === impl Roots ===

impl Roots {
    fn is_fresh(&self) -> bool {
        self.file.is_none() || self.looked.elapsed() < RECHECK
    }
}

/// TLS 1.2 and up, HTTP/2 before HTTP/1.1, no client certificate.
fn client(store: RootCertStore) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of TLS 1.2 and 1.3")
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config
}

/// What [`read`] says, found out on a thread that may block.
async fn read_apart(
    path: PathBuf,
    known: Option<Stamp>,
) -> (Option<Stamp>, io::Result<Certificates>) {
    tokio::task::spawn_blocking(move || read(&path, known))
        .await
        .unwrap_or_else(|error| (known, Err(io::Error::other(error))))
}

/// None where the file is as it was.
type Certificates = Option<Vec<CertificateDer<'static>>>;

/// The certificates in `path`, one or more, unless its stamp is still `known`.
fn read(path: &Path, known: Option<Stamp>) -> (Option<Stamp>, io::Result<Certificates>) {
    let stamp = match std::fs::metadata(path) {
        Ok(found) => Stamp {
            inode: found.ino(),
            changed: (found.ctime(), found.ctime_nsec()),
            len: found.len(),
        },
        Err(error) => return (None, Err(error)),
    };
    if known == Some(stamp) {
        return (known, Ok(None));
    }
    let certificates = std::fs::read(path).and_then(|text| parse(&text));
    (Some(stamp), certificates.map(Some))
}

fn parse(text: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(io::Error::other)?;
    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(certificates.iter().cloned());
    if usable == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it holds no certificate that can be a root",
        ));
    }
    Ok(certificates)
}
