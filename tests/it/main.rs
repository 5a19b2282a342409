//! The contract, sentence by sentence, over real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and the line says where"
)]

mod config;
mod reload;
