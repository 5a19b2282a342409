//! `stringFormat`: the conversions of Java's `Formatter` that text and numbers can have.

use super::super::RenderError;
use super::super::bounds::Made as MadeText;
use super::super::decimal::{Decimal, Rounding};
use super::super::value::Value;
use super::Arguments;

/// Most digits that `%.Nf` may ask for.
const MOST_PRECISION: usize = 1000;

/// `%[index$][flags][width][.precision]conversion`
#[derive(Debug, Clone, Default)]
struct Conversion {
    /// From 1; none: the next argument.
    index: Option<usize>,
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    comma: bool,
    parentheses: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

pub(super) fn string_format<'a>(
    arguments: &mut Arguments<'_, 'a>,
) -> Result<Value<'a>, RenderError> {
    let format = arguments.text(0)?;
    let mut made = arguments.bounds.made();
    let mut next = 1;
    let mut rest = format.as_ref();
    while let Some(at) = rest.find('%') {
        made.push_str(&rest[..at])?;
        let (conversion, length) = Conversion::read(&rest[at + 1..])
            .ok_or_else(|| arguments.refuse("format", "has a `%` that begins no conversion"))?;
        rest = &rest[at + 1 + length..];
        let text = match conversion.letter {
            '%' => "%".into(),
            'n' => "\n".into(),
            _ => {
                let which = conversion.index.unwrap_or(next);
                next += usize::from(conversion.index.is_none());
                if which == 0 || which >= arguments.count() {
                    return Err(arguments.refuse("format", "asks for more values than there are"));
                }
                conversion.convert(arguments, which)?
            }
        };
        conversion.push(&mut made, &text)?;
    }
    made.push_str(rest)?;
    let made = made.finish();
    arguments.bounds.work(made.len())?;
    Ok(Value::text(made))
}

// === impl Conversion ===

impl Conversion {
    /// What follows a `%`, and its length in bytes.
    fn read(text: &str) -> Option<(Self, usize)> {
        let mut conversion = Self::default();
        let mut rest = text;
        let digits = rest
            .find(|next: char| !next.is_ascii_digit())
            .unwrap_or(rest.len());
        if rest[digits..].starts_with('$') {
            conversion.index = Some(rest[..digits].parse().ok()?);
            rest = &rest[digits + 1..];
        }
        while let Some(flag) = rest.chars().next() {
            match flag {
                '-' => conversion.left = true,
                '+' => conversion.plus = true,
                ' ' => conversion.space = true,
                '0' => conversion.zero = true,
                ',' => conversion.comma = true,
                '(' => conversion.parentheses = true,
                '#' => conversion.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        (conversion.width, rest) = read_count(rest);
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after_digits) = read_count(after);
            if after_digits.len() == after.len() {
                return None;
            }
            conversion.precision = Some(precision);
            rest = after_digits;
        }
        conversion.letter = rest.chars().next()?;
        let known = "sSbBcCdoxXfeEgG%n".contains(conversion.letter);
        known.then_some((conversion.clone(), text.len() - rest.len() + 1))
    }

    fn convert(&self, arguments: &mut Arguments<'_, '_>, at: usize) -> Result<String, RenderError> {
        let upper = self.letter.is_ascii_uppercase();
        let text = match self.letter.to_ascii_lowercase() {
            's' => self.cut(&arguments.optional_text(at)?.unwrap_or_default()),
            'b' => self.cut(&arguments.value(at).is_true().to_string()),
            'c' => self.character(arguments, at)?,
            _ if arguments.value(at).is_absent() => String::new(),
            'd' => self.whole(arguments, at)?,
            'o' | 'x' => self.radix(arguments, at)?,
            _ => self.fraction(arguments, at)?,
        };
        Ok(if upper { text.to_uppercase() } else { text })
    }

    fn cut(&self, text: &str) -> String {
        text.chars()
            .take(self.precision.unwrap_or(usize::MAX))
            .collect()
    }

    fn character(
        &self,
        arguments: &mut Arguments<'_, '_>,
        at: usize,
    ) -> Result<String, RenderError> {
        if let Value::Number(_) = arguments.value(at) {
            let scalar = u32::try_from(arguments.whole(at)?)
                .ok()
                .and_then(char::from_u32);
            return scalar
                .map(String::from)
                .ok_or_else(|| arguments.refuse("values", "has no such character for `%c`"));
        }
        Ok(arguments
            .optional_text(at)?
            .unwrap_or_default()
            .chars()
            .take(1)
            .collect())
    }

    fn whole(&self, arguments: &Arguments<'_, '_>, at: usize) -> Result<String, RenderError> {
        let number = self.writable(arguments, at)?;
        if !number.is_whole() {
            return Err(arguments.refuse("values", "must be a whole number for `%d`"));
        }
        Ok(self.signed(&number, 0))
    }

