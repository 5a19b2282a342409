//! `stepgate check`: everything that is wrong with a configuration folder, at once.

use super::Failure;
use crate::config::{self, Severity};
use anyhow::anyhow;
use std::path::PathBuf;

/// Validate everything: each error and warning with file, line and column.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The folder, or the gateway.toml in it.
    #[arg(default_value = "conf")]
    conf: PathBuf,
}

// === impl Check ===

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let report = config::check(&self.conf);
        for fault in &report.faults {
            println!("{fault}");
        }
        let errors = report.count(Severity::Error);
        let warnings = report.count(Severity::Warning);
        let found = format!(
            "{errors} error{}, {warnings} warning{}",
            plural(errors),
            plural(warnings)
        );
        if errors > 0 {
            let refused = anyhow!("{}: {found}", self.conf.display());
            return Err(Failure::Refused(refused));
        }
        println!("{}: {found}", self.conf.display());
        Ok(())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
