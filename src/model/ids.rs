//! Names that were checked when they were made.

use std::fmt;
use std::sync::Arc;

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdFault {
    /// Not a file stem that may name a webhook or a journey.
    #[error("must match [a-z0-9][a-z0-9_-]{{0,63}}")]
    FileStem,
    /// Not a step id.
    #[error("must match [A-Za-z0-9._:-]{{1,128}}")]
    Step,
    /// Not `<journey id>/<tile id>`.
    #[error("must be \"<journey id>/<tile id>\", each [a-z0-9][a-z0-9_-]{{0,63}}")]
    Tile,
}

/// `[a-z0-9][a-z0-9_-]{0,63}`: the stem of a file under `conf/`, and a tile's id.
fn is_stem(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.first().is_some_and(plain)
        && bytes.len() <= 64
        && bytes.iter().all(|b| plain(b) || matches!(b, b'_' | b'-'))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $check:expr, $fault:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// # Errors
            /// An [`IdFault`] that says what such a name must look like.
            pub fn new(text: &str) -> Result<Self, IdFault> {
                if $check(text) { Ok(Self(text.into())) } else { Err($fault) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "`{}`", self.0)
            }
        }

        // So that maps keyed by it can be asked with a borrowed name.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// A webhook: the stem of `conf/webhooks/<id>.toml`.
    WebhookId, is_stem, IdFault::FileStem
);
id!(
    /// A journey: the stem of `conf/journeys/<id>.toml`.
    JourneyId, is_stem, IdFault::FileStem
);
id!(
    /// A step: the caller's idempotency key, or a UUIDv7 made here.
    StepId,
    |text: &str| (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b)),
    IdFault::Step
);
id!(
    /// A tile, as a step names it: `<journey id>/<tile id>`.
    TileRef,
    |text: &str| text.split_once('/').is_some_and(|(j, t)| is_stem(j) && is_stem(t)),
    IdFault::Tile
);

// === impl StepId ===

impl StepId {
    /// A fresh id: a UUIDv7, so ids sort by the time they were made.
    pub fn fresh() -> Self {
        let mut text = uuid::Uuid::encode_buffer();
        let text = uuid::Uuid::now_v7().hyphenated().encode_lower(&mut text);
        Self((&*text).into())
    }
}

// === impl TileRef ===

impl TileRef {
    /// The journey's id: what stands before the slash.
    pub fn journey(&self) -> &str {
        self.0.split_once('/').expect("checked in new").0
    }

    /// The tile's id within its journey.
    pub fn tile(&self) -> &str {
        self.0.split_once('/').expect("checked in new").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stem_is_lower_case_and_at_most_64_long() {
        for good in ["a", "0", "claim-offer", "a_b", &"x".repeat(64)] {
            assert!(WebhookId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a.b", "a/b", "ü", &"x".repeat(65)] {
            assert_eq!(WebhookId::new(bad), Err(IdFault::FileStem), "{bad}");
        }
    }

    #[test]
    fn a_tile_reference_is_a_journey_and_a_tile() {
        let tile = TileRef::new("welcome/claim-offer").unwrap();
        assert_eq!((tile.journey(), tile.tile()), ("welcome", "claim-offer"));
        for bad in ["welcome", "welcome/", "/x", "a/b/c", "a/B"] {
            assert_eq!(TileRef::new(bad), Err(IdFault::Tile), "{bad}");
        }
    }

    #[test]
    fn a_step_id_is_1_to_128_safe_characters() {
        assert!(StepId::new("01J:x.y_z-9").is_ok());
        for bad in ["", "a b", "a/b", &"x".repeat(129)] {
            assert_eq!(StepId::new(bad), Err(IdFault::Step), "{bad}");
        }
    }
}
