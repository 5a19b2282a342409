//! A guard that does not depend on the machine's mood: how many instructions parse, plan and render
//! take for a fixed set of steps, counted by valgrind and compared with what is on record.
//!
//! `cargo bench --bench instructions` counts and compares; with `-- --record` it puts what it
//! counted on record. A count depends on the compiler as well: under another one than that of the
//! record the counts are shown and not judged.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use stepgate::config::{self, Found, Gateway, Webhook};
use stepgate::model::{Step, WebhookId};
use stepgate::plan::{self, Secrets};

type Fault = Box<dyn Error>;

/// How far a count may be from the record, of one.
const MOST_CHANGE: f64 = 0.03;

/// Rounds of the two runs whose difference is counted: what comes before and after cancels out.
const ROUNDS: (u64, u64) = (100, 400);

const FIELDS: &str = r#""email":"test.user@example.com","userId":"u1234567","profile":{"firstName":"Test","lastName":"User","city":"San Francisco","state":"California","plan":"gold","signup":"2024-01-01"},"dataFields":{"promotionId":123,"color":"red","buttonName":"Claim offer","buttonUrl":"https://example.com/spring-sale","items":[{"sku":"A1","price":12.50},{"sku":"B2","price":7.25}],"campaign":"spring-launch","total":19.75,"currency":"USD","source":"email","variant":"b","x":"y""#;

const TEMPLATED: &str = r#"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks/{{#urlEncode}}{{email}}{{/urlEncode}}"
[auth]
type = "basic"
token = "abc"
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
[body]
json = '''{"campaignName": "Spring Launch 2026", "firstName": "{{firstName}}"}'''
"#;

const LITERAL: &str = r#"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks"
"#;

const FORM: &str = r#"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks"
[body]
format = "form"
[body.form]
firstName = "{{firstName}}"
"#;

const HEAVY: &str = r##"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks/{{lower color}}"
[body]
json = '''{"name": "{{capitalize firstName}} {{upper lastName}}", "items": [{{#each items}}{"sku": "{{lower sku}}", "price": {{price}}, "first": {{@first}}}{{#unless @last}},{{/unless}}{{/each}}], "offer": "{{#if promotionId}}{{buttonName}} ({{promotionId}}){{else}}none{{/if}}", "link": "{{#urlEncode}}{{buttonUrl}}{{/urlEncode}}", "digest": "{{sha256 email}}", "total": "{{numberFormat total "#,##0.00"}}"}'''
"##;

/// A webhook and a step for it.
struct Case {
    name: &'static str,
    webhook: &'static str,
    /// Bytes of a field that the step has besides.
    more: usize,
}

const CASES: [Case; 6] = [
    Case {
        name: "templated",
        webhook: TEMPLATED,
        more: 0,
    },
    Case {
        name: "literal",
        webhook: LITERAL,
        more: 0,
    },
    Case {
        name: "form",
        webhook: FORM,
        more: 0,
    },
    Case {
        name: "heavy",
        webhook: HEAVY,
        more: 0,
    },
    Case {
        name: "templated-8k",
        webhook: TEMPLATED,
        more: 7_500,
    },
    Case {
        name: "templated-64k",
        webhook: TEMPLATED,
        more: 63_500,
    },
];

// === impl Case ===

impl Case {
    fn step(&self) -> Bytes {
        let more: String = (0..self.more / 50)
            .map(|n| {
                format!(
                    ",\"more{n:04}\":\"{}\"",
                    "a value of some length"
                        .repeat(2)
                        .get(..36)
                        .unwrap_or_default()
                )
            })
            .collect();
        // Named, since an id that is made here takes now more instructions and now fewer.
        format!("{{\"id\":\"step-1\",\"webhook\":\"w\",{FIELDS}{more}}}}}").into()
    }

    fn found(&self) -> Result<Found, Fault> {
        let draft = config::draft(
            &WebhookId::new("w")?,
            self.webhook,
            "w.toml",
            Path::new("."),
        );
        let faults = format!("{:?}", draft.report.faults);
        let webhook: Arc<Webhook> = draft.webhook.ok_or(faults)?;
        Ok(Found {
            webhook,
            place: None,
        })
    }

