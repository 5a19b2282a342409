//! What was counted at some time, what is counted now, and how far apart the two may be.

use crate::samples::Fault;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How far a count may be from the record, of one, under the compiler of the record.
const MOST_CHANGE: f64 = 0.03;

/// The same under another compiler: it makes other code of the same source, so that only what is
/// beyond that can be blamed on the source.
const MOST_CHANGE_OF_ANOTHER: f64 = 0.15;

/// The compiler, and the instructions of each case under it.
pub(crate) struct Record {
    pub(crate) compiler: String,
    pub(crate) counts: BTreeMap<String, u64>,
}

// === impl Record ===

impl Record {
    pub(crate) fn read(path: &Path) -> Result<Self, Fault> {
        let table: toml::Table = fs::read_to_string(path)?.parse()?;
        let compiler = table.get("rustc").and_then(|it| it.as_str());
        let counts = table.get("instructions").and_then(|it| it.as_table());
        let count = |(name, count): (&String, &toml::Value)| {
            let count = count.as_integer().and_then(|count| count.try_into().ok());
            Ok((name.clone(), count.ok_or(format!("{name} is no count"))?))
        };
        let counts = counts.ok_or("no table `instructions`")?.iter().map(count);
        Ok(Self {
            compiler: compiler.ok_or("no `rustc`")?.to_owned(),
            counts: counts.collect::<Result<_, Fault>>()?,
        })
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Fault> {
        let mut text = format!(
            "# Instructions of a round of each case: `cargo bench --bench instructions -- --record`.\n\
             rustc = \"{}\"\n\n[instructions]\n",
            self.compiler
        );
        for (name, count) in &self.counts {
            writeln!(text, "{name} = {count}")?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Prints `counted` beside this record. Whether both have the same cases, and none is too far off.
    pub(crate) fn judge(&self, counted: &Self) -> bool {
        let most = if counted.compiler == self.compiler {
            MOST_CHANGE
        } else {
            println!(
                "on record for {}, counted for {}: up to {:.0} % may be the compiler's doing",
                self.compiler,
                counted.compiler,
                MOST_CHANGE_OF_ANOTHER * 100.0
            );
            MOST_CHANGE_OF_ANOTHER
        };
        println!(
            "{:<24}{:>12}{:>12}{:>10}",
            "", "on record", "counted", "change"
        );
        let names: BTreeSet<_> = self.counts.keys().chain(counted.counts.keys()).collect();
        let mut is_good = true;
        for name in names {
            let (before, now) = (self.counts.get(name), counted.counts.get(name));
            let fault = fault(before.copied(), now.copied(), most);
            let shown = |count: Option<&u64>| count.map_or("-".to_owned(), u64::to_string);
            let change = before.zip(now).map_or(String::new(), |(before, now)| {
                format!("{:+.2} %", change(*before, *now) * 100.0)
            });
            let mark = fault
                .as_deref()
                .map_or(String::new(), |it| format!("  <- {it}"));
            println!(
                "{name:<24}{:>12}{:>12}{change:>10}{mark}",
                shown(before),
                shown(now)
            );
            is_good &= fault.is_none();
        }
        is_good
    }
}

/// What is wrong with a case that has `before` on record and counts `now`.
fn fault(before: Option<u64>, now: Option<u64>, most: f64) -> Option<String> {
    match (before, now) {
        (Some(before), Some(now)) if change(before, now).abs() <= most => None,
        (Some(_), Some(_)) => Some(format!("over {:.0} %", most * 100.0)),
        (Some(_), None) => Some("on record, but no such case is left".to_owned()),
        (None, _) => Some("a case that is not on record".to_owned()),
    }
}

/// How much more `now` is than `before`, of one.
fn change(before: u64, now: u64) -> f64 {
    now as f64 / before as f64 - 1.0
}
