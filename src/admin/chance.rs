//! Bytes that nobody can guess, for what opens something at this door.

use std::fs::File;
use std::io::{self, Read as _};

/// So many of them.
///
/// # Errors
/// When the system gives none.
pub(super) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
