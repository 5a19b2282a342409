//! Over a real socket and real TLS, by a client that trusts the endpoint's CA and no other.

use super::*;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;

fn answers() -> Answers {
    let path = |literal: &str, open| Path {
        literal: literal.into(),
        open,
    };
    Answers {
        tokens: vec![path("/oauth/token", false)],
        live: vec![(path("/offers/", true), r#"{"data":{"price":12}}"#.into())],
    }
}

/// The bodies that come back for `requests`, sent over one connection to `host`, and what the
/// endpoint kept.
async fn told(host: &'static str, requests: &[&str]) -> io::Result<(Vec<String>, Vec<Message>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let authority = Authority::new(["api.example.com".to_owned()]).unwrap();
    let mut kept = serve(listener, &authority, answers());

    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(authority.ca_pem.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(
            ServerName::try_from(host).unwrap(),
            TcpStream::connect(address).await?,
        )
        .await?;
    let mut stream = BufReader::new(stream);
    let mut bodies = Vec::new();
    let mut received = Vec::new();
    for request in requests {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let answer = Message::read(&mut stream).await?.unwrap();
        assert_eq!(answer.status(), Some(200));
        bodies.push(String::from_utf8(answer.body).unwrap());
        received.push(kept.try_recv().unwrap());
    }
    Ok((bodies, received))
}

#[tokio::test]
async fn each_kind_of_request_is_told_what_its_tile_needs_and_kept_before_the_answer() {
    let (bodies, received) = told(
        "api.example.com",
        &[
            "POST /oauth/token HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b",
            "GET /offers/7?x=y HTTP/1.1\r\n\r\n",
            "GET /users?email=user@example.com HTTP/1.1\r\n\r\n",
            "PUT /users HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        ],
    )
    .await
    .unwrap();

    assert_eq!(
        bodies,
        [TOKEN, r#"{"data":{"price":12}}"#, PROFILE, r#"{"ok":true}"#]
    );
    assert_eq!(
        received.iter().map(|kept| &*kept.start).collect::<Vec<_>>(),
        [
            "POST /oauth/token HTTP/1.1",
            "GET /offers/7?x=y HTTP/1.1",
            "GET /users?email=user@example.com HTTP/1.1",
            "PUT /users HTTP/1.1",
        ]
    );
    assert_eq!(received[0].body, b"a=b");
}

#[tokio::test]
async fn the_certificate_is_for_the_hosts_of_the_configuration_and_no_other() {
    let error = told("other.example.com", &[]).await.unwrap_err();

    let tls = error.downcast::<rustls::Error>().unwrap();
    assert!(
        matches!(
            tls,
            rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForNameContext { .. }
            )
        ),
        "{tls:?}"
    );
}
