//! One file's text while it is read: what is wrong with it so far, and what it depends on.

use super::place::{Lines, Place};
use super::table::{Key, Table};
use crate::config::fault::{Fault, Severity};
use crate::template::PatternRoom;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// Most faults that are noted of one file: past that nobody reads them, and an answer that lists them
/// would outgrow the file many times over.
const MOST_FAULTS: usize = 1000;

/// The text of one file, and the faults found in it.
#[derive(Debug)]
pub(in crate::config) struct Sheet<'s> {
    file: &'s str,
    text: &'s str,
    /// The folder that relative paths start at.
    base: &'s Path,
    lines: Lines,
    /// Lines whose syntax is broken: what else seems wrong there follows from that.
    broken: Vec<usize>,
    faults: RefCell<Vec<Fault>>,
    errors: Cell<usize>,
    warnings: Cell<usize>,
    depends: RefCell<Vec<PathBuf>>,
    patterns: PatternRoom,
}

/// What a file's text came to.
#[derive(Debug)]
pub(in crate::config) struct Reading<T> {
    /// What the reader made of it, faults or not.
    pub(in crate::config) value: Option<T>,
    /// Whether no fault is an error: only then may the value be put into service.
    pub(in crate::config) is_valid: bool,
    /// In the order of the file.
    pub(in crate::config) faults: Vec<Fault>,
    /// Other files that were read for it: a change of one means reading this again.
    pub(in crate::config) depends: Vec<PathBuf>,
}

// === impl Sheet ===

impl<'s> Sheet<'s> {
    /// Reads `text`, the content of `file`, with `reader`; paths in it start at `base`.
    pub(in crate::config) fn read<T>(
        file: &'s str,
        text: &'s str,
        base: &'s Path,
        reader: impl FnOnce(&Table<'_>) -> Option<T>,
    ) -> Reading<T> {
        let (document, syntax) = DeTable::parse_recoverable(text);
        let mut sheet = Self {
            file,
            text,
            base,
            lines: Lines::of(text),
            broken: Vec::new(),
            faults: RefCell::default(),
            errors: Cell::new(0),
            warnings: Cell::new(0),
            depends: RefCell::default(),
            patterns: PatternRoom::default(),
        };
        for error in &syntax {
            let span = error.span().unwrap_or(0..0);
            sheet.error(
                &Key::Root,
                span.start,
                format!("not TOML: {}", error.message()),
            );
        }
        let broken: Vec<_> = sheet.faults.borrow().iter().map(|f| f.line).collect();
        sheet.broken = broken.iter().flat_map(|line| sheet.spoilt(*line)).collect();
        let root = Table::new(&sheet, Key::Root, 0..0, document.get_ref());
        let value = reader(&root);
        root.close();
        sheet.finish(value)
    }

    /// Notes an error of `key` at the byte `offset`.
    pub(super) fn error(&self, key: &Key<'_>, offset: usize, message: String) {
        self.note(Severity::Error, key, offset, message);
    }

    /// Notes a warning of `key` at the byte `offset`.
    pub(super) fn warn(&self, key: &Key<'_>, offset: usize, message: String) {
        self.note(Severity::Warning, key, offset, message);
    }

    /// Whether as many errors as may be are noted, so that no more need be looked for.
    pub(super) fn is_full(&self) -> bool {
        self.count(Severity::Error).get() >= MOST_FAULTS
    }

    /// How many faults of a severity are noted.
    fn count(&self, severity: Severity) -> &Cell<usize> {
        match severity {
            Severity::Error => &self.errors,
            Severity::Warning => &self.warnings,
        }
    }

    /// Whether the text is TOML throughout. Where it is not, a key may be missing only because
    /// its line could not be read.
    pub(super) fn is_whole(&self) -> bool {
        self.broken.is_empty()
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        self.lines.place(self.text, offset)
    }

    /// The text as it is written at `span`.
    pub(super) fn token(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// `path` from the folder that relative paths start at.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// What the file has left for regular expressions.
    pub(super) fn patterns(&self) -> &PatternRoom {
        &self.patterns
    }

    /// Remembers that the meaning of this file hangs on `file`.
    pub(super) fn depends_on(&self, file: PathBuf) {
        self.depends.borrow_mut().push(file);
    }

    /// The lines that cannot be judged when the syntax of `line` is broken: where it is the head of a
    /// table, all that stand under it.
    fn spoilt(&self, line: usize) -> Range<usize> {
        let is_head = |text: &str| text.trim_start().starts_with('[');
        let mut below = self.text.lines().skip(line - 1);
        if !below.next().is_some_and(is_head) {
            return line..line + 1;
        }
        line..line + 1 + below.take_while(|text| !is_head(text)).count()
    }

    fn note(&self, severity: Severity, key: &Key<'_>, offset: usize, message: String) {
        // Each severity has its own room: no number of warnings hides that a file is refused.
        let count = self.count(severity);
        if count.get() >= MOST_FAULTS {
            return;
        }
        let Place { line, column } = self.place(offset);
        if self.broken.contains(&line) {
            return;
        }
        count.set(count.get() + 1);
        let is_last = count.get() == MOST_FAULTS;
        let more = format!("the first {MOST_FAULTS} faults of a file are told: there may be more");
        for message in [Some(message), is_last.then_some(more)]
            .into_iter()
            .flatten()
        {
            self.faults.borrow_mut().push(Fault {
                file: self.file.to_owned(),
                line,
                column,
                key: key.to_string(),
                message,
                severity,
            });
        }
    }

    fn finish<T>(self, value: Option<T>) -> Reading<T> {
        let mut faults = self.faults.into_inner();
        faults.sort();
        faults.dedup();
        let refused = faults.iter().any(|f| f.severity == Severity::Error);
        Reading {
            value,
            is_valid: !refused,
            faults,
            depends: self.depends.into_inner(),
        }
    }
}
