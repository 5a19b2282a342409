//! JSON → TOML: what is the same stays as it is written, comments and all.

use super::keep::{Kept, is_kept};
use super::show::{show, shown};
use super::{Path, secret_at};
use serde_json::{Map, Value as Json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// The order in which a new file has its keys; others follow as they came.
const ORDER: [&str; 17] = [
    "name",
    "workflow_id",
    "published",
    "destination",
    "method",
    "endpoint",
    "include_email_and_workflow_id",
    "ambiguous",
    "user_fields",
    "id",
    "type",
    "webhook",
    "auth",
    "headers",
    "body",
    "inkit",
    "data_retrieval",
];

/// Why JSON cannot be written as TOML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ApplyFault {
    /// RFC 6901, into what came.
    pub pointer: String,
    pub detail: String,
}

/// Works the members of `json` into the text `old`, or into a new one, and says which secrets of
/// `old` stay. A member that is `null` is as one that is not there; what `json` lacks goes. Where names
/// are free, and in lists, a `null` is refused: there it is a value, which no file can say.
///
/// # Errors
/// An [`ApplyFault`].
pub fn apply(
    old: Option<&str>,
    json: &Map<String, Json>,
) -> Result<(String, Vec<Kept>), ApplyFault> {
    // A text that is no TOML has nothing that could stay.
    let mut document: DocumentMut = old.and_then(|old| old.parse().ok()).unwrap_or_default();
    let mut work = Work { kept: Vec::new() };
    work.table(document.as_table_mut(), json, &[], "")?;
    let text = ended_like(old.unwrap_or_default(), document.to_string());
    Ok((text, work.kept))
}

/// `text` with its lines ended as those of `old` are, where that changes no value.
fn ended_like(old: &str, text: String) -> String {
    let ends = |end: &str| old.matches(end).count();
    if ends("\n") == 0 || ends("\n") != ends("\r\n") {
        return text;
    }
    let ended = text.replace("\r\n", "\n").replace('\n', "\r\n");
    if show(&ended) == show(&text) {
        ended
    } else {
        text
    }
}

struct Work {
    kept: Vec<Kept>,
}

// === impl Work ===

impl Work {
    fn table(
        &mut self,
        table: &mut dyn TableLike,
        json: &Map<String, Json>,
        path: Path<'_>,
        pointer: &str,
    ) -> Result<(), ApplyFault> {
        let is_absent = |value: &Json| value.is_null() && !has_free_names(path);
        let gone = |name: &str| json.get(name).is_none_or(is_absent);
        let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| gone(name)) {
            table.remove(name);
        }
        for (name, value) in in_order(json).filter(|(_, value)| !is_absent(value)) {
            let path = [path, &[name.as_str()]].concat();
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            match table.get_mut(name) {
                Some(item) => self.item(item, value, &path, &pointer)?,
                None => {
                    let mut item = Item::None;
                    self.item(&mut item, value, &path, &pointer)?;
                    table.insert(name, item);
                }
            }
        }
        Ok(())
    }

    /// Makes `item` say what `value` says.
    fn item(
        &mut self,
        item: &mut Item,
        value: &Json,
        path: Path<'_>,
        pointer: &str,
    ) -> Result<(), ApplyFault> {
        if may_keep(path) && is_kept(value) {
            return self.keep(item, path, pointer);
        }
        if is_reference(path, value) {
            let detail = "a reference to the environment or to a file is written in the \
                          configuration's files; here a secret is a string";
            return Err(fault(pointer, detail));
        }
        if !item.is_none() && secret_at(path, item).is_none() && shown(item, path) == *value {
            self.keep_inside(value, path, pointer);
            return Ok(());
        }
        match value {
            Json::Object(json) => {
                if !item.is_table_like() {
                    *item = Item::Table(Table::new());
                }
                match item.as_table_like_mut() {
                    Some(table) => self.table(table, json, path, pointer),
                    None => Ok(()),
                }
            }
            Json::Array(all) if !all.is_empty() && all.iter().all(Json::is_object) => {
                self.tables(item, all, path, pointer)
            }
            _ => {
                let mut new = plain(value, pointer)?;
                if let Some(old) = item.as_value() {
                    *new.decor_mut() = old.decor().clone();
                }
                *item = Item::Value(new);
                Ok(())
            }
        }
    }

    /// A list of tables. One that has the name or id of one that is there grows out of it.
    fn tables(
        &mut self,
        item: &mut Item,
        all: &[Json],
        path: Path<'_>,
        pointer: &str,
    ) -> Result<(), ApplyFault> {
        let mut old: Vec<_> = taken_apart(item).into_iter().enumerate().collect();
        let mut new = ArrayOfTables::new();
        let mut places = Vec::new();
        for (at, json) in all.iter().enumerate() {
            let Some(json) = json.as_object() else {
                continue;
            };
            let known = old.iter().position(|(_, it)| is_named_alike(it, json));
            let mut table = Table::new();
            if let Some(known) = known {
                let (place, there) = old.remove(known);
                places.push(place);
                table = there;
            }
            self.table(&mut table, json, path, &format!("{pointer}/{at}"))?;
            new.push(table);
        }
        if !places.is_sorted() {
            new.iter_mut().for_each(unplaced);
        }
        *item = Item::ArrayOfTables(new);
        Ok(())
    }

    fn keep(&mut self, item: &Item, path: Path<'_>, pointer: &str) -> Result<(), ApplyFault> {
        if item.is_none() || secret_at(path, item).is_none() {
            return Err(fault(pointer, "there is no secret here that could be kept"));
        }
        self.kept.push(Kept(pointer.to_owned()));
        Ok(())
    }

    /// Notes the secrets in a part that stays as it is.
    fn keep_inside(&mut self, value: &Json, path: Path<'_>, pointer: &str) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    let path = [path, &[name.as_str()]].concat();
                    let pointer = format!("{pointer}/{name}");
                    if may_keep(&path) && is_kept(value) {
                        self.kept.push(Kept(pointer));
                    } else {
                        self.keep_inside(value, &path, &pointer);
                    }
                }
            }
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.keep_inside(item, path, &format!("{pointer}/{at}"));
                }
            }
            _ => {}
        }
    }
}

