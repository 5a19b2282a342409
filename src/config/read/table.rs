//! A table of a file: hands out its keys, and knows which nobody asked for.

use super::field::Field;
use super::sheet::Sheet;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;
use toml::de::DeTable;

/// A longer name is no slip of the keyboard.
const LONGEST_NAME: usize = 100;

/// Where a value stands in its document.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) enum Key<'a> {
    Root,
    Name(&'a Key<'a>, &'a str),
    /// Counts from 0.
    Index(&'a Key<'a>, usize),
}

/// A table, and which of its keys were asked for.
#[derive(Debug)]
pub(in crate::config) struct Table<'a> {
    sheet: &'a Sheet<'a>,
    key: Key<'a>,
    span: Range<usize>,
    entries: &'a DeTable<'a>,
    /// What this table accepts: every name that was asked for.
    known: RefCell<Vec<&'static str>>,
    /// Whether any name is accepted.
    open: Cell<bool>,
}

// === impl Table ===

impl<'a> Table<'a> {
    pub(super) fn new(
        sheet: &'a Sheet<'a>,
        key: Key<'a>,
        span: Range<usize>,
        entries: &'a DeTable<'a>,
    ) -> Self {
        Self {
            sheet,
            key,
            span,
            entries,
            known: RefCell::default(),
            open: Cell::new(false),
        }
    }

    /// The value of `name`, if it is there.
    pub(super) fn field(&self, name: &'static str) -> Option<Field<'_>> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&name) {
            known.push(name);
        }
        let value = self.entries.get(name)?;
        Some(Field::new(
            self.sheet,
            Key::Name(&self.key, name),
            value.span(),
            value.get_ref(),
        ))
    }

    /// What `read` makes of `name`; none if it is not there, or is not what `read` accepts.
    pub(super) fn get<'t, T>(
        &'t self,
        name: &'static str,
        read: impl FnOnce(Field<'t>) -> Option<T>,
    ) -> Option<T> {
        self.field(name).and_then(read)
    }

    /// As [`Table::get`], and a fault if it is not there; `accepted` says what it should be.
    pub(super) fn need<'t, T>(
        &'t self,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(Field<'t>) -> Option<T>,
    ) -> Option<T> {
        let field = self.field(name);
        if field.is_none() && self.sheet.is_whole() {
            let message = format!("missing; expected {accepted}");
            self.sheet
                .error(&Key::Name(&self.key, name), self.span.start, message);
        }
        field.and_then(read)
    }

    /// What `read` makes of the table `name`; one that is not there is read as an empty one.
    pub(super) fn section<T>(&self, name: &'static str, read: impl FnOnce(&Table<'_>) -> T) -> T {
        let empty = DeTable::new();
        let nothing = || Table::new(self.sheet, Key::Name(&self.key, name), 0..0, &empty);
        let Some(field) = self.field(name) else {
            return read(&nothing());
        };
        match field.as_table() {
            Some(table) => {
                let value = read(&table);
                table.close();
                value
            }
            None => read(&nothing()),
        }
    }

    /// All entries in the order of the file, whatever their names; none of them is unknown then.
    pub(super) fn entries(&self) -> Vec<(&str, Field<'_>)> {
        self.open.set(true);
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
            .into_iter()
            .map(|(name, value)| {
                let name: &str = name.get_ref();
                let key = Key::Name(&self.key, name);
                (
                    name,
                    Field::new(self.sheet, key, value.span(), value.get_ref()),
                )
            })
            .collect()
    }

    /// Whether nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Notes a fault of the table as a whole.
    pub(super) fn error(&self, message: String) {
        self.sheet.error(&self.key, self.span.start, message);
    }

    /// Notes a warning of the table as a whole.
    pub(super) fn warn(&self, message: String) {
        self.sheet.warn(&self.key, self.span.start, message);
    }

    /// Ends the reading: every key that was not asked for is a fault.
    pub(super) fn close(&self) {
        if self.open.get() {
            return;
        }
        let known = self.known.borrow();
        for name in self.entries.keys() {
            let text: &str = name.get_ref();
            if known.contains(&text) {
                continue;
            }
            if self.sheet.is_full() {
                break;
            }
            let key = Key::Name(&self.key, text);
            let message = format!("unknown key{}", accepted(text, &known));
            self.sheet.error(&key, name.span().start, message);
        }
    }
}

// === impl Key ===

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Name(parent, name) => {
                match parent {
                    Self::Root => {}
                    Self::Name(..) | Self::Index(..) => write!(f, "{parent}.")?,
                }
                let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
                if !name.is_empty() && name.chars().all(bare) {
                    f.write_str(name)
                } else {
                    write!(f, "{name:?}")
                }
            }
        }
    }
}

/// The nearest of `known` to `found`, if it can be a slip of the keyboard.
pub(in crate::config) fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    // A long name would cost time and memory for each of its letters, and is near to nothing.
    if found.len() > LONGEST_NAME {
        return None;
    }
    let near = |name: &&'k str| (strsim::damerau_levenshtein(found, name), *name);
    let (distance, name) = known.iter().map(near).min()?;
    (distance <= (name.len() / 3).max(1)).then_some(name)
}

/// What to say after "unknown key".
fn accepted(found: &str, known: &[&str]) -> String {
    if let Some(name) = nearest(found, known) {
        return format!("; did you mean `{name}`?");
    }
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("; expected one of {}", names.join(", "))
}
