//! From a host to its addresses: literals, fixed names, the hosts file, DNS.
//!
//! A name is asked for once an attempt, and what was answered is what is judged and dialled: there
//! is no second lookup that could say something else. Names are absolute: no search domain is
//! ever appended.

mod system;

pub(super) use system::SystemLookup;

use super::EgressError;
use crate::config::EgressRules;
use async_trait::async_trait;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Asks for the addresses of names.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of `name`, which is lower case and has no trailing dot.
    ///
    /// # Errors
    /// Any failure, with what caused it. A name without addresses may be an error or empty.
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// A URL's host, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host<'a> {
    Address(IpAddr),
    /// Without a trailing dot.
    Name(&'a str),
}

/// The addresses of `host`, one or more, in the order they are to be tried.
///
/// # Errors
/// [`EgressError::Resolve`].
pub(super) async fn addresses(
    host: &str,
    rules: &EgressRules,
    lookup: &dyn Lookup,
) -> Result<Vec<IpAddr>, EgressError> {
    let name = match Host::parse(host) {
        Host::Address(address) => return Ok(vec![address]),
        Host::Name(name) => name,
    };
    if let Some(fixed) = fixed(host, rules) {
        return Ok(vec![fixed]);
    }
    let failed = |source| EgressError::Resolve {
        host: host.to_owned(),
        source,
    };
    let found = lookup.lookup(name).await.map_err(failed)?;
    if found.is_empty() {
        return Err(failed(io::Error::from(io::ErrorKind::NotFound)));
    }
    Ok(alternating(found))
}

/// The address that the rules give to `host`.
pub(super) fn fixed(host: &str, rules: &EgressRules) -> Option<IpAddr> {
    match Host::parse(host) {
        Host::Address(_) => None,
        Host::Name(name) => rules.resolve.get(name).copied(),
    }
}

/// IPv4 and IPv6 in turn, so that a family without a route costs one failure and not many.
fn alternating(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_v4 = addresses.first().is_some_and(IpAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv4() == first_is_v4);
    let mut second = second.into_iter();
    let mut mixed = Vec::with_capacity(first.len() + second.len());
    for address in first {
        mixed.push(address);
        mixed.extend(second.next());
    }
    mixed.extend(second);
    mixed
}

// === impl Host ===

impl<'a> Host<'a> {
    /// Reads a canonical host: dotted decimal, brackets, or a name.
    pub(super) fn parse(host: &'a str) -> Self {
        if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'))
            && let Ok(address) = inner.parse::<Ipv6Addr>()
        {
            return Self::Address(address.into());
        }
        match host.parse::<Ipv4Addr>() {
            Ok(address) => Self::Address(address.into()),
            Err(_) => Self::Name(host.strip_suffix('.').unwrap_or(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_host_is_an_address_or_an_absolute_name() {
        let v4 = |text: &str| Host::Address(text.parse().unwrap());
        assert_eq!(Host::parse("127.0.0.1"), v4("127.0.0.1"));
        assert_eq!(Host::parse("[::1]"), v4("::1"));
        assert_eq!(
            Host::parse("api.example.com."),
            Host::Name("api.example.com")
        );
        assert_eq!(Host::parse("127.1"), Host::Name("127.1"));
    }

    #[test]
    fn families_take_turns_and_none_is_lost() {
        let all = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"];
        let mixed = alternating(all.iter().map(|a| a.parse().unwrap()).collect());
        let texts: Vec<_> = mixed.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            ["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"]
        );
    }
}
