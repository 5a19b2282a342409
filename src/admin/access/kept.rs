//! The admin token that is made at the first start, where none is configured.

use crate::config::Gateway;
use crate::model::Secret;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tracing::info;

/// The file in the data folder that keeps the admin token.
const TOKEN_FILE: &str = "admin-token";

/// Why there is no admin token.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep or read the admin token in {}", path.display())]
pub struct TokenFault {
    path: PathBuf,
    source: io::Error,
}

/// The token of the data folder, made if there is none.
pub(super) fn token(gateway: &Gateway) -> Result<Secret, TokenFault> {
    let path = token_file(gateway);
    kept(&path)
        .and_then(|kept| kept.map_or_else(|| make(&path), Ok))
        .map_err(|source| TokenFault { path, source })
}

/// The admin token that a gateway made and keeps in its data folder, if there is one.
///
/// # Errors
/// When it is there and cannot be read.
pub fn kept_token(gateway: &Gateway) -> Result<Option<Secret>, TokenFault> {
    let path = token_file(gateway);
    read(&path).map_err(|source| TokenFault { path, source })
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
    let token = super::sessions::chance()?;
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

    #[test]
    fn the_token_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join(TOKEN_FILE);
        assert_eq!(kept(&path).unwrap(), None);

        let made = make(&path).unwrap();

        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (made.expose().len(), mode, kept(&path).unwrap()),
            (64, 0o600, Some(made))
        );
    }
}
