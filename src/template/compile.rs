//! Turns the tree of a source into code: names become helpers or places, and every fault of a template is found.
//!
//! In a JSON body the same walk follows the quotes of the literal text, which decides what each value may do ([`Quotes`]).

mod calls;
mod room;

pub use room::PatternRoom;

use super::code::{Call, ControlBlock, Expression, Node, Slot, TransformBlock, Value};
use super::helpers::{self, Control, Helper, Kind};
use super::quotes::Quotes;
use super::tree::{Block, Head, Item, Program};
use super::words::WordKind;
use super::{Place, TemplateFault, names};

/// Most faults, and most warnings, of one template: past that nobody reads them, and each costs a look
/// at the whole source.
const MOST_FAULTS: usize = 32;

/// A compiled source.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) nodes: Vec<Node>,
    pub(super) warnings: Vec<TemplateFault>,
}

/// Compiles `root` for `place`.
///
/// # Errors
/// Unknown helpers, wrong arguments, patterns that are no patterns, and JSON whose quotes depend on the branch taken.
pub(super) fn compile(
    root: &Program,
    place: Place,
    room: &PatternRoom,
) -> Result<Compiled, Vec<TemplateFault>> {
    let quotes = (place == Place::JsonBody).then(Quotes::default);
    let mut compiler = Compiler {
        place,
        quotes,
        bound: Vec::new(),
        transformed: 0,
        room,
        warnings: Vec::new(),
        faults: Vec::new(),
    };
    let nodes = compiler.program(root);
    let mut faults = compiler.faults;
    if let Some(last) = faults.get(MOST_FAULTS - 1) {
        faults.push(TemplateFault {
            offset: last.offset,
            message: format!(
                "the first {MOST_FAULTS} faults of this template are told: there may be more"
            ),
        });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Compiled {
        nodes,
        warnings: compiler.warnings,
    })
}

struct Compiler<'r> {
    place: Place,
    /// Where in a JSON document the walk stands; `None` where quotes mean nothing.
    quotes: Option<Quotes>,
    /// Names of block parameters in force, innermost last.
    bound: Vec<String>,
    /// How many transforming blocks the walk is inside of.
    transformed: usize,
    room: &'r PatternRoom,
    warnings: Vec<TemplateFault>,
    /// What is wrong so far; the walk goes on past it.
    faults: Vec<TemplateFault>,
}

// === impl Compiler ===

