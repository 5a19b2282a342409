//! A load that does not wait for its answers: steps are due at fixed moments, and what one took
//! counts from when it was due, so that a stall shows in all that came after it.
//!
//! Run by `benches/scale.sh`, on one thread each:
//! - `open_loop rate ADDRESS STEP RATE SECONDS` prints `p50_us p99_us p999_us answered`;
//! - `open_loop hold ADDRESS STEP COUNT` sends so many steps at once and waits for their answers;
//! - `open_loop slow ADDRESS SECONDS` is an endpoint that answers after so long.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

type Fault = Box<dyn Error>;

/// Most connections; past them a step that is due waits for one.
const MOST_CONNECTIONS: usize = 256;

/// How long a run goes before it is measured.
const WARM_UP: Duration = Duration::from_millis(500);

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// One connection, with one request on it at a time.
struct Client(TcpStream);

// === impl Client ===

impl Client {
    async fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends `request` and reads the answer, which must be a 200.
    async fn ask(&mut self, request: &[u8]) -> Result<(), String> {
        let sent = self.0.write_all(request).await;
        sent.map_err(|error| error.to_string())?;
        let mut came = Vec::with_capacity(1024);
        loop {
            let read = self.0.read_buf(&mut came).await;
            if read.map_err(|error| error.to_string())? == 0 {
                return Err("the connection was closed".to_owned());
            }
            if let Some(length) = answer_length(&came)
                && came.len() >= length
            {
                let is_ok = came.starts_with(b"HTTP/1.1 200");
                return is_ok
                    .then_some(())
                    .ok_or_else(|| String::from_utf8_lossy(&came).into_owned());
            }
        }
    }
}

/// The length of the answer that `came` begins with, once its head is here.
fn answer_length(came: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(came);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let body = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse::<usize>().ok())?
    });
    Some(head.len() + 4 + body.unwrap_or(0))
}

fn request(address: &str, step: &str) -> Vec<u8> {
    format!(
        "POST /v1/steps HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{step}",
        step.len()
    )
    .into_bytes()
}

/// Says when each request is due. A thread of its own: a timer of the runtime is a millisecond late.
fn schedule(rate: f64, seconds: f64) -> mpsc::UnboundedReceiver<Instant> {
    let (due, coming) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let begin = Instant::now();
        let total = rate * (seconds + WARM_UP.as_secs_f64());
        for n in 0..total as u64 {
            let at = begin + Duration::from_secs_f64(n as f64 / rate);
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if due.send(at).is_err() {
                return;
            }
        }
    });
    coming
}

async fn at_rate(address: &str, step: &str, rate: f64, seconds: f64) -> Result<(), Fault> {
    let request: &'static [u8] = request(address, step).leak();
    let (mut coming, mut running) = (schedule(rate, seconds), JoinSet::new());
    let (mut idle, mut due, mut took) = (Vec::<Client>::new(), VecDeque::new(), Vec::new());
    let begin = Instant::now();
    let mut is_over = false;
    while !is_over || !running.is_empty() {
        tokio::select! {
            biased;
            Some(ended) = running.join_next() => {
                let (client, at, ended): (Client, Instant, Instant) = ended??;
                if at > begin + WARM_UP {
                    took.push(ended - at);
                }
                idle.push(client);
            }
            next = coming.recv(), if !is_over => match next {
                Some(at) => due.push_back(at),
                None => is_over = true,
            },
        }
        while running.len() < MOST_CONNECTIONS
            && let Some(at) = due.pop_front()
        {
            running.spawn(one(idle.pop(), address.to_owned(), request, at));
        }
    }
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_micros();
    println!("{} {} {} {}", at(0.5), at(0.99), at(0.999), took.len());
    Ok(())
}

/// A step that was due `at`, and when its answer was here.
async fn one(
    kept: Option<Client>,
    address: String,
    request: &'static [u8],
    at: Instant,
) -> Result<(Client, Instant, Instant), String> {
    let mut client = match kept {
        Some(client) => client,
        None => Client::connect(&address).await.map_err(|e| e.to_string())?,
    };
    client.ask(request).await?;
    Ok((client, at, Instant::now()))
}

async fn hold(address: &str, step: &str, count: usize) -> Result<(), Fault> {
    let request: &'static [u8] = request(address, step).leak();
    let mut running = JoinSet::new();
    for _ in 0..count {
        let mut client = Client::connect(address).await?;
        running.spawn(async move { client.ask(request).await });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

/// Answers each request that comes in one piece, and the next on the same connection.
async fn slow(address: &str, after: Duration) -> Result<(), Fault> {
    // Thousands connect at once.
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address.parse()?)?;
    let listener = socket.listen(4096)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut room = vec![0; 4096];
            while let Ok(1..) = stream.read(&mut room).await {
                sleep(after).await;
                if stream.write_all(ANSWER).await.is_err() {
                    return;
                }
            }
        });
    }
}

fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let step = |path: &str| std::fs::read_to_string(path);
    match words[..] {
        ["rate", address, path, rate, seconds] => {
            let (rate, seconds) = (rate.parse()?, seconds.parse()?);
            runtime.block_on(at_rate(address, &step(path)?, rate, seconds))
        }
        ["hold", address, path, count] => {
            runtime.block_on(hold(address, &step(path)?, count.parse()?))
        }
        ["slow", address, seconds] => {
            runtime.block_on(slow(address, Duration::from_secs_f64(seconds.parse()?)))
        }
        // Run as a benchmark by itself it has nothing to say.
        _ => Ok(()),
    }
}
