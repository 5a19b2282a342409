//! TLS: whom the gateway talks to, and that nobody else gets a byte of a request.

mod http2;

use crate::support::endpoint::{Endpoint, Speaks, reply};
use crate::support::pki::{Authority, Identity};
use crate::support::{exchange_with, https_rules, post_to};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use stepgate::config::EgressRules;
use stepgate::egress::{BodyUse, Egress, EgressError, OwnListeners, Response};
use stepgate::model::{Method, Scheme};

/// The name that the good certificates are for; it resolves to 127.0.0.1.
const HOST: &str = "hooks.example.com";

fn https(identity: &Identity) -> Endpoint {
    Endpoint::start(Speaks::Https(identity.server(&[])), [reply(200).body("ok")])
}

async fn call(host: &str, port: u16, rules: &EgressRules) -> Result<Response, EgressError> {
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, host, port);
    exchange_with(&egress, &request, rules, BodyUse::Capture { limit: 64 }).await
}

/// What was refused, as an operator reads it.
fn tls_fault(result: Result<Response, EgressError>) -> String {
    match result {
        Err(error @ EgressError::Tls { .. }) => {
            assert!(!error.may_have_been_seen());
            assert_eq!(error.cause(), None);
            error.to_string()
        }
        other => panic!("expected a TLS failure, got {other:?}"),
    }
}

#[tokio::test]
async fn a_good_certificate_carries_a_request() {
    let authority = Authority::new();
    let table = [
        (HOST, HOST),
        ("*.example.com", HOST),
        ("127.0.0.1", "127.0.0.1"),
        (HOST, "hooks.example.com."),
    ];
    for (certified, host) in table {
        let endpoint = https(&authority.issue(&[certified]));

        let response = call(host, endpoint.port(), &https_rules(&authority))
            .await
            .unwrap();

        assert_eq!(
            (response.status, &response.body[..]),
            (200, &b"ok"[..]),
            "{host}"
        );
        assert_eq!(endpoint.requests()[0].text(), "{\"a\":1}", "{host}");
        assert!(response.timing.tls > Duration::ZERO);
    }
}

#[tokio::test]
async fn a_bad_certificate_gets_not_one_byte_of_the_request() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let table = [
        (
            authority.issue_expired(&[HOST]),
            "the certificate has expired",
        ),
        (
            authority.issue(&["other.example.com"]),
            "the certificate is for another host",
        ),
        (
            authority.issue(&["127.0.0.1"]),
            "the certificate is for another host",
        ),
        (
            stranger.issue(&[HOST]),
            "the certificate's issuer is not trusted",
        ),
        (
            Identity::self_signed(&[HOST]),
            "the certificate's issuer is not trusted",
        ),
    ];
    for (identity, detail) in table {
        let endpoint = https(&identity);

        let result = call(HOST, endpoint.port(), &https_rules(&authority)).await;

        assert_eq!(
            tls_fault(result),
            format!("TLS with `{HOST}` failed: {detail}")
        );
        assert_eq!(endpoint.application_bytes(), 0, "{detail}");
    }
}

#[tokio::test]
async fn an_ip_literal_is_not_covered_by_a_name() {
    let authority = Authority::new();
    let endpoint = https(&authority.issue(&[HOST]));

    let result = call("127.0.0.1", endpoint.port(), &https_rules(&authority)).await;

    assert_eq!(
        tls_fault(result),
        "TLS with `127.0.0.1` failed: the certificate is for another host"
    );
    assert_eq!(endpoint.application_bytes(), 0);
}

