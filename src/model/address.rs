//! Which addresses are special-purpose: two tables, and no policy.
//!
//! The ranges are those of the IANA IPv4 and IPv6 special-purpose address registries (RFC 6890),
//! with multicast, the deprecated site-local range and one cloud's metadata address beside them.
//! All of a range is special, its globally reachable exceptions too: none of them is an endpoint.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Network, prefix length, name; a range stands before the wider one that contains it.
const IPV4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "This network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "Private-Use"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "Shared Address Space"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "Loopback"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "Cloud metadata"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "Link-Local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "Private-Use"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "IETF Protocol Assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "Documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112-v4"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "AMT"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 Relay Anycast"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "Private-Use"),
    (
        Ipv4Addr::new(192, 175, 48, 0),
        24,
        "Direct Delegation AS112 Service",
    ),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "Benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "Documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "Documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "Multicast"),
    (Ipv4Addr::new(255, 255, 255, 255), 32, "Limited Broadcast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "Reserved"),
];

/// As [`IPV4`]. Not here: the forms that [`embedded_ipv4`] takes apart.
const IPV6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "Unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "Loopback"),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        "IPv4-IPv6 Translation",
    ),
    (
        Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0),
        64,
        "Discard-Only",
    ),
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64, "Dummy"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "TEREDO"),
    (
        Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0),
        48,
        "Benchmarking",
    ),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, "ORCHID"),
    (
        Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0),
        28,
        "ORCHIDv2",
    ),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "IETF Protocol Assignments",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "Documentation",
    ),
    (
        Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0),
        48,
        "Direct Delegation AS112 Service",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "Documentation",
    ),
    (
        Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0),
        16,
        "Segment Routing SIDs",
    ),
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        "Unique-Local",
    ),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "Link-Local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "Site-Local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "Multicast"),
];

/// The special-purpose range that `address` lies in, by its name in the IANA registries; none for
/// an address of the public internet.
///
/// An IPv4 address embedded in an IPv6 one (see [`embedded_ipv4`]) is judged as that IPv4 address.
pub fn special_purpose(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_ipv4(address),
        IpAddr::V6(address) => match embedded_ipv4(address) {
            Some(embedded) => special_ipv4(embedded),
            None => special_ipv6(address),
        },
    }
}

/// The IPv4 address that an IPv6 one stands for: IPv4-mapped (`::ffff:0:0/96`), IPv4-compatible
/// (`::/96`), IPv4-translated (`::ffff:0:0:0/96`), NAT64 (`64:ff9b::/96`) and 6to4 (`2002::/16`).
pub fn embedded_ipv4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        // The unspecified and the loopback address are no IPv4-compatible ones.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

fn special_ipv4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    IPV4.iter()
        .find(|(network, prefix, _)| (bits ^ network.to_bits()) >> (32 - prefix) == 0)
        .map(|(_, _, name)| *name)
}

fn special_ipv6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    IPV6.iter()
        .find(|(network, prefix, _)| (bits ^ network.to_bits()) >> (128 - prefix) == 0)
        .map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests;
