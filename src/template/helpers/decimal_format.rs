//! Patterns of Java's `DecimalFormat`, in English: `#,##0.00`, `0.###E0`, `#%`, `¤#,##0.00;(¤#)`.

use super::super::decimal::{Decimal, MOST_DIGITS, Rounding};

/// A pattern read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DecimalFormat {
    prefix: String,
    suffix: String,
    /// Around negative numbers, where the pattern says so.
    negative: Option<(String, String)>,
    least_whole: usize,
    most_whole: usize,
    least_fraction: usize,
    most_fraction: usize,
    /// Digits between commas; 0: no commas.
    pub(super) group: usize,
    /// 2 for percent, 3 for per mille.
    shift: i64,
    /// Least digits of the exponent, where it is written.
    exponent: Option<usize>,
}

const NOT_A_PATTERN: &str = "must be integer, percent, currency or a DecimalFormat pattern";

// === impl DecimalFormat ===

impl DecimalFormat {
    /// Reads `pattern`.
    pub(super) fn parse(pattern: &str) -> Result<Self, &'static str> {
        let mut affixes = Affixes {
            rest: pattern,
            shift: 0,
        };
        let prefix = affixes.read()?;
        let digits = affixes.digits();
        let suffix = affixes.read()?;
        let mut format = Self::of_digits(digits)?;
        let negative = match affixes.rest.strip_prefix(';') {
            Some(rest) => {
                let mut of_negative = Affixes {
                    rest,
                    shift: affixes.shift,
                };
                let prefix = of_negative.read()?;
                of_negative.digits();
                Some((prefix, of_negative.read()?)).filter(|_| of_negative.rest.is_empty())
            }
            None => None,
        };
        if negative.is_none() && !affixes.rest.is_empty() {
            return Err(NOT_A_PATTERN);
        }
        format.shift = affixes.shift;
        format.negative = negative.filter(|negative| *negative != (prefix.clone(), suffix.clone()));
        format.prefix = prefix;
        format.suffix = suffix;
        Ok(format)
    }

    fn of_digits(digits: &str) -> Result<Self, &'static str> {
        let (mantissa, exponent) = match digits.split_once('E') {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (digits, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let group = whole.rsplit_once(',').map_or(0, |(_, last)| last.len());
        let places = whole.replace(',', "");
        let optional = places.trim_end_matches('0');
        let required = fraction.trim_end_matches('#');
        let sound = optional.bytes().all(|byte| byte == b'#')
            && required.bytes().all(|byte| byte == b'0')
            && exponent.is_none_or(is_exponent)
            && places.len() + fraction.len() <= MOST_DIGITS
            && !digits.is_empty()
            && !whole.ends_with(',');
        if !sound {
            return Err(NOT_A_PATTERN);
        }
        let mut least_whole = places.len() - optional.len();
        if exponent.is_none() && least_whole == 0 && fraction.is_empty() {
            least_whole = 1;
        }
        Ok(Self {
            prefix: String::new(),
            suffix: String::new(),
            negative: None,
            least_whole,
            most_whole: if exponent.is_some() {
                places.len()
            } else {
                usize::MAX
            },
            least_fraction: required.len(),
            most_fraction: fraction.len(),
            group,
            shift: 0,
            exponent: exponent.map(str::len),
        })
    }

    pub(super) fn set_most_fraction(&mut self, most: usize) {
        self.most_fraction = most;
        self.least_fraction = self.least_fraction.min(most);
    }

    pub(super) fn set_least_fraction(&mut self, least: usize) {
        self.least_fraction = least;
        self.most_fraction = self.most_fraction.max(least);
    }

    pub(super) fn set_most_whole(&mut self, most: usize) {
        self.most_whole = most;
        self.least_whole = self.least_whole.min(most);
    }

    pub(super) fn set_least_whole(&mut self, least: usize) {
        self.least_whole = least;
        self.most_whole = self.most_whole.max(least);
    }

    /// The number as the pattern says; `None` if `rounding` is `Unnecessary` and yet needed. A zero has no sign.
    pub(super) fn format(&self, number: &Decimal, rounding: Rounding) -> Option<String> {
        let number = number.clone().shifted(self.shift);
        let (digits, negative) = match self.exponent {
            Some(least) => self.scientific(&number, rounding, least)?,
            None => self.fixed(&number, rounding)?,
        };
        Some(match (&self.negative, negative) {
            (_, false) => format!("{}{digits}{}", self.prefix, self.suffix),
            (Some((prefix, suffix)), true) => format!("{prefix}{digits}{suffix}"),
            (None, true) => format!("-{}{digits}{}", self.prefix, self.suffix),
        })
    }

    fn fixed(&self, number: &Decimal, rounding: Rounding) -> Option<(String, bool)> {
        let places = i64::try_from(self.most_fraction).ok()?;
        let rounded = number.rounded(places, rounding);
        if rounding == Rounding::Unnecessary && rounded != *number {
            return None;
        }
        let negative = rounded.negative;
        let (mut whole, fraction) = rounded.abs().parts();
        let padding = "0".repeat(self.least_whole.saturating_sub(whole.len()));
        whole.insert_str(0, &padding);
        let whole = &whole[whole.len().saturating_sub(self.most_whole)..];
        let fraction = padded_fraction(&fraction, self.least_fraction);
        let whole = if whole.is_empty() && fraction.is_empty() {
            "0"
        } else {
            whole
        };
        Some((format!("{}{fraction}", self.grouped(whole)), negative))
    }

    fn scientific(
        &self,
        number: &Decimal,
        rounding: Rounding,
        least: usize,
    ) -> Option<(String, bool)> {
        let mut exponent = if number.is_zero() {
            0
        } else {
            self.exponent_of(number.magnitude())
        };
        let places = i64::try_from(self.most_fraction).ok()?;
        let mut mantissa = number.clone().shifted(-exponent).rounded(places, rounding);
        if !mantissa.is_zero() && self.exponent_of(mantissa.magnitude()) != 0 {
            // Rounded up to one digit more.
            let more = self.exponent_of(mantissa.magnitude());
            exponent += more;
            mantissa = mantissa.shifted(-more);
        }
        let negative = mantissa.negative;
        let (whole, fraction) = mantissa.abs().parts();
        let padding = "0".repeat(self.least_whole.saturating_sub(whole.len()));
        let fraction = padded_fraction(&fraction, self.least_fraction);
        let sign = if exponent < 0 { "-" } else { "" };
        let exponent = exponent.unsigned_abs();
        Some((
            format!("{padding}{whole}{fraction}E{sign}{exponent:0least$}"),
            negative,
        ))
    }

    /// The exponent that leaves the mantissa with the whole digits that the pattern asks for.
    fn exponent_of(&self, magnitude: i64) -> i64 {
        let most = i64::try_from(self.most_whole).unwrap_or(1);
        if self.most_whole > self.least_whole && most > 1 {
            return (magnitude - 1).div_euclid(most) * most;
        }
        magnitude - i64::try_from(self.least_whole).unwrap_or(1)
    }

    fn grouped(&self, whole: &str) -> String {
        if self.group == 0 {
            return whole.into();
        }
        let mut grouped = String::with_capacity(whole.len() * 2);
        for (at, digit) in whole.char_indices() {
            if at > 0 && (whole.len() - at).is_multiple_of(self.group) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    }
}

/// Whether it can be the zeros of an exponent. Their number is a width, and widths have an end.
fn is_exponent(zeros: &str) -> bool {
    (1..=MOST_DIGITS).contains(&zeros.len()) && zeros.bytes().all(|byte| byte == b'0')
}

fn padded_fraction(fraction: &str, least: usize) -> String {
    let fraction = format!("{fraction:0<least$}");
    if fraction.is_empty() {
        fraction
    } else {
        format!(".{fraction}")
    }
}

/// Reads what stands before and behind the digits of a pattern.
struct Affixes<'p> {
    rest: &'p str,
    shift: i64,
}

