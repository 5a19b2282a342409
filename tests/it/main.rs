//! The contract, sentence by sentence, over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod templates;
