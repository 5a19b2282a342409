//! The JSON that a log line is.
//!
//! The crate that the log is built on can write JSON too, by way of a serializer, which costs a
//! step several times what this does.

use crate::model::json::write_quoted;
use jiff::Timestamp;
use std::cell::RefCell;
use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// One object a line: when, how severe, what, the fields, and where from.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonLines {
    /// Whether to say when.
    pub(super) timed: bool,
}

/// Writes fields as members.
struct Members<'a, 'w> {
    out: &'a mut Writer<'w>,
    written: fmt::Result,
}

// === impl JsonLines ===

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
        let bridged = event.normalized_metadata();
        let metadata = bridged.as_ref().unwrap_or_else(|| event.metadata());
        out.write_char('{')?;
        if self.timed {
            out.write_str("\"timestamp\":\"")?;
            write_time(&mut out, Timestamp::now())?;
            out.write_str("\",")?;
        }
        write!(out, "\"level\":\"{}\"", metadata.level())?;
        let mut members = Members {
            out: &mut out,
            written: Ok(()),
        };
        event.record(&mut members);
        members.written?;
        out.write_str(",\"target\":")?;
        write_quoted(&mut out, metadata.target())?;
        out.write_str("}\n")
    }
}

// === impl Members ===

impl Members<'_, '_> {
    fn member(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        // What the bridge says of where a line is from is said once.
        if self.written.is_ok() && !field.name().starts_with("log.") {
            self.written = self.out.write_char(',').and_then(|()| {
                write_quoted(self.out, field.name())?;
                self.out.write_char(':')?;
                write(self.out)
            });
        }
    }
}

impl Visit for Members<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |out| write_quoted(out, value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, |out| match value.is_finite() {
            true => write!(out, "{value}"),
            false => out.write_str("null"),
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, |out| write_quoted(out, &format!("{value:?}")));
    }
}

/// RFC 3339 in UTC, in microseconds.
fn write_time(out: &mut Writer<'_>, time: Timestamp) -> fmt::Result {
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
        out.write_str(text)
    })?;
    write!(out, ".{:06}Z", time.subsec_microsecond())
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