#[tokio::test]
async fn plain_text_on_the_https_port_is_a_tls_failure() {
    let authority = Authority::new();
    let endpoint = raw_server(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");

    let result = call(HOST, endpoint.port(), &https_rules(&authority)).await;

    assert_eq!(
        tls_fault(result),
        format!("TLS with `{HOST}` failed: the endpoint's answer is not TLS")
    );
}

#[tokio::test]
async fn a_connection_lost_in_the_handshake_is_no_tls_failure() {
    let authority = Authority::new();
    let endpoint = raw_server(b"");

    let error = call(HOST, endpoint.port(), &https_rules(&authority))
        .await
        .unwrap_err();

    assert_eq!(
        error.to_string(),
        format!("`{HOST}` closed the connection during the TLS handshake")
    );
    assert!(!error.may_have_been_seen());
}

#[tokio::test]
async fn tls_1_0_is_refused() {
    let authority = Authority::new();
    let server = OldServer::start(&authority.issue(&[HOST]), "-tls1");

    let result = call(HOST, server.port, &https_rules(&authority)).await;

    assert_eq!(
        tls_fault(result),
        format!(
            "TLS with `{HOST}` failed: the endpoint and the gateway have no TLS version or cipher in common"
        )
    );
}

#[tokio::test]
async fn tls_1_2_is_good_enough() {
    let authority = Authority::new();
    let server = OldServer::start(&authority.issue(&[HOST]), "-tls1_2");

    let mut request = post_to(Scheme::Https, HOST, server.port);
    request.method = Method::Get;
    request.body = None;
    let egress = Egress::new(OwnListeners::default());
    let rules = https_rules(&authority);
    let response = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;

    assert_eq!(response.unwrap().status, 200);
}

#[tokio::test]
async fn a_changed_ca_file_is_in_force_within_seconds_and_a_broken_one_is_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let endpoint = https(&new.issue(&[HOST]));
    let rules = https_rules(&old);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());
    let send = || exchange_with(&egress, &request, &rules, BodyUse::Discard);
    assert!(matches!(send().await, Err(EgressError::Tls { .. })));

    std::fs::write(old.file(), new.pem()).unwrap();
    let mut trusted = false;
    for _ in 0..100 {
        trusted = trusted || send().await.is_ok();
        tokio::time::sleep(Duration::from_millis(20)).await;
        if trusted {
            break;
        }
    }
    assert!(trusted, "the new root is trusted within two seconds");

    std::fs::write(old.file(), "no certificate").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(send().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_certificate_unknown_for_want_of_the_ca_file_costs_no_user() {
    let authority = Authority::new();
    let endpoint = https(&authority.issue(&[HOST]));
    let mut rules = https_rules(&authority);
    rules.ca_file = Some(authority.file().with_file_name("missing.pem"));

    let error = call(HOST, endpoint.port(), &rules).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        format!("cannot connect to {}", endpoint.address())
    );
    assert_eq!(endpoint.application_bytes(), 0);
}

#[tokio::test]
async fn a_session_is_resumed_and_a_kept_connection_needs_none() {
    let authority = Authority::new();
    let endpoint = Endpoint::start(
        Speaks::Https(authority.issue(&[HOST]).server(&["http/1.1"])),
        [reply(200)],
    );
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    let first = exchange_with(&egress, &request, &rules, BodyUse::Discard)
        .await
        .unwrap();
    let second = exchange_with(&egress, &request, &rules, BodyUse::Discard)
        .await
        .unwrap();

    assert!(first.timing.tls > Duration::ZERO);
    assert_eq!(second.timing.tls, Duration::ZERO);
    assert_eq!(endpoint.connections(), 1);
}

#[tokio::test]
async fn an_endpoint_that_wants_a_client_certificate_is_a_tls_failure() {
    let authority = Authority::new();
    for protocols in [&["http/1.1"], &["h2"]] {
        let config = authority
            .issue(&[HOST])
            .server_for_members(&authority, protocols);
        let endpoint = Endpoint::start(Speaks::Https(config), [reply(200)]);

        let result = call(HOST, endpoint.port(), &https_rules(&authority)).await;

        assert_eq!(
            tls_fault(result),
            format!("TLS with `{HOST}` failed: the endpoint sent the alert CertificateRequired")
        );
        assert_eq!(endpoint.application_bytes(), 0);
    }
}

/// A server that says `bytes` to whoever connects, and closes.
fn raw_server(bytes: &'static [u8]) -> Endpoint {
    Endpoint::greeting(bytes)
}

/// `openssl s_server`, for versions that rustls does not have.
struct OldServer {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl OldServer {
    fn start(identity: &Identity, version: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        std::fs::write(&certificate, identity.certificate_pem()).unwrap();
        std::fs::write(&key, identity.key_pem()).unwrap();
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", version, "-www"])
            .args(["-cipher", "ALL:@SECLEVEL=0"])
            .arg("-cert")
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .find_map(|line| {
                line.unwrap()
                    .strip_prefix("ACCEPT 127.0.0.1:")?
                    .parse()
                    .ok()
            })
            .unwrap();
        Self {
            child,
            port,
            _folder: folder,
        }
    }
}

impl Drop for OldServer {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
