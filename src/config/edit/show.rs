//! TOML → JSON, secrets masked.

use super::{Path, secret_at};
use serde_json::{Map, Value as Json};
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// The file's `text` as JSON with the same keys; none where it is no TOML.
pub fn show(text: &str) -> Option<Map<String, Json>> {
    let document: DocumentMut = text.parse().ok()?;
    Some(object(document.as_table(), &[]))
}

fn object(table: &dyn TableLike, path: Path<'_>) -> Map<String, Json> {
    table
        .iter()
        .map(|(name, item)| {
            let path = [path, &[name]].concat();
            (name.to_owned(), shown(item, &path))
        })
        .collect()
}

/// One value as JSON.
pub(super) fn shown(item: &Item, path: Path<'_>) -> Json {
    if let Some(origin) = secret_at(path, item) {
        return serde_json::json!({ "set": origin });
    }
    match item {
        Item::None => Json::Null,
        Item::Table(table) => object(table, path).into(),
        Item::ArrayOfTables(tables) => tables.iter().map(|table| object(table, path)).collect(),
        Item::Value(value) => shown_value(value, path),
    }
}

fn shown_value(value: &Value, path: Path<'_>) -> Json {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(truth) => (*truth.value()).into(),
        Value::Datetime(time) => time.value().to_string().into(),
        Value::Array(items) => items.iter().map(|item| shown_value(item, path)).collect(),
        Value::InlineTable(table) => object(table, path).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_shown_with_its_keys_and_without_its_secrets() {
        let text = r#"
name = "N" # shown
user_fields = ["a", "b"]
headers = [{ name = "X", value = "{{x}}" }, { name = "K", value = { env = "KEY" } }]
[auth]
type = "oauth2"
client_id = "id"
client_secret = { file = "/run/secret" }
tokne = "hunter2"
[body.form]
z = "1"
a = "{{b}}"
"#;
        let shown = show(text).unwrap();
        assert_eq!(
            Json::Object(shown.clone()),
            json!({
                "name": "N",
                "user_fields": ["a", "b"],
                "headers": [
                    { "name": "X", "value": "{{x}}" },
                    { "name": "K", "value": { "set": "env" } },
                ],
                "auth": {
                    "type": "oauth2", "client_id": "id", "client_secret": { "set": "file" },
                    "tokne": { "set": "literal" },
                },
                "body": { "form": { "z": "1", "a": "{{b}}" } },
            })
        );
        let form = shown["body"]["form"].as_object().unwrap();
        assert_eq!(form.keys().collect::<Vec<_>>(), ["z", "a"]);
    }

    #[test]
    fn what_is_no_toml_is_not_shown() {
        assert_eq!(show("name = "), None);
    }
}
