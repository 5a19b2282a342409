//! How the words of a tag join: helper, arguments, named arguments, sub-expressions, block parameters.
//!
//! That grammar is the `handlebars` crate's: a tag is handed to it with every word replaced by its number (`w0`, `w1`, …),
//! and the tree that comes back is read with those numbers. So no spelling of a path or a literal can be
//! misread by it, numbers keep their text, and a fault is found back in the source.

use std::collections::HashMap;

use handlebars::template::{BlockParam, HelperTemplate, Parameter, Subexpression, TemplateElement};
use handlebars::{Path, PathSeg, Template};

use super::scan::{Sigil, Tag};
use super::words::{Word, WordKind};
use super::{MOST_NESTED, TemplateFault};

/// A tag's expression, its words by their numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) head: Joined,
    pub(super) arguments: Vec<Joined>,
    /// Number of the name, value; in the order of the source.
    pub(super) named: Vec<(usize, Joined)>,
    /// Whether `as |…|` ends it.
    pub(super) has_parameters: bool,
}

/// A word or a sub-expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    Word(usize),
    Call(Box<Expression>),
}

// === impl Expression ===

impl Expression {
    /// Number of the word that it begins with.
    pub(super) fn head_word(&self) -> usize {
        match &self.head {
            Joined::Word(number) => *number,
            Joined::Call(call) => call.head_word(),
        }
    }
}

/// Joins the words of `tag`.
///
/// # Errors
/// Words that make no expression.
pub(super) fn join(tag: &Tag) -> Result<Expression, TemplateFault> {
    balanced(&tag.words)?;
    let written = Written::of(tag);
    let template = Template::compile(&written.text).map_err(|error| {
        let column = error
            .pos()
            .map_or(0, |(_, column)| column.saturating_sub(1));
        let offset = written.offset_of(column, tag);
        TemplateFault {
            offset,
            message: unreadable(tag).into(),
        }
    })?;
    match template.elements.as_slice() {
        [TemplateElement::Expression(call) | TemplateElement::HelperBlock(call)] => of_call(call)
            .ok_or_else(|| TemplateFault {
                offset: tag.offset,
                message: unreadable(tag).into(),
            }),
        _ => Err(TemplateFault {
            offset: tag.offset,
            message: unreadable(tag).into(),
        }),
    }
}

fn unreadable(tag: &Tag) -> &'static str {
    match tag.sigil {
        Sigil::Open | Sigil::OpenInverse | Sigil::ElseChain => {
            "cannot read this block; accepted is a path or a helper with its arguments, as in `{{#helper a b name=c as |item|}}`"
        }
        Sigil::Value | Sigil::Else | Sigil::Close | Sigil::Comment => {
            "cannot read this expression; accepted is a path or a helper with its arguments, as in `{{helper a (other b) name=c}}`"
        }
    }
}

/// Refuses what would nest deeper than the crate's parser has stack, and parentheses that do not match.
fn balanced(words: &[Word]) -> Result<(), TemplateFault> {
    let mut open = Vec::new();
    for word in words {
        match word.kind {
            WordKind::Opening => open.push(word.offset),
            WordKind::Closing if open.pop().is_none() => {
                return Err(TemplateFault {
                    offset: word.offset,
                    message: "`)` without `(`".into(),
                });
            }
            WordKind::Path(_) | WordKind::Literal(_) | WordKind::Closing => {}
            WordKind::Equals | WordKind::Parameters(_) => {}
        }
        if open.len() > MOST_NESTED {
            let message = format!("sub-expressions nest more than {MOST_NESTED} deep");
            return Err(TemplateFault {
                offset: word.offset,
                message,
            });
        }
    }
    match open.last() {
        Some(&offset) => Err(TemplateFault {
            offset,
            message: "`(` is never closed by `)`".into(),
        }),
        None => Ok(()),
    }
}

/// A tag as the crate gets it.
struct Written {
    text: String,
    /// Where each word starts in `text`.
    columns: Vec<usize>,
}

// === impl Written ===

