//! The gateway of the demonstration: this program, run once more as `stepgate serve`.
//!
//! A process of its own, so that it is what runs in production, down to its signals.

use crate::cli::wire::{self, Message};
use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// Longest that a start may take. The configuration is small, the machine may be busy.
const START: Duration = Duration::from_secs(30);

/// Between two looks at whether the gateway is ready.
const LOOK: Duration = Duration::from_millis(50);

/// Longest that the gateway may take to end; it is killed then.
const END: Duration = Duration::from_secs(20);

/// A gateway that is running. Dropped, it is killed.
pub(super) struct Gateway {
    child: Child,
    log: PathBuf,
}

// === impl Gateway ===

impl Gateway {
    /// Starts a gateway on `config` and waits until it is ready, as `admin` says.
    ///
    /// # Errors
    /// When it cannot be started, ends by itself or is not ready in time; with what it logged.
    pub(super) async fn start(config: &Path, admin: SocketAddr) -> anyhow::Result<Self> {
        let folder = config
            .parent()
            .context("the configuration is in no folder")?;
        let log = folder.join("gateway.log");
        let output = File::create(&log)?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--config"])
            .arg(config)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C is for the demonstration, which ends the gateway in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the gateway")?;
        let mut gateway = Self { child, log };
        gateway.ready(admin).await?;
        Ok(gateway)
    }

    async fn ready(&mut self, admin: SocketAddr) -> anyhow::Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < START {
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended with {status}\n{}", self.logged());
            }
            let answer = ask(admin, "/readyz", None).await;
            if answer.is_ok_and(|answer| answer.status() == Some(200)) {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        bail!(
            "the gateway was not ready within {START:?}\n{}",
            self.logged()
        );
    }

    /// Ends it as an orchestrator would, and waits for it.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        let id = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(id) = id {
            kill_process(id, Signal::TERM)?;
        }
        match timeout(END, self.child.wait()).await {
            Ok(ended) => drop(ended?),
            Err(_) => self.child.kill().await?,
        }
        Ok(())
    }

    /// All that it has logged.
    pub(super) fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Sends `step` to the gateway that listens at `address`.
///
/// # Errors
/// When there is no whole answer.
pub(super) async fn send(address: SocketAddr, step: &str) -> anyhow::Result<Message> {
    ask(address, "/v1/steps", Some(step))
        .await
        .context("the gateway gave no answer")
}

async fn ask(address: SocketAddr, path: &str, body: Option<&str>) -> std::io::Result<Message> {
    wire::ask(TcpStream::connect(address).await?, path, "", body).await
}

/// A free port on the loopback address: `wanted`, unless someone has it.
///
/// # Errors
/// When there is none at all.
pub(super) fn free_port(wanted: u16) -> std::io::Result<u16> {
    let bind = |port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = bind(wanted).or_else(|_| bind(0))?;
    Ok(listener.local_addr()?.port())
}
