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
