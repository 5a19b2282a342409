//! `stepgate render`: the exact HTTP request that a step would send, secrets masked.

use super::{Failure, input};
use crate::config::{self, Snapshot};
use crate::model::{Method, Request};
use crate::pipeline;
use anyhow::{Context, Result, anyhow};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Print the exact HTTP request that a step would send, secrets masked.
#[derive(Debug, clap::Args)]
pub(super) struct Render {
    /// A tile, `<journey id>/<tile id>`, or a webhook's id.
    target: String,
    /// A file with the step as JSON; `-` for standard input. Its own `tile` or `webhook` is ignored.
    #[arg(long)]
    step: PathBuf,
    /// The process's file; `webhooks/` and `journeys/` stand beside it.
    #[arg(long, default_value = "conf/gateway.toml")]
    config: PathBuf,
}

// === impl Render ===

impl Render {
    pub(super) fn run(self) -> Result<(), Failure> {
        let snapshot = config::read(&self.config)?;
        let bytes = render(&snapshot, &self.target, &self.step)?;
        std::io::stdout()
            .write_all(&bytes)
            .context("cannot write to standard output")?;
        Ok(())
    }
}

/// The request that the step in the file `step` would send to `target`: byte for byte as it goes
/// over an HTTP/1.1 connection, but for the secrets.
fn render(snapshot: &Snapshot, target: &str, step: &Path) -> Result<Vec<u8>> {
    let target = input::target(target)?;
    let step = input::step(step, &target)?;
    let found = input::find(snapshot, &target)?;
    let request = pipeline::shown(&found, &snapshot.gateway, &step)
        .map_err(|fault| anyhow!("this step exits with {}: {fault}", fault.reason().as_str()))?;
    Ok(wire(&request))
}

/// `request` as HTTP/1.1 has it.
pub(super) fn wire(request: &Request) -> Vec<u8> {
    let line = format!("{} {} HTTP/1.1\r\n", request.method.as_str(), request.path);
    let mut out = line.into_bytes();
    let mut header = |name: &str, value: &[u8]| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    header("host", request.origin.authority().to_string().as_bytes());
    for (name, value) in &request.headers {
        header(name.as_str(), value.as_bytes());
    }
    let body = request.body.as_deref().unwrap_or_default();
    if request.method != Method::Get {
        header("content-length", body.len().to_string().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}
