//! The commands, and what each promises.
//!
//! Exit codes: 0, 1 for a refused configuration or a failed check, 2 for wrong usage, 3 for
//! anything else. Results go to stdout; logs and errors to stderr.
//!
//! A command is one file here, its `mod`, and one line in `commands!`.

// Declared by no macro: the formatter would not follow.
pub mod check;
pub mod demo;
mod input;
pub mod pending;
pub mod render;
mod schema;
pub mod serve;
pub mod test;
mod wire;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Declares each command's place on the command line and who runs it.
macro_rules! commands {
    ($($name:ident in $module:ident),+ $(,)?) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($name($module::$name),)+
        }

        impl Command {
            fn run(self) -> Result<(), Failure> {
                match self {
                    $(Self::$name(command) => command.run(),)+
                }
            }
        }
    };
}

commands! {
    Serve in serve,
    Demo in demo,
    Check in check,
    Render in render,
    Test in test,
    Pending in pending,
    Schema in schema,
}

/// Turns journey steps into journey webhook requests, and answers with outcomes.
#[derive(Debug, Parser)]
#[command(name = "stepgate", version)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// Why a command did not do what it promises.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is refused, or a check failed.
    #[error("{0:#}")]
    Refused(anyhow::Error),
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

// === impl Failure ===

impl Failure {
    fn code(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::from(1),
            Self::Other(_) => ExitCode::from(3),
        }
    }
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(usage) => {
            // Help and version are asked for, and go to stdout; a closed one is nobody's loss.
            let _ = usage.print();
            return if usage.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match line.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("stepgate: {failure}");
            failure.code()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Line::command().debug_assert();
    }
}
