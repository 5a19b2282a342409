//! Regular expressions whose time is bounded by what they are and by what they look at.
//!
//! The engine is linear in the text, but its factor is the size of the program: `[ab]*a[ab]{5000}` takes half a minute over a
//! megabyte. So a pattern is compiled under the least limit that it fits, and matching costs that much work for each byte.

use regex::{Regex, RegexBuilder};

use super::super::RenderError;
use super::super::bounds::Bounds;

/// KiB of program, tried from the least.
const SIZES: [usize; 4] = [16, 64, 256, 1024];

/// A compiled regular expression.
#[derive(Debug)]
pub(in super::super) struct Pattern {
    regex: Regex,
    /// Work for each byte looked at.
    cost: usize,
}

/// Why there is no pattern.
#[derive(Debug)]
pub(super) enum PatternError {
    Bound(RenderError),
    TooLarge,
    Syntax,
}

// === impl Pattern ===

impl Pattern {
    /// Compiles what a template says.
    pub(in super::super) fn literal(source: &str) -> Result<Self, regex::Error> {
        Self::sized(source, |_| Ok(()))
            .unwrap_or_else(|never: std::convert::Infallible| match never {})
    }

    /// Compiles what a value says, at the cost of the program.
    pub(super) fn made(source: &str, bounds: &mut Bounds) -> Result<Self, PatternError> {
        match Self::sized(source, |kib| bounds.work(kib * 1024)) {
            Ok(Ok(pattern)) => Ok(pattern),
            Ok(Err(regex::Error::CompiledTooBig(_))) => Err(PatternError::TooLarge),
            Ok(Err(_)) => Err(PatternError::Syntax),
            Err(error) => Err(PatternError::Bound(error)),
        }
    }

    /// Most bytes that reading one took: all that there may be for one that is too large.
    pub(in super::super) fn cost_of(read: &Result<Self, regex::Error>) -> usize {
        let kib = match read {
            Ok(pattern) => pattern.cost,
            Err(regex::Error::CompiledTooBig(_)) => SIZES.iter().sum(),
            Err(_) => 0,
        };
        kib * 1024
    }

    /// Whether it is found anywhere in `text`.
    pub(super) fn is_found(&self, text: &str, bounds: &mut Bounds) -> Result<bool, RenderError> {
        bounds.work(text.len().saturating_mul(self.cost))?;
        Ok(self.regex.is_match(text))
    }

    fn sized<E>(
        source: &str,
        mut spend: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Result<Self, regex::Error>, E> {
        let mut last = Err(regex::Error::CompiledTooBig(0));
        for kib in SIZES {
            spend(kib)?;
            last = RegexBuilder::new(source)
                .size_limit(kib * 1024)
                .build()
                .map(|regex| Self { regex, cost: kib });
            if !matches!(last, Err(regex::Error::CompiledTooBig(_))) {
                break;
            }
        }
        Ok(last)
    }
}
