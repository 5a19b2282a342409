//! The words inside a tag: paths, literals, signs, as handlebars.js spells them.
//!
//! Each word is read here so that `[a b]`, `'it\'s'`, `1.10` and `}}` within a string mean what they mean there.
//! How words join into helpers, arguments and sub-expressions is the crate's to say (`expression`).

use super::TemplateFault;

/// A word and where it starts, in bytes of the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) offset: usize,
    pub(super) kind: WordKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum WordKind {
    Path(PathWord),
    Literal(Literal),
    /// `(`
    Opening,
    /// `)`
    Closing,
    /// `=`
    Equals,
    /// `as |…|`
    Parameters(Vec<String>),
}

/// A path as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathWord {
    /// With `@`: a loop's data or `@root`.
    pub(super) data: bool,
    /// How many `../` it starts with.
    pub(super) up: usize,
    /// Starts with `this`, `.` or `..`: a value, never a helper or a block parameter.
    pub(super) scoped: bool,
    pub(super) keys: Vec<String>,
    pub(super) written: String,
}

/// A value written in the template. A number keeps its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(String),
    Bool(bool),
    Null,
    Undefined,
}

/// The words of one tag and where it ends.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) words: Vec<Word>,
    pub(super) strip_after: bool,
    pub(super) end: usize,
}

/// White space as JavaScript's `\s` has it.
pub(super) fn is_space(character: char) -> bool {
    match character {
        '\u{feff}' => true,
        '\u{85}' => false,
        _ => character.is_whitespace(),
    }
}

/// Reads words from `start` until the tag opened at `opening` closes.
///
/// # Errors
/// A tag that never closes, or a character that no word can have.
pub(super) fn read(
    source: &str,
    start: usize,
    opening: usize,
    triple: bool,
) -> Result<Read, TemplateFault> {
    let closings: [(&str, bool); 2] = if triple {
        [("}}}", false), ("}~}}", true)]
    } else {
        [("}}", false), ("~}}", true)]
    };
    let mut reader = Reader { source, at: start };
    let mut words = Vec::new();
    loop {
        reader.space();
        let rest = reader.rest();
        if let Some((closing, strip_after)) = closings
            .iter()
            .find(|(closing, _)| rest.starts_with(closing))
        {
            let end = reader.at + closing.len();
            return Ok(Read {
                words,
                strip_after: *strip_after,
                end,
            });
        }
        if rest.is_empty() || (triple && rest.starts_with("}}")) {
            return Err(never_closed(opening, triple));
        }
        words.push(reader.word()?);
    }
}

fn never_closed(offset: usize, triple: bool) -> TemplateFault {
    let message = if triple {
        "`{{{` is never closed by `}}}`; put a space after a literal `{` that stands before `{{`"
    } else {
        "`{{` is never closed by `}}`; for literal braces write `\\{{`"
    };
    TemplateFault {
        offset,
        message: message.into(),
    }
}

struct Reader<'s> {
    source: &'s str,
    at: usize,
}

// === impl Reader ===

