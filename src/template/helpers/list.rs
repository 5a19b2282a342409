//! Helpers about lists.

use std::borrow::Cow;

use super::super::RenderError;
use super::super::value::Value;
use super::super::{data, json};
use super::Arguments;

type Made<'a> = Result<Value<'a>, RenderError>;

/// A list and its separator, or the values themselves and the separator last.
pub(super) fn join<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let prefix = arguments.named_text("prefix")?.unwrap_or_default();
    let suffix = arguments.named_text("suffix")?.unwrap_or_default();
    let mut made = arguments.bounds.made();
    made.push_str(&prefix)?;
    if let Value::Array(list) = *arguments.value(0) {
        let separator = arguments.optional_text(1)?.unwrap_or_default();
        if arguments.count() > 2 {
            return Err(arguments.refuse("list", "must be followed by one separator"));
        }
        arguments.bounds.work(list.len())?;
        for (number, item) in json::items(list).enumerate() {
            if number > 0 {
                made.push_str(&separator)?;
            }
            made.push_str(&item_text(arguments, item)?)?;
        }
    } else {
        let last = arguments.count() - 1;
        let separator = if last == 0 {
            Cow::Borrowed("")
        } else {
            arguments.text(last)?
        };
        for number in 0..last.max(1) {
            if number > 0 {
                made.push_str(&separator)?;
            }
            made.push_str(&arguments.optional_text(number)?.unwrap_or_default())?;
        }
    }
    made.push_str(&suffix)?;
    Ok(Value::text(made.finish()))
}

/// An item's text; nothing of `null`.
fn item_text<'a>(
    arguments: &Arguments<'_, 'a>,
    item: &'a str,
) -> Result<Cow<'a, str>, RenderError> {
    let item = Value::of_json(item);
    if item.is_absent() {
        return Ok(Cow::Borrowed(""));
    }
    let refused = || {
        arguments.refuse(
            "list",
            &format!("must hold text and numbers, not {}", item.kind()),
        )
    };
    item.as_text().ok_or_else(refused)
}

/// Items of a list, members of an object, characters of a text.
pub(super) fn length<'a>(arguments: &mut Arguments<'_, 'a>) -> Made<'a> {
    let count = match *arguments.value(0) {
        Value::Missing | Value::Null => 0,
        Value::Array(list) => {
            arguments.bounds.work(list.len())?;
            json::items(list).count()
        }
        Value::Object(object) => {
            arguments.bounds.work(object.len())?;
            data::once_each(json::members(object)).len()
        }
        Value::Root => arguments.data.members().len(),
        Value::Bool(_) | Value::Number(_) | Value::Text(_) => arguments.text(0)?.chars().count(),
    };
    Ok(Value::count(count))
}
