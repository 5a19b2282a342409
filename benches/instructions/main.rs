//! A guard that does not depend on the machine's mood: how many instructions it takes to parse a
//! step, find its target, plan and render its request, and to judge its answer, for a fixed set of
//! them, counted by valgrind and compared with what is on record.
//!
//! `cargo bench --bench instructions` counts and compares; with `-- --record` it puts what it
//! counted on record.

mod record;
mod samples;

use record::Record;
use samples::Fault;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use stepgate::delivery::{self, Judgement};
use stepgate::model::Step;
use stepgate::plan::{self, Secrets};

/// Rounds of the two runs whose difference is counted: what comes before and after cancels out.
const ROUNDS: (u64, u64) = (100, 400);

/// Objects in an answer that is judged: 8 KB.
const ITEMS: usize = 110;

/// What is done once a round.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// From the step's bytes, with so many more fields, to a step.
    Step { more: usize },
    /// From the step's bytes, with so many more fields, to its request.
    Request { more: usize },
    /// From a 2xx to what it means for the step, and what its tile keeps.
    Answer,
}

/// A step for a target, and how far it is taken.
struct Case {
    name: &'static str,
    /// As a member of the step.
    target: &'static str,
    part: Part,
}

const TEMPLATED: &str = r#""webhook":"templated""#;
const PARAMETERS: &str = r#""tile":"welcome/claim-offer""#;
const PROFILE: &str = r#""tile":"welcome/profile""#;
const OFFER: &str = r#""tile":"welcome/offer""#;

const CASES: [Case; 13] = [
    case("parse", TEMPLATED, Part::Step { more: 0 }),
    case("parse-64k", TEMPLATED, Part::Step { more: 1270 }),
    case("templated", TEMPLATED, Part::Request { more: 0 }),
    case(
        "literal",
        r#""webhook":"literal""#,
        Part::Request { more: 0 },
    ),
    case("form", r#""webhook":"form""#, Part::Request { more: 0 }),
    case("heavy", r#""webhook":"heavy""#, Part::Request { more: 0 }),
    case("templated-8k", TEMPLATED, Part::Request { more: 150 }),
    case("templated-64k", TEMPLATED, Part::Request { more: 1270 }),
    case("tile-parameters", PARAMETERS, Part::Request { more: 0 }),
    case("tile-user-profile", PROFILE, Part::Request { more: 0 }),
    case("tile-live-data", OFFER, Part::Request { more: 0 }),
    case("capture-profile-8k", PROFILE, Part::Answer),
    case("capture-live-data-8k", OFFER, Part::Answer),
];

const fn case(name: &'static str, target: &'static str, part: Part) -> Case {
    Case { name, target, part }
}

// === impl Case ===

impl Case {
    /// Does its part so many times.
    fn run(&self, rounds: u64) -> Result<(), Fault> {
        match self.part {
            Part::Step { more } => self.parse(more, rounds),
            Part::Request { more } => self.request(more, rounds),
            Part::Answer => self.answer(rounds),
        }
    }

    fn parse(&self, more: usize, rounds: u64) -> Result<(), Fault> {
        let body = samples::step(self.target, more);
        for _ in 0..rounds {
            black_box(Step::parse(black_box(body.clone()))?);
        }
        Ok(())
    }

    fn request(&self, more: usize, rounds: u64) -> Result<(), Fault> {
        let snapshot = samples::snapshot()?;
        let body = samples::step(self.target, more);
        for _ in 0..rounds {
            let step = Step::parse(black_box(body.clone()))?;
            let found = snapshot.find(&step.target);
            let found = found.map_err(|missing| format!("{missing:?}"))?;
            let plan = plan::compose(&found, &snapshot.gateway, &step, None, Secrets::Plain)?;
            black_box(plan);
        }
        Ok(())
    }

    fn answer(&self, rounds: u64) -> Result<(), Fault> {
        let snapshot = samples::snapshot()?;
        let step = Step::parse(samples::step(self.target, 0))?;
        let found = snapshot.find(&step.target);
        let found = found.map_err(|missing| format!("{missing:?}"))?;
        let plan = plan::compose(&found, &snapshot.gateway, &step, None, Secrets::Plain)?;
        let answer = samples::answer(200, ITEMS);
        let judge = |answer| {
            delivery::judge(answer, plan.capture, &found.webhook, &snapshot.gateway).judgement
        };
        // An answer that is refused would be cheap.
        if !matches!(
            judge(&answer),
            Judgement::Continue {
                captured: Some(_),
                ..
            }
        ) {
            return Err("nothing is captured".into());
        }
        for _ in 0..rounds {
            black_box(judge(black_box(&answer)));
        }
        Ok(())
    }

    /// Instructions of one round.
    fn count(&self) -> Result<u64, Fault> {
        let (few, many) = (self.total(ROUNDS.0)?, self.total(ROUNDS.1)?);
        Ok(many.saturating_sub(few) / (ROUNDS.1 - ROUNDS.0))
    }

    /// Instructions of a process that runs so many rounds.
    fn total(&self, rounds: u64) -> Result<u64, Fault> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe()?)
            .args(["run", self.name, &rounds.to_string()])
            .output()
            .map_err(|error| format!("valgrind does not run: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("`{}` does not run: {said}", self.name).into());
        }
        let collected = said.lines().find_map(|line| line.split_once("Collected :"));
        let count = collected.and_then(|(_, count)| count.trim().parse().ok());
        count.ok_or_else(|| format!("valgrind counted nothing: {said}").into())
    }
}

fn counted() -> Result<Record, Fault> {
    let said = Command::new("rustc").arg("--version").output()?.stdout;
    let count = |case: &Case| Ok((case.name.to_owned(), case.count()?));
    Ok(Record {
        compiler: String::from_utf8(said)?.trim().to_owned(),
        counts: CASES.iter().map(count).collect::<Result<_, Fault>>()?,
    })
}

fn main() -> Result<ExitCode, Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [run, name, rounds] = &words[..]
        && run == "run"
    {
        let case = CASES.iter().find(|case| case.name == name);
        case.ok_or("no such case")?.run(rounds.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.toml");
    if words.iter().any(|word| word == "--record") {
        counted()?.write(&path)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Read first: counting takes a minute.
    let record = Record::read(&path)?;
    if record.judge(&counted()?) {
        return Ok(ExitCode::SUCCESS);
    }
    println!("if that is meant: cargo bench --bench instructions -- --record");
    Ok(ExitCode::FAILURE)
}
