//! A certificate authority, and the certificates that TLS tests are about.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// The authority, with its root in a file as `egress.ca_file` wants it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    key: KeyPair,
}

// === impl Authority ===

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let authority = Self { issuer, folder };
        std::fs::write(authority.file(), authority.pem()).unwrap();
        authority
    }

    /// The root, as PEM text.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The file that holds the root.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for `hosts`: names and IP addresses.
    pub fn issue(&self, hosts: &[&str]) -> Identity {
        self.sign(params(hosts))
    }

    /// One whose time is over.
    pub fn issue_expired(&self, hosts: &[&str]) -> Identity {
        let mut params = params(hosts);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            certificate: certificate.into(),
            key,
        }
    }
}

// === impl Identity ===

impl Identity {
    /// A certificate that vouches for itself.
    pub fn self_signed(hosts: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params(hosts).self_signed(&key).unwrap();
        Self {
            certificate: certificate.into(),
            key,
        }
    }

    /// A server that shows it, and speaks one of `protocols` by ALPN; none: no ALPN.
    pub fn server(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.private_key())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// The key, as PEM text.
    pub fn key_pem(&self) -> String {
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
