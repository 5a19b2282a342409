//! The endpoint that the demonstration calls: TLS on this machine, under a CA made for the day.
//!
//! It keeps each request as it came before it answers, so that whoever has an outcome in hand can
//! already read the requests behind it.

use crate::cli::wire::Message;
use anyhow::Context as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// What a User Profile tile is told.
const PROFILE: &str = r#"{"firstName":"Test","lastName":"User"}"#;

/// What an access token request is told.
const TOKEN: &str = r#"{"access_token":"demo-access-token","expires_in":432000}"#;

/// A CA that lives as long as the process, and a certificate of it.
pub(super) struct Authority {
    /// The CA, for the gateway to trust.
    pub(super) ca_pem: String,
    acceptor: TlsAcceptor,
}

/// What the endpoint says to whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers {
    /// Where access tokens are fetched.
    pub(super) tokens: Vec<Path>,
    /// Where Live Data is fetched, and the JSON that is said there.
    pub(super) live: Vec<(Path, String)>,
}

/// The path of a webhook's URL, as far as it is literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) literal: String,
    /// Whether a template follows, so that more may come.
    pub(super) open: bool,
}

// === impl Authority ===

impl Authority {
    /// Makes a CA and a certificate for `hosts`.
    ///
    /// # Errors
    /// When one of `hosts` cannot stand in a certificate.
    pub(super) fn new(hosts: impl IntoIterator<Item = String>) -> anyhow::Result<Self> {
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate()?;
        let ca_pem = ca.self_signed(&ca_key)?.pem();

        let key = KeyPair::generate()?;
        let hosts: Vec<String> = hosts.into_iter().collect();
        let certificate = CertificateParams::new(hosts)
            .and_then(|params| params.signed_by(&key, &Issuer::new(ca, ca_key)))
            .context("cannot make a certificate for the local endpoint")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )?;
        Ok(Self {
            ca_pem,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }
}

// === impl Answers ===

impl Answers {
    /// The JSON that `request` gets, with `200`.
    fn to(&self, request: &Message) -> &str {
        let path = request.path();
        if self.tokens.iter().any(|at| at.is(path)) {
            return TOKEN;
        }
        if let Some((_, json)) = self.live.iter().find(|(at, _)| at.is(path)) {
            return json;
        }
        match request.method() {
            "GET" => PROFILE,
            _ => r#"{"ok":true}"#,
        }
    }
}

// === impl Path ===

impl Path {
    fn is(&self, path: &str) -> bool {
        path == self.literal || self.open && path.starts_with(&self.literal)
    }
}

/// Answers on `listener` until the runtime ends; each request comes out of the returned channel.
pub(super) fn serve(
    listener: TcpListener,
    authority: &Authority,
    answers: Answers,
) -> mpsc::UnboundedReceiver<Message> {
    let (received, requests) = mpsc::unbounded_channel();
    let (acceptor, answers) = (authority.acceptor.clone(), Arc::new(answers));
    tokio::spawn(async move {
        // A failed accept is one connection that did not come about; the next is its own.
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answers) = (acceptor.clone(), answers.clone());
                tokio::spawn(converse(stream, acceptor, answers, received.clone()));
            }
        }
    });
    requests
}

/// One connection, kept alive for as long as the gateway likes.
async fn converse(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    answers: Arc<Answers>,
    received: mpsc::UnboundedSender<Message>,
) -> io::Result<()> {
    let mut stream = BufReader::new(acceptor.accept(stream).await?);
    while let Some(request) = Message::read(&mut stream).await? {
        let json = answers.to(&request);
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        );
        // Nobody listens any more only when the demonstration is over.
        let _ = received.send(request);
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
