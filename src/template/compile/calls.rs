//! Names and calls: which helper a name is, where a path begins, and whether a helper takes what it is given.

use super::super::code::{Base, Call, Expression, LoopName, Path};
use super::super::expression::{self as joined, Joined};
use super::super::helpers::{self, Helper, Pattern};
use super::super::names;
use super::super::tree::Head;
use super::super::words::{Literal, PathWord, Word, WordKind};
use super::{Compiler, TemplateFault};

// === impl Compiler ===

impl Compiler<'_> {
    /// The helper that the head of a tag names.
    pub(super) fn named_helper(&self, head: &Head) -> Option<&'static Helper> {
        let Joined::Word(number) = head.expression.head else {
            return None;
        };
        let WordKind::Path(path) = &head.words[number].kind else {
            return None;
        };
        self.helper_of(path)
    }

    /// A bare name that is not a block parameter may be a helper's.
    pub(super) fn helper_of(&self, path: &PathWord) -> Option<&'static Helper> {
        let bare = !path.data && !path.scoped && path.keys.len() == 1;
        let name = path
            .keys
            .first()
            .filter(|name| bare && !self.bound.contains(name))?;
        helpers::find(name)
    }

    pub(super) fn expression(&self, head: &Head) -> Result<Expression, TemplateFault> {
        let expression = &head.expression;
        if let Joined::Call(_) = expression.head {
            return self.joined(head, &expression.head);
        }
        let bare = expression.arguments.is_empty() && expression.named.is_empty();
        match self.named_helper(head) {
            Some(helper) => self.inline(head, expression, helper),
            None if bare => self.head_path(head, expression),
            None => Err(self.unknown_helper(head, expression.head_word(), names::Use::Inline)),
        }
    }

    /// A literal at the head of a tag is a name: `{{"first name"}}`.
    pub(super) fn head_path(
        &self,
        head: &Head,
        expression: &joined::Expression,
    ) -> Result<Expression, TemplateFault> {
        let Joined::Word(number) = expression.head else {
            return self.joined(head, &expression.head);
        };
        match &head.words[number].kind {
            WordKind::Literal(literal) => {
                let path = Path {
                    base: Base::Context(0),
                    keys: vec![literal_name(literal).into()],
                };
                Ok(Expression::Path(path))
            }
            _ => self.joined(head, &expression.head),
        }
    }

    pub(super) fn inline(
        &self,
        head: &Head,
        expression: &joined::Expression,
        helper: &'static Helper,
    ) -> Result<Expression, TemplateFault> {
        if !helper.inline {
            let message = format!(
                "`{0}` is a block: accepted is `{{{{#{0} …}}}}…{{{{/{0}}}}}`",
                helper.name
            );
            let offset = head.words[expression.head_word()].offset;
            return Err(TemplateFault { offset, message });
        }
        Ok(Expression::Call(Box::new(
            self.call(head, expression, helper)?,
        )))
    }

    pub(super) fn joined(&self, head: &Head, joined: &Joined) -> Result<Expression, TemplateFault> {
        match joined {
            Joined::Word(number) => Ok(self.word(&head.words[*number])),
            Joined::Call(expression) => {
                let number = expression.head_word();
                let helper = match &head.words[number].kind {
                    WordKind::Path(path) => self.helper_of(path),
                    _ => None,
                };
                match helper {
                    Some(helper) => self.inline(head, expression, helper),
                    None => Err(self.unknown_helper(head, number, names::Use::Inline)),
                }
            }
        }
    }

    pub(super) fn word(&self, word: &Word) -> Expression {
        match &word.kind {
            WordKind::Path(path) => Expression::Path(self.path(path)),
            WordKind::Literal(literal) => Expression::Literal(literal.clone()),
            WordKind::Opening | WordKind::Closing | WordKind::Equals | WordKind::Parameters(_) => {
                unreachable!("`join` hands out the numbers of paths and literals only")
            }
        }
    }

    pub(super) fn path(&self, path: &PathWord) -> Path {
        let keys = |keys: &[String]| keys.iter().map(|key| key.as_str().into()).collect();
        if path.data {
            let base = match path.keys[0].as_str() {
                "root" => Base::Root,
                "index" => Base::Loop(path.up, LoopName::Index),
                "key" => Base::Loop(path.up, LoopName::Key),
                "first" => Base::Loop(path.up, LoopName::First),
                "last" => Base::Loop(path.up, LoopName::Last),
                _ => Base::Nothing,
            };
            return Path {
                base,
                keys: keys(&path.keys[1..]),
            };
        }
        let bound = path.keys.first().filter(|_| !path.scoped);
        let bound = bound.and_then(|name| self.bound.iter().rposition(|bound| bound == name));
        match bound {
            Some(place) => Path {
                base: Base::Bound(place),
                keys: keys(&path.keys[1..]),
            },
            None => Path {
                base: Base::Context(path.up),
                keys: keys(&path.keys),
            },
        }
    }

    pub(super) fn call(
        &self,
        head: &Head,
        expression: &joined::Expression,
        helper: &'static Helper,
    ) -> Result<Call, TemplateFault> {
        let offset = head.words[expression.head_word()].offset;
        let count = expression.arguments.len();
        if let Some(message) = helper.refuses_count(count) {
            return Err(TemplateFault { offset, message });
        }
        let arguments: Vec<Expression> = expression
            .arguments
            .iter()
            .map(|argument| self.joined(head, argument))
            .collect::<Result<_, _>>()?;
        let mut named = Vec::new();
        for (number, value) in &expression.named {
            let word = &head.words[*number];
            let WordKind::Path(PathWord { written, .. }) = &word.kind else {
                return Err(TemplateFault {
                    offset: word.offset,
                    message: "a named argument needs a name".into(),
                });
            };
            let Some(which) = helper.named.iter().position(|name| name == written) else {
                return Err(TemplateFault {
                    offset: word.offset,
                    message: helper.refuses_name(written),
                });
            };
            named.push((which, self.joined(head, value)?));
        }
        let pattern = match arguments.get(1) {
            Some(Expression::Literal(Literal::Text(pattern))) if helper.second_is_pattern => {
                Some(self.pattern(pattern, offset)?)
            }
            _ => None,
        };
        Ok(Call {
            helper,
            arguments,
            named,
            pattern,
        })
    }

    /// A regular expression that stands in the template.
    fn pattern(&self, pattern: &str, offset: usize) -> Result<Pattern, TemplateFault> {
        let fault = |message| TemplateFault { offset, message };
        self.room.is_left().map_err(fault)?;
        let read = Pattern::literal(pattern);
        self.room.take(Pattern::cost_of(&read));
        read.map_err(|error| {
            let error = error.to_string();
            let last = error.lines().last().unwrap_or("");
            let last = last.trim_start_matches("error: ");
            fault(format!(
                "`{pattern}` is not an accepted regular expression: {last}"
            ))
        })
    }

    pub(super) fn unknown_helper(
        &self,
        head: &Head,
        number: usize,
        usage: names::Use,
    ) -> TemplateFault {
        let word = &head.words[number];
        let written = match &word.kind {
            WordKind::Path(path) => path.written.as_str(),
            _ => "a literal",
        };
        TemplateFault {
            offset: word.offset,
            message: names::unknown(written, usage),
        }
    }
}

fn literal_name(literal: &Literal) -> &str {
    match literal {
        Literal::Text(text) | Literal::Number(text) => text,
        Literal::Bool(true) => "true",
        Literal::Bool(false) => "false",
        Literal::Null => "null",
        Literal::Undefined => "undefined",
    }
}
