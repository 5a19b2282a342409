//! Stepgate: journey steps in, webhook requests out, outcomes back.
//!
//! The modules stand in reading order, caller above callee, and the order is the law: a module
//! uses only modules declared below it. `tests/it/architecture.rs` holds it.

/// The commands, and what each promises.
pub mod cli;

/// Every part built once and joined into a server; nothing is decided here.
pub mod app;

/// People's door: who may come in, and which route goes where.
pub mod admin;

/// What files, steps and outcomes look like.
pub mod schema;

/// Arrival: what a step is on the wire, and how it is refused.
pub mod ingress;

/// The whole path of a step on one page; the only file that sees two stages.
pub mod pipeline;

/// Step + tile + webhook → the request, and what is kept of its answer.
pub mod plan;

/// The credential that a webhook asks for.
pub mod auth;

/// A permit, or the moment to come back.
pub mod limits;

/// One attempt: exchange and judgement.
pub mod delivery;

/// When a step comes back, and what a store of waiting steps promises.
pub mod schedule;

/// An outcome on the wire.
pub mod outcome;

/// The only code that dials out: request and deadline in, response or error back.
pub mod egress;

/// The server kit of the doors: a connection, a bounded body, a reply, a problem.
pub mod web;

/// Logs and metrics.
pub mod telemetry;

/// What is in force now: the configuration, loaded, checked, watched.
pub mod config;

/// A parsed template, and what its values may do where it stands.
pub mod template;

/// The words of the domain: step, request, outcome, secret.
pub mod model;
