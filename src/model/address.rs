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
mod tests {
    use super::*;

    fn judged(address: &str) -> Option<&'static str> {
        special_purpose(address.parse().unwrap())
    }

    #[test]
    fn every_range_is_special_from_its_first_address_to_its_last_and_no_further() {
        // First, last, name; then the neighbours on both sides that are public.
        let table = [
            ("0.0.0.0", "0.255.255.255", "This network", "", "1.0.0.0"),
            (
                "10.0.0.0",
                "10.255.255.255",
                "Private-Use",
                "9.255.255.255",
                "11.0.0.0",
            ),
            (
                "100.64.0.0",
                "100.127.255.255",
                "Shared Address Space",
                "100.63.255.255",
                "100.128.0.0",
            ),
            (
                "127.0.0.0",
                "127.255.255.255",
                "Loopback",
                "126.255.255.255",
                "128.0.0.0",
            ),
            (
                "168.63.129.16",
                "168.63.129.16",
                "Cloud metadata",
                "168.63.129.15",
                "168.63.129.17",
            ),
            (
                "169.254.0.0",
                "169.254.255.255",
                "Link-Local",
                "169.253.255.255",
                "169.255.0.0",
            ),
            (
                "172.16.0.0",
                "172.31.255.255",
                "Private-Use",
                "172.15.255.255",
                "172.32.0.0",
            ),
            (
                "192.0.0.0",
                "192.0.0.255",
                "IETF Protocol Assignments",
                "191.255.255.255",
                "192.0.1.0",
            ),
            (
                "192.0.2.0",
                "192.0.2.255",
                "Documentation",
                "192.0.1.255",
                "192.0.3.0",
            ),
            (
                "192.31.196.0",
                "192.31.196.255",
                "AS112-v4",
                "192.31.195.255",
                "192.31.197.0",
            ),
            (
                "192.52.193.0",
                "192.52.193.255",
                "AMT",
                "192.52.192.255",
                "192.52.194.0",
            ),
            (
                "192.88.99.0",
                "192.88.99.255",
                "6to4 Relay Anycast",
                "192.88.98.255",
                "192.88.100.0",
            ),
            (
                "192.168.0.0",
                "192.168.255.255",
                "Private-Use",
                "192.167.255.255",
                "192.169.0.0",
            ),
            (
                "192.175.48.0",
                "192.175.48.255",
                "Direct Delegation AS112 Service",
                "192.175.47.255",
                "192.175.49.0",
            ),
            (
                "198.18.0.0",
                "198.19.255.255",
                "Benchmarking",
                "198.17.255.255",
                "198.20.0.0",
            ),
            (
                "198.51.100.0",
                "198.51.100.255",
                "Documentation",
                "198.51.99.255",
                "198.51.101.0",
            ),
            (
                "203.0.113.0",
                "203.0.113.255",
                "Documentation",
                "203.0.112.255",
                "203.0.114.0",
            ),
            (
                "224.0.0.0",
                "239.255.255.255",
                "Multicast",
                "223.255.255.255",
                "",
            ),
            ("240.0.0.0", "255.255.255.254", "Reserved", "", ""),
            (
                "255.255.255.255",
                "255.255.255.255",
                "Limited Broadcast",
                "",
                "",
            ),
            ("::", "::", "Unspecified", "", ""),
            ("::1", "::1", "Loopback", "", ""),
            (
                "64:ff9b:1::",
                "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
                "IPv4-IPv6 Translation",
                "",
                "64:ff9b:2::",
            ),
            (
                "100::",
                "100::ffff:ffff:ffff:ffff",
                "Discard-Only",
                "ff:ffff::",
                "",
            ),
            (
                "100:0:0:1::",
                "100::1:ffff:ffff:ffff:ffff",
                "Dummy",
                "",
                "100:0:0:2::",
            ),
            (
                "2001::",
                "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
                "TEREDO",
                "2000:ffff::",
                "",
            ),
            (
                "2001:2::",
                "2001:2:0:ffff:ffff:ffff:ffff:ffff",
                "Benchmarking",
                "",
                "",
            ),
            ("2001:10::", "2001:1f:ffff::", "ORCHID", "", ""),
            ("2001:20::", "2001:2f:ffff::", "ORCHIDv2", "", ""),
            (
                "2001:1::1",
                "2001:1ff:ffff::",
                "IETF Protocol Assignments",
                "",
                "2001:200::",
            ),
            (
                "2001:db8::",
                "2001:db8:ffff::",
                "Documentation",
                "2001:db7:ffff::",
                "2001:db9::",
            ),
            (
                "2620:4f:8000::",
                "2620:4f:8000:ffff::",
                "Direct Delegation AS112 Service",
                "2620:4f:7fff::",
                "2620:4f:8001::",
            ),
            (
                "3fff::",
                "3fff:fff:ffff::",
                "Documentation",
                "3ffe::",
                "3fff:1000::",
            ),
            (
                "5f00::",
                "5f00:ffff::",
                "Segment Routing SIDs",
                "5eff::",
                "5f01::",
            ),
            ("fc00::", "fdff:ffff::", "Unique-Local", "fbff::", "fe00::"),
            ("fe80::", "febf:ffff::", "Link-Local", "fe7f::", ""),
            ("fec0::", "feff:ffff::", "Site-Local", "", ""),
            ("ff00::", "ffff:ffff::", "Multicast", "", ""),
        ];
        for (first, last, name, below, above) in table {
            assert_eq!(judged(first), Some(name), "{first}");
            assert_eq!(judged(last), Some(name), "{last}");
            for public in [below, above] {
                assert!(public.is_empty() || judged(public).is_none(), "{public}");
            }
        }
    }

    #[test]
    fn an_embedded_ipv4_address_is_judged_as_itself() {
        let table = [
            ("::ffff:10.0.0.1", Some("Private-Use")),
            ("::ffff:8.8.8.8", None),
            ("::127.0.0.1", Some("Loopback")),
            ("::8.8.8.8", None),
            ("::ffff:0:169.254.169.254", Some("Link-Local")),
            ("64:ff9b::127.0.0.1", Some("Loopback")),
            ("64:ff9b::8.8.8.8", None),
            ("2002:7f00:1::", Some("Loopback")),
            ("2002:808:808::1", None),
            ("2606:4700::1111", None),
        ];
        for (address, range) in table {
            assert_eq!(judged(address), range, "{address}");
        }
    }
}