impl<'s> Reader<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn space(&mut self) {
        self.at = self.source.len() - self.rest().trim_start_matches(is_space).len();
    }

    fn word(&mut self) -> Result<Word, TemplateFault> {
        let offset = self.at;
        let kind = match self.rest().as_bytes().first() {
            Some(b'(') => self.sign(WordKind::Opening),
            Some(b')') => self.sign(WordKind::Closing),
            Some(b'=') => self.sign(WordKind::Equals),
            Some(quote @ (b'"' | b'\'')) => self.string(*quote)?,
            Some(_) | None => match self.parameters()? {
                Some(parameters) => parameters,
                None => match self.literal() {
                    Some(literal) => WordKind::Literal(literal),
                    None => WordKind::Path(self.path()?),
                },
            },
        };
        Ok(Word { offset, kind })
    }

    fn sign(&mut self, kind: WordKind) -> WordKind {
        self.at += 1;
        kind
    }

    /// Only the quote itself can be escaped; every other backslash is a backslash.
    fn string(&mut self, quote: u8) -> Result<WordKind, TemplateFault> {
        let inner = &self.rest()[1..];
        let bytes = inner.as_bytes();
        let mut end = 0;
        while bytes.get(end).is_some_and(|&byte| byte != quote) {
            let escaped = bytes[end] == b'\\' && bytes.get(end + 1) == Some(&quote);
            end += 1 + usize::from(escaped);
        }
        if end >= bytes.len() {
            let message = format!("this text is never closed by `{}`", char::from(quote));
            return Err(self.fault(message));
        }
        self.at += end + 2;
        let quote = char::from(quote);
        let text = inner[..end].replace(&format!("\\{quote}"), &quote.to_string());
        Ok(WordKind::Literal(Literal::Text(text)))
    }

    /// `as |a b|`
    fn parameters(&mut self) -> Result<Option<WordKind>, TemplateFault> {
        let Some(after) = self.rest().strip_prefix("as") else {
            return Ok(None);
        };
        let Some(list) = after.trim_start_matches(is_space).strip_prefix('|') else {
            return Ok(None);
        };
        if !after.starts_with(is_space) {
            return Ok(None);
        }
        let Some(end) = list.find('|') else {
            return Err(self.fault("block parameters are never closed by `|`".into()));
        };
        let names: Vec<String> = list[..end]
            .split(is_space)
            .filter(|name| !name.is_empty())
            .map(String::from)
            .collect();
        if !(1..=2).contains(&names.len()) || !names.iter().all(|name| name.chars().all(is_name)) {
            return Err(
                self.fault("block parameters are one or two names: `as |item index|`".into())
            );
        }
        self.at = self.source.len() - list.len() + end + 1;
        Ok(Some(WordKind::Parameters(names)))
    }

    fn literal(&mut self) -> Option<Literal> {
        let rest = self.rest();
        let length = rest
            .find(|next| is_space(next) || matches!(next, '~' | '}' | ')' | ']'))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let literal = match word {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "null" => Literal::Null,
            "undefined" => Literal::Undefined,
            _ => Literal::Number(number(word)?),
        };
        self.at += length;
        Some(literal)
    }

    fn path(&mut self) -> Result<PathWord, TemplateFault> {
        let start = self.at;
        let mut path = PathWord {
            data: false,
            up: 0,
            scoped: false,
            keys: Vec::new(),
            written: String::new(),
        };
        if self.rest().starts_with('@') {
            path.data = true;
            self.at += 1;
        }
        loop {
            self.segment(&mut path, start)?;
            let rest = self.rest();
            let joined = rest.starts_with(['.', '/'])
                && rest[1..].starts_with(|next| is_name(next) || next == '[' || next == '.');
            if !joined {
                break;
            }
            self.at += 1;
        }
        if path.data && path.keys.is_empty() {
            return Err(self.fault_at(start, "a name is missing after `@`".into()));
        }
        path.written = self.source[start..self.at].into();
        Ok(path)
    }

    fn segment(&mut self, path: &mut PathWord, start: usize) -> Result<(), TemplateFault> {
        let rest = self.rest();
        if rest.starts_with('[') {
            return self.bracketed(path);
        }
        let length = match rest.as_bytes() {
            [b'.', b'.', ..] => 2,
            [b'.', ..] => 1,
            _ => rest.find(|next| !is_name(next)).unwrap_or(rest.len()),
        };
        let name = &rest[..length];
        if name.is_empty() {
            return Err(self.unexpected());
        }
        self.at += length;
        match name {
            ".." | "." | "this" if !path.keys.is_empty() => {
                let written = &self.source[start..self.at];
                let message = format!(
                    "`{name}` can only stand at the start of a path, not as in `{written}`"
                );
                return Err(self.fault_at(start, message));
            }
            ".." => {
                path.up += 1;
                path.scoped = true;
            }
            "." | "this" => path.scoped = true,
            _ => path.keys.push(name.into()),
        }
        Ok(())
    }

    fn bracketed(&mut self, path: &mut PathWord) -> Result<(), TemplateFault> {
        let inner = &self.rest()[1..];
        let bytes = inner.as_bytes();
        let mut end = 0;
        while bytes.get(end).is_some_and(|&byte| byte != b']') {
            let escaped = bytes[end] == b'\\' && bytes.get(end + 1) == Some(&b']');
            end += 1 + usize::from(escaped);
        }
        if end >= bytes.len() {
            return Err(self.fault("`[` is never closed by `]`".into()));
        }
        path.keys.push(unescape_bracketed(&inner[..end]));
        self.at += end + 2;
        Ok(())
    }

    fn unexpected(&self) -> TemplateFault {
        let message = match self.rest().chars().next() {
            Some(found) => format!("found `{found}` where a path, a literal or `}}}}` is accepted"),
            None => "the template ends inside a tag".into(),
        };
        self.fault(message)
    }

    fn fault(&self, message: String) -> TemplateFault {
        self.fault_at(self.at, message)
    }

    fn fault_at(&self, offset: usize, message: String) -> TemplateFault {
        TemplateFault { offset, message }
    }
}

/// `\]` and `\\` between brackets stand for the second character.
fn unescape_bracketed(inner: &str) -> String {
    let mut name = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next @ (']' | '\\')) if character == '\\' => {
                name.push(next);
                characters.next();
            }
            Some(_) | None => name.push(character),
        }
    }
    name
}

/// The text of a number that can stand in JSON: `007` is 7.
fn number(word: &str) -> Option<String> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !fraction.is_none_or(all_digits) {
        return None;
    }
    let sign = if word.starts_with('-') { "-" } else { "" };
    let stripped = whole.trim_start_matches('0');
    let whole = if stripped.is_empty() { "0" } else { stripped };
    let point = if fraction.is_some() { "." } else { "" };
    Some(format!("{sign}{whole}{point}{}", fraction.unwrap_or("")))
}

/// What a name may have, by handlebars.js: all but white space and ``!"#%&'()*+,./;<=>@[\]^`{|}~``.
fn is_name(character: char) -> bool {
    match character {
        '$' | '-' | ':' | '?' | '_' => true,
        '!'..='~' => character.is_ascii_alphanumeric(),
        _ => !is_space(character),
    }
}
