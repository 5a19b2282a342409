//! `stepgate demo`: a gateway, an endpoint, and the example journey sent through.
//!
//! Everything is real but the place: the gateway is this program, run on a copy of `conf/` whose
//! endpoints are moved to this machine, and each request goes over TLS. Nothing leaves the machine.

mod copy;
mod endpoint;
mod example;
mod gateway;
mod page;

use super::Failure;
use super::wire::Message;
use crate::config::{self, Faults};
use crate::model::WebhookId;
use anyhow::anyhow;
use copy::{Copy, Ports};
use endpoint::Authority;
use example::{EXAMPLES, Example};
use gateway::Gateway;
use page::{Ink, Page};
use std::io::{self, IsTerminal as _, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;

pub use copy::Fingerprint;

/// Send the example journeys through a real gateway to a local endpoint, and show each request.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// The folder whose webhooks and journeys are shown.
    #[arg(default_value = "conf")]
    conf: PathBuf,
    /// End after the last example, instead of staying up.
    #[arg(long)]
    once: bool,
}

/// What happens after the last example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It ends.
    End,
    /// It stays up until Ctrl-C, and shows every further request.
    Stay,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every outcome was the expected one, as far as it was let.
    AsExpected,
    /// At least one was not.
    Otherwise,
}

/// What the examples are sent to and seen at.
struct Stage<W> {
    page: Page<W>,
    /// Where the gateway takes steps.
    steps: SocketAddr,
    received: UnboundedReceiver<Message>,
}

/// Ctrl-C and SIGTERM, caught from the first moment: the gateway must not outlive the demonstration.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

// === impl Demo ===

impl Demo {
    pub(super) fn run(self) -> Result<(), Failure> {
        let after = if self.once { After::End } else { After::Stay };
        match run(&self.conf, after, &fingerprint)? {
            Ending::AsExpected => Ok(()),
            Ending::Otherwise => Err(Failure::Refused(anyhow!(
                "at least one outcome was not the expected one"
            ))),
        }
    }
}

/// The fingerprint of a webhook's text.
fn fingerprint(text: &str) -> anyhow::Result<String> {
    let id = WebhookId::new("demo").expect("a file stem");
    let draft = config::draft(&id, text, "webhook", Path::new("."));
    draft
        .fingerprint
        .ok_or(anyhow!(Faults(draft.report.faults)))
}

/// Runs the demonstration on the folder `conf`; `fingerprint` gives that of a webhook's text.
///
/// # Errors
/// When the configuration cannot be read, the gateway does not start, or stdout is closed.
pub fn run(conf: &Path, after: After, fingerprint: Fingerprint<'_>) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(show(conf, after, fingerprint))
}

async fn show(conf: &Path, after: After, fingerprint: Fingerprint<'_>) -> anyhow::Result<Ending> {
    let mut stop = Stop::new()?;
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(local(0)).await?;
    let ports = Ports {
        endpoint: listener.local_addr()?.port(),
        steps: gateway::free_port(8080)?,
        admin: gateway::free_port(8081)?,
    };
    let copy = Copy::make(conf, ports, fingerprint)?;
    let authority = Authority::new(copy.hosts.iter().cloned())?;
    copy.trust(&authority.ca_pem)?;
    let received = endpoint::serve(listener, &authority, copy.answers.clone());

    let coloured = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let ink = if coloured { Ink::Coloured } else { Ink::Plain };
    let mut stage = Stage {
        page: Page::new(io::stdout(), ink),
        steps: local(ports.steps),
        received,
    };
    let config = copy.config();
    let gateway = select! {
        started = Gateway::start(&config, local(ports.admin)) => started?,
        () = stop.asked() => return Ok(Ending::AsExpected),
    };
    stage.page.say(&format!(
        "A gateway takes steps at http://{}; every endpoint of {} is played by https://{}.",
        stage.steps,
        conf.display(),
        local(ports.endpoint),
    ))?;

    let ending = select! {
        shown = stage.play(after, &copy) => shown,
        () = stop.asked() => Ok(Ending::AsExpected),
    };
    if !matches!(ending, Ok(Ending::AsExpected)) {
        // It goes with the folder, and may be all that tells why.
        let log = format!("\nThe gateway's log:\n{}", gateway.logged());
        stage.page.say(&log)?;
    }
    gateway.end().await?;
    ending
}

// === impl Stage ===

impl<W: Write> Stage<W> {
    async fn play(&mut self, after: After, copy: &Copy) -> anyhow::Result<Ending> {
        let mut met = 0;
        for (index, example) in EXAMPLES.iter().enumerate() {
            self.page.step(index + 1, EXAMPLES.len(), example)?;
            if self.example(example).await? {
                met += 1;
            }
        }
        self.page.say(&format!(
            "\n{met} of {} steps had the outcome that was expected.",
            EXAMPLES.len()
        ))?;
        match after {
            After::End => {}
            After::Stay => self.stay(copy).await?,
        }
        Ok(if met == EXAMPLES.len() {
            Ending::AsExpected
        } else {
            Ending::Otherwise
        })
    }

    /// Sends one step, shows what came of it, and says whether that was expected.
    async fn example(&mut self, example: &Example) -> anyhow::Result<bool> {
        let answer = gateway::send(self.steps, example.step).await?;
        // Kept before it was answered, so all that belong to this step are there.
        while let Ok(request) = self.received.try_recv() {
            self.page.request(&request)?;
        }
        self.page.outcome(&answer)?;
        let met = example.is_met_by(&answer.body);
        if !met {
            self.page
                .wrong(&format!("  expected {}", example.expected))?;
        }
        Ok(met)
    }

    /// Shows each further request, for as long as someone lets it.
    async fn stay(&mut self, copy: &Copy) -> anyhow::Result<()> {
        self.page.say(&format!(
            "Still running, on a copy of the configuration that you may edit: {}\n\
             Ctrl-C ends it. Try\n\n  curl -s http://{}/v1/steps -H 'Content-Type: application/json' \\\n    -d '{}'\n",
            copy.folder.path().display(),
            self.steps,
            EXAMPLES[0].step,
        ))?;
        while let Some(request) = self.received.recv().await {
            self.page.request(&request)?;
        }
        Ok(())
    }
}

// === impl Stop ===

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Returns when someone asks for the end.
    async fn asked(&mut self) {
        select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
