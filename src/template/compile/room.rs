//! How many regular expressions there may be: a few letters can take a mebibyte and milliseconds, and a
//! file has room for thousands of them.

use std::cell::Cell;

/// Most bytes that all of them take together, compiled. The last may go beyond it.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What the regular expressions of some templates take together. One for each file.
#[derive(Debug, Default)]
pub struct PatternRoom(Cell<usize>);

// === impl PatternRoom ===

impl PatternRoom {
    /// Whether there is room for another.
    ///
    /// # Errors
    /// What to say where there is none.
    pub(super) fn is_left(&self) -> Result<(), String> {
        if self.0.get() < MOST_BYTES {
            return Ok(());
        }
        let most = MOST_BYTES / 1024 / 1024;
        Err(format!(
            "the regular expressions of this file take more than {most} MiB together"
        ))
    }

    pub(super) fn take(&self, bytes: usize) {
        self.0.set(self.0.get() + bytes);
    }
}
