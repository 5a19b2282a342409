//! What `render` and `test` are asked for: a target, a step in a file, and what it finds.

use crate::config::{Found, NotFound, Snapshot};
use crate::model::{Step, Target, TileRef, WebhookId};
use crate::pipeline;
use anyhow::{Context, Result, anyhow, bail};
use std::io::Read;
use std::path::Path;

/// A tile where there is a slash, else a webhook.
///
/// # Errors
/// When `text` is the name of neither.
pub(super) fn target(text: &str) -> Result<Target> {
    let target = if text.contains('/') {
        TileRef::new(text).map(Target::Tile)
    } else {
        WebhookId::new(text).map(Target::Webhook)
    };
    target.map_err(|fault| anyhow!("`{text}` names no tile or webhook: it {fault}"))
}

/// The step in the JSON file `path` (`-` for standard input), sent to `target` whatever target it
/// names itself.
///
/// # Errors
/// When the file cannot be read, or is no step.
pub(super) fn step(path: &Path, target: &Target) -> Result<Step> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    }
    .with_context(|| format!("cannot read {}", path.display()))?;
    pipeline::sample(target, &text).map_err(|fault| {
        let pointer = Some(fault.pointer).filter(|p| !p.is_empty());
        let pointer = pointer.map_or(String::new(), |p| format!("{p} "));
        anyhow!("{}: {pointer}{}", path.display(), fault.detail)
    })
}

/// What `target` stands for.
///
/// # Errors
/// When it is not in service, with what to do about it.
pub(super) fn find(snapshot: &Snapshot, target: &Target) -> Result<Found> {
    let missing = match snapshot.find(target) {
        Ok(found) => return Ok(found),
        Err(missing) => missing,
    };
    match missing {
        NotFound::Tile => bail!("there is no tile `{target}`"),
        NotFound::Webhook => bail!("there is no webhook for `{target}`"),
        NotFound::WebhookInvalid => {
            bail!("the webhook of `{target}` has errors: see `stepgate check`")
        }
        NotFound::WebhookUntested => bail!(
            "the webhook of `{target}` was not tested as it stands: see `stepgate test --record`"
        ),
        NotFound::JourneyInvalid => {
            bail!("the journey of `{target}` has errors: see `stepgate check`")
        }
    }
}