// === impl Affixes ===

impl<'p> Affixes<'p> {
    /// Text up to the digits, the `;` or the end; `'` quotes.
    fn read(&mut self) -> Result<String, &'static str> {
        let mut affix = String::new();
        let mut characters = self.rest.char_indices().peekable();
        let mut quoted = false;
        while let Some((at, character)) = characters.next() {
            match character {
                '\'' if characters.next_if(|(_, next)| *next == '\'').is_some() => affix.push('\''),
                '\'' => quoted = !quoted,
                _ if quoted => affix.push(character),
                '#' | '0' | ',' | '.' | ';' => {
                    self.rest = &self.rest[at..];
                    return Ok(affix);
                }
                '¤' => affix.push('$'),
                '%' | '‰' => {
                    self.shift = if character == '%' { 2 } else { 3 };
                    affix.push(character);
                }
                _ => affix.push(character),
            }
        }
        self.rest = "";
        if quoted {
            Err("has a `'` that is never closed")
        } else {
            Ok(affix)
        }
    }

    fn digits(&mut self) -> &'p str {
        let is_digit = |next: char| matches!(next, '#' | '0' | ',' | '.');
        let mut length = self
            .rest
            .find(|next| !is_digit(next))
            .unwrap_or(self.rest.len());
        if self.rest[length..].starts_with("E0") {
            let zeros = &self.rest[length + 1..];
            length += 1 + zeros.find(|next| next != '0').unwrap_or(zeros.len());
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits
    }
}
