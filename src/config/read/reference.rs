//! A secret as it is written: literal, or a reference to where it is kept.

use super::field::Field;
use crate::model::Secret;
use std::io::Read as _;
use std::path::Path;
use toml::de::DeValue;

/// A file that is longer holds no secret that a header could carry.
const LONGEST: u64 = 64 * 1024;

/// A secret and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) secret: Secret,
    /// `literal`, `env:NAME` or `file:path`: what of a secret may be known.
    pub(super) origin: String,
}

/// Reads a secret. No message says anything of its value.
pub(super) fn read(field: Field<'_>) -> Option<Reference> {
    let accepted = "a string, { env = \"NAME\" } or { file = \"path\" }";
    match field.value() {
        DeValue::String(text) => accept(&field, text, "the secret", "literal".into()),
        DeValue::Table(_) => read_table(field, accepted),
        other => field.mismatch(other, accepted),
    }
}

fn read_table(field: Field<'_>, accepted: &str) -> Option<Reference> {
    let whole = field.clone();
    field.table(|table| {
        let (env, file) = (table.field("env"), table.field("file"));
        match (env, file) {
            (Some(env), None) => from_env(env),
            (None, Some(file)) => from_file(file),
            (Some(_), Some(_)) => whole.refuse(format!("found both; expected {accepted}")),
            (None, None) => whole.refuse(format!("found neither; expected {accepted}")),
        }
    })
}

fn from_env(field: Field<'_>) -> Option<Reference> {
    let name = field.clone().name()?;
    if name.contains('=') {
        return field.refuse("found `=`; expected the name of an environment variable");
    }
    let what = format!("the environment variable `{name}`");
    match std::env::var(name) {
        Ok(text) => accept(&field, &text, &what, format!("env:{name}")),
        Err(std::env::VarError::NotPresent) => field.refuse(format!("{what} is not set")),
        Err(std::env::VarError::NotUnicode(_)) => field.refuse(format!("{what} is not UTF-8")),
    }
}

fn from_file(field: Field<'_>) -> Option<Reference> {
    let written = field.clone().name()?;
    let path = field.clone().path()?;
    field.sheet().depends_on(path.clone());
    let what = format!("the file `{}`", path.display());
    match contents(&path) {
        Ok(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let text = text.trim_end_matches(['\r', '\n']);
                accept(&field, text, &what, format!("file:{written}"))
            }
            Err(_) => field.refuse(format!("{what} is not UTF-8")),
        },
        Err(error) => field.refuse(format!("{what} cannot be read: {error}")),
    }
}

fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(std::io::Error::other("longer than 64 KiB"));
    }
    Ok(bytes)
}

fn accept(field: &Field<'_>, text: &str, what: &str, origin: String) -> Option<Reference> {
    if text.is_empty() {
        return field.refuse(format!("{what} is empty"));
    }
    if text.contains(char::is_control) {
        return field.refuse(format!("{what} holds a control character"));
    }
    Some(Reference {
        secret: Secret::new(text),
        origin,
    })
}
