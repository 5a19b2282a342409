//! Helpers about numbers: decimal arithmetic, and numbers as people read them.

use super::super::RenderError;
use super::super::decimal::{Decimal, MOST_DIGITS, Rounding};
use super::super::value::Value;
use super::Arguments;
use super::decimal_format::DecimalFormat;

type Made<'a> = Result<Value<'a>, RenderError>;

/// Named arguments of `numberFormat`.
pub(super) const OPTIONS: &[&str] = &[
    "maximumFractionDigits",
    "minimumFractionDigits",
    "maximumIntegerDigits",
    "minimumIntegerDigits",
    "groupingUsed",
    "roundingMode",
];

/// `a`, an operator, `b`; exact but for `/`, which gives 16 digits.
pub(super) fn math<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let (a, b) = (writable(arguments, 0)?, writable(arguments, 2)?);
    let operator = arguments.text(1)?;
    let divides = matches!(operator.as_ref(), "/" | "%");
    if divides && b.is_zero() {
        return Err(arguments.refuse("b", "must not be zero: division by zero"));
    }
    // Digits times digits: what a long multiplication or division costs.
    arguments
        .bounds
        .work(a.digits_written() * b.digits_written())?;
    let result = match operator.as_ref() {
        "+" => a.add(&b),
        "-" => a.subtract(&b),
        "*" => a.multiply(&b),
        "/" => a.divide(&b),
        "%" => a.remainder(&b),
        _ => return Err(arguments.refuse("operator", "must be one of + - * / %")),
    };
    if !result.is_writable() {
        let message = format!("helper `math`: the result has more than {MOST_DIGITS} digits");
        return Err(RenderError::new(message));
    }
    Ok(Value::Number(result.plain().into()))
}

/// By name, or by a pattern of Java's `DecimalFormat`; by default with commas and up to three digits behind the point.
pub(super) fn number_format<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let number = writable(arguments, 0)?;
    let name = arguments.optional_text(1)?;
    let pattern = match name.as_deref() {
        None => "#,##0.###",
        Some("integer") => "#,##0",
        Some("percent") => "#,##0%",
        Some("currency") => "¤#,##0.00",
        Some(pattern) => pattern,
    };
    let mut format =
        DecimalFormat::parse(pattern).map_err(|why| arguments.refuse("format", why))?;
    if let Some(most) = digits_option(arguments, "maximumFractionDigits")? {
        format.set_most_fraction(most);
    }
    if let Some(least) = digits_option(arguments, "minimumFractionDigits")? {
        format.set_least_fraction(least);
    }
    if let Some(most) = digits_option(arguments, "maximumIntegerDigits")? {
        format.set_most_whole(most);
    }
    if let Some(least) = digits_option(arguments, "minimumIntegerDigits")? {
        format.set_least_whole(least);
    }
    if arguments
        .named("groupingUsed")
        .is_some_and(|used| !used.is_true())
    {
        format.group = 0;
    }
    let rounding = match arguments.named_text("roundingMode")? {
        None => Rounding::HalfEven,
        Some(name) => Rounding::named(&name).ok_or_else(|| {
            arguments.refuse(
                "roundingMode",
                "must be one of UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN, UNNECESSARY",
            )
        })?,
    };
    let Some(text) = format.format(&number, rounding) else {
        return Err(arguments.refuse(
            "roundingMode",
            "is UNNECESSARY, but the number needs rounding",
        ));
    };
    arguments.bounds.work(text.len())?;
    arguments.bounds.fits(text.len())?;
    Ok(Value::text(text))
}

fn writable(arguments: &Arguments<'_, '_>, at: usize) -> Result<Decimal, RenderError> {
    let number = arguments.number(at)?;
    if !number.is_writable() {
        let why = format!("is out of range: it has more than {MOST_DIGITS} digits");
        return Err(arguments.refuse(arguments.name_of(at), &why));
    }
    Ok(number)
}

fn digits_option(arguments: &Arguments<'_, '_>, name: &str) -> Result<Option<usize>, RenderError> {
    let Some(count) = arguments.named_whole(name)? else {
        return Ok(None);
    };
    match usize::try_from(count) {
        Ok(count) if count <= MOST_DIGITS => Ok(Some(count)),
        Ok(_) | Err(_) => Err(arguments.refuse(name, &format!("must be from 0 to {MOST_DIGITS}"))),
    }
}
