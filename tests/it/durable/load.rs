//! Senders that go on whatever becomes of the gateway, and what they were promised.
//!
//! A sender that hears nothing sends the same step again, with the same id, as the contract asks.

use crate::support::client::{get, post_with};
use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, reply};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// Senders at work at once.
const SENDERS: usize = 8;

/// Before a sender tries again.
const PAUSE: Duration = Duration::from_millis(10);

/// Longest that a sender waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the endpoint got: of each step, the `Idempotency-Key` of each attempt.
pub(super) type Seen = Arc<Mutex<BTreeMap<usize, Vec<String>>>>;

/// Steps 0, 4, 8… are sent inline, 1, 5, 9… ask to be answered at once, 2, 6, 10… find an endpoint
/// that fails once or twice, and 3, 7, 11… are more than the rate limit of their tile lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Inline,
    Async,
    Retried,
    Paced,
}

/// Senders at work.
pub(super) struct Load {
    senders: Vec<JoinHandle<()>>,
    /// The next step's number.
    next: Arc<AtomicUsize>,
    least: usize,
    /// Where it ends.
    end: Arc<AtomicUsize>,
    promised: Arc<Mutex<Promised>>,
}

/// Reads the outcome log as it grows, page after page.
pub(super) struct Reader {
    thread: JoinHandle<Vec<Value>>,
    over: Arc<AtomicBool>,
}

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Promised {
    /// `202`: in the log, in the end.
    pub(super) kept: BTreeSet<String>,
    /// `200`.
    pub(super) finished: BTreeSet<String>,
}

// === impl Kind ===

impl Kind {
    fn of(step: usize) -> Self {
        match step % 4 {
            0 => Self::Inline,
            1 => Self::Async,
            2 => Self::Retried,
            _ => Self::Paced,
        }
    }
}

// === impl Load ===

impl Load {
    /// Sends steps to `gateway` until [`finish`](Self::finish), and so many at least: how many there
    /// are until then is the machine's to say.
    pub(super) fn start(gateway: &Gateway, least: usize) -> Self {
        let next = Arc::new(AtomicUsize::new(0));
        let end = Arc::new(AtomicUsize::new(usize::MAX));
        let promised = Arc::new(Mutex::new(Promised::default()));
        let address = gateway.http;
        let sender = |_| {
            let (next, end, promised) = (next.clone(), end.clone(), promised.clone());
            thread::spawn(move || {
                let mut sender = Sender::new(address);
                loop {
                    let step = next.fetch_add(1, Ordering::Relaxed);
                    if step >= end.load(Ordering::Relaxed) {
                        return;
                    }
                    let (id, status) = (id(step), sender.deliver(step));
                    let mut promised = promised.lock().unwrap();
                    match status {
                        200 => promised.finished.insert(id),
                        _ => promised.kept.insert(id),
                    };
                }
            })
        };
        Self {
            senders: (0..SENDERS).map(sender).collect(),
            next,
            least,
            end,
            promised,
        }
    }

    /// How many steps were answered so far.
    pub(super) fn answered(&self) -> usize {
        let promised = self.promised.lock().unwrap();
        promised.kept.len() + promised.finished.len()
    }

    /// Sends no more than it has to, and waits until every step was answered.
    pub(super) fn finish(self) -> Promised {
        let sent = self.next.load(Ordering::Relaxed);
        self.end.store(sent.max(self.least), Ordering::Relaxed);
        for sender in self.senders {
            sender.join().unwrap();
        }
        std::mem::take(&mut self.promised.lock().unwrap())
    }
}

// === impl Reader ===

