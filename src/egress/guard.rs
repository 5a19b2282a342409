//! Which addresses a request may be dialled at.
//!
//! All addresses of a name are judged, not the first: a name with one public and one private
//! address is how DNS rebinding looks, so one bad address refuses the name. A pooled connection
//! passes the same judgement each time it is taken, since the rules can have changed under it.

use super::EgressError;
use crate::config::{EgressRules, Listen};
use crate::model::url::is_inspector;
use crate::model::{Request, Scheme};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Where this process listens. Nothing of it is ever dialled, whatever `allow_addresses` has,
/// save the inspector of the admin listener.
#[derive(Debug, Clone, Default)]
pub struct OwnListeners {
    /// The doors of steps. An unspecified address stands for every local one.
    pub http: Vec<SocketAddr>,
    /// The admin listener, which serves `/inspect/<id>`.
    pub admin: Option<SocketAddr>,
}

/// The judgement over one request's addresses.
pub(super) struct Guard<'a> {
    own: &'a OwnListeners,
    rules: &'a EgressRules,
    request: &'a Request,
    inspector: bool,
}

// === impl OwnListeners ===

impl From<&Listen> for OwnListeners {
    fn from(listen: &Listen) -> Self {
        Self {
            http: listen.http.clone(),
            admin: Some(listen.admin),
        }
    }
}

// === impl Guard ===

impl<'a> Guard<'a> {
    /// Judges the scheme; the addresses follow, by [`admit`](Self::admit).
    ///
    /// # Errors
    /// [`EgressError::SchemeNotAllowed`].
    pub(super) fn new(
        own: &'a OwnListeners,
        rules: &'a EgressRules,
        request: &'a Request,
    ) -> Result<Self, EgressError> {
        let guard = Self {
            own,
            rules,
            request,
            inspector: own.admin.is_some() && is_inspector(&request.path),
        };
        // The inspector speaks plain HTTP and is for everyone: its address decides.
        if guard.plain_http_refused() && !guard.inspector {
            return Err(EgressError::SchemeNotAllowed);
        }
        Ok(guard)
    }

    /// Lets `addresses` through if every one of them may be dialled.
    ///
    /// # Errors
    /// [`EgressError::Blocked`] with the first that may not; [`EgressError::SchemeNotAllowed`]
    /// when the path is the inspector's but the address is not.
    pub(super) fn admit(&self, addresses: &[SocketAddr]) -> Result<(), EgressError> {
        addresses.iter().try_for_each(|&peer| self.judge(peer))
    }

    fn judge(&self, peer: SocketAddr) -> Result<(), EgressError> {
        let blocked = || EgressError::Blocked {
            host: self.request.origin.host.to_string(),
            address: peer.ip(),
        };
        if self.own.admin.is_some_and(|own| reaches(peer, own)) {
            return if self.inspector {
                Ok(())
            } else {
                Err(blocked())
            };
        }
        if self.own.http.iter().any(|&own| reaches(peer, own)) {
            return Err(blocked());
        }
        if self.plain_http_refused() {
            return Err(EgressError::SchemeNotAllowed);
        }
        match self.rules.forbids(peer.ip()) {
            Some(_) => Err(blocked()),
            None => Ok(()),
        }
    }

    fn plain_http_refused(&self) -> bool {
        self.request.origin.scheme == Scheme::Http && !self.rules.allow_http
    }
}

/// Whether a connection to `peer` would end at the listener `own`.
fn reaches(peer: SocketAddr, own: SocketAddr) -> bool {
    if peer.port() != own.port() {
        return false;
    }
    let (peer, own) = (peer.ip().to_canonical(), own.ip().to_canonical());
    if peer == own {
        return true;
    }
    // Connecting to the unspecified address reaches loopback.
    if peer.is_unspecified() {
        return own.is_loopback();
    }
    own.is_unspecified() && is_local(peer)
}

/// Whether this machine has `address`: only such a one can be bound. Asked rarely, for a peer
/// whose port is that of a listener on every address.
fn is_local(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_reached_by_each_of_its_addresses() {
        let table = [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:81", "127.0.0.1:80", false),
            ("127.0.0.2:80", "127.0.0.1:80", false),
            ("127.0.0.2:80", "0.0.0.0:80", true),
            ("127.0.0.1:80", "[::]:80", true),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("[::]:80", "[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80", true),
            ("192.0.2.1:80", "0.0.0.0:80", false),
        ];
        for (peer, own, reached) in table {
            let got = reaches(peer.parse().unwrap(), own.parse().unwrap());
            assert_eq!(got, reached, "{peer} at {own}");
        }
    }
}
