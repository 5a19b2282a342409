//! Cuts a source into text and tags where handlebars.js cuts it.
//!
//! The cutting is our own because the crate's grammar cuts elsewhere: it has other escapes (`\{{`, `\\{{`), and strips
//! white space by other rules. Offsets are bytes into the source.
//!
//! Not here: what stands inside a tag ([`words`]), how blocks nest (`tree`).

use super::TemplateFault;
use super::words::{self, Word};

/// A piece of a source.
#[derive(Debug)]
pub(super) enum Piece {
    /// Literal text, with its escapes undone.
    Text(String),
    Tag(Tag),
}

/// `{{…}}`.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) offset: usize,
    pub(super) sigil: Sigil,
    pub(super) strip: Strip,
    pub(super) words: Vec<Word>,
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sigil {
    /// `{{x}}`, `{{{x}}}` and `{{&x}}`, which mean the same here.
    Value,
    /// `{{#x}}`
    Open,
    /// `{{^x}}`
    OpenInverse,
    /// `{{else}}` and `{{^}}`
    Else,
    /// `{{else x}}`
    ElseChain,
    /// `{{/x}}`
    Close,
    /// `{{! … }}` and `{{!-- … --}}`
    Comment,
}

/// Which sides of a tag have a `~`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Strip {
    pub(super) before: bool,
    pub(super) after: bool,
}

/// The pieces of `source` in order. Neighbouring texts stay apart where handlebars.js keeps them apart.
///
/// # Errors
/// A tag that is not closed, that cannot be read, or that asks for partials, decorators or raw blocks.
pub(super) fn cut(source: &str) -> Result<Vec<Piece>, TemplateFault> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let Some(length) = source[at..].find("{{") else {
            pieces.push(Piece::Text(source[at..].into()));
            break;
        };
        let opening = at + length;
        let text = &source[at..opening];
        let escaped = text.ends_with('\\') && !text.ends_with("\\\\");
        // Of one backslash or two, one is spent: on hiding the braces, or on saying that it hides nothing.
        push_text(&mut pieces, text.strip_suffix('\\').unwrap_or(text));
        if escaped {
            let end = end_of_hidden(source, opening);
            push_text(&mut pieces, &source[opening..end]);
            at = end;
        } else {
            let (tag, end) = tag(source, opening)?;
            pieces.push(Piece::Tag(tag));
            at = end;
        }
    }
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
}

/// Where text ends whose braces at `opening` are hidden by a backslash: at the next tag, hidden or not.
fn end_of_hidden(source: &str, opening: usize) -> usize {
    let start = opening + 2;
    let Some(next) = source[start..].find("{{") else {
        return source.len();
    };
    let text = &source[start..start + next];
    let backslashes = text
        .bytes()
        .rev()
        .take(2)
        .take_while(|&byte| byte == b'\\')
        .count();
    start + next - backslashes
}

fn tag(source: &str, offset: usize) -> Result<(Tag, usize), TemplateFault> {
    let fault = |message: &str| TemplateFault {
        offset,
        message: message.into(),
    };
    if source[offset..].starts_with("{{{{") {
        return Err(fault(
            "`{{{{` opens a raw block, and raw blocks are not accepted; put a space after a literal `{`",
        ));
    }
    let mut at = offset + 2;
    let before = source[at..].starts_with('~');
    at += usize::from(before);
    let rest = &source[at..];
    if rest.starts_with('!') {
        return comment(source, offset, at, before);
    }
    if rest.starts_with(['>', '*']) || rest.starts_with("#>") || rest.starts_with("#*") {
        let what = if rest.trim_start_matches('#').starts_with('*') {
            "decorators"
        } else {
            "partials"
        };
        return Err(fault(&format!(
            "{what} are not accepted; accepted are values, helpers and blocks"
        )));
    }
    let (sigil, skipped) = sigil(rest);
    let triple = rest.starts_with('{');
    let read = words::read(source, at + skipped, offset, triple)?;
    let strip = Strip {
        before,
        after: read.strip_after,
    };
    let sigil = match sigil {
        Sigil::OpenInverse if read.words.is_empty() => Sigil::Else,
        Sigil::ElseChain if read.words.is_empty() => Sigil::Else,
        sigil => sigil,
    };
    Ok((
        Tag {
            offset,
            sigil,
            strip,
            words: read.words,
        },
        read.end,
    ))
}

/// The tag's kind by its first characters, and how many bytes they take.
fn sigil(rest: &str) -> (Sigil, usize) {
    match rest.as_bytes().first() {
        Some(b'#') => return (Sigil::Open, 1),
        Some(b'/') => return (Sigil::Close, 1),
        Some(b'^') => return (Sigil::OpenInverse, 1),
        Some(b'{' | b'&') => return (Sigil::Value, 1),
        Some(_) | None => {}
    }
    let word = rest.trim_start_matches(words::is_space);
    let skipped = rest.len() - word.len();
    match word.strip_prefix("else") {
        Some(after)
            if after.starts_with(|next| next == '~' || next == '}' || words::is_space(next)) =>
        {
            (Sigil::ElseChain, skipped + "else".len())
        }
        Some(_) | None => (Sigil::Value, 0),
    }
}

fn comment(
    source: &str,
    offset: usize,
    at: usize,
    before: bool,
) -> Result<(Tag, usize), TemplateFault> {
    let long = source[at..].starts_with("!--");
    // The dashes that open a comment may close it too: `{{!--}}`.
    let inner = &source[at + 1..];
    let closed = if long {
        end_of_long(inner)
    } else {
        inner.find("}}").map(|length| length + "}}".len())
    };
    let Some(length) = closed else {
        let end = if long { "--}}" } else { "}}" };
        return Err(TemplateFault {
            offset,
            message: format!("this comment is never closed by `{end}`"),
        });
    };
    let end = at + 1 + length;
    let after = source.as_bytes()[end - 3] == b'~';
    let strip = Strip { before, after };
    Ok((
        Tag {
            offset,
            sigil: Sigil::Comment,
            strip,
            words: Vec::new(),
        },
        end,
    ))
}

/// Where the first `--}}` or `--~}}` of `text` ends. Both are looked for at once: a comment that one
/// of them closes costs its own length, however far the other is.
pub(crate) fn end_of_long(text: &str) -> Option<usize> {
    text.match_indices("}}").find_map(|(at, end)| {
        let before = &text[..at];
        let before = before.strip_suffix('~').unwrap_or(before);
        before.ends_with("--").then_some(at + end.len())
    })
}
