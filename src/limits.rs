//! A permit, or the moment to come back.
//!
//! Two limits stand before each attempt: the tile's rate and the host's share of what is in
//! flight. Dropping a permit is its release, and the only one.

mod concurrency;
mod rate;

pub use concurrency::{HostLimits, HostPermit};
pub use rate::{From, Late, RateLimits, Slot};
