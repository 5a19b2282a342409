//! What the tests stand on: endpoints and certificates.

pub mod endpoint;
pub mod pki;
