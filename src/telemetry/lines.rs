//! The JSON that a log line is.
//!
//! The crate that the log is built on can write JSON too, by way of a serializer, which costs a
//! step several times what this does.

use crate::model::json::quote_into;
use jiff::Timestamp;
use std::cell::RefCell;
use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Room for a usual line.
const ROOM: usize = 320;

/// One object a line: when, how severe, what, the fields, and where from.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonLines {
    /// Whether to say when.
    pub(super) timed: bool,
}

/// Writes fields as members.
struct Members<'a>(&'a mut String);

// === impl JsonLines ===

impl JsonLines {
    fn write(self, line: &mut String, event: &Event<'_>) {
        let bridged = event.normalized_metadata();
        let metadata = bridged.as_ref().unwrap_or_else(|| event.metadata());
        line.push('{');
        if self.timed {
            line.push_str("\"timestamp\":\"");
            push_time(line, Timestamp::now());
            line.push_str("\",");
        }
        line.push_str("\"level\":\"");
        line.push_str(metadata.level().as_str());
        line.push('"');
        event.record(&mut Members(line));
        line.push_str(",\"target\":");
        quote_into(line, metadata.target());
        line.push_str("}\n");
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Made whole and handed over once: each part by itself costs a call through two writers.
        let mut line = String::with_capacity(ROOM);
        self.write(&mut line, event);
        out.write_str(&line)
    }
}

// === impl Members ===

impl Members<'_> {
    fn member(&mut self, field: &Field, write: impl FnOnce(&mut String)) {
        // What the bridge says of where a line is from is said once.
        if !field.name().starts_with("log.") {
            self.0.push(',');
            quote_into(self.0, field.name());
            self.0.push(':');
            write(self.0);
        }
    }

    fn number(&mut self, field: &Field, number: impl itoa::Integer) {
        self.member(field, |line| {
            line.push_str(itoa::Buffer::new().format(number));
        });
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |line| quote_into(line, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |line| {
            line.push_str(if value { "true" } else { "false" });
        });
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = value.is_finite().then(|| value.to_string());
        self.member(field, |line| {
            line.push_str(text.as_deref().unwrap_or("null"))
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, |line| quote_into(line, &format!("{value:?}")));
    }
}

/// RFC 3339 in UTC, in microseconds.
fn push_time(line: &mut String, time: Timestamp) {
    thread_local! {
        /// The last second that was written, and its text: most lines are in the same.
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let second = time.as_second();
    SECOND.with_borrow_mut(|(last, text)| {
        if *last != second {
            *last = second;
            *text = time.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        }
        line.push_str(text);
    });
    // A leading one keeps the zeros, and makes room for the point.
    let fraction = 1_000_000 + time.subsec_microsecond();
    line.push('.');
    line.push_str(&itoa::Buffer::new().format(fraction)[1..]);
    line.push('Z');
}

#[cfg(test)]
mod tests {
    use super::super::sink::Sink;
    use super::*;
    use tracing_subscriber::fmt;

    fn logged(timed: bool, log: impl FnOnce()) -> String {
        let sink = Sink::default();
        let subscriber = fmt()
            .event_format(JsonLines { timed })
            .with_writer(sink.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        sink.text()
    }

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let text = logged(false, || {
            tracing::warn!(
                text = "a\"b\\c\nd\u{1}ü",
                whole = -1_i64,
                so = true,
                shown = %"x y",
                debugged = ?Some("z"),
                none = None::<u64>,
                ratio = 1.5,
                "it\twent"
            );
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            line,
            serde_json::json!({
                "level": "WARN", "message": "it\twent", "text": "a\"b\\c\nd\u{1}ü", "whole": -1,
                "so": true, "shown": "x y", "debugged": "Some(\"z\")", "ratio": 1.5,
                "target": module_path!(),
            })
        );
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_line_says_when_to_the_microsecond() {
        let text = logged(true, || tracing::error!("now"));
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let said = line["timestamp"].as_str().unwrap();
        let time: Timestamp = said.parse().unwrap();
        assert_eq!(said.len(), "2026-11-24T04:37:15.568151Z".len());
        assert!(
            Timestamp::now().duration_since(time).as_secs() < 60,
            "{said}"
        );
    }
}