fn fault(pointer: &str, detail: &str) -> ApplyFault {
    ApplyFault {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }
}

/// Where `{"set": …}` means a secret.
fn may_keep(path: Path<'_>) -> bool {
    matches!(
        path,
        ["auth", _] | ["inkit", "api_token"] | ["headers", "value"]
    )
}

/// Whether the members of this table are called as their author likes.
fn has_free_names(path: Path<'_>) -> bool {
    matches!(path, ["body", "form"] | ["tiles", "parameters"])
}

/// Whether `value` is a secret by reference: what only the files may say, since whoever has the API
/// could read any file and variable of the process with it.
fn is_reference(path: Path<'_>, value: &Json) -> bool {
    may_keep(path) && value.is_object()
}

fn in_order(json: &Map<String, Json>) -> impl Iterator<Item = (&String, &Json)> {
    let first = ORDER.iter().filter_map(|name| json.get_key_value(*name));
    let rest = json
        .iter()
        .filter(|(name, _)| !ORDER.contains(&name.as_str()));
    first.chain(rest)
}

/// The tables of a list, however it is written.
fn taken_apart(item: &mut Item) -> Vec<Table> {
    match std::mem::take(item) {
        Item::ArrayOfTables(tables) => tables.into_iter().collect(),
        Item::Value(Value::Array(values)) => values
            .into_iter()
            .filter_map(|value| match value {
                Value::InlineTable(table) => Some(table.into_table()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Lets `table` stand where its list has it: a text is written by where its tables once stood.
fn unplaced(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => unplaced(inner),
            Item::ArrayOfTables(inner) => inner.iter_mut().for_each(unplaced),
            Item::None | Item::Value(_) => {}
        }
    }
}

fn is_named_alike(table: &Table, json: &Map<String, Json>) -> bool {
    ["id", "name"].into_iter().any(|key| {
        let known = table.get(key).and_then(Item::as_str);
        let named = json.get(key).and_then(Json::as_str);
        known.is_some_and(|known| named.is_some_and(|named| known.eq_ignore_ascii_case(named)))
    })
}

/// A value that is written on one line.
fn plain(value: &Json, pointer: &str) -> Result<Value, ApplyFault> {
    Ok(match value {
        Json::Null => {
            return Err(fault(
                pointer,
                "found null, which TOML has not; leave it out",
            ));
        }
        Json::Bool(truth) => (*truth).into(),
        Json::String(text) => text.as_str().into(),
        Json::Number(number) => {
            if let Some(whole) = number.as_i64() {
                whole.into()
            } else if number.is_u64() {
                return Err(fault(pointer, "the number is too large for TOML"));
            } else {
                number.as_f64().unwrap_or_default().into()
            }
        }
        Json::Array(items) => {
            let mut array = Array::new();
            for (at, item) in items.iter().enumerate() {
                array.push(plain(item, &format!("{pointer}/{at}"))?);
            }
            array.into()
        }
        Json::Object(members) => {
            let mut table = InlineTable::new();
            for (name, member) in members {
                table.insert(name, plain(member, &format!("{pointer}/{name}"))?);
            }
            table.into()
        }
    })
}

#[cfg(test)]
mod tests;