    fn radix(&self, arguments: &Arguments<'_, '_>, at: usize) -> Result<String, RenderError> {
        // Java prints a negative number by its two's complement, 32 bits where they hold it.
        let number = arguments.whole(at)?;
        let hexadecimal = self.letter.eq_ignore_ascii_case(&'x');
        let digits = match (i32::try_from(number), hexadecimal) {
            (Ok(number), true) => format!("{number:x}"),
            (Ok(number), false) => format!("{number:o}"),
            (Err(_), true) => format!("{number:x}"),
            (Err(_), false) => format!("{number:o}"),
        };
        let prefix = match (self.alternate, hexadecimal) {
            (true, true) => "0x",
            (true, false) => "0",
            (false, _) => "",
        };
        Ok(self.zeros("", &format!("{prefix}{digits}")))
    }

    fn fraction(&self, arguments: &Arguments<'_, '_>, at: usize) -> Result<String, RenderError> {
        let precision = self.precision.unwrap_or(6);
        if precision > MOST_PRECISION {
            return Err(arguments.refuse("format", "has a precision above 1000"));
        }
        let number = self.writable(arguments, at)?;
        let places = i64::try_from(precision).unwrap_or(6);
        let general = self.letter.eq_ignore_ascii_case(&'g');
        let magnitude = number.magnitude();
        // `%g` counts significant digits, and is plain from 0.0001 up to 10^precision.
        let significant = places.max(1);
        let plain = number.is_zero() || (magnitude > -4 && magnitude <= significant);
        if self.letter == 'f' {
            return Ok(self.signed(&number.rounded(places, Rounding::HalfUp), precision));
        }
        if general && plain {
            let places = if number.is_zero() {
                significant - 1
            } else {
                significant - magnitude
            };
            let places = usize::try_from(places).unwrap_or(0);
            let rounded = number.rounded(i64::try_from(places).unwrap_or(0), Rounding::HalfUp);
            return Ok(self.signed(&rounded, places));
        }
        let places = if general { significant - 1 } else { places };
        let mut exponent = if number.is_zero() { 0 } else { magnitude - 1 };
        let mut mantissa = number.shifted(-exponent).rounded(places, Rounding::HalfUp);
        if mantissa.magnitude() > 1 {
            exponent += 1;
            mantissa = mantissa.shifted(-1);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        let digits = self.signed(&mantissa, usize::try_from(places).unwrap_or(0));
        Ok(format!("{digits}e{sign}{:02}", exponent.unsigned_abs()))
    }

    fn writable(&self, arguments: &Arguments<'_, '_>, at: usize) -> Result<Decimal, RenderError> {
        let number = arguments.number(at)?;
        if number.is_writable() {
            Ok(number)
        } else {
            Err(arguments.refuse("values", "is out of range"))
        }
    }

    /// With sign, commas and so many digits behind the point.
    fn signed(&self, number: &Decimal, places: usize) -> String {
        let (whole, fraction) = number.clone().abs().parts();
        let whole = if whole.is_empty() { "0".into() } else { whole };
        let whole = if self.comma {
            with_commas(&whole)
        } else {
            whole
        };
        let point = if places == 0 && !self.alternate {
            ""
        } else {
            "."
        };
        let digits = format!("{whole}{point}{fraction:0<places$}");
        match (number.negative, self.parentheses) {
            (true, true) => format!("({})", self.zeros("()", &digits)),
            (true, false) => self.zeros("-", &digits),
            (false, _) if self.plus => self.zeros("+", &digits),
            (false, _) if self.space => self.zeros(" ", &digits),
            (false, _) => self.zeros("", &digits),
        }
    }

    /// The sign, the zeros that fill the width, the digits. Wide widths are filled by `push`, which is bounded.
    fn zeros(&self, sign: &str, digits: &str) -> String {
        let sign = if sign == "()" { "" } else { sign };
        let missing = if self.zero && !self.left {
            self.width
                .saturating_sub(digits.len() + sign.len() + 2 * usize::from(self.parentheses))
                .min(MOST_PRECISION)
        } else {
            0
        };
        format!("{sign}{}{digits}", "0".repeat(missing))
    }

    fn push(&self, made: &mut MadeText, text: &str) -> Result<(), RenderError> {
        let missing = self.width.saturating_sub(text.chars().count());
        if !self.left {
            made.pad(" ", missing)?;
        }
        made.push_str(text)?;
        if self.left {
            made.pad(" ", missing)?;
        }
        Ok(())
    }
}

fn with_commas(whole: &str) -> String {
    let mut grouped = String::with_capacity(whole.len() * 2);
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count at the start of `text`, 0 where there is none; one beyond all sizes is the greatest.
fn read_count(text: &str) -> (usize, &str) {
    let length = text
        .find(|next: char| !next.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(length);
    let count = if digits.is_empty() {
        0
    } else {
        digits.parse().unwrap_or(usize::MAX)
    };
    (count, rest)
}
