//! Helpers about time: reading it, moving it, handing it to `date_format`.

use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, Unit, ZonedDateTime, ZonedDateTimeRound, civil};

use super::super::RenderError;
use super::super::value::Value;
use super::Arguments;
use super::date_format;

type Made<'a> = Result<Value<'a>, RenderError>;

/// This moment.
pub(super) fn now<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let zoned = arguments.data.now().to_zoned_datetime(zone(arguments)?);
    match arguments.optional_text(0)? {
        Some(format) => formatted(arguments, &zoned, &[&format]),
        None => formatted(arguments, &zoned, &["medium", "medium"]),
    }
}

/// A time by a style or a pattern.
pub(super) fn date_format<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let zoned = moment(arguments)?.to_zoned_datetime(zone(arguments)?);
    let format = arguments.optional_text(1)?;
    let format = format.as_deref().unwrap_or("medium");
    match arguments.named_text("time")? {
        Some(time) => formatted(arguments, &zoned, &[format, &time]),
        None => formatted(arguments, &zoned, &[format]),
    }
}

/// A time moved: `+1M`, `-2h30m`, `/d`.
pub(super) fn date_math<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let zoned = moment(arguments)?.to_zoned_datetime(zone(arguments)?);
    let offset = arguments.text(1)?;
    let Some(terms) = terms(&offset) else {
        return Err(arguments.refuse(
            "offset",
            "must be like `+1d`, `-2h30m` or `/d`, with the units y M w d h m s",
        ));
    };
    let mut moved = zoned;
    for term in terms {
        moved = match term.apply(&moved) {
            Ok(moved) => moved,
            Err(_) => {
                return Err(
                    arguments.refuse("offset", "leads out of the years that can be written")
                );
            }
        };
    }
    match arguments.named_text("format")? {
        Some(format) => formatted(arguments, &moved, &[&format]),
        None => Ok(Value::text(format!(
            "{}{}",
            moved.datetime(),
            date_format::offset(&moved, true, ":")
        ))),
    }
}

/// A date's format and a time's, joined by `, `.
fn formatted<'a>(
    arguments: &mut Arguments<'_, 'a>,
    zoned: &ZonedDateTime,
    formats: &[&str],
) -> Made<'a> {
    let mut made = arguments.bounds.made();
    let names = ["format", "time"];
    for (number, (format, name)) in formats.iter().zip(names).enumerate() {
        if number > 0 {
            made.push_str(", ")?;
        }
        let pattern = if number == 0 {
            date_format::date_style(format)
        } else {
            date_format::time_style(format)
        };
        let pattern = pattern.unwrap_or(format);
        match date_format::write(&mut made, zoned, pattern) {
            Ok(()) => {}
            Err(date_format::Fault::Pattern(why)) => return Err(arguments.refuse(name, &why)),
            Err(date_format::Fault::Bound(error)) => return Err(error),
        }
    }
    let made = made.finish();
    arguments.bounds.work(made.len())?;
    Ok(Value::text(made))
}

/// The first argument as a moment.
fn moment(arguments: &mut Arguments<'_, '_>) -> Result<Timestamp, RenderError> {
    let text = arguments.text(0)?;
    if text == "now" {
        return Ok(arguments.data.now());
    }
    if let Ok(number) = arguments.number(0) {
        let milliseconds = number
            .rounded(0, super::super::decimal::Rounding::Floor)
            .to_i64();
        let moment = milliseconds.and_then(|count| Timestamp::from_millisecond(count).ok());
        return moment.ok_or_else(|| arguments.refuse("time", "is out of range"));
    }
    read(&text).ok_or_else(|| {
        arguments.refuse(
            "time",
            "must be RFC 3339, `yyyy-MM-dd[ HH:mm:ss]` or epoch milliseconds",
        )
    })
}

