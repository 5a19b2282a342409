//! Decimal numbers of any size from their text: compared, added, divided, rounded, never turned into floats.
//!
//! Comparing is cheap whatever the exponent. Arithmetic writes digits out, so it refuses numbers of more than [`MOST_DIGITS`].

use std::cmp::Ordering;

mod digits;
#[cfg(test)]
mod tests;

use digits::{add_digits, compare_digits, divide_digits, subtract_digits, take_out};

/// Most digits, zeros of the exponent included, that arithmetic writes out.
pub(super) const MOST_DIGITS: usize = 1000;

/// `digits` × 10^-`scale`; no zeros lead the digits or end them, and zero has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    digits: Vec<u8>,
    scale: i64,
}

/// What rounding does with what it cuts off, as in Java.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
    Unnecessary,
}

// === impl Decimal ===

impl Decimal {
    /// Reads `-1.50e7` and the like; `+` and a bare point are fine, white space is not.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        let digits: Option<Vec<u8>> = whole.bytes().chain(fraction.bytes()).map(digit).collect();
        let scale = i64::try_from(fraction.len()).ok()? - exponent;
        Some(Self::new(mantissa.starts_with('-'), digits?, scale))
    }

    fn new(negative: bool, mut digits: Vec<u8>, mut scale: i64) -> Self {
        let leading = digits.iter().take_while(|&&digit| digit == 0).count();
        digits.drain(..leading);
        let kept = digits.len() - digits.iter().rev().take_while(|&&digit| digit == 0).count();
        scale -= to_i64(digits.len() - kept);
        digits.truncate(kept);
        let zero = digits.is_empty();
        Self {
            negative: negative && !zero,
            digits,
            scale: if zero { 0 } else { scale },
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.scale <= 0
    }

    /// Where the first digit stands: 1 for 1 to 9, 0 for 0.1 to 0.9.
    pub(super) fn magnitude(&self) -> i64 {
        to_i64(self.digits.len()) - self.scale
    }

    /// How many digits stand behind the point.
    fn fraction_digits(&self) -> usize {
        usize::try_from(self.scale).unwrap_or(0)
    }

    /// How many digits arithmetic handles, zeros of the exponent included; of a writable number.
    pub(super) fn digits_written(&self) -> usize {
        let whole = usize::try_from(self.magnitude()).unwrap_or(0);
        whole.max(self.digits.len()).max(self.fraction_digits())
    }

    /// Whether arithmetic may write its digits out.
    pub(super) fn is_writable(&self) -> bool {
        let most = to_i64(MOST_DIGITS);
        self.magnitude() <= most && self.scale <= most && self.digits.len() <= MOST_DIGITS
    }

    /// Ten times as much, `power` times.
    pub(super) fn shifted(mut self, power: i64) -> Self {
        if !self.is_zero() {
            self.scale -= power;
        }
        self
    }

    pub(super) fn abs(mut self) -> Self {
        self.negative = false;
        self
    }

    /// The digits before the point and those behind it; for a writable number.
    pub(super) fn parts(&self) -> (String, String) {
        let magnitude = self.magnitude();
        let before = usize::try_from(magnitude).unwrap_or(0);
        let text = |digits: &[u8]| {
            digits
                .iter()
                .map(|digit| char::from(b'0' + digit))
                .collect::<String>()
        };
        if before >= self.digits.len() {
            let zeros = "0".repeat(before - self.digits.len());
            return (text(&self.digits) + &zeros, String::new());
        }
        let zeros = "0".repeat(usize::try_from(-magnitude).unwrap_or(0));
        (
            text(&self.digits[..before]),
            zeros + &text(&self.digits[before..]),
        )
    }

    /// In plain digits, `1.5`, `-20`, without an exponent; for a writable number.
    pub(super) fn plain(&self) -> String {
        let (mut whole, fraction) = self.parts();
        if whole.is_empty() {
            whole.push('0');
        }
        let sign = if self.negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }

    /// The whole number, where it is one that fits.
    pub(super) fn to_i64(&self) -> Option<i64> {
        if !self.is_whole() || self.magnitude() > 19 {
            return None;
        }
        self.plain().parse().ok()
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let (one, two, scale) = self.aligned(other);
        if self.negative == other.negative {
            return Self::new(self.negative, add_digits(&one, &two), scale);
        }
        match compare_digits(&one, &two) {
            Ordering::Less => Self::new(other.negative, subtract_digits(&two, &one), scale),
            Ordering::Equal | Ordering::Greater => {
                Self::new(self.negative, subtract_digits(&one, &two), scale)
            }
        }
    }

    pub(super) fn subtract(&self, other: &Self) -> Self {
        let mut other = other.clone();
        other.negative = !other.negative;
        self.add(&other)
    }

    pub(super) fn multiply(&self, other: &Self) -> Self {
        let mut sums = vec![0_u32; self.digits.len() + other.digits.len()];
        for (one, &a) in self.digits.iter().enumerate() {
            for (two, &b) in other.digits.iter().enumerate() {
                sums[one + two + 1] += u32::from(a) * u32::from(b);
            }
        }
        let mut digits = vec![0_u8; sums.len()];
        let mut carry = 0;
        for at in (0..sums.len()).rev() {
            let sum = sums[at] + carry;
            digits[at] = u8::try_from(sum % 10).expect("less than ten");
            carry = sum / 10;
        }
        Self::new(
            self.negative != other.negative,
            digits,
            self.scale + other.scale,
        )
    }

    /// To 16 significant digits, half even; `other` is not zero.
    pub(super) fn divide(&self, other: &Self) -> Self {
        const SIGNIFICANT: usize = 16;
        let (mut quotient, mut remainder) = divide_digits(&self.digits, &other.digits);
        let mut scale = self.scale - other.scale;
        // One digit more than is kept, and one that says whether anything followed.
        while quotient.len() <= SIGNIFICANT && !remainder.is_empty() {
            remainder.push(0);
            let digit = take_out(&mut remainder, &other.digits);
            if digit != 0 || !quotient.is_empty() {
                quotient.push(digit);
            }
            scale += 1;
        }
        quotient.push(u8::from(!remainder.is_empty()));
        scale += 1;
        let places = scale - (to_i64(quotient.len()) - to_i64(SIGNIFICANT));
        Self::new(self.negative != other.negative, quotient, scale)
            .rounded(places, Rounding::HalfEven)
    }

    /// With the sign of `self`; `other` is not zero.
    pub(super) fn remainder(&self, other: &Self) -> Self {
        let (one, two, scale) = self.aligned(other);
        let (_, remainder) = divide_digits(&one, &two);
        Self::new(self.negative, remainder, scale)
    }

    /// With at most `places` digits behind the point; negative places round before it.
    pub(super) fn rounded(&self, places: i64, rounding: Rounding) -> Self {
        if self.is_zero() || self.scale <= places {
            return self.clone();
        }
        let cut = usize::try_from(self.scale - places).unwrap_or(usize::MAX);
        let (kept, dropped): (&[u8], &[u8]) = match self.digits.len().checked_sub(cut) {
            Some(kept) => self.digits.split_at(kept),
            None => (&[], &[]),
        };
        // With more places cut than there are digits, what is dropped is less than a half.
        let against_half = match dropped.split_first() {
            None => Ordering::Less,
            Some((&5, rest)) if rest.iter().all(|&digit| digit == 0) => Ordering::Equal,
            Some((&first, _)) => first.cmp(&5).then(Ordering::Greater),
        };
        let odd = kept.last().is_some_and(|digit| digit % 2 == 1);
        let up = match rounding {
            Rounding::Up => true,
            Rounding::Down | Rounding::Unnecessary => false,
            Rounding::Ceiling => !self.negative,
            Rounding::Floor => self.negative,
            Rounding::HalfUp => against_half != Ordering::Less,
            Rounding::HalfDown => against_half == Ordering::Greater,
            Rounding::HalfEven => {
                against_half == Ordering::Greater || (against_half == Ordering::Equal && odd)
            }
        };
        let digits = if up {
            add_digits(kept, &[1])
        } else {
            kept.to_vec()
        };
        Self::new(self.negative, digits, places)
    }

    /// The digits of both, written to the same scale.
    fn aligned(&self, other: &Self) -> (Vec<u8>, Vec<u8>, i64) {
        let scale = self.scale.max(other.scale);
        let write = |number: &Self| {
            let mut digits = number.digits.clone();
            let zeros = if number.is_zero() {
                0
            } else {
                usize::try_from(scale - number.scale).unwrap_or(0)
            };
            digits.resize(digits.len() + zeros, 0);
            digits
        };
        (write(self), write(other), scale)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || {
            self.magnitude()
                .cmp(&other.magnitude())
                .then_with(|| self.digits.cmp(&other.digits))
        };
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

// === impl Rounding ===

impl Rounding {
    /// By its Java name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "UP" => Self::Up,
            "DOWN" => Self::Down,
            "CEILING" => Self::Ceiling,
            "FLOOR" => Self::Floor,
            "HALF_UP" => Self::HalfUp,
            "HALF_DOWN" => Self::HalfDown,
            "HALF_EVEN" => Self::HalfEven,
            "UNNECESSARY" => Self::Unnecessary,
            _ => return None,
        })
    }
}

/// An exponent; one beyond all use is cut to what still adds without overflow.
fn read_exponent(text: &str) -> Option<i64> {
    const MOST: i64 = 1_000_000_000_000_000;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(MOST).min(MOST);
    Some(if text.starts_with('-') { -size } else { size })
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

fn to_i64(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
