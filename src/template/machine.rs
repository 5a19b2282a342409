//! Renders code over a step's data.
//!
//! Contexts, block parameters and loop data stand on three stacks, as `../`, `as |…|` and `@…` see them. Everything a value
//! does to the text goes through [`Machine::put`], so its place is never forgotten.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::IgnoredAny;

use crate::model::json::Fields;

use super::bounds::Bounds;
use super::code::{Base, Call, Expression, LoopName, Node, Path, Slot, TransformBlock};
use super::data::Data;
use super::helpers::{Arguments, Helper, Kind};
use super::value::Value;
use super::words::Literal;
use super::{RenderError, RenderLimits, json};

mod blocks;

/// Objects at least this long are indexed when a path first goes through them; shorter ones are searched.
const WORTH_AN_INDEX: usize = 1024;

/// Renders `nodes`.
///
/// # Errors
/// A helper that refuses its arguments, a bound passed, a helper's output that is no JSON value where one must stand.
pub(super) fn render<'a>(
    nodes: &'a [Node],
    data: &'a Data<'a>,
    limits: RenderLimits,
) -> Result<String, RenderError> {
    let mut machine = Machine {
        data,
        bounds: Bounds::new(limits),
        contexts: Vec::new(),
        bound: Vec::new(),
        loops: Vec::new(),
        indexes: HashMap::new(),
    };
    // Most texts are short: room for those, at once.
    let mut out = String::with_capacity(128);
    machine.nodes(nodes, &mut out)?;
    Ok(out)
}

struct Machine<'a> {
    data: &'a Data<'a>,
    bounds: Bounds,
    /// `this` of each block, innermost last; outside of them it is [`Value::Root`].
    contexts: Vec<Value<'a>>,
    /// Values of block parameters, innermost last.
    bound: Vec<Value<'a>>,
    /// Loops, innermost last.
    loops: Vec<Turn<'a>>,
    /// Indexes of large objects, by where their text starts.
    indexes: HashMap<usize, Fields<'a>>,
}

/// One turn of a loop.
#[derive(Debug, Clone)]
struct Turn<'a> {
    key: Value<'a>,
    index: usize,
    last: bool,
}

/// What an expression gave, and whether a path gave it.
struct Given<'a> {
    value: Value<'a>,
    /// The helper whose output it is, unless it is a value of the step as it stands.
    made_by: Option<&'static Helper>,
}

// === impl Machine ===

