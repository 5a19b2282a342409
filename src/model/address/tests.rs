//! Every range at both its ends, and the public addresses beside them.

use super::*;

/// First and last address, the public ones just below and above (`-`: none), name.
const RANGES: &str = "
    0.0.0.0 0.255.255.255 - 1.0.0.0 This network
    10.0.0.0 10.255.255.255 9.255.255.255 11.0.0.0 Private-Use
    100.64.0.0 100.127.255.255 100.63.255.255 100.128.0.0 Shared Address Space
    127.0.0.0 127.255.255.255 126.255.255.255 128.0.0.0 Loopback
    168.63.129.16 168.63.129.16 168.63.129.15 168.63.129.17 Cloud metadata
    169.254.0.0 169.254.255.255 169.253.255.255 169.255.0.0 Link-Local
    172.16.0.0 172.31.255.255 172.15.255.255 172.32.0.0 Private-Use
    192.0.0.0 192.0.0.255 191.255.255.255 192.0.1.0 IETF Protocol Assignments
    192.0.2.0 192.0.2.255 192.0.1.255 192.0.3.0 Documentation
    192.31.196.0 192.31.196.255 192.31.195.255 192.31.197.0 AS112-v4
    192.52.193.0 192.52.193.255 192.52.192.255 192.52.194.0 AMT
    192.88.99.0 192.88.99.255 192.88.98.255 192.88.100.0 6to4 Relay Anycast
    192.168.0.0 192.168.255.255 192.167.255.255 192.169.0.0 Private-Use
    192.175.48.0 192.175.48.255 192.175.47.255 192.175.49.0 Direct Delegation AS112 Service
    198.18.0.0 198.19.255.255 198.17.255.255 198.20.0.0 Benchmarking
    198.51.100.0 198.51.100.255 198.51.99.255 198.51.101.0 Documentation
    203.0.113.0 203.0.113.255 203.0.112.255 203.0.114.0 Documentation
    224.0.0.0 239.255.255.255 223.255.255.255 - Multicast
    240.0.0.0 255.255.255.254 - - Reserved
    255.255.255.255 255.255.255.255 - - Limited Broadcast
    :: :: - - Unspecified
    ::1 ::1 - - Loopback
    64:ff9b:1:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff - 64:ff9b:2:: IPv4-IPv6 Translation
    100:: 100::ffff:ffff:ffff:ffff ff:ffff:: - Discard-Only
    100:0:0:1:: 100::1:ffff:ffff:ffff:ffff - 100:0:0:2:: Dummy
    2001:: 2001:0:ffff:ffff:ffff:ffff:ffff:ffff 2000:ffff:: - TEREDO
    2001:2:: 2001:2:0:ffff:ffff:ffff:ffff:ffff - - Benchmarking
    2001:10:: 2001:1f:ffff:: - - ORCHID
    2001:20:: 2001:2f:ffff:: - - ORCHIDv2
    2001:1::1 2001:1ff:ffff:: - 2001:200:: IETF Protocol Assignments
    2001:db8:: 2001:db8:ffff:: 2001:db7:ffff:: 2001:db9:: Documentation
    2620:4f:8000:: 2620:4f:8000:ffff:: 2620:4f:7fff:: 2620:4f:8001:: Direct Delegation AS112 Service
    3fff:: 3fff:fff:ffff:: 3ffe:: 3fff:1000:: Documentation
    5f00:: 5f00:ffff:: 5eff:: 5f01:: Segment Routing SIDs
    fc00:: fdff:ffff:: fbff:: fe00:: Unique-Local
    fe80:: febf:ffff:: fe7f:: - Link-Local
    fec0:: feff:ffff:: - - Site-Local
    ff00:: ffff:ffff:: - - Multicast
";

fn judged(address: &str) -> Option<&'static str> {
    special_purpose(address.parse().unwrap())
}

#[test]
fn every_range_is_special_from_its_first_address_to_its_last_and_no_further() {
    for line in RANGES.trim().lines() {
        let mut words = line.trim().splitn(5, ' ');
        let [first, last, below, above, name] = std::array::from_fn(|_| words.next().unwrap());
        assert_eq!(judged(first), Some(name), "{first}");
        assert_eq!(judged(last), Some(name), "{last}");
        for public in [below, above] {
            assert!(public == "-" || judged(public).is_none(), "{public}");
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
