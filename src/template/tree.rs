//! Nests the pieces of a source: blocks, their branches, and chains of `else`.
//!
//! The shape is that of handlebars.js, because its rules for white space (`whitespace`) are told in that shape: an `{{else if}}` is a
//! block alone in the inverse of the block before it. Depth is bounded here, so later passes may recurse.

use super::expression::{self, Expression};
use super::scan::{Piece, Sigil, Strip, Tag};
use super::words::{Word, WordKind};
use super::{MOST_NESTED, TemplateFault};

/// Most `{{else if}}` that may be open at one place: each costs a level of recursion.
const MOST_CHAINED: usize = 256;

/// A run of items; `chained`: it stands for an `{{else if}}`.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) items: Vec<Item>,
    pub(super) chained: bool,
}

#[derive(Debug)]
pub(super) enum Item {
    Text(Text),
    Value(Head),
    Comment(Strip),
    Block(Box<Block>),
}

/// Literal text while white space is stripped from it.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) original: String,
    pub(super) value: String,
    pub(super) left_stripped: bool,
    pub(super) right_stripped: bool,
}

/// A tag with its words joined.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) offset: usize,
    pub(super) strip: Strip,
    pub(super) words: Vec<Word>,
    pub(super) expression: Expression,
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) head: Head,
    pub(super) program: Option<Program>,
    pub(super) inverse: Option<Program>,
    pub(super) inverse_strip: Strip,
    pub(super) close_strip: Strip,
}

/// A block that is not closed yet.
struct Open {
    head: Head,
    inverted: bool,
    chained: bool,
    first: Program,
    /// After `{{else}}`: its strip and what follows.
    second: Option<(Strip, Program)>,
}

/// Nests `pieces`.
///
/// # Errors
/// Blocks that do not match, or nest too deep; tags whose words make no expression.
pub(super) fn nest(pieces: Vec<Piece>) -> Result<Program, TemplateFault> {
    let mut nest = Nest {
        root: Program::default(),
        open: Vec::new(),
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => nest.push(Item::Text(Text::new(text))),
            Piece::Tag(tag) => nest.tag(tag)?,
        }
    }
    match nest.open.iter().rev().find(|open| !open.chained) {
        Some(open) => Err(TemplateFault {
            offset: open.head.offset,
            message: format!(
                "`{}` is never closed by `{{{{/{}}}}}`",
                open.head.shown(open.inverted),
                open.head.name()
            ),
        }),
        None => Ok(nest.root),
    }
}

struct Nest {
    root: Program,
    open: Vec<Open>,
}

// === impl Nest ===

impl Nest {
    fn push(&mut self, item: Item) {
        let program = match self.open.last_mut() {
            Some(open) => open
                .second
                .as_mut()
                .map_or(&mut open.first, |(_, second)| second),
            None => &mut self.root,
        };
        program.items.push(item);
    }

    fn tag(&mut self, tag: Tag) -> Result<(), TemplateFault> {
        match tag.sigil {
            Sigil::Comment => self.push(Item::Comment(tag.strip)),
            Sigil::Value => {
                let head = Head::of(tag)?;
                self.push(Item::Value(head));
            }
            Sigil::Open => self.open(tag, false)?,
            Sigil::OpenInverse => self.open(tag, true)?,
            Sigil::Else => self.otherwise(&tag)?,
            Sigil::ElseChain => self.chain(tag)?,
            Sigil::Close => self.close(&tag)?,
        }
        Ok(())
    }

    fn open(&mut self, tag: Tag, inverted: bool) -> Result<(), TemplateFault> {
        let depth = self.open.iter().filter(|open| !open.chained).count();
        if depth == MOST_NESTED {
            let message = format!("blocks nest more than {MOST_NESTED} deep");
            return Err(TemplateFault {
                offset: tag.offset,
                message,
            });
        }
        let head = Head::of(tag)?;
        self.open.push(Open {
            head,
            inverted,
            chained: false,
            first: Program::default(),
            second: None,
        });
        Ok(())
    }

    fn otherwise(&mut self, tag: &Tag) -> Result<(), TemplateFault> {
        let open = self.branching(tag)?;
        open.second = Some((tag.strip, Program::default()));
        Ok(())
    }

