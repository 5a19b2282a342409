//! What is measured of the store. Each part says its figures, and waits to be killed.

use crate::bare;
use crate::meter::{Mark, memory, on_disk, say};
use bytes::Bytes;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stepgate::config;
use stepgate::model::{PendingReason, Progress, Step, StepId};
use stepgate::schedule::{
    Admission, Clock, Gate, Lane, Scheduled, SqliteStore, Store, StoreError, later,
};
use stepgate::telemetry::Telemetry;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Who wait for an answer at once.
const PRODUCERS: u64 = 1024;

const LEASE: Duration = Duration::from_secs(60);

/// When those are due that wait.
const LATER: Duration = Duration::from_secs(3600);

/// Steps in and out a second, and for how long.
const RATE: u64 = 5000;
const SECONDS: u64 = 5;

/// Most that are claimed at once.
const AT_ONCE: usize = 2048;

/// Steps in and out in a turn.
const TURN: u64 = 40_000;

const OUTCOME: &str = r#"{"id":"0190b5a0-0000-7000-8000-000000000000","outcome":"continue","status":200,"attempts":1,"elapsedMs":12}"#;

#[derive(Debug)]
struct Open;

pub(crate) fn run(part: &str, folder: &Path, steps: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match part {
            "bare" => bare::bare(folder, steps).await,
            "in" => fill(folder, steps, Duration::ZERO).await,
            "fill" => fill(folder, steps, LATER).await,
            "open" => open_again(folder),
            "flow" => flow(folder).await,
            "cost" => cost(folder).await,
            "out" => drain(folder, Clock::System).await,
            "drain" => drain(folder, Clock::manual(later(Timestamp::now(), LATER * 2))).await,
            part => panic!("no part is named {part}"),
        }
    });
    std::thread::sleep(Duration::from_secs(600));
}

async fn fill(folder: &Path, steps: u64, wait: Duration) {
    let store = open(folder, Clock::System);
    let mark = Mark::now();
    schedule(&store, steps, wait).await;
    mark.used().say(steps);
    say(&[on_disk(folder) / steps as f64, memory()]);
    // Its thread stays as it is until the end.
    std::mem::forget(store);
}

fn open_again(folder: &Path) {
    let mark = Mark::now();
    let store = open(folder, Clock::System);
    let used = mark.used();
    say(&[store.health().pending as f64, used.wall, used.cpu, memory()]);
    std::mem::forget(store);
}

async fn flow(folder: &Path) {
    let store = open(folder, Clock::System);
    let mark = Mark::now();
    let begun = Instant::now();
    let (mut sent, mut tasks) = (0, Vec::new());
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        let wanted = begun.elapsed().as_millis() as u64 * RATE / 1000;
        while sent < wanted {
            let step = step(sent, Duration::ZERO);
            let store = store.clone();
            tasks.push(tokio::spawn(
                async move { store.schedule(step).await.unwrap() },
            ));
            sent += 1;
        }
        out(&store, AT_ONCE, &mut tasks).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    let used = mark.used();
    used.say(sent);
    say(&[used.cpu / used.wall, memory()]);
    std::mem::forget(store);
}

/// A turn for each line that it is told.
async fn cost(folder: &Path) {
    let store = open(folder, Clock::System);
    // What an earlier part left.
    take_all(&store).await;
    let mut line = String::new();
    while std::io::stdin().read_line(&mut line).unwrap() > 0 {
        let mark = Mark::now();
        schedule(&store, TURN, Duration::ZERO).await;
        assert_eq!(take_all(&store).await, TURN);
        say(&[mark.used().cpu * 1e6 / TURN as f64]);
    }
}

async fn drain(folder: &Path, clock: Clock) {
    let store = open(folder, clock);
    let mark = Mark::now();
    let drained = take_all(&store).await;
    mark.used().say(drained);
    std::mem::forget(store);
}

/// So many steps, each due after `wait`.
async fn schedule(store: &Arc<SqliteStore>, steps: u64, wait: Duration) {
    let store = store.clone();
    produce(steps, move |n| {
        let store = store.clone();
        async move { store.schedule(step(n, wait)).await.unwrap() }
    })
    .await;
}

/// Has `make` done for each number below `steps`, by producers that wait for one after the other.
pub(crate) async fn produce<F>(steps: u64, make: impl Fn(u64) -> F + Send + Sync + 'static)
where
    F: Future<Output = ()> + Send,
{
    let (make, next) = (Arc::new(make), Arc::new(AtomicU64::new(0)));
    let producer = |_| {
        let (make, next) = (make.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= steps {
                    return;
                }
                make(n).await;
            }
        })
    };
    let producers: Vec<_> = (0..PRODUCERS).map(producer).collect();
    for producer in producers {
        producer.await.unwrap();
    }
}

/// Works off all that is due; the next are claimed while these are completed.
async fn take_all(store: &Arc<SqliteStore>) -> u64 {
    let (mut taken, mut before) = (0, Vec::new());
    loop {
        let mut tasks = Vec::new();
        let count = out(store, AT_ONCE, &mut tasks).await;
        for task in std::mem::replace(&mut before, tasks) {
            task.await.unwrap();
        }
        taken += count as u64;
        if count == 0 {
            return taken;
        }
    }
}

/// Claims up to `most` and has them completed, as the steps' own tasks do.
async fn out(store: &Arc<SqliteStore>, most: usize, tasks: &mut Vec<JoinHandle<()>>) -> usize {
    let claimed = store.claim_due(most, LEASE, Arc::new(Open)).await;
    let claims = claimed.unwrap().claims;
    let count = claims.len();
    for claim in claims {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let outcome = Bytes::from_static(OUTCOME.as_bytes());
            match store.complete(claim.token, outcome).await {
                Ok(()) | Err(StoreError::LostLease) => {}
                Err(error) => panic!("{error}"),
            }
        }));
    }
    count
}

fn open(folder: &Path, clock: Clock) -> Arc<SqliteStore> {
    let settings = config::Store {
        folder: folder.to_owned(),
        reserve: 256 << 20,
    };
    Arc::new(SqliteStore::open(&settings, clock, Telemetry::default()).unwrap())
}

/// A step of 1 KB, at one of eight tiles.
pub(crate) fn step(n: u64, wait: Duration) -> Scheduled {
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

// === impl Open ===

impl Gate for Open {
    fn admit(&self, _lane: &Lane) -> Admission {
        Admission::Room(1 << 20)
    }

    fn backlog(&self, _lane: &Lane, _due: usize) {}
}
