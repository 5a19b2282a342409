//! Who of the due steps may go: the limits' word, asked for by the store lane by lane.

use crate::model::{Origin, Target};
use std::fmt;
use std::time::Duration;

/// The queue that a step waits in. Steps of one lane go in the order they are due; a lane that is
/// held back holds no other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lane {
    pub target: Target,
    /// Where the steps' requests go, for a webhook whose endpoint does not say so by itself.
    pub origin: Option<Origin>,
}

/// What a gate says of a lane whose first step is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Up to this many of its steps may go now; at least one.
    Room(usize),
    /// None of its steps for so long: its tile's line is full. The gate wants to know how many
    /// are due, as far as `count`.
    Lane { wait: Duration, count: usize },
    /// None of any lane that goes to this host, for so long.
    Host { origin: Origin, wait: Duration },
}

/// Decides lane by lane. Asked on the store's own thread: it may not wait.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Whether steps of `lane` may go now.
    fn admit(&self, lane: &Lane) -> Admission;

    /// So many steps of a lane that is held back are due, counted as far as was asked for.
    fn backlog(&self, lane: &Lane, due: usize);
}
