//! What the embedded store costs: `cargo bench --bench schedule -- [STEPS] [FOLDER]`.
//!
//! Each part runs in a process of its own, so that its memory is its own, and ends by `kill -9`.
//! CPU is that of the whole part, the making of its steps included, and says more than what passes
//! in a second, which the machine and its disk have their part in. What is compared is measured in
//! turns, and the middle one counts.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that fails has nothing to say"
)]

mod bare;
mod meter;
mod parts;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Steps in a turn beside the bare file.
const BESIDE: u64 = 100_000;

/// How many wait while it is measured what one more costs; those above what was asked for are
/// left out.
const PENDING: [u64; 3] = [1_000, 100_000, 3_000_000];

/// Turns of each that is compared.
const TURNS: usize = 5;

/// A part at work. Dropped, it is killed.
struct Part {
    child: Child,
    go: ChildStdin,
    said: BufReader<ChildStdout>,
}

/// What came of a turn.
struct Pace {
    per_second: f64,
    micros: f64,
}

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let steps = args.first().and_then(|steps| steps.parse().ok());
    let steps = steps.unwrap_or(100_000);
    let folder = args.get(1).map_or_else(
        || std::env::temp_dir().join(format!("stepgate-bench-{}", std::process::id())),
        PathBuf::from,
    );
    match args.get(2) {
        Some(part) => parts::run(part, &folder, steps),
        None => all(&folder, steps),
    }
}

fn all(folder: &Path, steps: u64) {
    std::fs::create_dir_all(folder).unwrap();
    println!("the embedded store: steps of 1 KB, at 8 tiles");
    beside_a_bare_file(folder);
    let sizes: Vec<u64> = PENDING.into_iter().filter(|size| *size <= steps).collect();
    let stores: Vec<PathBuf> = sizes.iter().map(|n| folder.join(n.to_string())).collect();
    let most = folder.join(steps.to_string());
    for (store, size) in stores.iter().zip(&sizes) {
        if *store != most {
            Part::start("fill", store, *size).figures();
        }
    }
    with_many(&most, steps);
    more_and_more(&stores, &sizes);
    let mut drain = Part::start("drain", &most, steps);
    let pace = drain.pace();
    pace.say(&format!("out, {steps} that are due"));
    drop(drain);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Producers that wait for what they sent to be on the disk: of a file and nothing else, and of
/// the store.
fn beside_a_bare_file(folder: &Path) {
    let (mut bare, mut store, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        for (part, paces) in [("bare", &mut bare), ("in", &mut store), ("out", &mut out)] {
            // What "in" left is what "out" works off.
            let folder = folder.join("turn").join(part.replace("out", "in"));
            paces.push(Part::start(part, &folder, BESIDE).pace());
        }
        std::fs::remove_dir_all(folder.join("turn")).unwrap();
    }
    println!(
        "\n{:<46}{:>12}{:>14}",
        format!("{BESIDE} steps, middle of {TURNS} turns"),
        "a second",
        "CPU µs each"
    );
    let (bare, store, out) = (middle(bare), middle(store), middle(out));
    bare.say("1,024 that wait for append and fdatasync");
    store.say("1,024 that wait for the store");
    bare.compare(&store);
    out.say("out of the store: claimed and completed");
    bare.compare(&out);
}

/// A store of many steps that wait: how it is filled, opened, and used.
fn with_many(folder: &Path, steps: u64) {
    println!("\nwith {steps} pending");
    let mut fill = Part::start("fill", folder, steps);
    let pace = fill.pace();
    let said = fill.figures();
    pace.say("in");
    println!("{:<46}{:>12.0}", "  bytes on disk each", said[0]);
    println!("{:<46}{:>12.0}", "  MB of memory", said[1]);
    drop(fill);
    let mut opened: Vec<Vec<f64>> = (0..TURNS)
        .map(|_| Part::start("open", folder, steps).figures())
        .collect();
    let first = opened[0].clone();
    opened.sort_by(|a, b| a[1].total_cmp(&b[1]));
    let open = &opened[TURNS / 2];
    assert_eq!(open[0] as u64, steps, "all are there after kill -9");
    println!("{:<46}{:>12.2}", "  s to open after kill -9", first[1]);
    println!("{:<46}{:>12.2}", "  … and again, middle of 5", open[1]);
    println!("{:<46}{:>12.2}", "  … CPU s", open[2]);
    println!("{:<46}{:>12.0}", "  MB of memory once open", open[3]);
    let mut flow = Part::start("flow", folder, steps);
    let pace = flow.pace();
    let said = flow.figures();
    pace.say("in and out at once, a fixed rate");
    println!("{:<46}{:>12.2}", "  cores", said[0]);
    println!("{:<46}{:>12.0}", "  MB of memory", said[1]);
}

/// What a step costs, in and out, with ever more that wait. The stores take turns.
fn more_and_more(stores: &[PathBuf], sizes: &[u64]) {
    let mut parts: Vec<Part> = stores
        .iter()
        .zip(sizes)
        .map(|(store, size)| Part::start("cost", store, *size))
        .collect();
    let mut turns: Vec<Vec<f64>> = vec![Vec::new(); parts.len()];
    for _ in 0..=TURNS {
        for (part, turns) in parts.iter_mut().zip(&mut turns) {
            writeln!(part.go).unwrap();
            turns.push(part.figures()[0]);
        }
    }
    let row = |name: &str, figures: Vec<String>| {
        let figures: Vec<_> = figures.iter().map(|text| format!("{text:>12}")).collect();
        println!("{name:<46}{}", figures.concat());
    };
    println!();
    row("pending", sizes.iter().map(u64::to_string).collect());
    let cold = turns.iter().map(|turns| turns[0]);
    let warm = turns.iter().map(|turns| {
        let mut warm = turns[1..].to_vec();
        warm.sort_by(f64::total_cmp);
        warm[TURNS / 2]
    });
    let text = |figure: f64| format!("{figure:.2}");
    row(
        "  CPU µs, in and out, first after the open",
        cold.map(text).collect(),
    );
    row("  … after that, middle of 5", warm.map(text).collect());
}

// === impl Part ===

impl Part {
    fn start(name: &str, folder: &Path, steps: u64) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(steps.to_string())
            .arg(folder)
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let go = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, go, said }
    }

    /// The next line that it says.
    fn figures(&mut self) -> Vec<f64> {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        let figures = line.split_whitespace();
        let figures: Vec<f64> = figures.map(|figure| figure.parse().unwrap()).collect();
        assert!(!figures.is_empty(), "a part ended before its end");
        figures
    }

    fn pace(&mut self) -> Pace {
        let figures = self.figures();
        Pace {
            per_second: figures[0],
            micros: figures[1],
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

// === impl Pace ===

impl Pace {
    fn say(&self, what: &str) {
        println!("{what:<46}{:>12.0}{:>14.2}", self.per_second, self.micros);
    }

    /// Says how `other` stands beside it.
    fn compare(&self, other: &Self) {
        println!(
            "{:<46}{:>11.2}x{:>13.2}x",
            "  … beside the bare file",
            other.per_second / self.per_second,
            other.micros / self.micros
        );
    }
}

fn middle(mut paces: Vec<Pace>) -> Pace {
    let mut of = |figure: fn(&Pace) -> f64| {
        paces.sort_by(|a, b| figure(a).total_cmp(&figure(b)));
        figure(&paces[paces.len() / 2])
    };
    Pace {
        per_second: of(|pace| pace.per_second),
        micros: of(|pace| pace.micros),
    }
}