    fn chain(&mut self, tag: Tag) -> Result<(), TemplateFault> {
        let open = self.branching(&tag)?;
        open.second = Some((
            tag.strip,
            Program {
                items: Vec::new(),
                chained: true,
            },
        ));
        if self.open.iter().filter(|open| open.chained).count() == MOST_CHAINED {
            let message = format!("more than {MOST_CHAINED} `{{{{else …}}}}` in one chain");
            return Err(TemplateFault {
                offset: tag.offset,
                message,
            });
        }
        let head = Head::of(tag)?;
        self.open.push(Open {
            head,
            inverted: false,
            chained: true,
            first: Program::default(),
            second: None,
        });
        Ok(())
    }

    /// The block that an `else` belongs to.
    fn branching(&mut self, tag: &Tag) -> Result<&mut Open, TemplateFault> {
        let fault = |message: &str| TemplateFault {
            offset: tag.offset,
            message: message.into(),
        };
        match self.open.last_mut() {
            None => Err(fault("`{{else}}` stands outside of any block")),
            Some(open) if open.second.is_some() => {
                Err(fault("this block has its `{{else}}` already"))
            }
            Some(open) => Ok(open),
        }
    }

    fn close(&mut self, tag: &Tag) -> Result<(), TemplateFault> {
        let name = close_name(tag)?;
        let opened = self.open.iter().rev().find(|open| !open.chained);
        match opened {
            None => {
                let message = format!("`{{{{/{name}}}}}` closes a block that was never opened");
                return Err(TemplateFault {
                    offset: tag.offset,
                    message,
                });
            }
            Some(open) if open.head.name() != name => {
                let shown = open.head.shown(open.inverted);
                let message = format!(
                    "found `{{{{/{name}}}}}` where `{{{{/{}}}}}` is accepted: `{shown}` is open",
                    open.head.name()
                );
                return Err(TemplateFault {
                    offset: tag.offset,
                    message,
                });
            }
            Some(_) => {}
        }
        while let Some(open) = self.open.pop() {
            let chained = open.chained;
            let block = open.closed(tag.strip);
            self.push(Item::Block(Box::new(block)));
            if !chained {
                break;
            }
        }
        Ok(())
    }
}

/// The name in `{{/name}}`.
fn close_name(tag: &Tag) -> Result<String, TemplateFault> {
    match tag.words.as_slice() {
        [
            Word {
                kind: WordKind::Path(path),
                ..
            },
        ] => Ok(path.written.clone()),
        _ => Err(TemplateFault {
            offset: tag.offset,
            message: "a closing tag has the name of its block and nothing else".into(),
        }),
    }
}

// === impl Open ===

impl Open {
    /// In a chain, handlebars.js gives the closing tag's marks to the block and to its first `{{else …}}`; the
    /// others keep their own.
    fn closed(self, closing: Strip) -> Block {
        let close_strip = if self.chained {
            self.head.strip
        } else {
            closing
        };
        let (inverse_strip, mut second) = match self.second {
            Some((strip, program)) => (strip, Some(program)),
            None => (Strip::default(), None),
        };
        let chain = second
            .as_mut()
            .filter(|second| second.chained && !self.chained);
        if let Some(Item::Block(first)) = chain.and_then(|chain| chain.items.first_mut()) {
            first.close_strip = closing;
        }
        let (program, inverse) = if self.inverted {
            (second, Some(self.first))
        } else {
            (Some(self.first), second)
        };
        Block {
            head: self.head,
            program,
            inverse,
            inverse_strip,
            close_strip,
        }
    }
}

// === impl Head ===

impl Head {
    fn of(tag: Tag) -> Result<Self, TemplateFault> {
        let expression = expression::join(&tag)?;
        Ok(Self {
            offset: tag.offset,
            strip: tag.strip,
            words: tag.words,
            expression,
        })
    }

    /// The first word as written; what a closing tag must repeat.
    pub(super) fn name(&self) -> &str {
        match self.words.first().map(|word| &word.kind) {
            Some(WordKind::Path(path)) => &path.written,
            _ => "…",
        }
    }

    fn shown(&self, inverted: bool) -> String {
        let sign = if inverted { '^' } else { '#' };
        format!("{{{{{sign}{}}}}}", self.name())
    }
}

// === impl Text ===

impl Text {
    fn new(text: String) -> Self {
        Self {
            original: text.clone(),
            value: text,
            left_stripped: false,
            right_stripped: false,
        }
    }
}
