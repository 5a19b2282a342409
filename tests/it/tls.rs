//! TLS: whom the gateway talks to, and that nobody else gets a byte of a request.

use crate::support::endpoint::{Endpoint, Reply, Speaks, eventually, reply};
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
async fn an_endpoint_that_speaks_only_http2_is_spoken_to_in_http2() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(
        Speaks::Http2(config),
        [reply(200).header("x-a", "b").body("ok")],
    );

    let response = call(HOST, endpoint.port(), &https_rules(&authority))
        .await
        .unwrap();

    let request = &endpoint.requests()[0];
    assert_eq!(
        request.target,
        format!("https://{HOST}:{}/hook?a=1", endpoint.port())
    );
    assert_eq!(
        request.headers,
        [
            ("content-type".to_owned(), "application/json".to_owned()),
            ("content-length".to_owned(), "7".to_owned()),
        ]
    );
    assert_eq!(request.body, b"{\"a\":1}");
    assert_eq!(response.headers["x-a"], "b");
    assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
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
async fn many_requests_at_once_share_one_http2_connection() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let pause = Duration::from_millis(30);
    let endpoint = Endpoint::start(Speaks::Http2(config), [reply(204).after(pause)]);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    let all = (0..60).map(|_| exchange_with(&egress, &request, &rules, BodyUse::Discard));
    let statuses: Vec<_> = futures_util::future::join_all(all)
        .await
        .into_iter()
        .map(|result| result.unwrap().status)
        .collect();

    assert_eq!(statuses, [204; 60]);
    assert_eq!(endpoint.connections(), 1);
}

#[tokio::test]
async fn a_refused_stream_goes_out_once_more_and_not_for_ever() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let script = [Reply::refused(), reply(200), Reply::refused()];
    let endpoint = Endpoint::start(Speaks::Http2(config), script);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    let first = exchange_with(&egress, &request, &rules, BodyUse::Discard)
        .await
        .unwrap();
    assert_eq!((first.status, endpoint.requests().len()), (200, 2));

    let second = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;
    let error = second.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot connect to {}", endpoint.address())
    );
    assert!(!error.may_have_been_seen());
    assert_eq!(endpoint.requests().len(), 4);
}

#[tokio::test]
async fn what_ends_an_http2_connection_says_whether_the_request_goes_out_again() {
    // An empty SETTINGS frame; then GOAWAY with last stream 0 and no error, RST_STREAM of
    // stream 1 with CANCEL, or no HTTP/2 at all.
    let goaway = b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let cancel = b"\0\0\0\x04\0\0\0\0\0\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";
    let garbage = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let lost = "the connection was lost before the answer was whole";
    let table: [(&'static [u8], Option<&str>, usize); 3] = [
        (goaway, None, 2),
        (cancel, Some(lost), 1),
        (garbage, Some("the answer is not HTTP"), 1),
    ];
    let authority = Authority::new();
    for (bytes, expected, connections) in table {
        let config = authority.issue(&[HOST]).server(&["h2"]);
        let endpoint = Endpoint::start(Speaks::TlsBytes(config, bytes), [reply(200)]);

        let error = call(HOST, endpoint.port(), &https_rules(&authority))
            .await
            .unwrap_err();

        let unseen = format!("cannot connect to {}", endpoint.address());
        assert_eq!(error.to_string(), expected.unwrap_or(&unseen));
        assert_eq!(error.may_have_been_seen(), expected.is_some());
        assert_eq!(endpoint.connections(), connections, "{error}");
    }
}

#[tokio::test]
async fn an_http2_deadline_leaves_no_stream_behind() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let mut script = vec![Reply::silent(); 3];
    script.push(reply(200));
    let endpoint = Endpoint::start(Speaks::Http2(config), script);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    for _ in 0..3 {
        let deadline = tokio::time::Instant::now() + Duration::from_millis(100);
        let result = egress
            .exchange(&request, &rules, BodyUse::Discard, deadline)
            .await;
        assert!(matches!(
            result,
            Err(EgressError::Deadline {
                request_begun: true,
                ..
            })
        ));
    }
    let last = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;

    assert_eq!(last.unwrap().status, 200);
    eventually("the silent connections are closed", || {
        endpoint.open_connections() <= 1
    })
    .await;
}

#[tokio::test]
async fn a_connection_takes_a_hundred_streams_and_the_rest_go_on_another() {
    let (authority, pause) = (Authority::new(), Duration::from_millis(200));
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(Speaks::Http2(config), [reply(204).after(pause)]);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    let all = (0..150).map(|_| exchange_with(&egress, &request, &rules, BodyUse::Discard));
    let results = futures_util::future::join_all(all).await;

    assert!(results.iter().all(Result::is_ok));
    assert_eq!(
        (endpoint.requests().len(), endpoint.connections()),
        (150, 2)
    );
}

#[tokio::test]
async fn an_http2_body_is_bounded_and_its_connection_serves_on() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let script = [reply(200).body(vec![b'x'; 8 << 20]), reply(200).body("ok")];
    let endpoint = Endpoint::start(Speaks::Http2(config), script);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let mut request = post_to(Scheme::Https, HOST, endpoint.port());
    request.body = Some(vec![b'y'; 1 << 20].into());
    let capture = BodyUse::Capture { limit: 100_000 };

    let first = exchange_with(&egress, &request, &rules, capture).await;
    let second = exchange_with(&egress, &request, &rules, capture).await;

    assert_eq!(
        first.unwrap_err().to_string(),
        "the answer's body is over 100000 bytes"
    );
    assert_eq!(second.unwrap().body, "ok");
    assert_eq!(endpoint.requests()[1].body.len(), 1 << 20);
    assert_eq!(endpoint.connections(), 1);
}

#[tokio::test]
async fn an_http2_body_that_nobody_wants_does_not_hold_up_its_connection() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(
        Speaks::Http2(config),
        [reply(200).body(vec![b'x'; 8 << 20])],
    );
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    for _ in 0..20 {
        let response = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;
        assert_eq!(response.unwrap().status, 200);
    }

    assert_eq!((endpoint.requests().len(), endpoint.connections()), (20, 1));
}

#[tokio::test]
async fn an_endpoint_that_closes_its_http2_connection_is_asked_on_a_new_one() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(Speaks::Http2(config), [reply(200).closing()]);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    for _ in 0..3 {
        let response = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;
        assert_eq!(response.unwrap().status, 200);
    }

    assert_eq!(endpoint.requests().len(), 3);
    assert!(endpoint.connections() > 1);
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
