//! The objects and fields of a JSON answer: what Live Data fields can be picked from.

use crate::config::LiveType;
use crate::model::json;

/// Fields listed at most; an answer with more is cut.
const MOST: usize = 1000;

/// Levels walked at most.
const DEEPEST: usize = 32;

/// Characters of an example shown.
const EXAMPLE: usize = 60;

/// One field of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// RFC 6901.
    pub pointer: String,
    /// None for `null`, which says nothing of the type.
    pub field_type: Option<LiveType>,
    /// Its JSON text, cut where it is long.
    pub example: String,
}

/// Every field of `body`, in order, objects and arrays before what is in them; none where it is
/// not JSON. Of an array the first element stands for all.
pub fn fields(body: &[u8]) -> Option<Vec<Field>> {
    let text = super::capture::json_text(body)?;
    let mut found = Vec::new();
    walk(text, String::new(), 0, &mut found);
    Some(found)
}

fn walk(text: &str, pointer: String, depth: usize, found: &mut Vec<Field>) {
    if found.len() >= MOST || depth > DEEPEST {
        return;
    }
    if depth > 0 {
        found.push(Field {
            pointer: pointer.clone(),
            field_type: type_of(text),
            example: example(text),
        });
    }
    match text.as_bytes()[0] {
        b'{' => {
            let members = json::members(text).unwrap_or_default();
            for member in members {
                let token = member.key().replace('~', "~0").replace('/', "~1");
                walk(member.value, format!("{pointer}/{token}"), depth + 1, found);
            }
        }
        b'[' => {
            if let Some(first) = json::find(text, "/0") {
                walk(first, format!("{pointer}/0"), depth + 1, found);
            }
        }
        _ => {}
    }
}

fn type_of(text: &str) -> Option<LiveType> {
    match text.as_bytes()[0] {
        b'"' => Some(LiveType::String),
        b'{' => Some(LiveType::Object),
        b'[' => Some(LiveType::Array),
        b't' | b'f' => Some(LiveType::Boolean),
        b'n' => None,
        _ => Some(LiveType::Number),
    }
}

fn example(text: &str) -> String {
    let mut characters = text.chars();
    let shown: String = characters.by_ref().take(EXAMPLE).collect();
    let shown = json::compact(&shown);
    if characters.next().is_some() {
        format!("{shown}…")
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_listed_with_pointer_type_and_example() {
        let body = br#"{"data": {"price": 1.10, "a/b": [ {"x": null}, 2 ]}, "ok": true}"#;
        let listed: Vec<_> = fields(body)
            .unwrap()
            .into_iter()
            .map(|f| (f.pointer, f.field_type, f.example))
            .collect();
        let field = |pointer: &str, field_type, example: &str| {
            (pointer.to_owned(), field_type, example.to_owned())
        };
        assert_eq!(
            listed,
            [
                field(
                    "/data",
                    Some(LiveType::Object),
                    r#"{"price":1.10,"a/b":[{"x":null},2]}"#
                ),
                field("/data/price", Some(LiveType::Number), "1.10"),
                field("/data/a~1b", Some(LiveType::Array), r#"[{"x":null},2]"#),
                field("/data/a~1b/0", Some(LiveType::Object), r#"{"x":null}"#),
                field("/data/a~1b/0/x", None, "null"),
                field("/ok", Some(LiveType::Boolean), "true"),
            ]
        );
    }

    #[test]
    fn an_answer_that_is_not_json_has_no_fields_and_a_deep_one_is_cut() {
        assert_eq!(fields(b"<html>"), None);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(fields(deep.as_bytes()).unwrap().len(), DEEPEST);
    }
}
