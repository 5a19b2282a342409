//! A gateway in this process, on ports of its own, with a pipeline that does as it is told.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use stepgate::app::{App, Ending, Parts, Runtime, StartFault, Stop};
use stepgate::config::{self, Gateway, Live, Snapshot};
use stepgate::ingress::Run;
use stepgate::model::{Outcome, PendingReason, Secret, StepId, Target, Verdict};
use stepgate::pipeline::{Arrival, Custody, Refusal};
use stepgate::schedule::{Clock, SqliteStore, Store};
use stepgate::telemetry::Telemetry;
use stepgate::web::Patience;
use tempfile::TempDir;
use tokio::sync::Semaphore;

type Told<T> = Arc<dyn Fn(Arrival) -> BoxFuture<'static, T> + Send + Sync>;

/// A pipeline that does as it is told. It keeps no step that runs, unless it is told how.
#[derive(Clone)]
pub(crate) struct Scripted {
    run: Told<Result<Outcome, Refusal>>,
    keep: Told<Option<Outcome>>,
}

/// A gateway that runs; dropping it stops it.
pub(crate) struct Running {
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) folder: TempDir,
    stop: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

/// A gateway to be.
pub(crate) struct Setup {
    pub(crate) gateway: Gateway,
    pub(crate) patience: Patience,
    pub(crate) folder: TempDir,
    pub(crate) store: Arc<dyn Store>,
    pipeline: Scripted,
}

struct Asked(Arc<Semaphore>);

// === impl Scripted ===

impl Scripted {
    pub(crate) fn new<F>(told: impl Fn(Arrival) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Outcome, Refusal>> + Send + 'static,
    {
        Self {
            run: Arc::new(move |arrival| Box::pin(told(arrival))),
            keep: Arc::new(|_| Box::pin(async { None })),
        }
    }

    /// What becomes of a step that is to be kept while it runs.
    pub(crate) fn keeping<F>(mut self, told: impl Fn(Arrival) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<Outcome>> + Send + 'static,
    {
        self.keep = Arc::new(move |arrival| Box::pin(told(arrival)));
        self
    }

    /// Every step continues.
    pub(crate) fn continuing() -> Self {
        Self::new(|arrival| async move { Ok(continued(&arrival)) })
    }
}

impl Run for Scripted {
    async fn run(&self, arrival: Arrival, _custody: &Custody) -> Result<Outcome, Refusal> {
        (self.run)(arrival).await
    }

    async fn accept(&self, arrival: Arrival) -> Result<Outcome, Refusal> {
        (self.run)(arrival).await
    }

    async fn keep(&self, arrival: &Arrival, _custody: &Custody) -> Option<Outcome> {
        (self.keep)(arrival.clone()).await
    }
}

// === impl Setup ===

impl Setup {
    pub(crate) fn new(pipeline: Scripted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            gateway: gateway(folder.path().join("data")),
            patience: Patience::default(),
            store: store_in(&folder.path().join("data")),
            folder,
            pipeline,
        }
    }

    pub(crate) fn token(mut self, token: &str) -> Self {
        self.gateway.listen.token = Some(Secret::new(token));
        self
    }

    pub(crate) fn start(self) -> Running {
        self.try_start().unwrap()
    }

    pub(crate) fn try_start(self) -> Result<Running, StartFault> {
        let pipeline = self.pipeline.clone();
        self.start_parts(|_| pipeline)
    }

    /// Starts with the pipeline that `told` makes of the watches on the process's end.
    pub(crate) fn start_with(self, told: impl FnOnce(&Ending) -> Scripted) -> Running {
        self.start_parts(told).unwrap()
    }

    fn start_parts(self, told: impl FnOnce(&Ending) -> Scripted) -> Result<Running, StartFault> {
        let live = Live::new(Snapshot::new(
            self.gateway,
            HashMap::default(),
            HashMap::default(),
        ));
        let mut parts = Parts::new(live, Telemetry::default(), self.store, Vec::new());
        parts.pipelines = vec![told(&parts.ending); 2];
        parts.patience = self.patience;
        parts.runtime = Runtime::Restartable;
        let app = App::bind(parts)?;
        let (http, admin) = (app.http()[0], app.admin());
        let stop = Arc::new(Semaphore::new(0));
        let told = Asked(stop.clone());
        let thread = thread::spawn(move || app.run(told));
        Ok(Running {
            http,
            admin,
            folder: self.folder,
            stop,
            thread: Some(thread),
        })
    }
}

// === impl Running ===

impl Running {
    /// Asks it to stop, without waiting.
    pub(crate) fn stop(&self) {
        self.stop.add_permits(1);
    }

    /// Whether it has stopped.
    pub(crate) fn stopped(&self) -> bool {
        self.thread.as_ref().unwrap().is_finished()
    }

    /// The token that was made for its admin door.
    pub(crate) fn admin_token(&self) -> String {
        let path = self.folder.path().join("data/admin-token");
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Twice: tests that failed may have left steps in flight.
        self.stop.add_permits(2);
        let ended = self.thread.take().unwrap().join();
        if !thread::panicking() {
            ended.unwrap();
        }
    }
}

#[async_trait]
impl Stop for Asked {
    async fn asked(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

/// The outcome of a step that went well.
pub(crate) fn continued(arrival: &Arrival) -> Outcome {
    let step = &arrival.step;
    outcome(&step.id, &step.target, Verdict::Continue)
}

pub(crate) fn outcome(id: &StepId, target: &Target, verdict: Verdict) -> Outcome {
    Outcome {
        id: id.clone(),
        target: target.clone(),
        verdict,
        status: Some(200),
        attempts: 1,
        elapsed: Duration::from_millis(1),
        sent: None,
        message: "As told.".to_owned(),
        captured: None,
        branch: None,
        failure: None,
        warnings: Vec::new(),
    }
}

/// The outcome, for now, of a step that waits.
pub(crate) fn waits(arrival: &Arrival, reason: PendingReason) -> Outcome {
    let step = &arrival.step;
    outcome(
        &step.id,
        &step.target,
        Verdict::Pending { reason, due: None },
    )
}

/// A store in a data folder.
pub(crate) fn store_in(folder: &Path) -> Arc<SqliteStore> {
    let settings = config::Store {
        folder: folder.to_owned(),
        reserve: 0,
    };
    let store = SqliteStore::open(&settings, Clock::System, Telemetry::default());
    Arc::new(store.unwrap())
}

/// The defaults, on ports of its own.
fn gateway(data: std::path::PathBuf) -> Gateway {
    let mut gateway = Gateway::default();
    gateway.listen.http = vec![([127, 0, 0, 1], 0).into()];
    gateway.listen.admin = ([127, 0, 0, 1], 0).into();
    gateway.listen.threads = 2;
    gateway.store.folder = data;
    gateway
}
