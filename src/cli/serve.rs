//! `stepgate serve`: run until told to stop.

use super::Failure;
use crate::admin::{self, Desk, Tools};
use crate::app::{self, App, Parts, Signals, StartFault};
use crate::config::{self, Faults, Files, Live};
use crate::egress::{Egress, OwnListeners};
use crate::ingress::{DueSteps, Leaving};
use crate::model::TileRef;
use crate::pipeline::Pipeline;
use crate::schedule::{Clock, Keep, OpenFault, SqliteStore, Store};
use crate::telemetry::{Levels, Logs, Telemetry};
use anyhow::Context;
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

/// How often the store drops what need not be kept any longer.
const TRIM_PAUSE: Duration = Duration::from_secs(10);

/// How soon a changed log level is taken up.
const LEVEL_PAUSE: Duration = Duration::from_millis(500);

/// Run the gateway. SIGTERM: /readyz fails, steps in flight finish within the grace.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// The process's file; `webhooks/` and `journeys/` stand beside it.
    #[arg(long, default_value = "conf/gateway.toml")]
    config: PathBuf,
}

// === impl Serve ===

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let opened = config::open(&self.config)?;
        let gateway = opened.settings().clone();
        // Kept to the end, so that the last lines are written.
        let logs = Logs::start(&gateway.log).context("cannot start the log")?;
        let telemetry = Telemetry::default();

        // First: it locks the data folder, in which the configuration keeps its copies.
        let store = SqliteStore::open(&gateway.store, Clock::System, telemetry.clone())?;
        let store: Arc<dyn Store> = Arc::new(store);
        let loaded = opened.load()?;
        let live = loaded.live();
        let egress = Egress::new(OwnListeners::from(&gateway.listen));
        let pipeline = Pipeline::new(
            live.clone(),
            egress.clone(),
            store.clone(),
            telemetry.clone(),
        );
        pipeline.restore_slots(&slots(&*store).context("cannot read the schedule")?);
        let workers = app::workers(&gateway);
        let pipelines = vec![pipeline.clone(); workers];
        let mut parts = Parts::new(live.clone(), telemetry.clone(), store.clone(), pipelines);
        let due = DueSteps {
            live: live.clone(),
            pipeline,
            store: store.clone(),
            held: parts.held.clone(),
            room: parts.room,
            telemetry: telemetry.clone(),
        };
        let leaving = Leaving {
            closing: parts.ending.closing.subscribe(),
            overdue: parts.ending.overdue.subscribe(),
        };
        parts.beside = due.tasks(workers, &leaving);
        let follow = follow_level(live.clone(), logs.levels());
        parts.beside.push(Box::pin(follow));
        let sampling = admin::sampling(telemetry, store.clone(), parts.held.clone());
        parts.beside.push(sampling);
        parts.beside.push(Box::pin(trim(live.clone(), store)));

        let watch = loaded.watch();
        let desk = Desk::new(Files::beside(&self.config), watch.looking(), live.clone());
        parts.tools = Some(Tools { desk, egress });

        let app = App::bind(parts)?;
        info!(http = ?app.http(), unix = ?gateway.listen.unix, admin = %app.admin(), "serving");
        app.run(Signals);
        Ok(())
    }
}

impl From<StartFault> for Failure {
    fn from(fault: StartFault) -> Self {
        match fault {
            StartFault::Unprotected { .. } => Self::Refused(fault.into()),
            StartFault::Listen(_) | StartFault::Token(_) => Self::Other(fault.into()),
        }
    }
}

impl From<OpenFault> for Failure {
    fn from(fault: OpenFault) -> Self {
        match fault {
            // `store.folder` names what cannot be one.
            OpenFault::Folder { .. } => Self::Refused(fault.into()),
            OpenFault::InUse { .. }
            | OpenFault::Newer { .. }
            | OpenFault::Foreign { .. }
            | OpenFault::Database { .. }
            | OpenFault::Thread { .. } => Self::Other(fault.into()),
        }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Refused(faults.into())
    }
}

/// Keeps the log at the level that the configuration in force says.
async fn follow_level(live: Live, levels: Levels) {
    let mut current = live.get().gateway.log.level;
    loop {
        tokio::time::sleep(LEVEL_PAUSE).await;
        let wanted = live.get().gateway.log.level;
        if wanted != current {
            levels.set(wanted);
            current = wanted;
        }
    }
}

/// The slots that were used before this process started.
fn slots(store: &dyn Store) -> anyhow::Result<Vec<(TileRef, Timestamp)>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(store.slots())?)
}

/// Keeps what the store remembers of finished steps as short as the configuration in force says.
async fn trim(live: Live, store: Arc<dyn Store>) {
    loop {
        let gateway = live.get().gateway.clone();
        let keep = Keep {
            outcomes: gateway.outcomes.keep,
            remembered: gateway.steps.dedupe_window,
            most_remembered: gateway.steps.dedupe_max,
        };
        if let Err(error) = store.trim(keep).await {
            warn!("the schedule was not trimmed: {error}");
        }
        tokio::time::sleep(TRIM_PAUSE).await;
    }
}