impl Reader {
    pub(super) fn start(gateway: &Gateway) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (is_over, mut sender) = (over.clone(), Sender::new(gateway.http));
        let thread = thread::spawn(move || {
            let (mut read, mut after) = (Vec::new(), String::new());
            loop {
                let last = is_over.load(Ordering::SeqCst);
                let request = get(&format!("/v1/outcomes?limit=100{after}"), "");
                if let Ok((200, page)) = sender.exchange(&request) {
                    let page: Value = serde_json::from_str(&page).unwrap();
                    let outcomes = page["outcomes"].as_array().unwrap();
                    after = format!("&after={}", page["cursor"].as_str().unwrap());
                    read.extend_from_slice(outcomes);
                    if last && outcomes.is_empty() {
                        return read;
                    }
                } else {
                    sender.stream = None;
                }
                sleep(PAUSE);
            }
        });
        Self { thread, over }
    }

    /// All that it read, once there is nothing more to read.
    pub(super) fn finish(self) -> Vec<Value> {
        self.over.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

// === impl Promised ===

impl Promised {
    /// How many steps of a kind were answered `202`.
    pub(super) fn kept_of(&self, kind: Kind) -> usize {
        let number = |id: &&String| id.strip_prefix("step-").unwrap().parse().unwrap();
        let kinds = self.kept.iter().map(|id| Kind::of(number(&id)));
        kinds.filter(|of| *of == kind).count()
    }
}

/// A connection to the gateway, when there is one.
struct Sender {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

// === impl Sender ===

impl Sender {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Sends a step until it is answered `200` or `202`; which of them.
    fn deliver(&mut self, step: usize) -> u16 {
        let kind = Kind::of(step);
        let mut body = json!({"id": id(step), "email": "a@b.c", "dataFields": {"n": step}});
        match kind {
            Kind::Inline | Kind::Async | Kind::Retried => body["webhook"] = json!("w"),
            Kind::Paced => body["tile"] = json!("j/paced"),
        }
        let prefer = match kind {
            Kind::Async => "Prefer: respond-async\r\n",
            Kind::Inline | Kind::Retried | Kind::Paced => "",
        };
        let request = post_with(prefer, &body.to_string());
        loop {
            match self.exchange(&request) {
                Ok((status @ (200 | 202), _)) => return status,
                // Not taken.
                Ok((503, _)) => {}
                // Attempted, and not stored: that is what a repeat is for.
                Ok((500, answer)) if answer.contains("not-scheduled") => {}
                Ok((status, answer)) => panic!("step {step} was answered {status}: {answer}"),
                Err(_) => self.stream = None,
            }
            sleep(PAUSE);
        }
    }

    fn exchange(&mut self, request: &str) -> io::Result<(u16, String)> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                none.insert(BufReader::new(stream))
            }
        };
        stream.get_ref().write_all(request.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_until(b'\n', &mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        if head.contains("connection: close") {
            self.stream = None;
        }
        Ok((status, String::from_utf8(body).unwrap()))
    }
}

/// The endpoint of the load, which keeps the keys that it is sent.
pub(super) fn endpoint() -> (Endpoint, Seen) {
    let seen = Seen::default();
    let kept = seen.clone();
    let script = move |received: &Received| -> Reply {
        let step = received.target.split("n=").nth(1).unwrap();
        let step: usize = step.parse().unwrap();
        let key = received.header("idempotency-key").unwrap().to_owned();
        let mut kept = kept.lock().unwrap();
        let keys = kept.entry(step).or_default();
        keys.push(key);
        let fails = Kind::of(step) == Kind::Retried && keys.len() <= 1 + step / 4 % 2;
        reply(if fails { 503 } else { 200 })
    };
    (Endpoint::answering(Speaks::Http, script), seen)
}

/// A gateway to be that sends the load on to `endpoint`, and retries soon.
pub(super) fn stage(endpoint: &Endpoint) -> Stage {
    let journey = "workflow_id = 1\nname = 'J'\n[[tiles]]\nid = 'paced'\ntype = 'webhook'\n\
        webhook = 'w'\nrate_limit = '400/second'\n";
    Stage::new()
        .set("delivery.inline_wait", "'1ms'")
        .set("retry.delay", "'200ms'")
        .set("retry.max_retries", "100")
        .set("log.level", "'warn'")
        .set("store.reserve", "'1MiB'")
        .set("admin.token", "'chief'")
        .webhook("w", webhook("POST", &at(endpoint, "/hook?n={{n}}"), ""))
        .journey("j", journey)
}

/// Nothing that was promised is lost: the log has one entry for each step that was made durable,
/// and the endpoint saw each, always under one key.
pub(super) fn assert_kept(gateway: &Gateway, promised: &Promised, seen: &Seen) {
    let mut entries = Vec::new();
    until("an outcome of all that was promised", || {
        entries = log(gateway);
        let ids: HashSet<&str> = entries.iter().map(id_of).collect();
        promised.kept.iter().all(|id| ids.contains(&**id))
    });
    until("an empty schedule", || pending(gateway) == 0);
    entries = log(gateway);

    let mut ids: Vec<&str> = entries.iter().map(id_of).collect();
    ids.sort_unstable();
    let twice: Vec<_> = ids.windows(2).filter(|two| two[0] == two[1]).collect();
    assert!(twice.is_empty(), "more than one outcome: {twice:?}");
    for entry in &entries {
        assert_eq!(entry["outcome"], "continue", "{entry}");
    }
    let seen = seen.lock().unwrap();
    for (step, keys) in &*seen {
        let id = id(*step);
        assert!(keys.iter().all(|key| *key == id), "{id}: {keys:?}");
    }
    let all = promised.kept.union(&promised.finished).count();
    assert_eq!(seen.len(), all, "the endpoint saw each step");
}

/// The whole outcome log.
pub(super) fn log(gateway: &Gateway) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/outcomes?limit=1000{after}");
        let answer = gateway.ask(&get(&path, ""));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let mut page: Value = serde_json::from_str(&answer.body).unwrap();
        let Value::Array(outcomes) = page["outcomes"].take() else {
            panic!("{page}");
        };
        if outcomes.is_empty() {
            return all;
        }
        all.extend(outcomes);
        after = format!("&after={}", page["cursor"].as_str().unwrap());
    }
}

/// How many steps wait.
pub(super) fn pending(gateway: &Gateway) -> u64 {
    let answer = gateway.admin_with("/admin/v1/schedule?limit=0", "chief");
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    report["pending"].as_u64().unwrap()
}

pub(super) fn id_of(entry: &Value) -> &str {
    entry["id"].as_str().unwrap()
}

fn id(step: usize) -> String {
    format!("step-{step}")
}
