//! How the schedule is, as gauges.

use crate::model::Health;
use jiff::Timestamp;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry, Unit};
use std::sync::atomic::AtomicU64;

/// A number that may be unknown, and is NaN then: no comparison of an alert holds for it.
type Known = Gauge<f64, AtomicU64>;

/// One gauge for each part of a [`Health`].
#[derive(Debug, Default)]
pub(super) struct Gauges {
    pending: Gauge,
    oldest_due: Known,
    free_bytes: Known,
    accepts: Gauge,
}

// === impl Gauges ===

impl Gauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        let r = registry;
        let help = "Steps that wait on the schedule now";
        r.register("scheduled", help, gauges.pending.clone());
        // A moment and not an age: it stays true however long ago it was asked for.
        with_unit(
            r,
            "schedule_oldest_due_timestamp",
            "When the first step that waits is due, as Unix time; NaN while none waits",
            Unit::Seconds,
            gauges.oldest_due.clone(),
        );
        with_unit(
            r,
            "schedule_free",
            "What is left of the disk that the schedule is on; NaN where that is not known",
            Unit::Bytes,
            gauges.free_bytes.clone(),
        );
        let help = "Whether the schedule takes steps: 0 while it is full or out of reach";
        r.register("schedule_accepts", help, gauges.accepts.clone());
        gauges
    }

    /// Steps that wait, as was said last.
    pub(super) fn pending(&self) -> i64 {
        self.pending.get()
    }

    pub(super) fn set(&self, health: Health) {
        let Health {
            pending,
            oldest_due,
            free_bytes,
            accepts,
        } = health;
        self.pending.set(super::count(pending));
        self.oldest_due
            .set(oldest_due.map_or(f64::NAN, unix_seconds));
        #[expect(
            clippy::cast_precision_loss,
            reason = "a byte more or less of a petabyte"
        )]
        let free = free_bytes.map_or(f64::NAN, |bytes| bytes as f64);
        self.free_bytes.set(free);
        self.accepts.set(i64::from(accepts));
    }
}

fn with_unit(r: &mut Registry, name: &str, help: &str, unit: Unit, metric: impl Metric) {
    r.register_with_unit(name, help, unit, metric);
}

fn unix_seconds(time: Timestamp) -> f64 {
    let (seconds, millis) = (time.as_second(), time.subsec_millisecond());
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of our time fit")]
    let seconds = seconds as f64;
    seconds + f64::from(millis) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn what_is_not_known_is_no_number() {
        let mut registry = Registry::default();
        let gauges = Gauges::register(&mut registry);
        let text = |state| {
            gauges.set(state);
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let empty = Health {
            pending: 0,
            oldest_due: None,
            free_bytes: None,
            accepts: true,
        };
        let full = Health {
            pending: 2,
            oldest_due: Some("2026-11-23T10:03:00.5Z".parse().unwrap()),
            free_bytes: Some(4096),
            accepts: false,
        };

        assert_eq!(
            [text(empty), text(full)],
            [
                [
                    "scheduled 0",
                    "schedule_oldest_due_timestamp_seconds NaN",
                    "schedule_free_bytes NaN",
                    "schedule_accepts 1"
                ],
                [
                    "scheduled 2",
                    "schedule_oldest_due_timestamp_seconds 1795428180.5",
                    "schedule_free_bytes 4096.0",
                    "schedule_accepts 0"
                ]
            ]
        );
    }
}
