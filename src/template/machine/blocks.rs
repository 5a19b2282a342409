//! Blocks that choose and repeat: `if`, `each`, `with`, comparisons, `{{#name}}`.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::code::ControlBlock;
use super::super::data;
use super::super::helpers::{Control, Kind, compare_text};
use super::{Machine, RenderError, Turn, Value, json};

// === impl Machine ===

impl<'a> Machine<'a> {
    pub(super) fn control(
        &mut self,
        block: &'a ControlBlock,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let given = self.arguments(&block.call)?;
        match block.control {
            Control::If | Control::Unless => {
                let named = self.named(&block.call)?;
                let zero_counts = named.iter().any(|(_, value)| value.is_true());
                let truth = if zero_counts {
                    !given[0].is_empty()
                } else {
                    given[0].is_true()
                };
                self.choose(block, truth == (block.control == Control::If), out)
            }
            Control::Test => {
                let named = self.named(&block.call)?;
                let Kind::Test(run) = block.call.helper.kind else {
                    unreachable!("only tests compile to this block");
                };
                let truth = run(&mut self.given_to(&block.call, &given, &named))?;
                self.choose(block, truth, out)
            }
            Control::Each => self.each(block, &given[0], out),
            Control::With if given[0].is_empty() => self.nodes(&block.inverse, out),
            Control::With => self.inside(block, &given[0], None, out),
            Control::Section => match &given[0] {
                Value::Bool(true) => self.choose(block, true, out),
                Value::Bool(false) | Value::Missing | Value::Null => self.choose(block, false, out),
                Value::Array(_) => self.each(block, &given[0], out),
                value => self.inside(block, value, None, out),
            },
            Control::Least | Control::Greatest => match self.extreme(block, &given)? {
                Some(item) => self.inside(block, &item, None, out),
                None => self.nodes(&block.inverse, out),
            },
        }
    }

    /// A branch in the context that stands; names that the block binds are bound to nothing.
    fn choose(
        &mut self,
        block: &'a ControlBlock,
        truth: bool,
        out: &mut String,
    ) -> Result<(), RenderError> {
        if !truth {
            return self.nodes(&block.inverse, out);
        }
        let outer = self.bound.len();
        self.bound.resize(outer + block.binds, Value::Missing);
        self.nodes(&block.body, out)?;
        self.bound.truncate(outer);
        Ok(())
    }

    /// The body with `value` as its context, unless it is the context already, as in handlebars.js.
    fn inside(
        &mut self,
        block: &'a ControlBlock,
        value: &Value<'a>,
        key: Option<&Value<'a>>,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let (contexts, bound) = (self.contexts.len(), self.bound.len());
        let here = self.contexts.last().unwrap_or(&Value::Root);
        if !here.is_same_place(value) {
            self.contexts.push(value.clone());
        }
        let names = [value, key.unwrap_or(&Value::Missing)];
        self.bound
            .extend(names.into_iter().take(block.binds).cloned());
        self.nodes(&block.body, out)?;
        self.bound.truncate(bound);
        self.contexts.truncate(contexts);
        Ok(())
    }

    fn each(
        &mut self,
        block: &'a ControlBlock,
        list: &Value<'a>,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let members = match list {
            Value::Array(text) => {
                self.bounds.work(text.len())?;
                return self.each_item(block, text, out);
            }
            Value::Object(text) => {
                self.bounds.work(text.len())?;
                data::once_each(json::members(text))
            }
            Value::Root => self.data.members(),
            Value::Missing | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
                Vec::new()
            }
        };
        let count = members.len();
        for (index, (key, value)) in members.into_iter().enumerate() {
            self.turn(
                block,
                Turn {
                    key: Value::Text(key),
                    index,
                    last: index + 1 == count,
                },
                value,
                out,
            )?;
        }
        if count == 0 {
            self.nodes(&block.inverse, out)
        } else {
            Ok(())
        }
    }

    fn each_item(
        &mut self,
        block: &'a ControlBlock,
        list: &'a str,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let mut items = json::items(list).enumerate().peekable();
        if items.peek().is_none() {
            return self.nodes(&block.inverse, out);
        }
        while let Some((index, item)) = items.next() {
            let last = items.peek().is_none();
            self.turn(
                block,
                Turn {
                    key: Value::count(index),
                    index,
                    last,
                },
                item,
                out,
            )?;
        }
        Ok(())
    }

    fn turn(
        &mut self,
        block: &'a ControlBlock,
        turn: Turn<'a>,
        item: &'a str,
        out: &mut String,
    ) -> Result<(), RenderError> {
        self.bounds.turn()?;
        let key = turn.key.clone();
        self.loops.push(turn);
        self.inside(block, &Value::of_json(item), Some(&key), out)?;
        self.loops.pop();
        Ok(())
    }

    /// The item with the least or greatest field, the first of equals; items without the field do not count.
    fn extreme(
        &mut self,
        block: &ControlBlock,
        given: &[Value<'a>],
    ) -> Result<Option<Value<'a>>, RenderError> {
        let name = block.call.helper.name;
        let list = match &given[0] {
            Value::Missing | Value::Null => return Ok(None),
            Value::Array(list) => *list,
            other => {
                let message = format!(
                    "helper `{name}`: `list` must be a list, not {}",
                    other.kind()
                );
                return Err(RenderError::new(message));
            }
        };
        self.bounds.work(list.len())?;
        let wanted = if block.control == Control::Least {
            Ordering::Less
        } else {
            Ordering::Greater
        };
        let mut best: Option<(Cow<'a, str>, Value<'a>)> = None;
        for item in json::items(list) {
            self.bounds.turn()?;
            let item = Value::of_json(item);
            let field = match given.get(1) {
                Some(field) => {
                    let field = self.text(field)?;
                    self.step(&item, &field)?
                }
                None => item.clone(),
            };
            if field.is_absent() {
                continue;
            }
            let Some(field) = field.as_text() else {
                let message = format!(
                    "helper `{name}`: `field` must be text or a number, not {}",
                    field.kind()
                );
                return Err(RenderError::new(message));
            };
            if best
                .as_ref()
                .is_none_or(|(least, _)| compare_text(&field, least) == wanted)
            {
                best = Some((field, item));
            }
        }
        Ok(best.map(|(_, item)| item))
    }
}
