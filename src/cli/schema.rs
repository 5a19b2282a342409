//! `stepgate schema`: what files, steps and outcomes look like.

use super::Failure;
use crate::schema::{Kind, bundle, schema};
use anyhow::Context;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use std::io::{self, Write as _};

/// Print JSON Schema of configuration files, steps and outcomes.
#[derive(Debug, clap::Args)]
pub(super) struct Schema {
    /// One of them; all in one document otherwise.
    kind: Option<Kind>,
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Gateway => "The process: conf/gateway.toml",
            Self::Webhook => "One file of conf/webhooks",
            Self::Journey => "One file of conf/journeys",
            Self::Step => "The body of POST /v1/steps",
            Self::Outcome => "Its answer",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}

// === impl Schema ===

impl Schema {
    pub(super) fn run(self) -> Result<(), Failure> {
        let text = self
            .kind
            .map_or_else(bundle, |kind| schema(kind).to_owned());
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .context("cannot write to standard output")?;
        Ok(())
    }
}
