//! A data folder that is full.

use super::disk::Disk;
use super::load::{id_of, log};
use crate::support::client::post_with;
use crate::support::endpoint::{Endpoint, Speaks, reply};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use rustix::fs::statvfs;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of the disk.
const DISK: u64 = 20 * 1024 * 1024;

/// … that the gateway keeps free.
const RESERVE: u64 = 4 * 1024 * 1024;

/// Mounts a disk of its own at the folder in `$1`, and becomes what follows it.
const MOUNT: &str = "mount -t tmpfs -o mode=0700,size=\"$0\" none data && exec \"$@\"";

/// A small disk, which a test can fill.
enum Small {
    /// A file system that only the gateway sees.
    Mounted { namespace: &'static str },
    /// The system's own, with a library between that says when it is full.
    Pretended(Disk),
}

// === impl Small ===

impl Small {
    /// A mounted one, where this machine lets us.
    fn mounted() -> Option<Self> {
        let can = |namespace: &&str| {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("data")).unwrap();
            let tried = Command::new("unshare")
                .args([namespace, "sh", "-c", MOUNT, "65536", "true"])
                .current_dir(folder.path())
                .output();
            tried.is_ok_and(|output| output.status.success())
        };
        let namespace = ["-m", "-rm"].into_iter().find(can)?;
        Some(Self::Mounted { namespace })
    }

    fn pretended(stage: &Stage) -> Self {
        Self::Pretended(Disk::watching(stage.folder().join("data")))
    }

    fn start(&self, stage: Stage) -> Gateway {
        match self {
            Self::Mounted { namespace } => {
                fs::create_dir(stage.folder().join("data")).unwrap();
                let size = DISK.to_string();
                let words = ["unshare", namespace, "sh", "-c", MOUNT, &size];
                stage.under(words).start()
            }
            Self::Pretended(disk) => {
                disk.set_space(DISK);
                disk.around(stage).start()
            }
        }
    }

    /// Leaves no byte but the reserve, whether that is there or was given up just now.
    fn fill(&self, gateway: &Gateway) {
        match self {
            Self::Mounted { .. } => {
                let data = inside(gateway);
                let disk = statvfs(&data).unwrap();
                let free = disk.f_bavail * disk.f_frsize;
                let given = if data.join("reserve").exists() {
                    0
                } else {
                    RESERVE
                };
                let mut file = fs::File::create(data.join("filler")).unwrap();
                let zeros = io::repeat(0).take(free.saturating_sub(given));
                // The gateway may have been faster.
                drop(io::copy(&mut { zeros }, &mut file));
            }
            // Its first refusal was a write that had no room.
            Self::Pretended(_) => {}
        }
    }

    fn free(&self, gateway: &Gateway) {
        match self {
            Self::Mounted { .. } => fs::remove_file(inside(gateway).join("filler")).unwrap(),
            Self::Pretended(disk) => disk.set_space(4 * DISK),
        }
    }
}

/// The data folder as the gateway sees it.
fn inside(gateway: &Gateway) -> PathBuf {
    let data = gateway.path("data").canonicalize().unwrap();
    let root = PathBuf::from(format!("/proc/{}/root", gateway.id()));
    root.join(data.strip_prefix("/").unwrap())
}

#[test]
fn a_full_disk_refuses_steps_and_loses_none_and_takes_them_again_once_there_is_room() {
    let Some(small) = Small::mounted() else {
        eprintln!("no file system can be mounted here: only a pretended one is tried");
        return;
    };
    fill_and_free(&small, Stage::new());
}

#[test]
fn a_disk_that_says_it_is_full_at_any_write_loses_none() {
    let stage = Stage::new();
    let small = Small::pretended(&stage);
    fill_and_free(&small, stage);
}

fn fill_and_free(small: &Small, stage: Stage) {
    let repaired = Arc::new(AtomicBool::new(false));
    let works = repaired.clone();
    let endpoint = Endpoint::answering(Speaks::Http, move |received| {
        let works = received.target == "/fine" || works.load(Ordering::SeqCst);
        reply(if works { 200 } else { 503 })
    });
    let stage = stage
        .set("retry.delay", "'1s'")
        .set("retry.max_retries", "1000")
        .set("store.reserve", "'4MiB'")
        .set("log.level", "'error'")
        .webhook("broken", webhook("POST", &at(&endpoint, "/broken"), ""))
        .webhook("fine", webhook("POST", &at(&endpoint, "/fine"), ""));
    let gateway = small.start(stage);
    let sender = Sender { gateway: &gateway };

    let mut kept: Vec<String> = Vec::new();
    let refusal = loop {
        let id = format!("step-{}", kept.len());
        match sender.send_async(&id) {
            (202, _) => kept.push(id),
            (_, refusal) => break refusal,
        }
        assert!(kept.len() < 10_000, "the disk is never full");
    };
    assert_eq!(refusal["type"], "schedule-full", "{refusal}");
    assert!(kept.len() > 100, "{}", kept.len());

    small.fill(&gateway);
    let inline = json!({"id": "inline", "webhook": "fine"});
    assert_eq!(gateway.step(&inline).0, 200, "it needs no disk");
    let (status, refusal) = sender.send_async("one-more");
    assert_eq!((status, &refusal["type"]), (503, &json!("schedule-full")));

    repaired.store(true, Ordering::SeqCst);
    until("what waits to be delivered", || {
        sender.has_outcomes_of(kept.iter())
    });

    small.free(&gateway);
    until("steps to be taken again", || {
        sender.send_async("one-more").0 == 202
    });
    kept.push("one-more".to_owned());
    until("its outcome", || sender.has_outcomes_of(kept.iter()));
    assert_eq!(log(&gateway).len(), kept.len());
}

struct Sender<'a> {
    gateway: &'a Gateway,
}

// === impl Sender ===

impl Sender<'_> {
    /// A step of 32 KiB that is to wait.
    fn send_async(&self, id: &str) -> (u16, Value) {
        let ballast = "x".repeat(32 * 1024);
        let step = json!({"id": id, "webhook": "broken", "dataFields": {"ballast": ballast}});
        let request = post_with("Prefer: respond-async\r\n", &step.to_string());
        let answer = self.gateway.ask(&request);
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    fn has_outcomes_of<'b>(&self, mut ids: impl Iterator<Item = &'b String>) -> bool {
        let entries = log(self.gateway);
        let there: HashSet<&str> = entries.iter().map(id_of).collect();
        ids.all(|id| there.contains(&**id))
    }
}