impl<'a> Machine<'a> {
    fn nodes(&mut self, nodes: &'a [Node], out: &mut String) -> Result<(), RenderError> {
        for node in nodes {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Value(value) => {
                    let given = self.given(&value.expression)?;
                    self.put(&given, value.slot, out)?;
                }
                Node::Control(block) => self.control(block, out)?,
                Node::Transform(block) => self.transform(block, out)?,
            }
            self.bounds.fits(out.len())?;
        }
        Ok(())
    }

    fn given(&mut self, expression: &'a Expression) -> Result<Given<'a>, RenderError> {
        let made_by = match expression {
            Expression::Call(call) => {
                Some(call.helper).filter(|helper| !matches!(helper.kind, Kind::Lookup))
            }
            Expression::Path(_) | Expression::Literal(_) => None,
        };
        Ok(Given {
            value: self.evaluate(expression)?,
            made_by,
        })
    }

    fn put(&mut self, given: &Given<'a>, slot: Slot, out: &mut String) -> Result<(), RenderError> {
        match (slot, given.made_by) {
            (Slot::Raw, _) => {
                let text = self.text(&given.value)?;
                self.bounds.fits(out.len() + text.len())?;
                out.push_str(&text);
            }
            (Slot::JsonText, _) => {
                let text = self.text(&given.value)?;
                self.bounds.fits(out.len() + text.len())?;
                json::escape_into(out, &text);
            }
            (Slot::JsonValue, None) => {
                let text = self.json(&given.value)?;
                self.bounds.fits(out.len() + text.len())?;
                out.push_str(&text);
            }
            (Slot::JsonValue, Some(helper)) => out.push_str(&self.made_json(&given.value, helper)?),
        }
        Ok(())
    }

    /// A helper's output where a whole JSON value must stand.
    fn made_json(
        &mut self,
        value: &Value<'a>,
        helper: &Helper,
    ) -> Result<Cow<'a, str>, RenderError> {
        let Value::Text(text) = value else {
            return self.json(value);
        };
        if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            return Ok(Cow::Borrowed("null"));
        }
        self.bounds.work(text.len())?;
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(IgnoredAny) => Ok(text.clone()),
            Err(_) => Err(RenderError::new(format!(
                "helper `{}`: outside of quotes its output must be one JSON value; put it between quotes, or use `toJson`",
                helper.name
            ))),
        }
    }

    /// A value as text: lists with commas, objects as compact JSON, nothing for what is missing.
    fn text(&mut self, value: &Value<'a>) -> Result<Cow<'a, str>, RenderError> {
        let text = match value {
            Value::Missing | Value::Null => Cow::Borrowed(""),
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
            Value::Number(text) | Value::Text(text) => text.clone(),
            Value::Array(text) => {
                let mut joined = String::new();
                json::joined_into(&mut joined, text);
                Cow::Owned(joined)
            }
            Value::Object(_) | Value::Root => return self.json(value),
        };
        self.bounds.work(text.len())?;
        Ok(text)
    }

    /// A value as compact JSON; `null` for what is missing.
    fn json(&mut self, value: &Value<'a>) -> Result<Cow<'a, str>, RenderError> {
        let json = value.to_json(self.data);
        self.bounds.work(json.len())?;
        Ok(json)
    }

    fn evaluate(&mut self, expression: &'a Expression) -> Result<Value<'a>, RenderError> {
        match expression {
            Expression::Path(path) => self.path(path),
            Expression::Literal(literal) => Ok(match literal {
                Literal::Text(text) => Value::text(text.as_str()),
                Literal::Number(text) => Value::Number(Cow::Borrowed(text)),
                Literal::Bool(truth) => Value::Bool(*truth),
                Literal::Null => Value::Null,
                Literal::Undefined => Value::Missing,
            }),
            Expression::Call(call) => self.call(call),
        }
    }

    fn call(&mut self, call: &'a Call) -> Result<Value<'a>, RenderError> {
        let given = self.arguments(call)?;
        if let Kind::Lookup = call.helper.kind {
            let [object, key] = given.as_slice() else {
                unreachable!("`lookup` has two arguments: checked at load");
            };
            let key = self.text(key)?;
            return self.step(object, &key);
        }
        if call.helper.first_needed && given.first().is_some_and(Value::is_absent) {
            return Ok(Value::text(""));
        }
        let named = self.named(call)?;
        let mut arguments = self.given_to(call, &given, &named);
        match call.helper.kind {
            Kind::Value(run) => run(&mut arguments),
            Kind::Test(run) => run(&mut arguments).map(Value::Bool),
            Kind::Transform(run) => {
                let text = arguments.text(0)?;
                run(&text, &mut self.bounds).map(Value::text)
            }
            Kind::Lookup | Kind::Control(_) => {
                unreachable!("blocks are refused at load where a value stands")
            }
        }
    }

    fn arguments(&mut self, call: &'a Call) -> Result<Vec<Value<'a>>, RenderError> {
        call.arguments
            .iter()
            .map(|argument| self.evaluate(argument))
            .collect()
    }

    fn named(&mut self, call: &'a Call) -> Result<Vec<(usize, Value<'a>)>, RenderError> {
        call.named
            .iter()
            .map(|(which, value)| Ok((*which, self.evaluate(value)?)))
            .collect()
    }

    fn given_to<'r>(
        &'r mut self,
        call: &'r Call,
        given: &'r [Value<'a>],
        named: &'r [(usize, Value<'a>)],
    ) -> Arguments<'r, 'a> {
        Arguments {
            helper: call.helper,
            given,
            named,
            pattern: call.pattern.as_ref(),
            bounds: &mut self.bounds,
            data: self.data,
        }
    }

    fn path(&mut self, path: &'a Path) -> Result<Value<'a>, RenderError> {
        let mut value = match path.base {
            Base::Context(up) => match self.contexts.iter().rev().nth(up) {
                Some(context) => context.clone(),
                None if up == self.contexts.len() => Value::Root,
                None => return Ok(Value::Missing),
            },
            Base::Bound(place) => self.bound[place].clone(),
            Base::Loop(up, name) => match self.loops.iter().rev().nth(up) {
                Some(turn) => turn.data(name),
                None => return Ok(Value::Missing),
            },
            Base::Root => Value::Root,
            Base::Nothing => return Ok(Value::Missing),
        };
        for key in &path.keys {
            value = self.step(&value, key)?;
        }
        Ok(value)
    }

    /// What `value` has under `key`: a member, an item by its index, or a length.
    fn step(&mut self, value: &Value<'a>, key: &str) -> Result<Value<'a>, RenderError> {
        let index = || {
            key.parse::<usize>()
                .ok()
                .filter(|index| index.to_string() == key)
        };
        let found = match value {
            Value::Root => return Ok(self.data.get(key)),
            Value::Object(text) => return self.member(text, key),
            Value::Array(text) => {
                self.bounds.work(text.len())?;
                match index() {
                    Some(index) => json::items(text).nth(index).map(Value::of_json),
                    None if key == "length" => Some(Value::count(json::items(text).count())),
                    None => None,
                }
            }
            Value::Text(text) => {
                self.bounds.work(text.len())?;
                match index() {
                    Some(index) => text
                        .chars()
                        .nth(index)
                        .map(|character| Value::text(character.to_string())),
                    None if key == "length" => Some(Value::count(text.chars().count())),
                    None => None,
                }
            }
            Value::Missing | Value::Null | Value::Bool(_) | Value::Number(_) => None,
        };
        Ok(found.unwrap_or(Value::Missing))
    }

    fn member(&mut self, object: &'a str, key: &str) -> Result<Value<'a>, RenderError> {
        if object.len() < WORTH_AN_INDEX {
            self.bounds.work(object.len())?;
            let found = json::members(object)
                .filter(|(name, _)| json::key_is(name, key))
                .last();
            return Ok(found.map_or(Value::Missing, |(_, value)| Value::of_json(value)));
        }
        let place = object.as_ptr() as usize;
        if !self.indexes.contains_key(&place) {
            self.bounds.work(object.len())?;
            self.indexes.insert(place, Fields::of(object));
        }
        Ok(self.indexes[&place]
            .get(key)
            .map_or(Value::Missing, Value::of_json))
    }

    fn transform(
        &mut self,
        block: &'a TransformBlock,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let mut body = String::new();
        self.nodes(&block.body, &mut body)?;
        if body.is_empty() {
            self.nodes(&block.inverse, &mut body)?;
        }
        let Kind::Transform(run) = block.helper.kind else {
            unreachable!("only transforming helpers compile to this block");
        };
        self.bounds.work(body.len())?;
        let value = Value::text(run(&body, &mut self.bounds)?);
        self.put(
            &Given {
                value,
                made_by: Some(block.helper),
            },
            block.slot,
            out,
        )
    }
}

// === impl Turn ===

impl<'a> Turn<'a> {
    fn data(&self, name: LoopName) -> Value<'a> {
        match name {
            LoopName::Index => Value::count(self.index),
            LoopName::Key => self.key.clone(),
            LoopName::First => Value::Bool(self.index == 0),
            LoopName::Last => Value::Bool(self.last),
        }
    }
}
