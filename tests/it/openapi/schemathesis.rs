//! Schemathesis (PyPI): asks every operation what its document makes one think of, and then worse.

use crate::support::process::Gateway;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What schemathesis found amiss: all that it printed.
pub(super) type Found = String;

/// Runs it on `gateway` by the configuration `name`, which stands beside this file.
///
/// # Errors
/// All that it printed, where an answer was not as the document says.
pub(super) fn run(name: &str, gateway: &Gateway, doors: &[&str]) -> Result<(), Found> {
    let document = format!("http://{}/openapi.json", gateway.door);
    let output = Command::new(installed().join("bin/schemathesis"))
        .arg("--config-file")
        .arg(beside(name))
        .args(["run", "--no-color"])
        .args(["--header", "Authorization: Bearer token-of-admin"])
        .args(doors)
        .arg(document)
        .env("SCHEMATHESIS_HOOKS", beside("hooks.py"))
        // Nothing is to be left beside the hooks; where it runs it may.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(gateway.path(""))
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(());
    }
    let all = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&all).into_owned())
}

/// A Python environment that has it, made where there is none for these requirements.
fn installed() -> PathBuf {
    let requirements = beside("requirements.txt");
    let version = version(&fs::read_to_string(&requirements).unwrap());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("schemathesis")
        .join(version);
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    // Tests run side by side, and one installation is enough.
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let done = folder.join("installed");
    if !done.exists() {
        // One that was broken off is begun anew.
        command("python3", ["-m", "venv", "--clear"], &folder);
        let pip = folder.join("bin/pip");
        let quietly = ["install", "--quiet", "--disable-pip-version-check", "-r"];
        command(pip.to_str().unwrap(), quietly, &requirements);
        File::create(done).unwrap();
    }
    folder
}

/// Runs `program`, whose last word is `path`.
fn command<const N: usize>(program: &str, words: [&str; N], path: &Path) {
    let output = Command::new(program).args(words).arg(path).output();
    let output = output.unwrap_or_else(|fault| {
        panic!("{program}: {fault}; python3-venv is needed: `make test` installs it")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} failed: {errors}");
}

/// What tells these requirements from any other.
fn version(requirements: &str) -> String {
    let digest = Sha256::digest(requirements);
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/openapi")
        .join(name)
}
