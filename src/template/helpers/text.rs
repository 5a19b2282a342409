//! Helpers from text to text: case, cutting, padding, cleaning. Positions count Unicode scalar values.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::super::RenderError;
use super::super::bounds::Bounds;
use super::super::value::Value;
use super::Arguments;

type Made<'a> = Result<Value<'a>, RenderError>;

pub(super) fn upper<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    Ok(Value::text(arguments.text(0)?.to_uppercase()))
}

pub(super) fn lower<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    Ok(Value::text(arguments.text(0)?.to_lowercase()))
}

pub(super) fn capitalize_first<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let mut characters = text.chars();
    let first: String = characters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    Ok(Value::text(first + characters.as_str()))
}

/// Words are what white space separates.
pub(super) fn capitalize<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let fully = arguments.named("fully").is_some_and(Value::is_true);
    let mut capitalized = String::with_capacity(text.len());
    let mut at_start = true;
    for character in text.chars() {
        if at_start {
            capitalized.extend(character.to_uppercase());
        } else if fully {
            capitalized.extend(character.to_lowercase());
        } else {
            capitalized.push(character);
        }
        at_start = character.is_whitespace();
    }
    Ok(Value::text(capitalized))
}

pub(super) fn cut<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let unwanted = arguments.optional_text(1)?.unwrap_or(Cow::Borrowed(" "));
    if unwanted.is_empty() {
        return Ok(Value::Text(text));
    }
    Ok(Value::text(text.replace(unwanted.as_ref(), "")))
}

/// Nothing is found where the text looked for is empty.
pub(super) fn replace<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let (old, new) = (arguments.text(1)?, arguments.text(2)?);
    if old.is_empty() {
        return Ok(Value::Text(text));
    }
    let mut made = arguments.bounds.made();
    for (number, part) in text.split(old.as_ref()).enumerate() {
        if number > 0 {
            made.push_str(&new)?;
        }
        made.push_str(part)?;
    }
    Ok(Value::text(made.finish()))
}

pub(super) fn substring<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let start = usize::try_from(arguments.whole(1)?).unwrap_or(0);
    let end = arguments
        .optional_whole(2)?
        .map(|end| usize::try_from(end).unwrap_or(0));
    let length = end.map_or(usize::MAX, |end| end.saturating_sub(start));
    Ok(Value::text(
        text.chars().skip(start).take(length).collect::<String>(),
    ))
}

/// Fewest characters that hold one of the text and the three points.
const SHORTEST_ABBREVIATION: i64 = 4;

pub(super) fn abbreviate<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let length = arguments.whole(1)?;
    if i64::try_from(text.chars().count()).is_ok_and(|count| count <= length) {
        return Ok(Value::Text(text));
    }
    if length < SHORTEST_ABBREVIATION {
        return Err(arguments.refuse("length", "must be at least 4"));
    }
    let kept = usize::try_from(length - 3).unwrap_or(usize::MAX);
    Ok(Value::text(
        text.chars().take(kept).collect::<String>() + "...",
    ))
}

pub(super) fn slugify<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let plain = text
        .trim()
        .nfd()
        .filter(|character| !is_combining_mark(*character));
    let kept: String = plain
        .flat_map(char::to_lowercase)
        .map(|character| {
            if character.is_whitespace() {
                ' '
            } else {
                character
            }
        })
        .filter(|character| {
            character.is_ascii_alphanumeric() || matches!(character, '_' | ' ' | '-')
        })
        .collect();
    let words: Vec<&str> = kept.split(' ').filter(|word| !word.is_empty()).collect();
    Ok(Value::text(words.join("-")))
}

pub(super) fn ljust<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    padded(arguments, |_| 0)
}

pub(super) fn rjust<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    padded(arguments, |missing| missing)
}

pub(super) fn center<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    padded(arguments, |missing| missing / 2)
}

/// Pads to `size`; `before` says how much of what is missing stands before the text.
fn padded<'a>(arguments: &mut Arguments<'_, 'a>, before: fn(usize) -> usize) -> Made<'a> {
    let text = arguments.text(0)?;
    let Some(size) = arguments.named_whole("size")? else {
        return Err(arguments.refuse("size", "is missing"));
    };
    let pad = arguments
        .named_text("pad")?
        .filter(|pad| !pad.is_empty())
        .unwrap_or(Cow::Borrowed(" "));
    let size = usize::try_from(size).unwrap_or(0);
    let missing = size.saturating_sub(text.chars().count());
    let before = before(missing);
    let mut made = arguments.bounds.made();
    made.pad(&pad, before)?;
    made.push_str(&text)?;
    made.pad(&pad, missing - before)?;
    let made = made.finish();
    arguments.bounds.work(made.len())?;
    Ok(Value::text(made))
}

/// A `<` that no `>` follows stays.
pub(super) fn strip_tags<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let text = arguments.text(0)?;
    let mut stripped = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(start) = rest.find('<') {
        let Some(length) = rest[start..].find('>') else {
            break;
        };
        stripped.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
    }
    stripped.push_str(rest);
    Ok(Value::text(stripped))
}

/// `\r\n` is one newline.
pub(super) fn breaklines(text: &str, bounds: &mut Bounds) -> Result<String, RenderError> {
    let mut made = bounds.made();
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_some() {
            made.push_str(line.strip_suffix('\r').unwrap_or(line))?;
            made.push_str("<br/>")?;
        } else {
            made.push_str(line)?;
        }
    }
    Ok(made.finish())
}
