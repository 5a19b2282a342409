//! A parsed template, and what its values may do in the place where it stands.
//!
//! A source is read once, when the configuration is loaded: cut into text and tags (`scan`, `words`), the tags' grammar
//! read by the `handlebars` crate (`expression`), nested (`tree`), stripped of white space (`whitespace`) and compiled to code
//! whose helpers are known (`compile`). Rendering walks that code over the step's JSON text (`machine`): numbers keep their
//! text, what a value may do depends on its place, and everything is bounded.
//!
//! Not here: encoding of forms and query parameters, and whether a rendered URL or body is one; who sends it judges that.

mod bounds;
mod code;
mod compile;
mod data;
mod decimal;
mod expression;
mod helpers;
mod json;
mod machine;
mod names;
mod quotes;
mod scan;
mod tree;
mod value;
mod whitespace;
mod words;

#[cfg(test)]
mod tests;

use code::Node;

pub use compile::PatternRoom;
pub use data::Data;
pub(crate) use scan::end_of_long;

/// Most blocks, or sub-expressions, inside one another.
const MOST_NESTED: usize = 64;

/// Where a rendered template goes, which decides how its values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An endpoint: values go in as rendered.
    Url,
    /// A header's value.
    Header,
    /// A JSON document: values escaped inside quotes, whole JSON values outside.
    JsonBody,
    /// A form's or a query parameter's value: as rendered, encoded by whoever builds the form.
    FormValue,
}

/// A template that parsed, whose helpers exist and whose size is bounded.
#[derive(Debug)]
pub struct Template {
    source: String,
    place: Place,
    nodes: Vec<Node>,
    warnings: Vec<TemplateFault>,
}

/// What is wrong with a template's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// Bytes into the source.
    pub offset: usize,
    pub message: String,
}

/// What a template may see of a step: JSON text, as it came. `email` is JSON text too, with its quotes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    pub profile: Option<&'a str>,
    pub data_fields: Option<&'a str>,
    pub live_data: Option<&'a str>,
    pub email: Option<&'a str>,
    pub user_id: Option<&'a str>,
    pub workflow_id: Option<&'a str>,
}

/// Why a template that parsed did not render with this step's values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// One sentence that names helper and argument, never a value.
    pub message: String,
}

/// What bounds a rendering.
#[derive(Debug, Clone, Copy)]
pub struct RenderLimits {
    /// Most bytes of output.
    pub output_bytes: usize,
}

// === impl Template ===

impl Template {
    /// Parses `source` for `place`.
    ///
    /// # Errors
    /// Each [`TemplateFault`] with where and why: unbalanced blocks, unknown helpers, partials, too deep a nesting, a regular
    /// expression that is none, JSON whose quotes depend on a value.
    pub fn parse(source: &str, place: Place) -> Result<Self, Vec<TemplateFault>> {
        Self::parse_within(source, place, &PatternRoom::default())
    }

    /// As [`parse`](Self::parse), with what `room` has left for regular expressions.
    ///
    /// # Errors
    /// As there.
    pub fn parse_within(
        source: &str,
        place: Place,
        room: &PatternRoom,
    ) -> Result<Self, Vec<TemplateFault>> {
        // Past a tag that cannot be read, nothing is known of the others.
        let mut root = scan::cut(source)
            .and_then(tree::nest)
            .map_err(|fault| vec![fault])?;
        whitespace::strip(&mut root);
        let compiled = compile::compile(&root, place, room)?;
        Ok(Self {
            source: source.into(),
            place,
            nodes: compiled.nodes,
            warnings: compiled.warnings,
        })
    }

    /// The text that it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Literal text that stands before the first value or block.
    pub fn literal_prefix(&self) -> &str {
        match self.nodes.first() {
            Some(Node::Text(text)) => text,
            Some(Node::Value(_) | Node::Control(_) | Node::Transform(_)) | None => "",
        }
    }

    /// Whether it has no value and no block, so that it renders the same for every step.
    pub fn is_literal(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node, Node::Text(_)))
    }

    /// Values that land in a URL without `urlEncode`: what `check` warns of.
    pub fn warnings(&self) -> &[TemplateFault] {
        &self.warnings
    }

    /// The text for a step.
    ///
    /// # Errors
    /// A [`RenderError`] when a helper refuses its arguments, a bound is passed, or the text cannot stand in its place.
    pub fn render<'a>(
        &'a self,
        data: &'a Data<'a>,
        limits: RenderLimits,
    ) -> Result<String, RenderError> {
        let text = machine::render(&self.nodes, data, limits)?;
        if self.place == Place::Header && text.contains(['\r', '\n', '\0']) {
            return Err(RenderError::new(
                "the rendered header has a line break or a NUL, which no header can have",
            ));
        }
        Ok(text)
    }
}

// === impl RenderError ===

impl RenderError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}
