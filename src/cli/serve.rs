//! `stepgate serve`: run until told to stop.

use super::Failure;
use crate::app::{self, App, Parts, Signals, StartFault};
use crate::config::{
    Admin, Ambiguous, Delivery, EgressRules, Gateway, Listen, Live, Log, Oauth2, Outcomes, Retry,
    Shutdown, Snapshot, Steps, Store,
};
use crate::pipeline::Pipeline;
use crate::telemetry::{Logs, Telemetry};
use anyhow::Context;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracing::info;

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
        let live = load(&self.config)?;
        // Kept to the end, so that the last lines are written.
        let gateway = live.get().gateway.clone();
        let _logs = Logs::start(&gateway.log).context("cannot start the log")?;
        let telemetry = Telemetry::default();
        let pipelines = vec![Pipeline; app::workers(&gateway)];
        let app = App::bind(Parts::new(live, telemetry, pipelines))?;
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

/// What is in force at start: the built-in defaults, without webhooks or journeys.
fn load(_config: &Path) -> Result<Live, Failure> {
    Ok(Live::new(Snapshot {
        gateway: Arc::new(defaults()),
        webhooks: HashMap::new(),
        journeys: HashMap::new(),
    }))
}

fn defaults() -> Gateway {
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const MIB: u64 = 1024 * 1024;
    Gateway {
        listen: Listen {
            http: vec![([127, 0, 0, 1], 8080).into()],
            unix: Vec::new(),
            admin: ([127, 0, 0, 1], 8081).into(),
            threads: 0,
            token: None,
        },
        delivery: Delivery {
            timeout: Duration::from_secs(10),
            response_limit: 1024 * 1024,
            render_limit: 1024 * 1024,
            max_in_flight: 10_000,
            max_in_flight_per_host: 2000,
            inline_wait: Duration::from_secs(2),
        },
        egress: EgressRules {
            allow_http: false,
            allow_addresses: Vec::new(),
            resolve: HashMap::new(),
            ca_file: None,
        },
        retry: Retry {
            delay: 3 * MINUTE,
            jitter: Duration::ZERO,
            max_retries: 3,
            statuses: vec![429, 502, 503, 504],
            ambiguous: Ambiguous::Retry,
        },
        oauth2: Oauth2 {
            token_lifetime: 10 * DAY,
            max_refreshes: 3,
        },
        steps: Steps {
            dedupe_window: 10 * MINUTE,
            dedupe_max: 1_000_000,
            dedupe_memory: 256 * MIB,
        },
        store: Store {
            folder: "data".into(),
            reserve: 256 * MIB,
        },
        outcomes: Outcomes { keep: 7 * DAY },
        shutdown: Shutdown {
            grace: Duration::from_secs(15),
        },
        log: Log {
            level: tracing::Level::INFO,
            format: None,
        },
        admin: Admin {
            hosts: Vec::new(),
            token: None,
            tokens: Vec::new(),
        },
    }
}
