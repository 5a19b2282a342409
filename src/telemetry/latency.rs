//! A histogram of durations that many threads write without a lock.

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds, in seconds: from a warm call in one data centre to what waits in line for its
/// rate limit and then runs into the deadline.
const BOUNDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0,
];

/// Durations, counted by size. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Latency(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// One for each bound, and one for what is longer than all of them.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

/// What was counted up to one moment, or between two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reading {
    buckets: [u64; BOUNDS.len() + 1],
    sum_us: u64,
}

// === impl Latency ===

impl Latency {
    pub(super) fn reading(&self) -> Reading {
        Reading {
            buckets: std::array::from_fn(|at| self.0.buckets[at].load(Ordering::Relaxed)),
            sum_us: self.0.sum_us.load(Ordering::Relaxed),
        }
    }

    pub(super) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
        self.0.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl EncodeMetric for Latency {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let bounds = BOUNDS.iter().copied().chain([f64::INFINITY]);
        let counts = self.0.buckets.iter().map(|c| c.load(Ordering::Relaxed));
        let buckets: Vec<_> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_micros(self.0.sum_us.load(Ordering::Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Latency {
    const TYPE: MetricType = MetricType::Histogram;
}

// === impl Reading ===

impl Reading {
    /// What was counted after `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let buckets = |at: usize| self.buckets[at].saturating_sub(earlier.buckets[at]);
        Self {
            buckets: std::array::from_fn(buckets),
            sum_us: self.sum_us.saturating_sub(earlier.sum_us),
        }
    }

    /// The seconds that this share of the durations does not exceed, as far as the buckets tell:
    /// within one, durations are taken to be spread evenly. What is longer than all bounds counts
    /// as the last of them. None when there are none.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let count = self.count();
        let rank = share * count as f64;
        let (mut below, mut from) = (0.0, 0.0);
        for (&here, &to) in self.buckets.iter().zip(&BOUNDS) {
            let here = here as f64;
            if here > 0.0 && below + here >= rank {
                return Some(from + (to - from) * (rank - below) / here);
            }
            (below, from) = (below + here, to);
        }
        (count > 0).then_some(from)
    }

    /// The mean in seconds; none when there are none.
    pub(super) fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum_us as f64 / count as f64 / 1e6)
    }

    fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(millis: &[u64]) -> Reading {
        let latency = Latency::default();
        for &millis in millis {
            latency.observe(Duration::from_millis(millis));
        }
        latency.reading()
    }

    #[test]
    fn a_quantile_lies_in_its_bucket_as_far_as_its_rank_says() {
        for (millis, share, seconds) in [
            (&[][..], 0.5, None),
            // All in the bucket from 10 to 25 ms.
            (&[12, 13, 14, 15], 0.5, Some(0.0175)),
            (&[12, 13, 14, 15], 1.0, Some(0.025)),
            (&[1, 1, 1, 20], 0.75, Some(0.001)),
            (&[1, 1, 1, 20], 0.875, Some(0.0175)),
            (&[20_000], 0.5, Some(15.0)),
        ] {
            let told = reading(millis).quantile(share);
            let close = |(told, seconds): (f64, f64)| (told - seconds).abs() < 1e-9;
            let same = told.is_some() == seconds.is_some();
            assert!(
                same && told.zip(seconds).is_none_or(close),
                "{millis:?} {share}: {told:?}"
            );
        }
    }

    #[test]
    fn what_was_counted_earlier_is_not_in_the_difference() {
        let (earlier, later) = (reading(&[1, 900]), reading(&[1, 900, 20, 40]));
        assert_eq!(later.since(&earlier), reading(&[20, 40]));
        assert_eq!(reading(&[20, 40]).mean(), Some(0.03));
        assert_eq!(later.since(&later).mean(), None);
    }
}
