//! Helpers that compare and decide.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::RenderError;
use super::super::decimal::Decimal;
use super::super::value::Value;
use super::{Arguments, MADE_PATTERN_BYTES, pattern};

type Truth = Result<bool, RenderError>;

/// As numbers when both are numeric, else as text.
pub(in super::super) fn compare_text(one: &str, two: &str) -> Ordering {
    match (Decimal::parse(one), Decimal::parse(two)) {
        (Some(one), Some(two)) => one.cmp(&two),
        (Some(_), None) | (None, Some(_)) | (None, None) => one.cmp(two),
    }
}

/// How the first two arguments compare; `None` where one is missing.
fn compared(arguments: &mut Arguments<'_, '_>) -> Result<Option<Ordering>, RenderError> {
    let (one, two) = (arguments.optional_text(0)?, arguments.optional_text(1)?);
    Ok(one.zip(two).map(|(one, two)| compare_text(&one, &two)))
}

/// Missing equals only missing.
pub(super) fn equal(arguments: &mut Arguments<'_, '_>) -> Truth {
    let both_absent = arguments.value(0).is_absent() && arguments.value(1).is_absent();
    Ok(both_absent || compared(arguments)? == Some(Ordering::Equal))
}

pub(super) fn greater(arguments: &mut Arguments<'_, '_>) -> Truth {
    Ok(compared(arguments)?.is_some_and(Ordering::is_gt))
}

pub(super) fn greater_or_equal(arguments: &mut Arguments<'_, '_>) -> Truth {
    Ok(compared(arguments)?.is_some_and(Ordering::is_ge))
}

pub(super) fn less(arguments: &mut Arguments<'_, '_>) -> Truth {
    Ok(compared(arguments)?.is_some_and(Ordering::is_lt))
}

pub(super) fn less_or_equal(arguments: &mut Arguments<'_, '_>) -> Truth {
    Ok(compared(arguments)?.is_some_and(Ordering::is_le))
}

pub(super) fn and(arguments: &mut Arguments<'_, '_>) -> Truth {
    Ok(arguments.given.iter().all(Value::is_true))
}

pub(super) fn or(arguments: &mut Arguments<'_, '_>) -> Truth {
    Ok(arguments.given.iter().any(Value::is_true))
}

/// Of several values: none is true.
pub(super) fn not(arguments: &mut Arguments<'_, '_>) -> Truth {
    Ok(!arguments.given.iter().any(Value::is_true))
}

pub(super) fn mod_equal(arguments: &mut Arguments<'_, '_>) -> Truth {
    if arguments.given.iter().any(Value::is_absent) {
        return Ok(false);
    }
    let (a, divisor, remainder) = (
        arguments.number(0)?,
        arguments.number(1)?,
        arguments.number(2)?,
    );
    if divisor.is_zero() {
        return Err(arguments.refuse("divisor", "must not be zero"));
    }
    if !a.is_writable() || !divisor.is_writable() {
        let name = if a.is_writable() { "divisor" } else { "a" };
        return Err(arguments.refuse(name, "is out of range"));
    }
    Ok(a.remainder(&divisor) == remainder)
}

pub(super) fn contains(arguments: &mut Arguments<'_, '_>) -> Truth {
    let (value, text) = (arguments.optional_text(0)?, arguments.optional_text(1)?);
    Ok(value
        .zip(text)
        .is_some_and(|(value, text)| value.contains(text.as_ref())))
}

/// Steps that one character may cost the engine, in bytes of work.
const MATCH_COST: usize = 8;

/// A pattern that a value gave is compiled here, small.
pub(super) fn matches(arguments: &mut Arguments<'_, '_>) -> Truth {
    let (Some(value), Some(source)) = (arguments.optional_text(0)?, arguments.optional_text(1)?)
    else {
        return Ok(false);
    };
    arguments
        .bounds
        .work(value.len().saturating_mul(MATCH_COST))?;
    if let Some(pattern) = arguments.pattern {
        return Ok(pattern.is_match(&value));
    }
    arguments.bounds.work(MADE_PATTERN_BYTES)?;
    match pattern(&source, MADE_PATTERN_BYTES) {
        Ok(pattern) => Ok(pattern.is_match(&value)),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err(arguments.refuse("pattern", "is too large a regular expression"))
        }
        Err(_) => Err(arguments.refuse("pattern", "is not an accepted regular expression")),
    }
}

/// Missing, null, false, `""` and `[]` are empty; `0` is not.
pub(super) fn default_if_empty<'a>(
    arguments: &mut Arguments<'_, 'a>,
) -> Result<Value<'a>, RenderError> {
    let first = arguments.value(0);
    Ok(if first.is_empty() {
        arguments.value(1).clone()
    } else {
        first.clone()
    })
}

pub(super) fn yesno<'a>(arguments: &mut Arguments<'_, 'a>) -> Result<Value<'a>, RenderError> {
    let answer = match arguments.value(0) {
        Value::Missing | Value::Null => "maybe",
        Value::Bool(true) => "yes",
        Value::Bool(false) => "no",
        Value::Text(text) if text == "true" => "yes",
        Value::Text(text) if text == "false" => "no",
        other => {
            let why = format!("must be true, false or missing, not {}", other.kind());
            return Err(arguments.refuse("value", &why));
        }
    };
    Ok(Value::Text(
        arguments
            .named_text(answer)?
            .unwrap_or(Cow::Borrowed(answer)),
    ))
}
