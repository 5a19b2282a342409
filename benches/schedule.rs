//! What the embedded store costs: `cargo bench --bench schedule -- [STEPS] [FOLDER]`.
//!
//! Figures are CPU time of this process as well as walls, since a wall says as much about the
//! machine. In order: a bare file that takes the same bytes in groups of the same size, steps in
//! by 1,024 producers that each wait for their answer, an open after `kill -9`, steps in and out
//! at once at a fixed rate, and the drain of what is due.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that fails has nothing to say"
)]

use bytes::Bytes;
use jiff::Timestamp;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stepgate::config;
use stepgate::model::{PendingReason, Progress, Step, StepId};
use stepgate::schedule::{
    Admission, Clock, Gate, Lane, Scheduled, SqliteStore, Store, StoreError, later,
};
use stepgate::telemetry::Telemetry;
use tokio::time::Instant;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const PRODUCERS: u64 = 1024;
const LEASE: Duration = Duration::from_secs(60);

/// Steps in and out a second, and for how long.
const RATE: u64 = 5000;
const SECONDS: u64 = 10;

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let steps = args
        .first()
        .and_then(|steps| steps.parse().ok())
        .unwrap_or(100_000);
    let folder = args.get(1).map_or_else(
        || std::env::temp_dir().join(format!("stepgate-bench-{}", std::process::id())),
        PathBuf::from,
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match args.get(2).map(String::as_str) {
        // The child that is killed.
        Some("fill") => runtime.block_on(fill(&folder, steps)),
        Some("open") => runtime.block_on(reopen(&folder)),
        Some("flow") => runtime.block_on(flow(&folder)),
        Some("drain") => runtime.block_on(drain(&folder)),
        _ => all(&folder, steps),
    }
}

