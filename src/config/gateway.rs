//! `gateway.toml`, checked: the process, its defaults, its store and its security.

use super::Ambiguous;
use super::read::{self, Reading, Sheet};
use crate::model::{Secret, address};
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The process.
#[derive(Debug, Clone, PartialEq)]
pub struct Gateway {
    pub listen: Listen,
    pub delivery: Delivery,
    pub egress: EgressRules,
    pub retry: Retry,
    pub oauth2: Oauth2,
    pub steps: Steps,
    pub store: Store,
    pub outcomes: Outcomes,
    pub shutdown: Shutdown,
    pub log: Log,
    pub admin: Admin,
}

/// `[listen]`: read at start only.
#[derive(Debug, Clone, PartialEq)]
pub struct Listen {
    pub http: Vec<SocketAddr>,
    pub unix: Vec<PathBuf>,
    pub admin: SocketAddr,
    /// Worker threads; 0 means one per core that this process may use.
    pub threads: usize,
    /// Bearer token for steps.
    pub token: Option<Secret>,
}

/// `[delivery]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// One attempt: DNS, connect, TLS, request, response.
    pub timeout: Duration,
    /// Most bytes of a captured body.
    pub response_limit: usize,
    /// Most bytes of one rendered template.
    pub render_limit: usize,
    /// Most steps held by this process.
    pub max_in_flight: usize,
    /// Most attempts under way per scheme, host and port.
    pub max_in_flight_per_host: usize,
    /// Longest that a step waits in line for its rate limit.
    pub inline_wait: Duration,
}

/// `[egress]`.
#[derive(Debug, Clone, PartialEq)]
pub struct EgressRules {
    pub allow_http: bool,
    /// Special-purpose ranges that may be called all the same.
    pub allow_addresses: Vec<IpNet>,
    /// Fixed names, lower case without a trailing dot; the addresses are still guarded.
    pub resolve: HashMap<String, IpAddr>,
    /// PEM roots, in addition to the system's.
    pub ca_file: Option<PathBuf>,
}

/// `[retry]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    pub delay: Duration,
    /// Up to this much is added to `delay`.
    pub jitter: Duration,
    pub max_retries: u32,
    pub statuses: Vec<u16>,
    pub ambiguous: Ambiguous,
}

/// `[oauth2]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Oauth2 {
    pub token_lifetime: Duration,
    /// Fetches of a new token per step, on 401.
    pub max_refreshes: u32,
}

/// `[steps]`: what is remembered of finished steps with a caller-made id.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    pub dedupe_window: Duration,
    pub dedupe_max: usize,
    pub dedupe_memory: u64,
}

/// `[store]`: read at start only.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// As written; relative to the working directory.
    pub folder: PathBuf,
    /// Bytes kept free so that a full disk can still be drained.
    pub reserve: u64,
}

/// `[outcomes]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    pub keep: Duration,
}

/// `[shutdown]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Shutdown {
    pub grace: Duration,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    pub level: tracing::Level,
    /// Unset: text on a terminal, else JSON.
    pub format: Option<LogFormat>,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

/// `[admin]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Admin {
    /// Host names accepted besides loopback, lower case.
    pub hosts: Vec<String>,
    /// Role admin. Unset: one is made at first start and kept in the data folder.
    pub token: Option<Secret>,
    pub tokens: Vec<AdminToken>,
    /// Whether `/inspect/<id>` may be opened, and records what is sent there.
    pub inspector: bool,
}

/// One `[[admin.tokens]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminToken {
    pub name: String,
    pub role: Role,
    pub token: Secret,
}

/// What a token may do; each may what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Viewer,
    Editor,
    Admin,
}

// === impl Role ===

impl Role {
    /// As in `gateway.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

// === impl Gateway ===

impl Default for Gateway {
    /// What an empty file says.
    fn default() -> Self {
        let Reading { value, .. } = Sheet::read("", "", Path::new(""), read::gateway);
        value.expect("every key of gateway.toml is optional")
    }
}

// === impl EgressRules ===

impl EgressRules {
    /// Why `address` may not be dialled: the name of its special-purpose range, unless
    /// `allow_addresses` has it, or the IPv4 address that it embeds.
    pub fn forbids(&self, address: IpAddr) -> Option<&'static str> {
        let range = address::special_purpose(address)?;
        let embedded = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => address::embedded_ipv4(address).map(IpAddr::V4),
        };
        let allowed = [Some(address), embedded]
            .into_iter()
            .flatten()
            .any(|form| self.allow_addresses.iter().any(|net| net.contains(&form)));
        (!allowed).then_some(range)
    }
}
