//! The program that drives Chromium, with a folder of its own for both.

use super::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// Without a window, without the network, and as any user: in a container that is root, for whom
/// Chromium has no sandbox.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
    "--lang=en-US",
];

/// A desk has better fonts than a server: Inter, where it is installed.
const FONTS: &str = r#"<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
    <alias binding="strong"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
    <alias binding="strong"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
</fontconfig>"#;

/// A chromedriver that listens. Dropped, it is killed, and its Chromium with it.
pub(super) struct Driver {
    process: Child,
    port: u16,
    folder: TempDir,
}

// === impl Driver ===

impl Driver {
    /// Starts one on a port that it finds free.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(log_in(folder.path())).unwrap();
        let fonts = folder.path().join(".config/fontconfig");
        fs::create_dir_all(&fonts).unwrap();
        fs::write(fonts.join("fonts.conf"), FONTS).unwrap();
        let process = Command::new("chromedriver")
            .arg("--port=0")
            // Chromium keeps more than its profile at home.
            .env("HOME", folder.path())
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("chromedriver is needed: `make test` installs it");
        let mut driver = Self {
            process,
            port: 0,
            folder,
        };
        driver.port = driver.listening();
        driver
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What its session is to be.
    pub(super) fn capabilities(&self) -> Map<String, Value> {
        let profile = format!("--user-data-dir={}", self.profile().display());
        let flags = FLAGS.iter().map(|flag| (*flag).to_owned());
        let flags: Vec<_> = flags.chain([profile]).collect();
        let options = json!({ "args": flags, "binary": program("chromium") });
        Map::from_iter([
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})),
        ])
    }

    /// Ends it and every process that was started on its profile, and waits until they are gone.
    pub(super) fn end(&mut self) {
        let profile = self.profile();
        for pid in started_on(&profile) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::KILL);
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }

    fn profile(&self) -> PathBuf {
        self.folder.path().join("profile")
    }

    /// The port that it says it is on.
    fn listening(&mut self) -> u16 {
        let begin = Instant::now();
        loop {
            let said = fs::read_to_string(log_in(self.folder.path())).unwrap();
            let port = said
                .split_once("started successfully on port ")
                .and_then(|(_, rest)| rest.split_once('.')?.0.parse().ok());
            if let Some(port) = port {
                return port;
            }
            let late = begin.elapsed() > PATIENCE;
            assert!(!late, "chromedriver does not listen:\n{said}");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.end();
    }
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("chromedriver.log")
}

/// Where a program of the search path is.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is needed: `make test` installs it"))
}

/// The processes whose command line names `profile`, which no other test's does.
fn started_on(profile: &Path) -> Vec<Pid> {
    let profile = profile.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| {
            let pid = process.file_name().to_str()?.parse().ok()?;
            let line = fs::read(process.path().join("cmdline")).ok()?;
            String::from_utf8_lossy(&line)
                .contains(profile)
                .then_some(pid)
        })
        .filter_map(Pid::from_raw)
        .collect()
}
