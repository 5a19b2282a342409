//! Packages of npm that a test compares with or looks through, kept in the folder of the build.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder in whose `node_modules` the package `name` is, installed where it is not yet.
pub(crate) fn installed(name: &str, version: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(name)
        .join(version);
    let lock_path = folder.with_extension("lock");
    fs::create_dir_all(&folder).unwrap();
    // Tests run side by side, and one installation is enough.
    let lock = File::create(lock_path).unwrap();
    lock.lock().unwrap();
    if !folder
        .join("node_modules")
        .join(name)
        .join("package.json")
        .exists()
    {
        install(&folder, &format!("{name}@{version}"));
    }
    folder
}

fn install(folder: &Path, package: &str) {
    let installed = Command::new("npm")
        .args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            package,
        ])
        .current_dir(folder)
        .output()
        .expect("npm is needed: `make test` installs it");
    let errors = String::from_utf8_lossy(&installed.stderr);
    assert!(
        installed.status.success(),
        "npm could not install {package}: {errors}"
    );
}