    /// Parses, plans and renders so many times.
    fn run(&self, rounds: u64) -> Result<(), Fault> {
        let (found, step) = (self.found()?, self.step());
        let mut gateway = Gateway::default();
        gateway.egress.allow_http = true;
        for _ in 0..rounds {
            let step = Step::parse(black_box(step.clone())).map_err(|fault| fault.to_string())?;
            let plan = plan::compose(&found, &gateway, &step, None, Secrets::Plain)?;
            black_box(plan);
        }
        Ok(())
    }

    /// Instructions of one round.
    fn count(&self) -> Result<u64, Fault> {
        let (few, many) = (self.total(ROUNDS.0)?, self.total(ROUNDS.1)?);
        Ok((many - few) / (ROUNDS.1 - ROUNDS.0))
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
        let collected = said.lines().find_map(|line| line.split_once("Collected :"));
        let count = collected.and_then(|(_, count)| count.trim().parse().ok());
        count.ok_or_else(|| format!("valgrind counted nothing: {said}").into())
    }
}

/// The compiler and what was counted under it.
type Record = (String, BTreeMap<String, u64>);

fn read(path: &Path) -> Result<Record, Fault> {
    let table: toml::Table = fs::read_to_string(path)?.parse()?;
    let compiler = table.get("rustc").and_then(|it| it.as_str());
    let counts = table.get("instructions").and_then(|it| it.as_table());
    let counts = counts.ok_or("no table `instructions`")?.iter();
    let count = |(name, count): (&String, &toml::Value)| {
        Some((name.clone(), u64::try_from(count.as_integer()?).ok()?))
    };
    Ok((
        compiler.unwrap_or_default().to_owned(),
        counts.filter_map(count).collect(),
    ))
}

fn write(path: &Path, (compiler, counts): &Record) -> Result<(), Fault> {
    let mut text = format!(
        "# Instructions of parse, plan and render, a step: `cargo bench --bench instructions -- --record`.\n\
         rustc = \"{compiler}\"\n\n[instructions]\n"
    );
    for (name, count) in counts {
        text.push_str(&format!("{name} = {count}\n"));
    }
    Ok(fs::write(path, text)?)
}

fn compiler() -> Result<String, Fault> {
    let said = Command::new("rustc").arg("--version").output()?.stdout;
    Ok(String::from_utf8(said)?.trim().to_owned())
}

/// Counts all cases. Whether each is what is on record.
fn guard(is_record: bool) -> Result<bool, Fault> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.toml");
    let counted: Result<BTreeMap<_, _>, Fault> = CASES
        .iter()
        .map(|case| Ok((case.name.to_owned(), case.count()?)))
        .collect();
    let (compiler, counted) = (compiler()?, counted?);
    if is_record {
        write(&path, &(compiler, counted))?;
        return Ok(true);
    }
    let (known_compiler, known) = read(&path)?;
    let is_judged = compiler == known_compiler;
    if !is_judged {
        println!("on record for {known_compiler}, counted for {compiler}: not judged");
    }
    let mut is_good = true;
    println!(
        "{:<16}{:>12}{:>12}{:>9}",
        "", "on record", "counted", "change"
    );
    for (name, count) in &counted {
        let record = known.get(name).copied().unwrap_or(0);
        let change = *count as f64 / record as f64 - 1.0;
        let is_far = change.abs() > MOST_CHANGE;
        let mark = if is_far { "  <- over 3 %" } else { "" };
        println!(
            "{name:<16}{record:>12}{count:>12}{:>8.2}%{mark}",
            change * 100.0
        );
        is_good &= !is_far;
    }
    if is_judged && !is_good {
        println!("if that is meant: cargo bench --bench instructions -- --record");
    }
    Ok(is_good || !is_judged)
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
    let is_record = words.iter().any(|word| word == "--record");
    Ok(if guard(is_record)? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
