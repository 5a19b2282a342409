//! Who may come in, and as what: tokens, sessions of the console, known hosts and origins.
//!
//! A token is judged anew for every request, that of a session too: one that is taken out of the
//! configuration opens nothing any more. What a browser sends of its own accord, a cookie, counts
//! only together with an `Origin` that is this door's own.

mod kept;
mod sessions;
mod slow;

pub use kept::{TokenFault, kept_token};

use crate::config::{Admin, Gateway, Role};
use crate::model::Secret;
use crate::web::bearer;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use sessions::Sessions;
use slow::Failures;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub(super) use slow::TooMany;

/// What tokens there are, and who is signed in.
#[derive(Debug)]
pub(super) struct Access {
    /// The token that was made here, where none is configured.
    made: Option<Secret>,
    sessions: Sessions,
    failures: Failures,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The name of the token.
    pub(super) name: Arc<str>,
    pub(super) role: Role,
    /// Where from; none where that is not known.
    pub(super) from: Option<SocketAddr>,
    /// Whether it is a session that says so, and not a token.
    pub(super) by_session: bool,
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    /// No token and no session, or wrong ones.
    Unknown,
    /// A page of another origin speaks through a browser that is signed in here.
    ForeignOrigin,
}

// === impl Access ===

impl Access {
    /// Makes or finds the token of the data folder, where `gateway` has none.
    pub(super) fn new(gateway: &Gateway) -> Result<Self, TokenFault> {
        let made = match gateway.admin.token {
            Some(_) => None,
            None => Some(kept::token(gateway)?),
        };
        Ok(Self {
            made,
            sessions: Sessions::default(),
            failures: Failures::default(),
        })
    }

    /// Who sends this request.
    pub(super) fn caller(
        &self,
        head: &Parts,
        admin: &Admin,
        from: Option<SocketAddr>,
    ) -> Result<Caller, Stranger> {
        let foreign = !is_own_origin(head, &admin.hosts);
        if let Some(offered) = bearer(head.headers.get(header::AUTHORIZATION)) {
            let known = self.known(offered, admin, from).ok_or(Stranger::Unknown)?;
            return if foreign {
                Err(Stranger::ForeignOrigin)
            } else {
                Ok(known)
            };
        }
        let token = self
            .sessions
            .token(&head.headers)
            .ok_or(Stranger::Unknown)?;
        let known = self.known(token.expose().as_bytes(), admin, from);
        let caller = known.ok_or(Stranger::Unknown)?;
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        if foreign || !(reads || head.headers.contains_key(header::ORIGIN)) {
            return Err(Stranger::ForeignOrigin);
        }
        Ok(Caller {
            by_session: true,
            ..caller
        })
    }

    /// The cookie of a new session for whoever has `token`.
    ///
    /// # Errors
    /// A [`Stranger`]: the token opens nothing, or a page of another origin sends it.
    pub(super) fn sign_in(
        &self,
        token: &str,
        admin: &Admin,
        head: &Parts,
    ) -> Result<String, Stranger> {
        if !is_own_origin(head, &admin.hosts) {
            return Err(Stranger::ForeignOrigin);
        }
        let known = self.known(token.as_bytes(), admin, None);
        known.ok_or(Stranger::Unknown)?;
        Ok(self.sessions.begin(Secret::new(token)))
    }

    /// Ends the session of this request, if there is one; the cookie that says so.
    pub(super) fn sign_out(&self, headers: &HeaderMap) -> &'static str {
        self.sessions.end(headers);
        sessions::GONE
    }

    /// Waits as long as one who has just been refused has to.
    ///
    /// # Errors
    /// [`TooMany`] when too many wait already.
    pub(super) async fn slow_down(&self) -> Result<(), TooMany> {
        self.failures.wait().await
    }

    fn known(&self, offered: &[u8], admin: &Admin, from: Option<SocketAddr>) -> Option<Caller> {
        let caller = |name: &str, role| Caller {
            name: name.into(),
            role,
            from,
            by_session: false,
        };
        let admins = admin.token.as_ref().or(self.made.as_ref());
        if admins.is_some_and(|token| token.matches(offered)) {
            return Some(caller("admin", Role::Admin));
        }
        let named = admin.tokens.iter().find(|it| it.token.matches(offered))?;
        Some(caller(&named.name, named.role))
    }
}

/// Whether the request was meant for this door: for a loopback address, or one of `hosts`.
pub(super) fn knows_host(head: &Parts, hosts: &[String]) -> bool {
    said_host(head).is_some_and(|said| is_known(said, hosts))
}

/// What the request calls this door: host, and port where there is one.
pub(super) fn said_host(head: &Parts) -> Option<&str> {
    match (head.uri.authority(), head.headers.get(header::HOST)) {
        (Some(authority), _) => Some(authority.as_str()),
        (None, Some(host)) => host.to_str().ok(),
        (None, None) => None,
    }
}

/// Whether the request comes from a page of this door, or from none at all.
fn is_own_origin(head: &Parts, hosts: &[String]) -> bool {
    let Some(origin) = head.headers.get(header::ORIGIN) else {
        return true;
    };
    // Behind a proxy that ends TLS the page is https, and this door does not know.
    let origin = origin.to_str().unwrap_or_default();
    let from = origin
        .strip_prefix("http://")
        .or(origin.strip_prefix("https://"));
    let said = said_host(head).unwrap_or_default();
    from.is_some_and(|from| from.eq_ignore_ascii_case(said) && is_known(from, hosts))
}

fn is_known(said: &str, hosts: &[String]) -> bool {
    let host = without_port(said).to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || hosts.contains(&host)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // What stands after the last colon of a bare `[::1]` is no port.
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests;