impl Written {
    fn of(tag: &Tag) -> Self {
        let block = matches!(
            tag.sigil,
            Sigil::Open | Sigil::OpenInverse | Sigil::ElseChain
        );
        let mut written = Self {
            text: String::from(if block { "{{#" } else { "{{" }),
            columns: Vec::new(),
        };
        for (number, word) in tag.words.iter().enumerate() {
            written.columns.push(written.text.len());
            match &word.kind {
                WordKind::Path(_) | WordKind::Literal(_) => {
                    written.text.push_str(&format!("w{number}"))
                }
                WordKind::Opening => written.text.push('('),
                WordKind::Closing => written.text.push(')'),
                WordKind::Equals => written.text.push('='),
                WordKind::Parameters(_) => written.text.push_str("as |item|"),
            }
            written.text.push(' ');
        }
        written.text.push_str("}}");
        if block {
            written.text.push_str("{{/w0}}");
        }
        written
    }

    fn offset_of(&self, column: usize, tag: &Tag) -> usize {
        let after = self.columns.partition_point(|&start| start <= column);
        let word = after
            .checked_sub(1)
            .and_then(|number| tag.words.get(number));
        word.map_or(tag.offset, |word| word.offset)
    }
}

fn of_call(call: &HelperTemplate) -> Option<Expression> {
    let has_parameters = match &call.block_param {
        None => false,
        Some(BlockParam::Single(_) | BlockParam::Pair(_)) => true,
        Some(_) => return None,
    };
    Some(Expression {
        head: joined(&call.name)?,
        arguments: call.params.iter().map(joined).collect::<Option<_>>()?,
        named: named(&call.hash)?,
        has_parameters,
    })
}

fn joined(parameter: &Parameter) -> Option<Joined> {
    match parameter {
        Parameter::Name(name) => Some(Joined::Word(number(name)?)),
        Parameter::Path(Path::Relative((segments, _))) => match segments.as_slice() {
            [PathSeg::Named(name)] => Some(Joined::Word(number(name)?)),
            _ => None,
        },
        Parameter::Subexpression(call) => Some(Joined::Call(Box::new(of_subexpression(call)?))),
        _ => None,
    }
}

fn of_subexpression(call: &Subexpression) -> Option<Expression> {
    match call.as_element() {
        TemplateElement::Expression(call) => of_call(call),
        _ => None,
    }
}

fn named(hash: &HashMap<String, Parameter>) -> Option<Vec<(usize, Joined)>> {
    let one = |(name, value): (&String, &Parameter)| Some((number(name)?, joined(value)?));
    let mut named: Vec<(usize, Joined)> = hash.iter().map(one).collect::<Option<_>>()?;
    named.sort_unstable_by_key(|(number, _)| *number);
    Some(named)
}

fn number(word: &str) -> Option<usize> {
    word.strip_prefix('w')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::scan::{Piece, cut};
    use super::*;

    fn tag(source: &str) -> Tag {
        match cut(source).unwrap().remove(0) {
            Piece::Tag(tag) => tag,
            Piece::Text(text) => panic!("text: {text}"),
        }
    }

    #[test]
    fn the_words_join_as_the_grammar_says() {
        let expression = join(&tag(
            "{{#math a.[b}}] (lower 'x}}' ) size=(now) as |x y| }}{{/math}}",
        ))
        .unwrap();

        let call = |head, arguments| {
            Joined::Call(Box::new(Expression {
                head: Joined::Word(head),
                arguments,
                named: vec![],
                has_parameters: false,
            }))
        };
        assert_eq!(
            expression,
            Expression {
                head: Joined::Word(0),
                arguments: vec![Joined::Word(1), call(3, vec![Joined::Word(4)])],
                named: vec![(6, call(9, vec![]))],
                has_parameters: true,
            }
        );
    }

    #[test]
    fn what_makes_no_expression_is_refused_where_it_stands() {
        for (source, offset) in [
            ("{{}}", 0),
            ("{{a b=}}", 5),
            ("{{a (b}}", 4),
            ("{{a b)}}", 5),
            ("{{= a}}", 2),
            ("{{#}}", 0),
            ("{{a () }}", 5),
            ("{{a as |x|}}", 4),
        ] {
            assert_eq!(join(&tag(source)).unwrap_err().offset, offset, "{source}");
        }
    }

    #[test]
    fn sub_expressions_are_bounded_before_they_are_parsed() {
        let source = format!("{{{{a {}b{}}}}}", "(c ".repeat(5000), ")".repeat(5000));

        assert_eq!(
            join(&tag(&source)).unwrap_err().message,
            "sub-expressions nest more than 64 deep"
        );
    }
}
