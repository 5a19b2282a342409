//! `[data_retrieval]`: what a Live Data tile keeps, and whether it was tested.

use super::Untested;
use crate::config::read::field::Field;
use crate::config::read::table::Table;
use crate::config::{DataRetrieval, LiveField, LiveType};
use std::collections::HashSet;
use toml::de::DeValue;

/// The most fields that a webhook may have.
const MOST: usize = 10;

const TYPES: [(&str, LiveType); 5] = [
    ("string", LiveType::String),
    ("number", LiveType::Number),
    ("boolean", LiveType::Boolean),
    ("object", LiveType::Object),
    ("array", LiveType::Array),
];

/// Reads the table; `fingerprint` is that of the text as it is now.
pub(super) fn read(
    field: &Field<'_>,
    fingerprint: &str,
) -> Option<(DataRetrieval, Option<Untested>)> {
    field.clone().table(|table| {
        let object = table.need("object", "the name in {{liveData.<name>}}", Field::name);
        let fields = table.need("fields", "1 to 10 fields", fields);
        let recorded = table.get("test", |field| field.table(test));
        let untested = match recorded {
            Some((recorded, _)) if recorded == fingerprint => None,
            Some((_, place)) => Some(Untested {
                place,
                outdated: true,
            }),
            None => Some(Untested {
                place: field.place(),
                outdated: false,
            }),
        };
        let retrieval = DataRetrieval {
            object: object?.to_owned(),
            fields: fields?,
        };
        Some((retrieval, untested))
    })
}

/// The recorded fingerprint, and where it stands.
fn test(table: &Table<'_>) -> Option<(String, crate::config::read::place::Place)> {
    let fingerprint = table.need("fingerprint", "a fingerprint", |field| {
        let place = field.place();
        field.text().map(|text| (text.to_owned(), place))
    });
    let _ = table.get("at", |field| {
        let accepted = "a time such as \"2026-11-23T10:00:00Z\"";
        match field.value() {
            DeValue::Datetime(_) => Some(()),
            DeValue::String(_) => field.parsed(accepted, |text| {
                text.parse::<jiff::Timestamp>().ok().map(|_| ())
            }),
            other => field.mismatch(other, accepted),
        }
    });
    fingerprint
}

fn fields(field: Field<'_>) -> Option<Vec<LiveField>> {
    let mut seen = HashSet::new();
    let fields = field
        .clone()
        .list(|item| item.table(|table| live_field(table, &mut seen)))?;
    if !(1..=MOST).contains(&fields.len()) {
        let found = fields.len();
        return field.refuse(format!("found {found} fields; expected 1 to {MOST}"));
    }
    Some(fields)
}

fn live_field(table: &Table<'_>, seen: &mut HashSet<String>) -> Option<LiveField> {
    let name = table.need(
        "name",
        "the name in {{liveData.<object>.<name>}}",
        |field| {
            let name = field.clone().name()?;
            if !seen.insert(name.to_owned()) {
                return field.refuse(format!("a second {name:?}; expected each name once"));
            }
            Some(name)
        },
    );
    let accepted = "a JSON pointer such as \"/data/price\"";
    let pointer = table.need("pointer", accepted, |field| {
        field.parsed(accepted, |text| is_pointer(text).then(|| text.to_owned()))
    });
    let expected = table.need("type", "one of the types of JSON", |field| {
        field.choice(&TYPES)
    });
    Some(LiveField {
        name: name?.into(),
        pointer: pointer?,
        expected: expected?,
    })
}

/// RFC 6901 §3: empty, or parts that each begin with a slash, `~` only as `~0` and `~1`.
fn is_pointer(text: &str) -> bool {
    let escapes = |part: &str| part.starts_with('0') || part.starts_with('1');
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(escapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_empty_or_begins_with_a_slash_and_escapes_its_tildes() {
        for good in ["", "/", "/data/price", "/a~1b/~0", "/0", "//", "/ü"] {
            assert!(is_pointer(good), "{good}");
        }
        for bad in ["data", "data/price", "/a~", "/a~2", "/~/x", "#/a"] {
            assert!(!is_pointer(bad), "{bad}");
        }
    }
}
