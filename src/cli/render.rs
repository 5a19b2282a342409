//! `stepgate render`: the exact HTTP request that a step would send, secrets masked.

use super::input;
use crate::config::{Auth, Snapshot};
use crate::model::{Method, Request};
use crate::plan;
use anyhow::{Result, anyhow};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use std::path::Path;

/// What a secret is shown as.
const MASK: &[u8] = b"***";

/// The request that the step in the file `step` would send to `target`: byte for byte as it goes
/// over an HTTP/1.1 connection, but for the secrets.
///
/// # Errors
/// When the step's file cannot be read, the target is not in service, or the step's values make
/// no request.
pub fn run(snapshot: &Snapshot, target: &str, step: &Path) -> Result<Vec<u8>> {
    let target = input::target(target)?;
    let step = input::step(step, &target)?;
    let found = input::find(snapshot, &target)?;
    let plan = plan::compose(&found, &snapshot.gateway, &step, None)
        .map_err(|fault| anyhow!("this step exits with {}: {fault}", fault.reason().as_str()))?;
    let mut request = plan.request;
    let credential = match &found.webhook.auth {
        Auth::None => None,
        Auth::Basic(_) => Some(HeaderValue::from_static("Basic ***")),
        Auth::Oauth2(_) => Some(HeaderValue::from_static("Bearer ***")),
    };
    request
        .headers
        .extend(credential.map(|value| (AUTHORIZATION, value)));
    Ok(wire(&request))
}

/// `request` as HTTP/1.1, with `***` for each header value that is marked as sensitive.
pub(super) fn wire(request: &Request) -> Vec<u8> {
    let line = format!("{} {} HTTP/1.1\r\n", request.method.as_str(), request.path);
    let mut out = line.into_bytes();
    let mut header = |name: &str, value: &[u8]| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    header("host", request.origin.authority().as_bytes());
    for (name, value) in &request.headers {
        let masked = value.is_sensitive();
        let shown = if masked { MASK } else { value.as_bytes() };
        header(name.as_str(), shown);
    }
    let body = request.body.as_deref().unwrap_or_default();
    if request.method != Method::Get {
        header("content-length", body.len().to_string().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}
