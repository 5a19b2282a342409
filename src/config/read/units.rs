//! Numbers with a unit, as text: durations, sizes, rates.

use crate::config::Rate;
use std::num::NonZeroU32;
use std::time::Duration;

/// Longer than this no setting makes sense, and sums of times could overflow.
pub(super) const LONGEST: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// What a duration looks like, for messages.
pub(super) const DURATION: &str = r#"a duration such as "10s", "3m" or "10d""#;

/// What a size looks like, for messages.
pub(super) const SIZE: &str = r#"a size such as "512KiB" or "1MiB""#;

/// What a rate looks like, for messages.
pub(super) const RATE: &str = r#""N/second", "N/minute" or "N/hour" with N from 1 to 1000000"#;

/// `"10s"`, `"1h 30m"`: a number needs its unit.
pub(super) fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

/// `"1MiB"`, `"64KB"`, `"100"` (bytes), in bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    text.parse::<bytesize::ByteSize>().ok().map(|size| size.0)
}

/// `"500/second"`.
pub(super) fn rate(text: &str) -> Option<Rate> {
    let (count, unit) = text.split_once('/')?;
    let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    let count = digits.then(|| count.parse::<NonZeroU32>().ok()).flatten()?;
    let seconds = match unit {
        "second" => 1,
        "minute" => 60,
        "hour" => 60 * 60,
        _ => return None,
    };
    (count.get() <= 1_000_000).then_some(Rate {
        count,
        per: Duration::from_secs(seconds),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_count_and_one_of_three_units() {
        let rate_of = |count, seconds| Rate {
            count: NonZeroU32::new(count).unwrap(),
            per: Duration::from_secs(seconds),
        };
        assert_eq!(rate("500/second"), Some(rate_of(500, 1)));
        assert_eq!(rate("1/minute"), Some(rate_of(1, 60)));
        assert_eq!(rate("1000000/hour"), Some(rate_of(1_000_000, 3600)));
        for bad in [
            "",
            "5",
            "/second",
            "0/second",
            "-1/second",
            "+1/second",
            "1.5/second",
            "1/day",
            "1000001/hour",
            "1 / second",
            "99999999999/second",
        ] {
            assert_eq!(rate(bad), None, "{bad}");
        }
    }
}
