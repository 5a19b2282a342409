//! A report as people read it.

use crate::admin::{Count, Line, Question, Report};
use bytesize::ByteSize;
use std::fmt::Write;

/// `report`, the answer to `question`: totals, counts, then the steps.
pub(super) fn show(report: &Report, question: &Question) -> String {
    let mut text = totals(report);
    if !report.tiles.is_empty() {
        text.push('\n');
        text += &columns(
            &["pending", "tile or webhook", "why"],
            report.tiles.iter().map(count),
        );
    }
    if !report.steps.is_empty() {
        text.push('\n');
        let names = [
            "due",
            "tile or webhook",
            "reason",
            "last",
            "attempts",
            "step",
        ];
        text += &columns(&names, report.steps.iter().map(step));
    }
    let listed: usize = report.tiles.iter().map(|count| count.pending).sum();
    let more = listed.saturating_sub(report.steps.len());
    if more > 0 && question.limit > 0 {
        let _ = writeln!(text, "… and {more} more");
    }
    text
}

fn totals(report: &Report) -> String {
    let mut text = match report.pending {
        0 => "nothing waits".to_owned(),
        1 => "1 step waits".to_owned(),
        pending => format!("{pending} steps wait"),
    };
    if let Some(due) = &report.oldest_due {
        let _ = write!(text, ", the next is due {due}");
    }
    if let Some(free) = report.free_bytes {
        let _ = write!(text, "; {} of the disk are free", ByteSize(free));
    }
    if !report.accepts {
        text.push_str("; NO NEW STEPS ARE TAKEN: the schedule is full, or its disk fails");
    }
    text.push('\n');
    text
}

fn count(count: &Count) -> Vec<String> {
    let reasons = count.reasons.iter();
    let why: Vec<String> = reasons
        .map(|(reason, steps)| format!("{reason} {steps}"))
        .collect();
    vec![
        count.pending.to_string(),
        count.place.name().to_owned(),
        why.join(", "),
    ]
}

fn step(step: &Line) -> Vec<String> {
    let due = if step.running {
        "now: running"
    } else {
        &step.due_at
    };
    let status = step.status.map(|status| status.to_string());
    let last = step.cause.clone().or(status);
    vec![
        due.to_owned(),
        step.place.name().to_owned(),
        step.reason.clone(),
        last.unwrap_or_else(|| "-".to_owned()),
        step.attempts.to_string(),
        step.id.clone(),
    ]
}

/// Rows under their names, each column as wide as its widest cell.
fn columns<const N: usize>(names: &[&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = vec![names.map(str::to_owned).to_vec()];
    lines.extend(rows);
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Place;
    use std::collections::BTreeMap;

    fn place(tile: &str) -> Place {
        Place {
            tile: Some(tile.to_owned()),
            webhook: None,
        }
    }

    #[test]
    fn totals_come_first_then_counts_then_steps() {
        let question = Question {
            target: None,
            limit: 1,
        };
        let report = Report {
            pending: 3,
            oldest_due: Some("2026-11-23T10:03:00.000Z".to_owned()),
            free_bytes: Some(1 << 30),
            accepts: false,
            tiles: vec![Count {
                place: place("welcome/offer"),
                pending: 3,
                reasons: BTreeMap::from([("retry".to_owned(), 2), ("busy".to_owned(), 1)]),
            }],
            steps: vec![Line {
                id: "s-1".to_owned(),
                place: place("welcome/offer"),
                reason: "retry".to_owned(),
                cause: None,
                status: Some(503),
                attempts: 1,
                due_at: "2026-11-23T10:03:00.000Z".to_owned(),
                running: false,
            }],
        };

        assert_eq!(
            show(&report, &question),
            "3 steps wait, the next is due 2026-11-23T10:03:00.000Z; 1.0 GiB of the disk are free; \
             NO NEW STEPS ARE TAKEN: the schedule is full, or its disk fails\n\
             \n\
             pending  tile or webhook  why\n\
             3        welcome/offer    busy 1, retry 2\n\
             \n\
             due                       tile or webhook  reason  last  attempts  step\n\
             2026-11-23T10:03:00.000Z  welcome/offer    retry   503   1         s-1\n\
             … and 2 more\n"
        );
    }

    #[test]
    fn an_empty_schedule_is_one_line() {
        let question = Question {
            target: None,
            limit: 100,
        };
        let report = Report {
            accepts: true,
            ..Report::default()
        };
        assert_eq!(show(&report, &question), "nothing waits\n");
    }
}
