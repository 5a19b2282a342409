//! A lean endpoint that knows when each request reached it, and what its clock says of a limit.
//!
//! One thread looks at every connection, again and again. A request came between the look that
//! found nothing and the one that found it: both are kept, so that a machine that holds the thread
//! up makes a moment uncertain and not wrong.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const PAUSE: Duration = Duration::from_micros(200);

/// How much earlier or later than it was sent a request may come in.
const JITTER: f64 = 0.005;

const DONE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const AGAIN: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

/// The endpoint. Dropped, it stops.
pub(crate) struct Post {
    address: SocketAddr,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// When a request came: after the one moment, and not after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    after: Instant,
    pub(crate) until: Instant,
}

struct Connection {
    tcp: TcpStream,
    /// The last look that found nothing.
    looked: Instant,
    heard: Vec<u8>,
    /// When the request began that is not whole yet.
    began: Option<Arrival>,
}

// === impl Post ===

impl Post {
    /// Every `again`th request is answered 503, the others 200.
    pub(crate) fn start(again: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (arrivals, over) = (Arc::<Mutex<Vec<_>>>::default(), Arc::default());
        let thread = spawn({
            let (arrivals, over) = (arrivals.clone(), Arc::<AtomicBool>::clone(&over));
            move || watch(&listener, &arrivals, &over, again)
        });
        Self {
            address,
            arrivals,
            over,
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// All that came so far, in order.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.arrivals.lock().unwrap().len()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed; a second one here would abort the test.
            drop(thread.join());
        }
    }
}

fn watch(listener: &TcpListener, arrivals: &Mutex<Vec<Arrival>>, over: &AtomicBool, again: usize) {
    let mut connections: Vec<Connection> = Vec::new();
    let mut looked = Instant::now();
    let mut count = 0;
    while !over.load(Ordering::SeqCst) {
        let now = Instant::now();
        while let Ok((tcp, _)) = listener.accept() {
            connections.push(Connection::new(tcp, looked));
        }
        looked = now;
        connections.retain_mut(|connection| {
            connection.look(|arrival| {
                arrivals.lock().unwrap().push(arrival);
                count += 1;
                match count % again {
                    0 => AGAIN,
                    _ => DONE,
                }
            })
        });
        sleep(PAUSE);
    }
}

// === impl Connection ===

impl Connection {
    fn new(tcp: TcpStream, looked: Instant) -> Self {
        tcp.set_nonblocking(true).unwrap();
        tcp.set_nodelay(true).unwrap();
        Self {
            tcp,
            looked,
            heard: Vec::new(),
            began: None,
        }
    }

    /// Reads what has come, and answers a request that is whole; false when it is over.
    fn look(&mut self, answer: impl FnOnce(Arrival) -> &'static [u8]) -> bool {
        let now = Instant::now();
        let mut some = [0; 4096];
        let count = match self.tcp.read(&mut some) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.looked = now;
                return true;
            }
            Err(_) => return false,
        };
        let after = self.looked;
        let until = Instant::now();
        let arrival = *self.began.get_or_insert(Arrival { after, until });
        self.heard.extend_from_slice(&some[..count]);
        if !is_whole(&self.heard) {
            return true;
        }
        self.heard.clear();
        self.began = None;
        self.tcp.write_all(answer(arrival)).is_ok()
    }
}

/// A head, and the body that it tells of; nothing comes after it before it is answered.
fn is_whole(heard: &[u8]) -> bool {
    let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = str::from_utf8(&heard[..end]).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<usize>().unwrap())
    });
    heard.len() >= end + 4 + length.unwrap_or(0)
}

/// How many more than `limit` × window + 1 came in the worst of all windows of a second or more,
/// the jitter taken off.
pub(crate) fn excess(arrivals: &[Arrival], limit: u32) -> f64 {
    let Some(first) = arrivals.first() else {
        return 0.0;
    };
    let limit = f64::from(limit);
    let seconds = |at: Instant| at.saturating_duration_since(first.after).as_secs_f64();
    let ends: Vec<f64> = arrivals.iter().map(|one| seconds(one.until)).collect();
    // Of all ends from here on, the one that the most came before, for its time.
    let mut worst = vec![f64::MIN; ends.len() + 1];
    for end in (0..ends.len()).rev() {
        worst[end] = worst[end + 1].max(end as f64 - limit * ends[end]);
    }
    let of_window = |(index, one): (usize, &Arrival)| {
        let begin = seconds(one.after);
        let within = ends.partition_point(|end| *end <= begin + 1.0);
        let of_a_second = (within - index) as f64 - limit - 1.0;
        let of_longer = worst[within] - index as f64 + limit * begin;
        of_a_second.max(of_longer) - limit * JITTER
    };
    let excesses = arrivals.iter().enumerate().map(of_window);
    excesses.fold(f64::MIN, f64::max)
}

/// Requests per second over the middle of `arrivals`, as a part of `limit`.
pub(crate) fn pace(arrivals: &[Arrival], limit: u32) -> f64 {
    let middle = &arrivals[arrivals.len() / 5..arrivals.len() * 4 / 5];
    let [first, .., last] = middle else {
        return 0.0;
    };
    let seconds = last.until.duration_since(first.until).as_secs_f64();
    (middle.len() - 1) as f64 / seconds / f64::from(limit)
}
