//! A template ready to render: names resolved to helpers and places, text merged, every check behind it.

use regex::Regex;

use super::helpers::{Control, Helper};
use super::words::Literal;

/// What a template does, in order.
#[derive(Debug)]
pub(super) enum Node {
    Text(Box<str>),
    Value(Value),
    Control(Box<ControlBlock>),
    Transform(Box<TransformBlock>),
}

/// `{{…}}`
#[derive(Debug)]
pub(super) struct Value {
    pub(super) expression: Expression,
    pub(super) slot: Slot,
}

/// What the place does to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Goes in as rendered.
    Raw,
    /// Between the quotes of a JSON string.
    JsonText,
    /// Where a whole JSON value stands.
    JsonValue,
}

/// A block that chooses and repeats its own text.
#[derive(Debug)]
pub(super) struct ControlBlock {
    pub(super) control: Control,
    pub(super) call: Call,
    /// How many names `as |…|` binds.
    pub(super) binds: usize,
    pub(super) body: Vec<Node>,
    pub(super) inverse: Vec<Node>,
}

/// A block whose rendered body becomes one value.
#[derive(Debug)]
pub(super) struct TransformBlock {
    pub(super) helper: &'static Helper,
    pub(super) body: Vec<Node>,
    pub(super) inverse: Vec<Node>,
    pub(super) slot: Slot,
}

#[derive(Debug)]
pub(super) enum Expression {
    Path(Path),
    Literal(Literal),
    Call(Box<Call>),
}

/// A helper with its arguments; in a block without a helper's name (`{{#items}}`) the path is the only argument.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) helper: &'static Helper,
    pub(super) arguments: Vec<Expression>,
    /// Which of the helper's named arguments, and its value.
    pub(super) named: Vec<(usize, Expression)>,
    /// The pattern, where it is written in the template.
    pub(super) pattern: Option<Regex>,
}

/// Where a value is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) base: Base,
    pub(super) keys: Vec<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// `this` so many contexts up.
    Context(usize),
    /// A block parameter, counted from the outermost.
    Bound(usize),
    /// A loop's data so many loops up.
    Loop(usize, LoopName),
    /// `@root`
    Root,
    /// `@other`, which is nothing.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopName {
    Index,
    Key,
    First,
    Last,
}