/// Each part in a process of its own, so that its memory is its own.
fn all(folder: &Path, steps: u64) {
    std::fs::create_dir_all(folder).unwrap();
    bare(folder, steps.min(300_000));
    for part in ["fill", "open", "flow", "drain"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(steps.to_string())
            .arg(folder)
            .arg(part)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = child.stdout.take().unwrap();
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        // A part says "." when it may be killed.
        while let Ok(read @ 1..) = said.read(&mut buffer) {
            text.extend_from_slice(&buffer[..read]);
            if text.ends_with(b".\n") {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        print!("{}", String::from_utf8_lossy(&text).trim_end_matches(".\n"));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// The same bytes, appended and synced in groups of 1,024, and no more than that.
fn bare(folder: &Path, steps: u64) {
    let path = folder.join("bare");
    let mut file = std::fs::File::create(&path).unwrap();
    let group = vec![7_u8; 1200 * 1024];
    let mark = Mark::now();
    for _ in 0..steps / 1024 {
        file.write_all(&group).unwrap();
        file.sync_data().unwrap();
    }
    mark.say("bare file, groups of 1,024", steps);
    std::fs::remove_file(path).unwrap();
}

async fn fill(folder: &Path, steps: u64) {
    let store = Arc::new(open(folder));
    let next = Arc::new(AtomicU64::new(0));
    let mark = Mark::now();
    let tasks: Vec<_> = (0..PRODUCERS)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= steps {
                        return;
                    }
                    store.schedule(step(n, Duration::ZERO)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    mark.say("in", steps);
    memory();
    let bytes = std::fs::metadata(folder.join("schedule.db")).unwrap().len();
    println!("  on disk: {} bytes a step", bytes / steps);
    wait_for_the_end();
}

async fn reopen(folder: &Path) {
    let mark = Mark::now();
    let store = open(folder);
    let pending = store.health().pending as u64;
    mark.say("open after kill -9", pending);
    memory();
    wait_for_the_end();
}

async fn flow(folder: &Path) {
    let store = Arc::new(open(folder));
    let mark = Mark::now();
    let begun = Instant::now();
    let (mut sent, mut tasks) = (0, Vec::new());
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        let wanted = begun.elapsed().as_millis() as u64 * RATE / 1000;
        while sent < wanted {
            let step = step(1 << 40 | sent, Duration::ZERO);
            let store = store.clone();
            tasks.push(tokio::spawn(
                async move { store.schedule(step).await.unwrap() },
            ));
            sent += 1;
        }
        let due = usize::try_from(RATE / 100).unwrap();
        out(&store, due, &mut tasks).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    mark.say("in and out at 5,000 a second", sent);
    memory();
    wait_for_the_end();
}

/// Claims up to `most` and has them completed, as the steps' own tasks do.
async fn out(
    store: &Arc<SqliteStore>,
    most: usize,
    tasks: &mut Vec<tokio::task::JoinHandle<()>>,
) -> usize {
    let claims = store
        .claim_due(most, LEASE, Arc::new(Open))
        .await
        .unwrap()
        .claims;
    let count = claims.len();
    for claim in claims {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let outcome = Bytes::from_static(
                br#"{"id":"0190b5a0-0000-7000-8000-000000000000","outcome":"continue","status":200,"attempts":1,"elapsedMs":12}"#,
            );
            match store.complete(claim.token, outcome).await {
                Ok(()) | Err(StoreError::LostLease) => {}
                Err(error) => panic!("{error}"),
            }
        }));
    }
    count
}

async fn drain(folder: &Path) {
    let store = Arc::new(open(folder));
    let mark = Mark::now();
    let mut drained = 0;
    let mut before: Vec<tokio::task::JoinHandle<()>> = Vec::new();
    loop {
        let mut tasks = Vec::new();
        let count = out(&store, 2048, &mut tasks).await;
        for task in before {
            task.await.unwrap();
        }
        before = tasks;
        drained += count as u64;
        if count == 0 || mark.wall.elapsed() > Duration::from_secs(30) {
            break;
        }
    }
    mark.say("out", drained);
    memory();
    wait_for_the_end();
}

fn open(folder: &Path) -> SqliteStore {
    let settings = config::Store {
        folder: folder.to_owned(),
        reserve: 256 << 20,
    };
    SqliteStore::open(&settings, Clock::System, Telemetry::default()).unwrap()
}

/// A step of 1 KB, at one of eight tiles.
fn step(n: u64, wait: Duration) -> Scheduled {
    let tile = n % 8;
    let pad = "x".repeat(900);
    let body = format!(
        r#"{{"tile":"welcome/offer-{tile}","email":"user-{n}@a.example","dataFields":{{"pad":"{pad}"}}}}"#
    );
    let now = Timestamp::now();
    let due = later(now, wait);
    Scheduled {
        step: Step::restore(StepId::fresh(), false, body.into()).unwrap(),
        origin: None,
        due,
        expected: due,
        reason: PendingReason::Busy,
        progress: Progress::default(),
        arrived: now,
        traceparent: None,
    }
}

#[derive(Debug)]
struct Open;

impl Gate for Open {
    fn admit(&self, _lane: &Lane) -> Admission {
        Admission::Room(1 << 20)
    }

    fn backlog(&self, _lane: &Lane, _due: usize) {}
}

/// Where a measurement began.
struct Mark {
    wall: Instant,
    cpu: Duration,
}

impl Mark {
    fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu(),
        }
    }

    fn say(&self, what: &str, count: u64) {
        let (wall, cpu) = (self.wall.elapsed(), cpu() - self.cpu);
        println!(
            "{what}: {count} in {:.2} s, {:.0} a second; CPU {:.2} s, {:.2} µs each, {:.2} cores; the store's thread {:.2} s",
            wall.as_secs_f64(),
            count as f64 / wall.as_secs_f64(),
            cpu.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / count.max(1) as f64,
            cpu.as_secs_f64() / wall.as_secs_f64(),
            thread().as_secs_f64(),
        );
    }
}

/// CPU time of this process, in ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// CPU time of the store's thread.
fn thread() -> Duration {
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        if std::fs::read_to_string(task.join("comm")).unwrap().trim() == "store" {
            let stat = std::fs::read_to_string(task.join("schedstat")).unwrap();
            let nanos = stat.split(' ').next().unwrap().parse().unwrap();
            return Duration::from_nanos(nanos);
        }
    }
    Duration::ZERO
}

fn memory() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let lines = status.lines();
    for line in lines.filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM")) {
        println!(
            "  {}",
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
}

/// Says that it may be killed, and waits for it.
fn wait_for_the_end() {
    println!(".");
    std::thread::sleep(Duration::from_secs(600));
}
