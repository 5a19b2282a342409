//! How the schedule is, as its store says it and the metrics show it.

use jiff::Timestamp;

/// What a store says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// Steps that wait.
    pub pending: usize,
    /// The earliest moment that any unclaimed step is due; none while none waits.
    pub oldest_due: Option<Timestamp>,
    /// Bytes that the disk has left, where that is known.
    pub free_bytes: Option<u64>,
    /// Whether it takes steps now.
    pub accepts: bool,
}
