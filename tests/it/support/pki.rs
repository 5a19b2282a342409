//! A certificate authority, and the certificates that TLS tests are about.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// The authority, with its root in a file as `egress.ca_file` wants it.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

// === impl Authority ===

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        // Authorities must differ in name, or a stranger's certificate looks like a forged one.
        let key = KeyPair::generate().unwrap();
        let name = format!("Authority {:x?}", &key.public_key_raw()[1..9]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let authority = Self { issuer, folder };
        std::fs::write(authority.file(), authority.pem()).unwrap();
        authority
    }

    /// The root, as PEM text.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The file that holds the root.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for `hosts`: names and IP addresses.
    pub(crate) fn issue(&self, hosts: &[&str]) -> Identity {
        self.sign(params(hosts))
    }

    /// One whose time is over.
    pub(crate) fn issue_expired(&self, hosts: &[&str]) -> Identity {
        let mut params = params(hosts);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            pem: certificate.pem(),
            certificate: certificate.into(),
            key,
        }
    }
}

// === impl Identity ===

impl Identity {
    /// A certificate that vouches for itself.
    pub(crate) fn self_signed(hosts: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(hosts).self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            certificate: certificate.into(),
            key,
        }
    }

    /// A server that shows it, and speaks one of `protocols` by ALPN; none: no ALPN.
    pub(crate) fn server(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.private_key())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// As [`server`](Self::server), for clients with a certificate of `authority`'s alone.
    pub(crate) fn server_for_members(
        &self,
        authority: &Authority,
        protocols: &[&str],
    ) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.issuer.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let members = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(members.build().unwrap())
            .with_single_cert(vec![self.certificate.clone()], self.private_key())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// The certificate, as PEM text.
    pub(crate) fn certificate_pem(&self) -> String {
        self.pem.clone()
    }

    /// The key, as PEM text.
    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}

fn params(hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    CertificateParams::new(hosts).unwrap()
}
