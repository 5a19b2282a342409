//! What the store promises, against real files.

mod handing_out;
mod keeping;
mod outcomes;
mod trouble;

use super::*;
use crate::model::{PendingReason, Progress, Step};
use crate::schedule::{Admission, Lane};
use jiff::Timestamp;
use std::collections::HashMap;
use std::path::Path;
use tempfile::TempDir;

const LEASE: Duration = Duration::from_secs(30);

/// A store in a folder of its own, with a clock in the test's hand.
struct Bench {
    folder: TempDir,
    clock: Clock,
    telemetry: Telemetry,
    store: Option<SqliteStore>,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Clock::manual(Timestamp::from_second(1_000_000).unwrap());
        Self::open(folder, clock)
    }

    fn open(folder: TempDir, clock: Clock) -> Self {
        let telemetry = Telemetry::default();
        let store = SqliteStore::open(&settings(folder.path()), clock.clone(), telemetry.clone());
        Self {
            folder,
            clock,
            telemetry,
            store: Some(store.unwrap()),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn after(&self, seconds: u64) -> Timestamp {
        self.now() + Duration::from_secs(seconds)
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Ends the store in good order and opens it again.
    fn restart(&mut self) {
        self.store = None;
        self.store = Some(open(self.folder.path(), &self.clock).unwrap());
    }

    /// What another process finds if this one, and the machine, end now.
    fn crashed(&self) -> Self {
        let folder = TempDir::new().unwrap();
        for file in ["schedule.db", "schedule.db-wal"] {
            let from = self.folder.path().join(file);
            if from.exists() {
                std::fs::copy(from, folder.path().join(file)).unwrap();
            }
        }
        Self::open(folder, self.clock.clone())
    }

    async fn schedule(&self, id: &str, tile: &str, due: Timestamp) {
        self.schedule_to(id, tile, None, due).await;
    }

    async fn schedule_to(&self, id: &str, tile: &str, origin: Option<&str>, due: Timestamp) {
        let step = Scheduled {
            origin: origin.map(|origin| encode::origin(origin).unwrap()),
            ..step(id, tile, due)
        };
        self.store().schedule(step).await.unwrap();
    }

    async fn claim(&self, max: usize) -> Claims {
        self.claim_by(max, &Rules::open()).await
    }

    async fn claim_by(&self, max: usize, gate: &Arc<Rules>) -> Claims {
        let gate = gate.clone();
        self.store().claim_due(max, LEASE, gate).await.unwrap()
    }

    fn store(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }
}

fn open(folder: &Path, clock: &Clock) -> Result<SqliteStore, OpenFault> {
    SqliteStore::open(&settings(folder), clock.clone(), Telemetry::default())
}

fn settings(folder: &Path) -> config::Store {
    config::Store {
        folder: folder.to_owned(),
        reserve: 0,
    }
}

fn step(id: &str, tile: &str, due: Timestamp) -> Scheduled {
    let body = format!(r#"{{"tile":"welcome/{tile}","email":"{id}@secret.example"}}"#);
    Scheduled {
        step: Step::restore(StepId::new(id).unwrap(), true, body.into()).unwrap(),
        origin: None,
        due,
        expected: due,
        reason: PendingReason::Busy,
        progress: Progress::default(),
        arrived: Timestamp::UNIX_EPOCH,
        traceparent: None,
    }
}

fn id(id: &str) -> StepId {
    StepId::new(id).unwrap()
}

fn ids(claims: &Claims) -> Vec<&str> {
    let claims = claims.claims.iter();
    claims
        .map(|claim| claim.scheduled.step.id.as_str())
        .collect()
}

/// A gate that holds the tiles it was told of, and notes what it was asked.
#[derive(Debug, Default)]
struct Rules {
    held: Mutex<HashMap<String, Admission>>,
    asked: Mutex<Vec<String>>,
    backlogs: Mutex<Vec<usize>>,
}

impl Rules {
    fn open() -> Arc<Self> {
        Arc::default()
    }

    fn hold(&self, tile: &str, admission: Admission) {
        self.held
            .lock()
            .insert(format!("welcome/{tile}"), admission);
    }

    fn free(&self) {
        self.held.lock().clear();
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock())
    }
}

impl Gate for Rules {
    fn admit(&self, lane: &Lane) -> Admission {
        let target = lane.target.to_string();
        self.asked.lock().push(target.clone());
        let held = self.held.lock();
        held.get(&target).cloned().unwrap_or(Admission::Room(1000))
    }

    fn backlog(&self, _lane: &Lane, due: usize) {
        self.backlogs.lock().push(due);
    }
}
