//! Patterns of Java's `DateTimeFormatter`, in English, written out for a moment.

use jiff::ZonedDateTime;
use jiff::civil::Weekday;

use super::super::RenderError;
use super::super::bounds::Made;

/// Most letters in a row, as in Java.
const MOST_LETTERS: usize = 19;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Why nothing could be written.
#[derive(Debug)]
pub(super) enum Fault {
    Pattern(String),
    Bound(RenderError),
}

impl From<RenderError> for Fault {
    fn from(error: RenderError) -> Self {
        Self::Bound(error)
    }
}

/// The pattern of a date's style.
pub(super) fn date_style(name: &str) -> Option<&'static str> {
    Some(match name {
        "full" => "EEEE, MMMM d, y",
        "long" => "MMMM d, y",
        "medium" => "MMM d, y",
        "short" => "M/d/yy",
        _ => return None,
    })
}

/// The pattern of a time's style.
pub(super) fn time_style(name: &str) -> Option<&'static str> {
    Some(match name {
        "full" | "long" => "h:mm:ss a z",
        "medium" => "h:mm:ss a",
        "short" => "h:mm a",
        _ => return None,
    })
}

/// Appends `zoned` by `pattern`.
pub(super) fn write(made: &mut Made, zoned: &ZonedDateTime, pattern: &str) -> Result<(), Fault> {
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        match character {
            '\'' => rest = quoted(made, rest)?,
            '[' | ']' => rest = &rest[1..],
            'a'..='z' | 'A'..='Z' => {
                let count = rest.chars().take_while(|next| *next == character).count();
                if count > MOST_LETTERS {
                    return Err(Fault::Pattern(format!(
                        "has more than {MOST_LETTERS} letters in a row"
                    )));
                }
                let text = field(zoned, character, count).ok_or_else(|| {
                    Fault::Pattern(format!(
                        "has `{character}`, which no field of time has {count} times"
                    ))
                })?;
                made.push_str(&text)?;
                rest = &rest[count..];
            }
            '{' | '}' | '#' => {
                return Err(Fault::Pattern(format!(
                    "has `{character}`, which must be quoted"
                )));
            }
            _ => {
                made.push(character)?;
                rest = &rest[character.len_utf8()..];
            }
        }
    }
    Ok(())
}

/// Appends quoted text; `''` is a quote. Gives what follows.
fn quoted<'p>(made: &mut Made, pattern: &'p str) -> Result<&'p str, Fault> {
    let mut rest = &pattern[1..];
    if let Some(after) = rest.strip_prefix('\'') {
        made.push('\'')?;
        return Ok(after);
    }
    loop {
        let Some(end) = rest.find('\'') else {
            return Err(Fault::Pattern("has a `'` that is never closed".into()));
        };
        made.push_str(&rest[..end])?;
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                made.push('\'')?;
                rest = after;
            }
            None => return Ok(rest),
        }
    }
}

fn field(zoned: &ZonedDateTime, letter: char, count: usize) -> Option<String> {
    let hour = i64::from(zoned.hour());
    let nanosecond = i64::from(zoned.subsec_nanosecond());
    let second_of_day = hour * 3600 + i64::from(zoned.minute()) * 60 + i64::from(zoned.second());
    let short = |number: i64| (count <= 2).then(|| padded(number, count));
    match letter {
        'y' | 'u' | 'Y' | 'M' | 'L' | 'd' | 'D' | 'G' | 'Q' | 'q' | 'w' | 'W' | 'E' | 'e' | 'c' => {
            date_field(zoned, letter, count)
        }
        'a' => (count == 1).then(|| if hour < 12 { "AM" } else { "PM" }.into()),
        'h' => short((hour + 11) % 12 + 1),
        'H' => short(hour),
        'k' => short((hour + 23) % 24 + 1),
        'K' => short(hour % 12),
        'm' => short(zoned.minute().into()),
        's' => short(zoned.second().into()),
        'S' => Some(fraction(nanosecond, count)).filter(|_| count <= 9),
        'A' => Some(padded(second_of_day * 1000 + nanosecond / 1_000_000, count)),
        'n' => Some(padded(nanosecond, count)),
        'N' => Some(padded(second_of_day * 1_000_000_000 + nanosecond, count)),
        'V' => (count == 2).then(|| zone_id(zoned)),
        'z' => (count <= 4).then(|| zone_name(zoned)),
        'O' => match count {
            1 => Some(gmt(zoned, false)),
            4 => Some(gmt(zoned, true)),
            _ => None,
        },
        'X' | 'x' => {
            let zulu = letter == 'X';
            match count {
                1 => {
                    let text = offset(zoned, zulu, "");
                    Some(
                        text.strip_suffix("00")
                            .filter(|hours| hours.len() == 3)
                            .map_or(text.clone(), String::from),
                    )
                }
                2 | 4 => Some(offset(zoned, zulu, "")),
                3 | 5 => Some(offset(zoned, zulu, ":")),
                _ => None,
            }
        }
        'Z' => match count {
            1..=3 => Some(offset(zoned, false, "")),
            4 => Some(gmt(zoned, true)),
            5 => Some(offset(zoned, true, ":")),
            _ => None,
        },
        _ => None,
    }
}

