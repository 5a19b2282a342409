//! The contract, sentence by sentence, over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops where it stands"
)]

mod admin;
mod answers;
mod architecture;
mod asynchronous;
mod batch;
mod commands;
mod config;
mod console;
mod custody;
mod durable;
mod egress;
mod guard;
mod hostile;
mod ingress;
mod isolation;
mod mission;
mod openapi;
mod outcomes;
mod pacing;
mod pending;
mod reload;
mod schema;
mod secrets;
mod sending;
mod support;
mod templates;
mod tls;
mod under_reload;
