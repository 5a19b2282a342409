//! The commands, and what each promises on stdout.

pub mod demo;
pub mod schema;
