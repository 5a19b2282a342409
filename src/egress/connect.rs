//! From judged addresses to an open connection.

use super::EgressError;
use super::resolve::Host;
use super::socket::{Alert, Socket, Terms};
use super::trust::Roots;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustls::{AlertDescription, CertificateError, Error as TlsError};
use rustls_pki_types::{DnsName, ServerName};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long an address has before the next one is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first of `peers` that answers. Each next one is tried when the one before has
/// failed, or has been silent for a while; the caller's deadline ends it all.
///
/// # Errors
/// [`EgressError::Connect`], of the first address, when none is left.
pub(super) async fn dial(peers: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), EgressError> {
    let mut waiting = peers.iter().copied();
    let mut trying = FuturesUnordered::new();
    let mut first_failure = None;
    loop {
        if let Some(peer) = waiting.next() {
            trying.push(async move { (peer, TcpStream::connect(peer).await) });
        }
        let more = waiting.len() > 0;
        let (peer, result) = tokio::select! {
            biased;
            Some(done) = trying.next() => done,
            () = sleep(STAGGER), if more => continue,
            else => break,
        };
        match result {
            Ok(tcp) => {
                // A request goes out in one write: there is nothing to wait for and join.
                drop(tcp.set_nodelay(true));
                return Ok((tcp, peer));
            }
            Err(source) => {
                first_failure.get_or_insert(EgressError::Connect { peer, source });
            }
        }
    }
    Err(first_failure.expect("a name has an address or more, and each one failed"))
}

/// Makes `tcp` a TLS connection with `host`, whose certificate is verified: not one byte of a
/// request is written before.
///
/// # Errors
/// [`EgressError::Tls`], [`EgressError::LostInHandshake`].
pub(super) async fn secure(
    tcp: TcpStream,
    terms: Terms,
    host: &str,
    roots: &Roots,
) -> Result<Socket, EgressError> {
    let name = server_name(host).ok_or_else(|| EgressError::Tls {
        host: host.to_owned(),
        detail: "the host is not a name that a certificate can be for".to_owned(),
    })?;
    match roots.connector.connect(name, tcp).await {
        Ok(tls) => Ok(Socket::tls(tls, terms)),
        Err(error) => Err(handshake_error(error, terms.peer, host, roots)),
    }
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    match Host::parse(host) {
        Host::Address(address) => Some(ServerName::IpAddress(address.into())),
        Host::Name(name) => DnsName::try_from(name.to_owned())
            .ok()
            .map(ServerName::DnsName),
    }
}

fn handshake_error(error: io::Error, peer: SocketAddr, host: &str, roots: &Roots) -> EgressError {
    let host = host.to_owned();
    match tls_cause(&error) {
        Some(TlsError::InvalidCertificate(CertificateError::UnknownIssuer)) if roots.incomplete => {
            // The gateway's own fault must cost no user: this one is tried again.
            EgressError::Connect {
                peer,
                source: io::Error::other("`egress.ca_file` cannot be read: its roots are missing"),
            }
        }
        Some(cause) => EgressError::Tls {
            host,
            detail: in_words(cause),
        },
        None => EgressError::LostInHandshake { host },
    }
}

/// The failure of a connection whose endpoint sent a fatal alert where its first answer should be.
/// In TLS 1.3 an endpoint can turn the gateway away after the gateway holds the handshake to be
/// over, for want of a client certificate for one.
pub(super) fn turned_away(alert: &Alert, host: &str) -> Option<EgressError> {
    let alert = alert.get()?;
    Some(EgressError::Tls {
        host: host.to_owned(),
        detail: in_words(&TlsError::AlertReceived(*alert)),
    })
}

/// What TLS itself had against a connection; none where the connection failed under it.
pub(super) fn tls_cause(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// `error` as a fragment for people.
fn in_words(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(fault) => certificate_in_words(fault),
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(_) => {
            "the endpoint and the gateway have no TLS version or cipher in common".to_owned()
        }
        TlsError::AlertReceived(alert) => format!("the endpoint sent the alert {alert:?}"),
        TlsError::NoCertificatesPresented => "the endpoint has no certificate".to_owned(),
        TlsError::InvalidMessage(_) => "the endpoint's answer is not TLS".to_owned(),
        TlsError::PeerMisbehaved(_) | TlsError::InappropriateMessage { .. } => {
            "the endpoint breaks the TLS protocol".to_owned()
        }
        other => other.to_string(),
    }
}

fn certificate_in_words(fault: &CertificateError) -> String {
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another host"
        }
        CertificateError::UnknownIssuer => "the certificate's issuer is not trusted",
        CertificateError::Revoked => "the certificate is revoked",
        CertificateError::BadSignature => "the certificate's signature is not its issuer's",
        CertificateError::BadEncoding => "the certificate is malformed",
        other => return format!("the certificate is not valid: {other}"),
    }
    .to_owned()
}
