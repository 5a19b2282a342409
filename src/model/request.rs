//! The request that a step becomes, before it meets a connection.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The methods that a webhook can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// `https`, or `http` where `egress.allow_http` lets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

/// Where a request goes: scheme, host and port. What a connection may be shared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub scheme: Scheme,
    /// Canonical, as the WHATWG URL standard spells it: lower case, punycode, IPv4 in dotted
    /// decimal whatever way it was written, IPv6 in brackets.
    pub host: Arc<str>,
    pub port: u16,
}

/// One HTTP request, whole: what `render` prints and what an attempt sends.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub origin: Origin,
    /// Path and query as they go on the request line: begins with `/`, visible ASCII only.
    pub path: String,
    /// In the order they are sent. Not here: `Host` and `Content-Length`, which follow from the
    /// rest and are written with the connection's protocol in hand.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Option<Bytes>,
}

/// How long each phase of an exchange took. Zero where it was not needed (a pooled connection, an
/// IP literal).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    pub dns: Duration,
    pub connect: Duration,
    pub tls: Duration,
    pub first_byte: Duration,
    pub body: Duration,
}

// === impl Method ===

impl Method {
    /// All of them, in the order that messages list them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// As on the request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

// === impl Scheme ===

impl Scheme {
    /// The port that a URL without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// As in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

// === impl Origin ===

impl Origin {
    /// The port, unless it is the scheme's default.
    pub fn unusual_port(&self) -> Option<u16> {
        Some(self.port).filter(|port| *port != self.scheme.default_port())
    }

    /// `host[:port]` as the `Host` header has it: a default port is left out.
    pub fn authority(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            f.write_str(&self.host)?;
            match self.unusual_port() {
                Some(port) => write!(f, ":{port}"),
                None => Ok(()),
            }
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

// === impl Request ===

impl Request {
    /// The URL as it would be written: origin, path and query.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }
}

// A request holds a user's data and secrets; what may be said of it is where it goes.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.origin)
    }
}
