//! A moment as text.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// RFC 3339 in UTC, in whole milliseconds, rounded up as the schedule does: nothing is due before
/// the time that is said.
pub fn rfc3339(time: Timestamp) -> String {
    let up = TimestampRound::new()
        .smallest(Unit::Millisecond)
        .mode(RoundMode::Ceil);
    // Only the end of time cannot be rounded up.
    time.round(up)
        .unwrap_or(time)
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_milliseconds_and_never_earlier_than_it_is() {
        for (time, said) in [
            ("2026-11-23T10:03:00Z", "2026-11-23T10:03:00.000Z"),
            ("2026-11-23T10:03:00.000000001Z", "2026-11-23T10:03:00.001Z"),
            ("2026-12-31T23:59:59.9999Z", "2027-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(time.parse().unwrap()), said, "{time}");
        }
        assert_eq!(rfc3339(Timestamp::MAX), "9999-12-30T22:00:00.999Z");
    }
}
