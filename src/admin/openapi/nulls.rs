//! `null` in what the API takes: as absent, among the keys of the format.
//!
//! No file has it, so no schema of a file does. Where names are free (form fields, Dynamic Parameters)
//! and in lists a `null` is a value, and stays refused.

use serde_json::{Map, Value as Json, json};

/// Lets each key of `schema`, and of all schemas within it, be `null`, unless it is required.
pub(super) fn allow(schema: &mut Json) {
    let Json::Object(keywords) = schema else {
        return;
    };
    for name in ["items", "then", "else"] {
        if let Some(inner) = keywords.get_mut(name) {
            allow(inner);
        }
    }
    for name in ["oneOf", "allOf"] {
        let inner = keywords.get_mut(name).and_then(Json::as_array_mut);
        inner.into_iter().flatten().for_each(allow);
    }
    // A key that is not known, and is not there, is none.
    if keywords.get("additionalProperties") == Some(&Json::Bool(false)) {
        keywords["additionalProperties"] = json!({ "type": "null" });
    }
    let required = required(keywords);
    if let Some(properties) = keywords.get_mut("properties").and_then(Json::as_object_mut) {
        for (name, property) in properties {
            allow(property);
            if !required.contains(name) {
                *property = or_null(property);
            }
        }
    }
    forbid(keywords, &required);
}

fn required(keywords: &Map<String, Json>) -> Vec<String> {
    let names = keywords.get("required").and_then(Json::as_array);
    let names = names.into_iter().flatten().filter_map(Json::as_str);
    names.map(str::to_owned).collect()
}

/// Says of what is required, and described elsewhere, that it is no `null`.
fn forbid(keywords: &mut Map<String, Json>, required: &[String]) {
    if required.is_empty() {
        return;
    }
    let properties = keywords.entry("properties").or_insert_with(|| json!({}));
    for name in required {
        if properties.get(name).is_none() {
            properties[name] = json!({ "not": { "type": "null" } });
        }
    }
}

fn or_null(schema: &Json) -> Json {
    match schema {
        Json::Bool(false) => json!({ "type": "null" }),
        schema => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_be_null_unless_it_is_required_or_its_name_is_free() {
        let mut schema = json!({
            "additionalProperties": false,
            "required": ["a"],
            "properties": {
                "a": { "type": "string" },
                "b": { "additionalProperties": { "type": "string" } },
                "c": false,
            },
            "then": { "required": ["b"] },
        });

        allow(&mut schema);

        let absent = json!({ "type": "null" });
        assert_eq!(
            schema,
            json!({
                "additionalProperties": absent,
                "required": ["a"],
                "properties": {
                    "a": { "type": "string" },
                    "b": { "anyOf": [{ "additionalProperties": { "type": "string" } }, absent] },
                    "c": absent,
                },
                "then": { "required": ["b"], "properties": { "b": { "not": absent } } },
            })
        );
    }
}
