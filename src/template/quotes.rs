//! Where literal text leaves a JSON document: inside a string or outside, and whether a value may stand there.

use super::code::Slot;

/// A place in a JSON document, as far as strings go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Quotes {
    #[default]
    Outside,
    Inside,
    /// Right after a backslash inside a string.
    Escape,
    /// Inside `\uXXXX`; so many digits are still to come.
    Unicode(u8),
}

// === impl Quotes ===

impl Quotes {
    /// Moves over literal `text`.
    pub(super) fn follow(&mut self, text: &str) {
        for byte in text.bytes() {
            *self = match (*self, byte) {
                (Self::Outside, b'"') => Self::Inside,
                (Self::Inside, b'"') => Self::Outside,
                (Self::Inside, b'\\') => Self::Escape,
                (Self::Escape, b'u') => Self::Unicode(4),
                (Self::Escape | Self::Unicode(1), _) => Self::Inside,
                (Self::Unicode(left), _) => Self::Unicode(left - 1),
                (state @ (Self::Outside | Self::Inside), _) => state,
            };
        }
    }

    /// What a value does here.
    ///
    /// # Errors
    /// Inside an escape: a value there could end the string.
    pub(super) fn slot(self) -> Result<Slot, &'static str> {
        match self {
            Self::Outside => Ok(Slot::JsonValue),
            Self::Inside => Ok(Slot::JsonText),
            Self::Escape | Self::Unicode(_) => Err(
                "a value cannot stand inside an escape of a JSON string: it would change what the string means",
            ),
        }
    }
}
