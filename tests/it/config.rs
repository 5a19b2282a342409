//! What a configuration folder comes to: every fault with its place, every default.

mod defaults;
mod faults;
mod fingerprint;
mod folder;

use std::fs;
use std::path::{Path, PathBuf};
use stepgate::config;
use tempfile::TempDir;

/// A configuration folder that lives as long as the test.
pub(crate) struct Conf(TempDir);

// === impl Conf ===

impl Conf {
    /// A folder with these files, and an empty `gateway.toml` unless it is among them.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let conf = Self(TempDir::new().unwrap());
        conf.write("gateway.toml", "");
        for (name, text) in files {
            conf.write(name, text);
        }
        conf
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes a file as careful editors do: beside its place, then renamed.
    pub(crate) fn replace(&self, name: &str, text: impl AsRef<[u8]>) {
        let beside = format!("{name}.new");
        self.write(&beside, text);
        fs::rename(self.file(&beside), self.file(name)).unwrap();
    }

    /// What `check` says, without the folder's own path.
    pub(crate) fn faults(&self) -> Vec<String> {
        let folder = format!("{}/", self.path().display());
        let line = |fault: &config::Fault| fault.to_string().replace(&folder, "");
        config::check(self.path()).faults.iter().map(line).collect()
    }
}

/// A webhook that is valid.
pub(crate) const WEBHOOK: &str = r#"
name = "Hook"
method = "POST"
endpoint = "https://api.example.com/hook"
"#;

#[test]
fn the_example_has_no_faults() {
    let conf = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf");

    assert_eq!(config::check(&conf), config::Report::default());
}
