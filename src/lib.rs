//! Stepgate: journey steps in, webhook requests out, outcomes back.
//!
//! The modules stand in reading order, caller above callee, and the order is the law: a module
//! uses only modules declared below it. `tests/it/architecture.rs` holds it.

/// The commands, and what each promises on stdout.
pub mod cli;

/// The whole path of a step on one page; the only file that sees two stages.
pub mod pipeline;

/// An outcome on the wire.
pub mod outcome;

/// The only code that dials out: request and deadline in, response or error back.
pub mod egress;

/// Logs and metrics.
pub mod telemetry;

/// What is in force now: the configuration, loaded, checked, watched.
pub mod config;

/// A parsed template, and what its values may do where it stands.
pub mod template;

/// The words of the domain: step, request, outcome, secret.
pub mod model;