fn read(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    // `2016-05-22 14:12:23 +00:00`, as exports of such data have it.
    if let Some((time, offset)) = text
        .rsplit_once(' ')
        .filter(|(_, offset)| offset.starts_with(['+', '-']))
    {
        return format!("{time}{offset}").parse().ok();
    }
    let time: civil::DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

/// The named argument `tz`, or UTC.
fn zone(arguments: &Arguments<'_, '_>) -> Result<TimeZone, RenderError> {
    let Some(name) = arguments.named_text("tz")? else {
        return Ok(TimeZone::UTC);
    };
    let fixed = name
        .strip_prefix("GMT")
        .or_else(|| name.strip_prefix("UTC"));
    let zone = match fixed {
        Some("") => Some(TimeZone::UTC),
        Some(offset) => fixed_offset(offset).map(TimeZone::fixed),
        None if name == "Z" => Some(TimeZone::UTC),
        None => TimeZone::get(&name).ok(),
    };
    zone.ok_or_else(|| arguments.refuse("tz", "must be an IANA name or `GMT±h:mm`"))
}

/// `±h`, `±hh`, `±h:mm` or `±hhmm`.
fn fixed_offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "00"),
    };
    let number = |text: &str, most: i32| {
        let sound = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>()
            .ok()
            .filter(|number| sound && *number <= most)
    };
    let minutes = number(minutes, 59).filter(|_| minutes.len() == 2)?;
    Offset::from_seconds(sign * (number(hours, 18)? * 3600 + minutes * 60)).ok()
}

/// A step of `dateMath`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Term {
    Move(i64, char),
    RoundDown(char),
}

/// The steps of an offset; a number without a sign has the sign before it.
fn terms(offset: &str) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    let mut sign = 1;
    let mut rest = offset.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('/') {
            let unit = unit(after)?;
            terms.push(Term::RoundDown(unit));
            rest = after[1..].trim_start();
            continue;
        }
        if let Some(after) = rest.strip_prefix(['+', '-']) {
            sign = if rest.starts_with('-') { -1 } else { 1 };
            rest = after.trim_start();
        }
        let length = rest.find(|next: char| !next.is_ascii_digit())?;
        let count: i64 = rest[..length].parse().ok()?;
        terms.push(Term::Move(sign * count, unit(&rest[length..])?));
        rest = rest[length + 1..].trim_start();
    }
    (!terms.is_empty()).then_some(terms)
}

fn unit(text: &str) -> Option<char> {
    text.chars().next().filter(|unit| "yMwdhms".contains(*unit))
}

// === impl Term ===

impl Term {
    fn apply(self, zoned: &ZonedDateTime) -> Result<ZonedDateTime, jiff::Error> {
        match self {
            Self::Move(count, unit) => {
                let span = Span::new();
                let span = match unit {
                    'y' => span.try_years(count),
                    'M' => span.try_months(count),
                    'w' => span.try_weeks(count),
                    'd' => span.try_days(count),
                    'h' => span.try_hours(count),
                    'm' => span.try_minutes(count),
                    _ => span.try_seconds(count),
                };
                zoned.checked_add(span?)
            }
            Self::RoundDown(unit) => match unit {
                'y' => zoned.first_of_year()?.start_of_day(),
                'M' => zoned.first_of_month()?.start_of_day(),
                'w' => {
                    let days = zoned.weekday().to_monday_zero_offset();
                    zoned
                        .checked_sub(Span::new().try_days(days)?)?
                        .start_of_day()
                }
                'd' => zoned.start_of_day(),
                'h' => round_down(zoned, Unit::Hour),
                'm' => round_down(zoned, Unit::Minute),
                _ => round_down(zoned, Unit::Second),
            },
        }
    }
}

fn round_down(zoned: &ZonedDateTime, unit: Unit) -> Result<ZonedDateTime, jiff::Error> {
    zoned.round(
        ZonedDateTimeRound::new()
            .smallest(unit)
            .mode(jiff::RoundMode::Floor),
    )
}
