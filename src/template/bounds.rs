//! What one rendering may spend, counted in one place: output, loop turns, and bytes that helpers look at or make.

use super::{RenderError, RenderLimits};

/// Most turns of all loops of a rendering together.
const MOST_TURNS: usize = 100_000;

/// Most bytes that a rendering's lookups and helpers read and write together: a fraction of a second's work, where
/// turns times the size of a value would allow minutes.
const MOST_WORK: usize = 64 * 1024 * 1024;

/// What is left to spend.
#[derive(Debug)]
pub(super) struct Bounds {
    output_bytes: usize,
    turns: usize,
    work: usize,
}

/// Text made by a helper, as long as it fits the output.
#[derive(Debug)]
pub(super) struct Made {
    text: String,
    most: usize,
}

// === impl Bounds ===

impl Bounds {
    pub(super) fn new(limits: RenderLimits) -> Self {
        Self {
            output_bytes: limits.output_bytes,
            turns: MOST_TURNS,
            work: MOST_WORK,
        }
    }

    /// One more turn of a loop.
    pub(super) fn turn(&mut self) -> Result<(), RenderError> {
        let Some(left) = self.turns.checked_sub(1) else {
            return Err(RenderError::new(format!(
                "the template's loops take more than {MOST_TURNS} turns"
            )));
        };
        self.turns = left;
        Ok(())
    }

    /// Looks at or makes so many bytes.
    pub(super) fn work(&mut self, bytes: usize) -> Result<(), RenderError> {
        let Some(left) = self.work.checked_sub(bytes) else {
            return Err(RenderError::new(format!(
                "the template's helpers and lookups go through more than {} MiB",
                MOST_WORK / 1024 / 1024
            )));
        };
        self.work = left;
        Ok(())
    }

    /// Refuses text longer than the output may be.
    pub(super) fn fits(&self, bytes: usize) -> Result<(), RenderError> {
        if bytes > self.output_bytes {
            return Err(too_long(self.output_bytes));
        }
        Ok(())
    }

    /// Text to be made, starting empty.
    pub(super) fn made(&self) -> Made {
        Made {
            text: String::with_capacity(32),
            most: self.output_bytes,
        }
    }
}

// === impl Made ===

impl Made {
    pub(super) fn push_str(&mut self, text: &str) -> Result<(), RenderError> {
        if text.len() > self.most - self.text.len() {
            return Err(too_long(self.most));
        }
        self.text.push_str(text);
        Ok(())
    }

    pub(super) fn push(&mut self, character: char) -> Result<(), RenderError> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// `pad`, over and over, `count` characters of it.
    pub(super) fn pad(&mut self, pad: &str, count: usize) -> Result<(), RenderError> {
        if count > self.most {
            return Err(too_long(self.most));
        }
        pad.chars()
            .cycle()
            .take(count)
            .try_for_each(|character| self.push(character))
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

fn too_long(most: usize) -> RenderError {
    RenderError::new(format!("the rendered text is longer than {most} bytes"))
}