impl Compiler<'_> {
    fn program(&mut self, program: &Program) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(program.items.len());
        // Texts with nothing but comments between them are one.
        let alike = |a: &Item, b: &Item| is_literal(a) && is_literal(b);
        for items in program.items.chunk_by(alike) {
            if self.faults.len() >= MOST_FAULTS {
                break;
            }
            match &items[0] {
                Item::Text(_) | Item::Comment(_) => self.literal(&mut nodes, items),
                Item::Value(head) => match self.value(head) {
                    Ok(node) => nodes.push(node),
                    Err(fault) => self.faults.push(fault),
                },
                Item::Block(block) => match self.block(block) {
                    Ok(node) => nodes.push(node),
                    Err(fault) => {
                        self.faults.push(fault);
                        // How the block leaves the quotes is not known: nothing more is said of them.
                        self.quotes = None;
                    }
                },
            }
        }
        nodes
    }

    fn literal(&mut self, nodes: &mut Vec<Node>, items: &[Item]) {
        let text = |item: &Item| match item {
            Item::Text(text) => Some(text.value.clone()),
            Item::Comment(_) | Item::Value(_) | Item::Block(_) => None,
        };
        let text: String = items.iter().filter_map(text).collect();
        if let Some(quotes) = self.quotes_in_force() {
            quotes.follow(&text);
        }
        if !text.is_empty() {
            nodes.push(Node::Text(text.into()));
        }
    }

    fn value(&mut self, head: &Head) -> Result<Node, TemplateFault> {
        let expression = self.expression(head)?;
        let slot = self.slot(head.offset)?;
        let safe = match &expression {
            Expression::Call(call) => call.helper.url_safe,
            Expression::Path(_) | Expression::Literal(_) => false,
        };
        if !safe {
            self.warn(head);
        }
        Ok(Node::Value(Value { expression, slot }))
    }

    fn block(&mut self, block: &Block) -> Result<Node, TemplateFault> {
        let head = &block.head;
        let called = match self.named_helper(head) {
            Some(helper) => Some(helper),
            None if head.expression.arguments.is_empty() && head.expression.named.is_empty() => {
                None
            }
            None => {
                return Err(self.unknown_helper(
                    head,
                    head.expression.head_word(),
                    names::Use::Block,
                ));
            }
        };
        match called.map(|helper| (helper, helper.kind)) {
            Some((helper, Kind::Transform(_))) => self.transform(block, helper),
            Some((helper, Kind::Control(control))) => {
                let call = self.call(head, &head.expression, helper)?;
                self.control(block, control, call)
            }
            Some((helper, Kind::Test(_))) => {
                let call = self.call(head, &head.expression, helper)?;
                self.control(block, Control::Test, call)
            }
            Some((helper, Kind::Value(_) | Kind::Lookup)) => {
                let message = format!(
                    "`{0}` has no block form; accepted is `{{{{{0} …}}}}`",
                    helper.name
                );
                Err(TemplateFault {
                    offset: head.offset,
                    message,
                })
            }
            None => {
                let path = self.joined(head, &head.expression.head)?;
                let call = Call {
                    helper: &helpers::SECTION,
                    arguments: vec![path],
                    named: Vec::new(),
                    pattern: None,
                };
                self.control(block, Control::Section, call)
            }
        }
    }

    fn control(
        &mut self,
        block: &Block,
        control: Control,
        call: Call,
    ) -> Result<Node, TemplateFault> {
        let start = self.quotes;
        let outer = self.bound.len();
        self.bound
            .extend(block_parameters(&block.head).iter().cloned());
        let binds = self.bound.len() - outer;
        let body = self.branch(block.program.as_ref());
        let after_body = std::mem::replace(&mut self.quotes, start);
        self.bound.truncate(outer);
        let inverse = self.branch(block.inverse.as_ref());
        if self.transformed == 0 && after_body != self.quotes {
            let message =
                "the branches of this block leave the quotes of the JSON in different states";
            return Err(TemplateFault {
                offset: block.head.offset,
                message: message.into(),
            });
        }
        if self.transformed == 0 && control.repeats() && after_body != start {
            let message = "the body of this loop opens a quote of the JSON and does not close it, or closes one";
            return Err(TemplateFault {
                offset: block.head.offset,
                message: message.into(),
            });
        }
        Ok(Node::Control(Box::new(ControlBlock {
            control,
            call,
            binds,
            body,
            inverse,
        })))
    }

    fn transform(&mut self, block: &Block, helper: &'static Helper) -> Result<Node, TemplateFault> {
        let head = &block.head;
        if !head.expression.arguments.is_empty() || !head.expression.named.is_empty() {
            let message = format!(
                "as a block `{}` takes no arguments: what it changes is its body",
                helper.name
            );
            return Err(TemplateFault {
                offset: head.offset,
                message,
            });
        }
        let slot = self.slot(head.offset)?;
        let safe = helper.url_safe;
        let warned = self.warnings.len();
        self.transformed += 1;
        let body = self.branch(block.program.as_ref());
        let inverse = self.branch(block.inverse.as_ref());
        self.transformed -= 1;
        if safe {
            self.warnings.truncate(warned);
        }
        Ok(Node::Transform(Box::new(TransformBlock {
            helper,
            body,
            inverse,
            slot,
        })))
    }

    fn branch(&mut self, program: Option<&Program>) -> Vec<Node> {
        program.map_or_else(Vec::new, |program| self.program(program))
    }

    fn quotes_in_force(&mut self) -> Option<&mut Quotes> {
        self.quotes.as_mut().filter(|_| self.transformed == 0)
    }

    fn slot(&mut self, offset: usize) -> Result<Slot, TemplateFault> {
        match self.quotes_in_force() {
            Some(quotes) => quotes.slot().map_err(|message| TemplateFault {
                offset,
                message: message.into(),
            }),
            None => Ok(Slot::Raw),
        }
    }

    fn warn(&mut self, head: &Head) {
        if self.place == Place::Url && self.warnings.len() < MOST_FAULTS {
            let name = head.name();
            let message = format!(
                "`{{{{{name}}}}}` goes into the URL as it is; if it can hold anything but letters, digits, `.`, `-`, `*` or `_`, wrap it: `{{{{#urlEncode}}}}{{{{{name}}}}}{{{{/urlEncode}}}}`"
            );
            self.warnings.push(TemplateFault {
                offset: head.offset,
                message,
            });
        }
    }
}

/// Whether it adds text or nothing.
fn is_literal(item: &Item) -> bool {
    match item {
        Item::Text(_) | Item::Comment(_) => true,
        Item::Value(_) | Item::Block(_) => false,
    }
}

fn block_parameters(head: &Head) -> &[String] {
    let last = head.words.last().filter(|_| head.expression.has_parameters);
    match last.map(|word| &word.kind) {
        Some(WordKind::Parameters(names)) => names,
        _ => &[],
    }
}
