//! What is wrong with the configuration, said so that the place can be jumped to.
//!
//! A message names what was found and what is accepted. It never holds the value of a secret, nor
//! text of a file that holds one.

use std::fmt;

/// Whether a fault keeps its file out of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file, or what it describes, is not put into service.
    Error,
    /// It is put into service, and is likely not what was meant.
    Warning,
}

/// One thing that is wrong, and where it stands.
///
/// `Display` is `path/file.toml:12:8: key: what was found, what is accepted`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// As the folder was named by whoever asked, so that it can be opened from there.
    pub file: String,
    /// Counts from 1.
    pub line: usize,
    /// Counts from 1, in characters.
    pub column: usize,
    /// Dotted, such as `headers[0].value`; empty where the fault is of no key.
    pub key: String,
    pub message: String,
    pub severity: Severity,
}

/// Everything that is wrong with a folder, in the order of files, lines and columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub faults: Vec<Fault>,
}

/// The configuration cannot be started from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", Lines(.0))]
pub struct Faults(pub Vec<Fault>);

/// Faults, one a line.
struct Lines<'a>(&'a [Fault]);

// === impl Report ===

impl Report {
    /// Whether anything keeps a file out of service.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many faults are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        let of_it = |fault: &&Fault| fault.severity == severity;
        self.faults.iter().filter(of_it).count()
    }
}

// === impl Fault ===

impl Fault {
    /// The key as a JSON pointer (RFC 6901): that of the same value in the file's JSON.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        let mut rest = self.key.as_str();
        while !rest.is_empty() {
            let (name, after) = first_name(rest);
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            rest = after.trim_start_matches('.');
        }
        pointer
    }
}

/// The first name of a dotted key, or the number of a place in a list, and what follows it.
fn first_name(key: &str) -> (String, &str) {
    if let Some((place, rest)) = key.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (place.to_owned(), rest);
    }
    if key.starts_with('"') {
        let mut strings = serde_json::Deserializer::from_str(key).into_iter::<String>();
        if let Some(Ok(name)) = strings.next() {
            return (name, &key[strings.byte_offset()..]);
        }
    }
    let end = key.find(['.', '[']).unwrap_or(key.len());
    (key[..end].to_owned(), &key[end..])
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file, line, column, ..
        } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        match self.severity {
            Severity::Error => {}
            Severity::Warning => f.write_str("warning: ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

// === impl Lines ===

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}{fault}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_pointer_into_the_same_file_as_json() {
        for (key, pointer) in [
            ("", ""),
            ("endpoint", "/endpoint"),
            ("auth.token_url", "/auth/token_url"),
            ("headers[0].value", "/headers/0/value"),
            (
                "tiles[12].parameters.\"a.b/c\"",
                "/tiles/12/parameters/a.b~1c",
            ),
            ("body.form.\"q\\\"\"", "/body/form/q\""),
        ] {
            let fault = Fault {
                file: String::new(),
                line: 1,
                column: 1,
                key: key.to_owned(),
                message: String::new(),
                severity: Severity::Error,
            };
            assert_eq!(fault.pointer(), pointer, "{key}");
        }
    }
}
