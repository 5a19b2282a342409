//! A real endpoint on 127.0.0.1 that does what its script says, and remembers what it was sent.
//!
//! HTTP/1.1 is written by hand, so that it can misbehave. It runs on a thread of its own: tests
//! may block, and need no runtime.

mod http2;
mod reply;

pub(crate) use reply::{Reply, Step, reply};

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// The endpoint. Dropped, it stops.
pub(crate) struct Endpoint {
    address: SocketAddr,
    log: Arc<Log>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request, whole, as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    /// In their order, names as they were sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Head and body, byte for byte; empty over HTTP/2.
    pub(crate) raw: Vec<u8>,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
    pub(crate) at: Instant,
}

/// How the endpoint speaks.
#[derive(Clone)]
pub(crate) enum Speaks {
    Http,
    Https(Arc<rustls::ServerConfig>),
    /// Over TLS, by ALPN; nothing else is understood.
    Http2(Arc<rustls::ServerConfig>),
    /// These bytes to whoever connects and has said a word, then the end.
    Bytes(&'static [u8]),
    /// Under TLS: these bytes to whoever has said a word, then silence.
    TlsBytes(Arc<rustls::ServerConfig>, &'static [u8]),
}

#[derive(Default)]
struct Log {
    requests: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    closed: AtomicUsize,
    application_bytes: AtomicU64,
}

type Script = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

// === impl Received ===

impl Received {
    /// The value of the first header of that name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// Plain HTTP, with these replies in their order; the last one goes on for ever.
    pub(crate) fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start(Speaks::Http, replies)
    }

    /// These replies in their order; the last one goes on for ever.
    pub(crate) fn start(speaks: Speaks, replies: impl IntoIterator<Item = Reply>) -> Self {
        let queue = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        Self::answering(speaks, move |_| {
            let mut queue = queue.lock().unwrap();
            match queue.len() {
                1 => queue[0].clone(),
                _ => queue.pop_front().expect("a script has a reply or more"),
            }
        })
    }

    /// No HTTP: these bytes to whoever connects and has said a word, then the end.
    pub(crate) fn greeting(bytes: &'static [u8]) -> Self {
        Self::start(Speaks::Bytes(bytes), [reply(200)])
    }

    /// The reply that `script` has for each request.
    pub(crate) fn answering(
        speaks: Speaks,
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let (stop, stopped) = oneshot::channel();
        let serving = serve(listener, speaks, Arc::new(script), log.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            log,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What came so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.requests.lock().unwrap().clone()
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::SeqCst)
    }

    /// Connections that neither side has closed yet.
    pub(crate) fn open_connections(&self) -> usize {
        self.connections() - self.log.closed.load(Ordering::SeqCst)
    }

    /// Bytes of requests read so far: under TLS, after decryption.
    pub(crate) fn application_bytes(&self) -> u64 {
        self.log.application_bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed; a second one here would abort the test.
            drop(thread.join());
        }
    }
}

async fn serve(listener: std::net::TcpListener, speaks: Speaks, script: Script, log: Arc<Log>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let connection = log.connections.fetch_add(1, Ordering::SeqCst);
        tcp.set_nodelay(true).unwrap();
        let (speaks, script, log) = (speaks.clone(), script.clone(), log.clone());
        tokio::spawn(async move {
            connected(tcp, speaks, script, log.clone(), connection).await;
            log.closed.fetch_add(1, Ordering::SeqCst);
        });
    }
}

async fn connected(
    tcp: TcpStream,
    speaks: Speaks,
    script: Script,
    log: Arc<Log>,
    connection: usize,
) {
    match speaks {
        Speaks::Bytes(bytes) => greet(tcp, bytes).await,
        Speaks::Http => converse(tcp, &script, &log, connection).await,
        Speaks::Https(config) => {
            // A failed handshake is what some tests are about.
            if let Ok(tls) = TlsAcceptor::from(config).accept(tcp).await {
                converse(tls, &script, &log, connection).await;
            }
        }
        Speaks::TlsBytes(config, bytes) => {
            if let Ok(tls) = TlsAcceptor::from(config).accept(tcp).await {
                recite(tls, bytes).await;
            }
        }
        Speaks::Http2(config) => {
            if let Ok(tls) = TlsAcceptor::from(config).accept(tcp).await {
                http2::converse(tls, script, log, connection).await;
            }
        }
    }
}

async fn greet(mut tcp: TcpStream, bytes: &[u8]) {
    let mut heard = vec![0; 16 * 1024];
    // All that was said is read, so that the close is no reset.
    drop(tcp.read(&mut heard).await);
    drop(tcp.write_all(bytes).await);
    drop(tcp.shutdown().await);
}

async fn recite<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, bytes: &[u8]) {
    let mut heard = vec![0; 16 * 1024];
    let mut unsaid = Some(bytes);
    while let Ok(1..) = stream.read(&mut heard).await {
        drop(stream.write_all(unsaid.take().unwrap_or_default()).await);
        drop(stream.flush().await);
    }
}

/// Reads requests and plays replies until one of the sides has had enough.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    script: &Script,
    log: &Log,
    connection: usize,
) {
    let mut ahead = Vec::new();
    while let Some(received) = read_request(&mut stream, &mut ahead, log, connection).await {
        let reply = script(&received);
        log.requests.lock().unwrap().push(received);
        if reply.play(&mut stream).await.is_none() {
            return;
        }
    }
}

/// One request; none when the other side has closed. What it sent ahead stays in `ahead`.
async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    ahead: &mut Vec<u8>,
    log: &Log,
    connection: usize,
) -> Option<Received> {
    let end = loop {
        if let Some(end) = ahead.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        read_more(stream, ahead, log).await?;
    };
    let at = Instant::now();
    let head = String::from_utf8(ahead[..end].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_owned(), value.trim().to_owned())
        })
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse::<usize>().unwrap());
    while ahead.len() < end + length {
        read_more(stream, ahead, log).await?;
    }
    let raw: Vec<u8> = ahead.drain(..end + length).collect();
    Some(Received {
        method: words.next()?,
        target: words.next()?,
        headers,
        body: raw[end..].to_vec(),
        raw,
        connection,
        at,
    })
}

async fn read_more<S: AsyncRead + Unpin>(
    stream: &mut S,
    ahead: &mut Vec<u8>,
    log: &Log,
) -> Option<()> {
    let count = stream.read_buf(ahead).await.ok()?;
    log.application_bytes
        .fetch_add(count as u64, Ordering::SeqCst);
    (count > 0).then_some(())
}

/// Waits, in real time, until `done` says so; fails the test after five seconds.
pub(crate) async fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(5), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
