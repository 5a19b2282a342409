//! `stepgate pending`: what waits and why.
//!
//! Asks the gateway that runs, and opens the store itself where none does: a store belongs to one
//! process at a time.

mod ask;
mod table;

use super::{Failure, input};
use crate::admin::{MOST_STEPS, Question, Report, USUAL_STEPS};
use crate::config::{self, Gateway};
use crate::model::Target;
use crate::schedule::{Clock, SqliteStore};
use crate::telemetry::Telemetry;
use anyhow::{Context, bail};
use ask::Unanswered;
use std::io::{self, Write};
use std::path::PathBuf;

/// Print what waits on the schedule and why: counts of each tile, then the steps.
#[derive(Debug, clap::Args)]
pub(super) struct Pending {
    /// Only the steps of this tile, `<journey id>/<tile id>`, or of this webhook.
    #[arg(long, value_parser = input::target)]
    tile: Option<Target>,
    /// List so many steps, in the order that they are due.
    #[arg(long, default_value_t = USUAL_STEPS, value_parser = steps)]
    limit: usize,
    /// Print the JSON of `GET /admin/v1/schedule`.
    #[arg(long)]
    json: bool,
    /// The process's file.
    #[arg(long, default_value = "conf/gateway.toml")]
    config: PathBuf,
}

// === impl Pending ===

impl Pending {
    pub(super) fn run(self) -> Result<(), Failure> {
        let snapshot = config::read(&self.config)?;
        let question = Question {
            target: self.tile,
            limit: self.limit,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start a runtime")?;
        let report = runtime.block_on(find_out(&snapshot.gateway, &question))?;
        let mut text = if self.json {
            serde_json::to_string(&report).expect("strings and numbers serialize")
        } else {
            table::show(&report, &question)
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        match io::stdout().write_all(text.as_bytes()) {
            // Who reads only the first lines has what was wanted.
            Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written.context("cannot write to standard output")?),
        }
    }
}

async fn find_out(gateway: &Gateway, question: &Question) -> anyhow::Result<Report> {
    match ask::running(gateway, question).await {
        Ok(report) => Ok(report),
        Err(Unanswered::Nobody { address, source }) => open(gateway, question)
            .await
            .with_context(|| format!("no gateway answers at {address} ({source})")),
        Err(Unanswered::Fault(fault)) => Err(fault),
    }
}

/// Looks into the store of `gateway`, which is nobody's while no process has it open.
async fn open(gateway: &Gateway, question: &Question) -> anyhow::Result<Report> {
    let settings = &gateway.store;
    // Opened, it would be made.
    if !settings.folder.is_dir() {
        bail!("there is no data folder {} here", settings.folder.display());
    }
    let store = SqliteStore::open(settings, Clock::System, Telemetry::default())?;
    Ok(Report::of(&store, question).await?)
}

fn steps(text: &str) -> Result<usize, String> {
    let steps = text.parse().ok().filter(|steps| *steps <= MOST_STEPS);
    steps.ok_or_else(|| format!("a number from 0 to {MOST_STEPS}"))
}
