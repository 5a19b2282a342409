//! Who may come in: tokens, the one that is made at first start, and known hosts.

use crate::config::{Admin, Gateway, Role};
use crate::model::Secret;
use crate::web::bearer;
use http::header;
use http::request::Parts;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tracing::info;

/// The file in the data folder that keeps the admin token.
const TOKEN_FILE: &str = "admin-token";

/// Bytes of chance in a token that is made here.
const TOKEN_BYTES: usize = 32;

/// Why there is no admin token.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep or read the admin token in {}", path.display())]
pub struct TokenFault {
    path: PathBuf,
    source: io::Error,
}

/// The token that was made here, where none is configured.
#[derive(Debug)]
pub(super) struct Access {
    made: Option<Secret>,
}

// === impl Access ===

impl Access {
    /// Makes or finds the token of the data folder, where `gateway` has none.
    pub(super) fn new(gateway: &Gateway) -> Result<Self, TokenFault> {
        if gateway.admin.token.is_some() {
            return Ok(Self { made: None });
        }
        let path = token_file(gateway);
        let made = kept(&path)
            .and_then(|kept| kept.map_or_else(|| make(&path), Ok))
            .map_err(|source| TokenFault { path, source })?;
        Ok(Self { made: Some(made) })
    }

    /// What the one who asks may do; none for a stranger.
    pub(super) fn role(&self, head: &Parts, admin: &Admin) -> Option<Role> {
        let offered = bearer(head.headers.get(header::AUTHORIZATION))?;
        let admins = admin.token.as_ref().or(self.made.as_ref());
        if admins.is_some_and(|token| token.matches(offered)) {
            return Some(Role::Admin);
        }
        let named = admin.tokens.iter().find(|t| t.token.matches(offered))?;
        Some(named.role)
    }
}

/// The admin token that a gateway made and keeps in its data folder, if there is one.
///
/// # Errors
/// When it is there and cannot be read.
pub fn kept_token(gateway: &Gateway) -> Result<Option<Secret>, TokenFault> {
    let path = token_file(gateway);
    read(&path).map_err(|source| TokenFault { path, source })
}

/// Whether the request was meant for this door: for a loopback address, or one of `hosts`.
pub(super) fn knows_host(head: &Parts, hosts: &[String]) -> bool {
    let said = head.headers.get(header::HOST);
    let said = match (head.uri.authority(), said) {
        (Some(authority), _) => authority.as_str(),
        (None, Some(host)) => host.to_str().unwrap_or_default(),
        (None, None) => return false,
    };
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

fn token_file(gateway: &Gateway) -> PathBuf {
    gateway.store.folder.join(TOKEN_FILE)
}

/// The token that is kept at `path`, if there is one; no one else may read it from now on.
fn kept(path: &Path) -> io::Result<Option<Secret>> {
    let kept = read(path)?;
    if kept.is_some() {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    Ok(kept)
}

fn read(path: &Path) -> io::Result<Option<Secret>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let token = text.trim();
    Ok((!token.is_empty()).then(|| Secret::new(token)))
}

/// Makes a token and keeps it at `path`.
fn make(path: &Path) -> io::Result<Secret> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut chance = [0; TOKEN_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut chance)?;
    let token: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
    // Made with mode 0600, and whole before it has its name.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{token}")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    info!(path = %path.display(), "an admin token was made, and is kept in {}", path.display());
    Ok(Secret::new(&token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn only_loopback_and_the_listed_hosts_are_known() {
        let hosts = ["gate.example.com".to_owned()];
        for (host, known) in [
            ("localhost", true),
            ("LOCALHOST:8081", true),
            ("127.0.0.1:8081", true),
            ("127.1.2.3", true),
            ("[::1]", true),
            ("[::1]:8081", true),
            ("gate.example.com:443", true),
            ("Gate.Example.com", true),
            ("evil.example.com", false),
            ("localhost.evil.example.com", false),
            ("10.0.0.1:8081", false),
            ("", false),
        ] {
            let request = Request::builder().header("Host", host).body(()).unwrap();
            assert_eq!(knows_host(&request.into_parts().0, &hosts), known, "{host}");
        }
        let (head, ()) = Request::new(()).into_parts();
        assert!(!knows_host(&head, &hosts));
    }

    #[test]
    fn the_token_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join(TOKEN_FILE);
        assert_eq!(kept(&path).unwrap(), None);

        let made = make(&path).unwrap();

        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (made.expose().len(), mode, kept(&path).unwrap()),
            (2 * TOKEN_BYTES, 0o600, Some(made))
        );
    }
}
