//! Whether a running step is durable: what a door and the run agree on.

use crate::schedule::FencingToken;
use tokio::sync::Mutex;

/// One running step's place in the store, if it has one. Locked while it is written, so that a
/// run that ends meanwhile waits for it.
#[derive(Debug, Default)]
pub struct Custody(pub(super) Mutex<Held>);

#[derive(Debug, Default)]
pub(super) enum Held {
    /// In memory only.
    #[default]
    Inline,
    /// In the store, claimed.
    Stored(FencingToken),
    /// The run has ended.
    Over,
}
