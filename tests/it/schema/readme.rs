//! What the README shows is what the schemas say.

use super::check::faults;
use super::{read, toml};
use serde_json::Value;
use std::collections::BTreeSet;
use stepgate::schema::Kind;

const README: &str = include_str!("../../../README.md");

/// `default` as the README writes it: on one line, with a space after each comma.
fn one_line(default: &Value) -> String {
    match default {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn the_settings_table_of_the_readme_says_what_the_schema_says() {
    let schema = read(Kind::Gateway);
    let mut expected = BTreeSet::new();
    for (table, rule) in schema["properties"].as_object().unwrap() {
        for (key, rule) in rule["properties"].as_object().unwrap() {
            let default = rule
                .get("default")
                .map_or(String::new(), |default| format!("`{}` ", one_line(default)));
            let what = rule["description"].as_str().unwrap();
            expected.insert(format!("| `{table}.{key}` | {default}| {what} |"));
        }
    }

    let settings = README
        .split("\n## ")
        .find(|part| part.starts_with("Settings\n"));
    let rows = settings
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `"));
    assert_eq!(rows.map(String::from).collect::<BTreeSet<_>>(), expected);
}

#[test]
fn the_files_that_the_readme_shows_are_what_the_schemas_ask_for() {
    let blocks = README.split("```toml\n").skip(1);
    let files: Vec<&str> = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect();

    for (file, (path, kind)) in files.iter().zip([
        ("# conf/webhooks/crm.toml", Kind::Webhook),
        ("# conf/journeys/welcome.toml", Kind::Journey),
    ]) {
        assert_eq!(file.lines().next(), Some(path));
        assert_eq!(faults(&read(kind), &toml(file)), [""; 0], "{file}");
    }
    assert_eq!(files.len(), 2);
}
