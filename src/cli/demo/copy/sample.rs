//! An answer for a Live Data webhook, made from the fields that it is asked for.

use serde_json::Value;
use toml_edit::TableLike;

/// An answer that has every field of `data_retrieval`.
pub(super) fn answer(live: &mut dyn TableLike) -> Value {
    let mut answer = Value::Object(serde_json::Map::new());
    let Some(fields) = live.get("fields") else {
        return answer;
    };
    let text = |field: &dyn TableLike, key| Some(field.get(key)?.as_str()?.to_owned());
    let mut fill = |field: &dyn TableLike| {
        let (Some(name), Some(pointer), Some(kind)) = (
            text(field, "name"),
            text(field, "pointer"),
            text(field, "type"),
        ) else {
            return;
        };
        let value = match &*kind {
            "number" => 12.into(),
            "boolean" => true.into(),
            "object" => serde_json::Map::new().into(),
            "array" => Vec::<Value>::new().into(),
            _ => format!("Spring {name}").into(),
        };
        place(&mut answer, &pointer, value);
    };
    if let Some(tables) = fields.as_array_of_tables() {
        tables.iter().for_each(|field| fill(field));
    }
    if let Some(array) = fields.as_array() {
        array
            .iter()
            .filter_map(|v| v.as_inline_table())
            .for_each(|field| fill(field));
    }
    answer
}

/// Puts `value` where `pointer` points, making objects on the way, and arrays where it says `0`.
fn place(root: &mut Value, pointer: &str, value: Value) {
    let mut at = root;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        if token == "0" && at.as_object().is_none_or(serde_json::Map::is_empty) {
            if !at.is_array() {
                *at = Value::Array(vec![Value::Null]);
            }
            at = &mut at[0];
        } else {
            if !at.is_object() {
                *at = Value::Object(serde_json::Map::new());
            }
            at = &mut at[&token];
        }
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use toml_edit::DocumentMut;

    #[test]
    fn an_answer_has_every_field_at_its_place_and_of_its_type() {
        let mut live: DocumentMut = r#"
            fields = [
                { name = "price", pointer = "/data/price", type = "number" },
                { name = "title", pointer = "/data/title", type = "string" },
                { name = "first", pointer = "/items/0/ok", type = "boolean" },
                { name = "tags", pointer = "/a~1b", type = "array" },
                { name = "more", pointer = "/more", type = "object" },
            ]"#
        .parse()
        .unwrap();

        assert_eq!(
            answer(live.as_table_mut()),
            json!({"data": {"price": 12, "title": "Spring title"}, "items": [{"ok": true}], "a/b": [], "more": {}})
        );
    }
}
