//! What a part used, as the kernel counts it.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Where a measurement began.
pub(crate) struct Mark {
    wall: Instant,
    cpu: Duration,
}

/// What it came to.
pub(crate) struct Used {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

// === impl Mark ===

impl Mark {
    pub(crate) fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu(),
        }
    }

    /// Seconds since then.
    pub(crate) fn used(&self) -> Used {
        Used {
            wall: self.wall.elapsed().as_secs_f64(),
            cpu: (cpu() - self.cpu).as_secs_f64(),
        }
    }
}

// === impl Used ===

impl Used {
    /// Says how many passed in a second, and the CPU of each in microseconds.
    pub(crate) fn say(&self, count: u64) {
        let count = count as f64;
        say(&[count / self.wall, self.cpu * 1e6 / count.max(1.0)]);
    }
}

/// One line of figures for whoever started this part.
pub(crate) fn say(figures: &[f64]) {
    let line: Vec<String> = figures.iter().map(ToString::to_string).collect();
    println!("{}", line.join(" "));
    std::io::stdout().flush().unwrap();
}

/// CPU time of this process; its threads all live as long as it is measured.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = tasks.map(|task| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        stat.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanos.sum())
}

/// The most memory that this process had, in MB.
pub(crate) fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<f64>().unwrap() / 1000.0
}

/// Bytes of the files in `folder` that a store writes.
pub(crate) fn on_disk(folder: &Path) -> f64 {
    let bytes = |name| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    (bytes("schedule.db") + bytes("schedule.db-wal")) as f64
}
