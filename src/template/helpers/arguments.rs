//! A helper's arguments, asked for by what they must be.
//!
//! Numbers and booleans are taken as their text where text is wanted, numeric text as a number where a number is wanted;
//! anything else of a wrong type is an error that names helper and argument.

use std::borrow::Cow;

use super::super::RenderError;
use super::super::bounds::Bounds;
use super::super::data::Data;
use super::super::decimal::Decimal;
use super::super::value::Value;
use super::Helper;
use super::pattern::Pattern;

/// What a helper is called with.
pub(crate) struct Arguments<'r, 'a> {
    pub(in super::super) helper: &'static Helper,
    pub(in super::super) given: &'r [Value<'a>],
    pub(in super::super) named: &'r [(usize, Value<'a>)],
    /// The compiled pattern, where it is written in the template.
    pub(in super::super) pattern: Option<&'r Pattern>,
    pub(in super::super) bounds: &'r mut Bounds,
    pub(in super::super) data: &'a Data<'a>,
}

// === impl Arguments ===

impl<'a> Arguments<'_, 'a> {
    pub(super) fn value(&self, at: usize) -> &Value<'a> {
        self.given.get(at).unwrap_or(&Value::Missing)
    }

    pub(super) fn count(&self) -> usize {
        self.given.len()
    }

    pub(in super::super) fn text(&mut self, at: usize) -> Result<Cow<'a, str>, RenderError> {
        let name = self.name_of(at);
        let text = self.as_text(self.value(at), name)?;
        self.bounds.work(text.len())?;
        Ok(text)
    }

    /// Text, or `None` where it is missing or null.
    pub(super) fn optional_text(&mut self, at: usize) -> Result<Option<Cow<'a, str>>, RenderError> {
        if self.value(at).is_absent() {
            return Ok(None);
        }
        self.text(at).map(Some)
    }

    /// Any value as compact JSON.
    pub(super) fn json(&mut self, at: usize) -> Result<Cow<'a, str>, RenderError> {
        let json = self.value(at).to_json(self.data);
        self.bounds.work(json.len())?;
        Ok(json)
    }

    pub(super) fn number(&self, at: usize) -> Result<Decimal, RenderError> {
        self.as_number(self.value(at), self.name_of(at))
    }

    /// A whole number. One beyond all sizes is cut to what fits.
    pub(super) fn whole(&self, at: usize) -> Result<i64, RenderError> {
        self.as_whole(self.value(at), self.name_of(at))
    }

    /// A whole number, or `None` where it is missing or null.
    pub(super) fn optional_whole(&self, at: usize) -> Result<Option<i64>, RenderError> {
        if self.value(at).is_absent() {
            return Ok(None);
        }
        self.whole(at).map(Some)
    }

    /// A named argument; `None` where it is not given, missing or null.
    pub(super) fn named(&self, name: &str) -> Option<&Value<'a>> {
        let which = self.helper.named.iter().position(|other| *other == name)?;
        let given = self.named.iter().rev().find(|(number, _)| *number == which);
        given
            .map(|(_, value)| value)
            .filter(|value| !value.is_absent())
    }

    pub(super) fn named_text(&self, name: &str) -> Result<Option<Cow<'a, str>>, RenderError> {
        self.named(name)
            .map(|value| self.as_text(value, name))
            .transpose()
    }

    pub(super) fn named_whole(&self, name: &str) -> Result<Option<i64>, RenderError> {
        self.named(name)
            .map(|value| self.as_whole(value, name))
            .transpose()
    }

    /// An error about one argument.
    pub(super) fn refuse(&self, name: &str, why: &str) -> RenderError {
        RenderError::new(format!("helper `{}`: `{name}` {why}", self.helper.name))
    }

    /// What argument `at` is called.
    pub(super) fn name_of(&self, at: usize) -> &'static str {
        let names = self.helper.arguments;
        names.get(at).or(names.last()).copied().unwrap_or("value")
    }

    fn as_text(&self, value: &Value<'a>, name: &str) -> Result<Cow<'a, str>, RenderError> {
        value
            .as_text()
            .ok_or_else(|| self.wrong(value, name, "text"))
    }

    fn as_number(&self, value: &Value<'a>, name: &str) -> Result<Decimal, RenderError> {
        let number = match value {
            Value::Number(text) | Value::Text(text) => Decimal::parse(text),
            Value::Missing | Value::Null | Value::Bool(_) => None,
            Value::Array(_) | Value::Object(_) | Value::Root => None,
        };
        number.ok_or_else(|| match value {
            Value::Text(_) => self.refuse(name, "must be a number, not text that is none"),
            _ => self.wrong(value, name, "a number"),
        })
    }

    fn as_whole(&self, value: &Value<'a>, name: &str) -> Result<i64, RenderError> {
        let number = self.as_number(value, name)?;
        if !number.is_whole() {
            return Err(self.refuse(name, "must be a whole number"));
        }
        Ok(number
            .to_i64()
            .unwrap_or(if number.negative { i64::MIN } else { i64::MAX }))
    }

    fn wrong(&self, value: &Value<'_>, name: &str, wanted: &str) -> RenderError {
        if value.is_absent() {
            return self.refuse(name, "is missing");
        }
        self.refuse(name, &format!("must be {wanted}, not {}", value.kind()))
    }
}
