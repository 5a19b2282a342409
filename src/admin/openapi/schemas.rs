//! What goes in and out, by name: the schemas that `stepgate schema` prints, and this door's own.

use super::{nulls, reference};
use crate::schema::{Kind, schema};
use serde_json::{Map, Value as Json, json};

/// Every schema by its name.
pub(super) fn all() -> Map<String, Json> {
    let mut all = parsed(include_str!("schemas.json"));
    all.extend(parsed(include_str!("watching.json")));
    for kind in [Kind::Step, Kind::Outcome] {
        let name = kind.as_str();
        all.insert(name.to_owned(), of_file(kind, name).into());
    }
    for (kind, name) in [(Kind::Webhook, "Webhook"), (Kind::Journey, "Journey")] {
        all.insert(name.to_owned(), written(kind, name));
    }
    for (name, examples) in parsed(include_str!("examples.json")) {
        all[&name]["examples"] = examples;
    }
    all
}

pub(super) fn parsed(text: &str) -> Map<String, Json> {
    serde_json::from_str(text).expect("a document of this program's own")
}

/// A file's schema under another name, its references with it.
fn of_file(kind: Kind, name: &str) -> Map<String, Json> {
    let own = format!("\"#/components/schemas/{name}/$defs/");
    let text = schema(kind).replace("\"#/$defs/", &own);
    let mut schema = parsed(&text);
    schema.shift_remove("$schema");
    schema.shift_remove("$id");
    schema
}

/// A file as the API takes it: with its id, and secrets as text or as what they are.
fn written(kind: Kind, name: &str) -> Json {
    let mut schema = Json::Object(of_file(kind, name));
    schema["properties"]["id"] = reference("Id");
    nulls::allow(&mut schema);
    if kind == Kind::Webhook {
        // A header's text is a template, and may be empty.
        let value = schema.pointer_mut("/properties/headers/anyOf/0/items/properties/value");
        *value.expect("a header has a value") = secret(0);
        schema["$defs"]["secret"] = secret(1);
    }
    schema
}

/// A secret as the API takes it, of so many characters or more.
fn secret(least: usize) -> Json {
    json!({
        "description": "Text; or, for one that is set already and stays, where it is set.",
        "oneOf": [
            { "type": "string", "minLength": least },
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["set"],
                "properties": { "set": { "enum": ["literal", "env", "file"] } },
            },
        ],
    })
}
