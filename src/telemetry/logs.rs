//! The log: which lines are written, and how.
//!
//! To stderr, so that stdout belongs to what a command prints.

use super::lines::JsonLines;
use super::sink::{Sink, Writing};
use crate::config::{Log, LogFormat};
use std::io::{self, IsTerminal, stderr};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_log::{AsLog, LogTracer};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// Crates that say at `error` and `info` what is an everyday matter here.
const NOISY: [&str; 5] = ["pingora", "h2", "hickory", "rustls", "log"];

/// The log of the process. Dropping it writes what is left.
#[derive(Debug)]
pub struct Logs {
    levels: Levels,
    _writing: Writing,
}

/// Which lines the log of the process writes. Clones set the same.
#[derive(Debug, Clone)]
pub struct Levels(Handle<Targets, Registry>);

// === impl Logs ===

impl Logs {
    /// Starts the log of the process; what libraries say through `log` is bridged.
    ///
    /// # Errors
    /// When the thread that writes cannot be started, or the process has a log already.
    pub fn start(log: &Log) -> io::Result<Self> {
        let sink = Sink::default();
        let (filter, levels) = reload::Layer::new(targets(log.level));
        let layer = fmt::layer().with_ansi(false).with_writer(sink.clone());
        let format = log.format.unwrap_or(if stderr().is_terminal() {
            LogFormat::Text
        } else {
            LogFormat::Json
        });
        let layer = match format {
            LogFormat::Text => layer.boxed(),
            LogFormat::Json => layer.event_format(JsonLines { timed: true }).boxed(),
        };
        tracing_subscriber::registry()
            .with(layer.with_filter(filter))
            .try_init()
            .map_err(io::Error::other)?;
        LogTracer::init_with_filter(quiet(log.level).as_log()).map_err(io::Error::other)?;
        let _writing = sink.write_to(stderr())?;
        Ok(Self {
            levels: Levels(levels),
            _writing,
        })
    }

    /// Where the level is set later.
    pub fn levels(&self) -> Levels {
        self.levels.clone()
    }
}

// === impl Levels ===

impl Levels {
    /// Writes lines of `level` and above from now on.
    pub fn set(&self, level: Level) {
        // It fails only when the subscriber is gone, and then nothing is written anyway.
        let _ = self.0.reload(targets(level));
        tracing_log::log::set_max_level(quiet(level).as_log());
    }
}

fn targets(level: Level) -> Targets {
    let noisy = NOISY.map(|name| (name, quiet(level)));
    Targets::new().with_default(level).with_targets(noisy)
}

/// What the noisy may say: warnings; more where the log is that of someone who looks for a fault.
fn quiet(level: Level) -> LevelFilter {
    match level {
        Level::TRACE => LevelFilter::DEBUG,
        Level::DEBUG => LevelFilter::INFO,
        Level::INFO | Level::WARN => LevelFilter::WARN,
        _ => LevelFilter::ERROR,
    }
}
