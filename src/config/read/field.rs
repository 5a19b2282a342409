//! One value of a file, with its key and place, read as what it should be.

use super::place::{Place as FilePlace, into_token};
use super::sheet::Sheet;
use super::table::{Key, Table, nearest};
use super::units;
use crate::template::{Place, Template};
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

/// One value.
#[derive(Debug, Clone)]
pub(in crate::config) struct Field<'a> {
    sheet: &'a Sheet<'a>,
    key: Key<'a>,
    span: Range<usize>,
    value: &'a DeValue<'a>,
}

// === impl Field ===

impl<'a> Field<'a> {
    pub(super) fn new(
        sheet: &'a Sheet<'a>,
        key: Key<'a>,
        span: Range<usize>,
        value: &'a DeValue<'a>,
    ) -> Self {
        Self {
            sheet,
            key,
            span,
            value,
        }
    }

    /// Any text.
    pub(super) fn text(self) -> Option<&'a str> {
        self.text_as("a string")
    }

    /// Text with something in it, and no control characters.
    pub(super) fn name(self) -> Option<&'a str> {
        let text = self.clone().text()?;
        if text.is_empty() {
            return self.refuse("found \"\"; expected text");
        }
        if text.contains(char::is_control) {
            return self.refuse("found a control character; expected text without any");
        }
        Some(text)
    }

    /// As [`Field::name`], to keep.
    pub(super) fn name_owned(self) -> Option<String> {
        self.name().map(str::to_owned)
    }

    pub(super) fn boolean(self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            other => self.mismatch(other, "true or false"),
        }
    }

    /// A whole number within `range`.
    pub(super) fn number<N>(self, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i128> + PartialOrd + Display,
    {
        let accepted = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(found) = self.value else {
            return self.mismatch(self.value, &accepted);
        };
        let number = i128::from_str_radix(found.as_str(), found.radix()).ok();
        match number.and_then(|n| N::try_from(n).ok()) {
            Some(number) if range.contains(&number) => Some(number),
            Some(_) | None => self.refuse(format!("found {found}; expected {accepted}")),
        }
    }

    /// A duration, more than zero.
    pub(super) fn duration(self) -> Option<Duration> {
        let duration = self.clone().duration_or_zero()?;
        if duration.is_zero() {
            return self.refuse("found zero; expected more");
        }
        Some(duration)
    }

    /// A duration, zero included.
    pub(super) fn duration_or_zero(self) -> Option<Duration> {
        let text = self.clone().text_as(units::DURATION)?;
        let Some(duration) = units::duration(text) else {
            return self.refuse(format!("found {text:?}; expected {}", units::DURATION));
        };
        if duration > units::LONGEST {
            return self.refuse(format!("found {text:?}; expected at most \"3650d\""));
        }
        Some(duration)
    }

    /// A size in bytes, within `range`.
    pub(super) fn size(self, range: RangeInclusive<u64>) -> Option<u64> {
        let text = self.clone().text_as(units::SIZE)?;
        let Some(size) = units::size(text) else {
            return self.refuse(format!("found {text:?}; expected {}", units::SIZE));
        };
        if !range.contains(&size) {
            let (least, most) = (range.start(), bytesize::ByteSize(*range.end()));
            return self.refuse(format!(
                "found {text:?}; expected {least} bytes or more, and at most {most}"
            ));
        }
        Some(size)
    }

    /// One of a few words.
    pub(super) fn choice<T: Clone>(self, choices: &[(&'static str, T)]) -> Option<T> {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        let accepted: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
        let accepted = format!("one of {}", accepted.join(", "));
        let text = self.clone().text_as(&accepted)?;
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(choice.clone());
        }
        let near = nearest(text, &words)
            .or_else(|| words.iter().copied().find(|w| w.eq_ignore_ascii_case(text)))
            .map(|word| format!("; did you mean {word:?}?"))
            .unwrap_or_default();
        self.refuse(format!("found {text:?}; expected {accepted}{near}"))
    }

    /// Text that `parse` accepts; `accepted` says what that is.
    pub(super) fn parsed<T>(
        self,
        accepted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.clone().text_as(accepted)?;
        match parse(text) {
            Some(value) => Some(value),
            None => self.refuse(format!("found {text:?}; expected {accepted}")),
        }
    }

    /// A path; a relative one starts at the folder of `gateway.toml`.
    pub(super) fn path(self) -> Option<PathBuf> {
        let sheet = self.sheet;
        self.name().map(|path| sheet.path(path))
    }

    /// A template for `place`; a fault inside it points into the string.
    pub(super) fn template(self, place: Place) -> Option<Template> {
        let source = self
            .clone()
            .text_as("a string, which may hold {{expressions}}")?;
        match Template::parse_within(source, place, self.sheet.patterns()) {
            Ok(template) => {
                for fault in template.warnings() {
                    let offset = self.offset_inside(source, fault.offset);
                    self.sheet.warn(&self.key, offset, fault.message.clone());
                }
                Some(template)
            }
            Err(faults) => {
                for fault in faults {
                    let field = self.clone();
                    let _: Option<()> = field.refuse_inside(source, fault.offset, fault.message);
                }
                None
            }
        }
    }

    /// The values of an array; a fault in one does not hide the others.
    pub(super) fn list<T>(self, mut read: impl FnMut(Field<'_>) -> Option<T>) -> Option<Vec<T>> {
        let DeValue::Array(items) = self.value else {
            return self.mismatch(self.value, "an array");
        };
        let read_one = |(index, item): (usize, &'a toml::Spanned<DeValue<'a>>)| {
            let key = Key::Index(&self.key, index);
            read(Field::new(self.sheet, key, item.span(), item.get_ref()))
        };
        let read: Vec<_> = items.iter().enumerate().map(read_one).collect();
        read.into_iter().collect()
    }

    /// What `read` makes of a table; a key that it did not ask for is a fault.
    pub(super) fn table<T>(self, read: impl FnOnce(&Table<'_>) -> Option<T>) -> Option<T> {
        let table = self.as_table()?;
        let value = read(&table);
        table.close();
        value
    }

    /// The table that it is. Whoever takes it closes it.
    pub(super) fn as_table(&self) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(entries) => {
                Some(Table::new(self.sheet, self.key, self.span.clone(), entries))
            }
            other => self.mismatch(other, "a table"),
        }
    }

    /// Whether it is a table; else it is read as a single value.
    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// Whether it is an array without items.
    pub(super) fn is_empty_list(&self) -> bool {
        self.value.as_array().is_some_and(|items| items.is_empty())
    }

    /// The value as TOML has it.
    pub(super) fn value(&self) -> &'a DeValue<'a> {
        self.value
    }

    pub(super) fn sheet(&self) -> &'a Sheet<'a> {
        self.sheet
    }

    /// Its key, dotted.
    pub(super) fn key(&self) -> String {
        self.key.to_string()
    }

    /// Where it stands.
    pub(super) fn place(&self) -> FilePlace {
        self.sheet.place(self.span.start)
    }

    /// Notes a fault of this value.
    pub(super) fn error(&self, message: impl Into<String>) {
        self.sheet.error(&self.key, self.span.start, message.into());
    }

    /// Notes a fault of this value, and leaves nothing of it.
    pub(super) fn refuse<T>(&self, message: impl Into<String>) -> Option<T> {
        self.error(message);
        None
    }

    /// Notes a fault at the byte `offset` of `source`, this value's text.
    pub(super) fn refuse_inside<T>(
        &self,
        source: &str,
        offset: usize,
        message: impl Into<String>,
    ) -> Option<T> {
        let offset = self.offset_inside(source, offset);
        self.sheet.error(&self.key, offset, message.into());
        None
    }

    /// Notes that this value is of another type than it should be. Says the type and never the
    /// value, which may be a secret in a wrong shape.
    pub(super) fn mismatch<T>(&self, found: &DeValue<'_>, accepted: &str) -> Option<T> {
        let article = match found {
            DeValue::Integer(_) | DeValue::Array(_) => "an",
            DeValue::String(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Table(_) => "a",
        };
        let found = found.type_str();
        self.refuse(format!("found {article} {found}; expected {accepted}"))
    }

    fn text_as(self, accepted: &str) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            other => self.mismatch(other, accepted),
        }
    }

    fn offset_inside(&self, source: &str, offset: usize) -> usize {
        let token = self.sheet.token(self.span.clone());
        self.span.start + into_token(token, source, offset)
    }
}
