//! `[body]`: what is added to the payload, and how the payload is written.

use crate::config::Body;
use crate::config::fingerprint::Shape;
use crate::config::read::field::Field;
use crate::config::read::table::Table;
use crate::template::{Place, Template};

/// How the payload is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Form,
}

/// Reads the table.
pub(super) fn read(field: Field<'_>, shape: &mut Shape) -> Option<Body> {
    field.table(|table| {
        let format = table.get("format", |field| {
            field.choice(&[("json", Format::Json), ("form", Format::Form)])
        });
        let body = match format.unwrap_or(Format::Json) {
            Format::Json => json(table),
            Format::Form => form(table),
        };
        match &body {
            Body::Json(template) => {
                shape.body = "json";
                let source = template
                    .iter()
                    .map(|t| (String::new(), t.source().to_owned()));
                shape.content = source.collect();
            }
            Body::Form(fields) => {
                shape.body = "form";
                let source = |(name, t): &(String, Template)| (name.clone(), t.source().to_owned());
                shape.content = fields.iter().map(source).collect();
            }
        }
        Some(body)
    })
}

fn json(table: &Table<'_>) -> Body {
    if let Some(form) = table.field("form") {
        form.error("found with format \"json\"; expected `body.json`, or `format = \"form\"`");
    }
    Body::Json(table.get("json", |field| field.template(Place::JsonBody)))
}

fn form(table: &Table<'_>) -> Body {
    if let Some(json) = table.field("json") {
        json.error("found with format \"form\"; expected `[body.form]`, or `format = \"json\"`");
    }
    let fields = table.get("form", |field| field.table(|table| Some(pairs(table))));
    Body::Form(fields.unwrap_or_default())
}

fn pairs(table: &Table<'_>) -> Vec<(String, Template)> {
    let pair = |(name, field): (&str, Field<'_>)| {
        let value = field.template(Place::FormValue)?;
        Some((name.to_owned(), value))
    };
    table.entries().into_iter().filter_map(pair).collect()
}
