//! `destination = "inkit"`: a table of fields becomes a request to Inkit.

use super::field::Field;
use super::mustache::{Run, runs};
use super::reference::{self, Reference};
use super::table::Table;
use crate::template::{Place, Template};
use std::fmt::Write as _;

/// Where Inkit takes letters.
pub(super) const ENDPOINT: &str = "https://internal.inkit.io/integrations/webhook";

/// The fields with templated values, as the request has them.
const FIELDS: [&str; 13] = [
    "template_id",
    "first_name",
    "last_name",
    "email",
    "company",
    "phone",
    "address_line_1",
    "address_line_2",
    "address_city",
    "address_state",
    "address_zip",
    "address_country",
    "source",
];

/// `[inkit]`, read.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) api_token: Reference,
    /// All but the token: a JSON object.
    pub(super) body: Template,
}

/// Reads the table.
pub(super) fn read(table: &Table<'_>) -> Option<Letter> {
    let api_token = table.need("api_token", "a secret", reference::read);
    let mut body = String::from("{");
    for name in FIELDS {
        let source = if name == "template_id" {
            table.need(name, "the id of an Inkit template", value)
        } else {
            table.get(name, value)
        };
        if let Some(source) = source {
            let comma = if body.len() > 1 { "," } else { "" };
            let _ = write!(body, "{comma}\"{name}\":\"{}\"", as_json(source));
        }
    }
    body.push('}');
    let given = |name| table.field(name).is_some();
    if !["first_name", "last_name", "company"]
        .into_iter()
        .any(given)
    {
        table.warn("a letter without `first_name`, `last_name` or `company`".into());
    }
    if !given("address_line_1") {
        table.warn("a letter without `address_line_1`".into());
    }
    let body = match Template::parse(&body, Place::JsonBody) {
        Ok(body) => Some(body),
        Err(faults) => {
            for fault in faults {
                table.error(fault.message);
            }
            None
        }
    };
    Some(Letter {
        api_token: api_token?,
        body: body?,
    })
}

/// The source of one field, proven to parse, so that a fault points into its own string.
fn value(field: Field<'_>) -> Option<&str> {
    let source = field.clone().text()?;
    field.template(Place::FormValue)?;
    Some(source)
}

/// `source` as it stands inside a JSON string: literal text escaped, expressions as they are.
fn as_json(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for run in runs(source) {
        match run {
            Run::Mustache(text) => out.push_str(text),
            Run::Text(text) => {
                for c in text.chars() {
                    // Not as `\\`: a backslash before an expression would switch it off.
                    if matches!(c, '"' | '\\') || c.is_control() {
                        let _ = write!(out, "\\u{:04x}", u32::from(c));
                    } else {
                        out.push(c);
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_text_is_escaped_and_expressions_are_left_alone() {
        for (source, expected) in [
            ("plain {{a}}", "plain {{a}}"),
            (r#"a "b" {{c "d"}}"#, r#"a \u0022b\u0022 {{c "d"}}"#),
            ("a\\{{b}}\n", "a\\u005c{{b}}\\u000a"),
        ] {
            assert_eq!(as_json(source), expected, "{source}");
        }
    }
}