fn date_field(zoned: &ZonedDateTime, letter: char, count: usize) -> Option<String> {
    let month = usize::try_from(zoned.month()).ok()?;
    let quarter = (month - 1) / 3 + 1;
    let weekday = zoned.weekday();
    match letter {
        'G' => Some(era(zoned.year() > 0, count)?.into()),
        'y' => Some(year(
            if zoned.year() > 0 {
                zoned.year().into()
            } else {
                1 - i64::from(zoned.year())
            },
            count,
        )),
        'u' => Some(year(zoned.year().into(), count)),
        'Y' => Some(year(week(zoned).0, count)),
        'M' | 'L' => named(MONTHS[month - 1], month, count),
        'd' => (count <= 2).then(|| padded(zoned.day().into(), count)),
        'D' => (count <= 3).then(|| padded(zoned.day_of_year().into(), count)),
        'Q' | 'q' => match count {
            3 => Some(format!("Q{quarter}")),
            4 => Some(
                ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"][quarter - 1].into(),
            ),
            _ => named("", quarter, count).filter(|_| count <= 2),
        },
        'w' => (count <= 2).then(|| padded(week(zoned).1, count)),
        'W' => {
            let first = i64::from(
                zoned
                    .first_of_month()
                    .ok()?
                    .weekday()
                    .to_sunday_zero_offset(),
            );
            (count == 1).then(|| ((i64::from(zoned.day()) + first - 1) / 7 + 1).to_string())
        }
        'E' if count <= 3 => Some(day_name(weekday)[..3].into()),
        'E' | 'e' | 'c' => {
            let number = usize::try_from(weekday.to_sunday_one_offset()).ok()?;
            named(day_name(weekday), number, count)
        }
        _ => None,
    }
}

fn era(common: bool, count: usize) -> Option<&'static str> {
    Some(match (common, count) {
        (true, 1..=3) => "AD",
        (false, 1..=3) => "BC",
        (true, 4) => "Anno Domini",
        (false, 4) => "Before Christ",
        (true, 5) => "A",
        (false, 5) => "B",
        _ => return None,
    })
}

/// Number, padded number, short name, name, first letter.
fn named(name: &str, number: usize, count: usize) -> Option<String> {
    match count {
        1 => Some(number.to_string()),
        2 => Some(format!("{number:02}")),
        3 => name.get(..3).map(String::from),
        4 => Some(name.into()),
        5 => name.get(..1).map(String::from),
        _ => None,
    }
}

fn day_name(weekday: Weekday) -> &'static str {
    usize::try_from(weekday.to_monday_zero_offset()).map_or("", |day| DAYS[day])
}

/// Year and number of the week that holds a day, as in the United States: it starts on Sunday, and January 1st is in the first.
fn week(zoned: &ZonedDateTime) -> (i64, i64) {
    let (year, day) = (i64::from(zoned.year()), i64::from(zoned.day_of_year()));
    let weekday = i64::from(zoned.weekday().to_sunday_zero_offset());
    let days_left = i64::from(zoned.days_in_year()) - day;
    if days_left + weekday < 6 {
        return (year + 1, 1);
    }
    let first_weekday = (weekday - (day - 1)).rem_euclid(7);
    (year, (day - 1 + first_weekday) / 7 + 1)
}

fn year(year: i64, count: usize) -> String {
    match count {
        2 => format!("{:02}", year.rem_euclid(100)),
        _ => padded(year, count),
    }
}

fn padded(number: i64, count: usize) -> String {
    format!("{number:0count$}")
}

/// So many digits of the second's fraction, cut off.
fn fraction(nanosecond: i64, count: usize) -> String {
    format!("{nanosecond:09}").chars().take(count).collect()
}

/// `+01:00`, or `Z` for none where `zulu`.
pub(super) fn offset(zoned: &ZonedDateTime, zulu: bool, colon: &str) -> String {
    let seconds = zoned.offset().seconds();
    if zulu && seconds == 0 {
        return "Z".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

/// `GMT+1`, `GMT+5:30`, or always with two digits and minutes.
fn gmt(zoned: &ZonedDateTime, long: bool) -> String {
    let seconds = zoned.offset().seconds();
    if seconds == 0 {
        return "GMT".into();
    }
    if long {
        return format!("GMT{}", offset(zoned, false, ":"));
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    let minutes = if minutes == 0 {
        String::new()
    } else {
        format!(":{minutes:02}")
    };
    format!("GMT{sign}{hours}{minutes}")
}

fn zone_id(zoned: &ZonedDateTime) -> String {
    zoned
        .time_zone()
        .iana_name()
        .map_or_else(|| gmt(zoned, true), String::from)
}

/// `UTC`, `CET`, `PDT`; of a fixed offset `GMT+05:30`.
fn zone_name(zoned: &ZonedDateTime) -> String {
    if zoned.time_zone().iana_name().is_none() {
        return gmt(zoned, true);
    }
    zoned
        .time_zone()
        .to_offset_info(zoned.timestamp())
        .abbreviation()
        .into()
}
