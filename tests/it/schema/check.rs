//! A JSON Schema checker for the keywords that our schemas use; any other is a panic, so that none
//! goes unheeded.

use regex::Regex;
use serde_json::{Map, Value};

/// Where `value` breaks `schema`, as JSON pointers into it with the keyword: `/listen/http: type`.
pub(super) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut check = Check {
        root: schema,
        faults: Vec::new(),
    };
    check.value(schema, value, "");
    check.faults
}

struct Check<'a> {
    root: &'a Value,
    faults: Vec<String>,
}

// === impl Check ===

impl<'a> Check<'a> {
    fn value(&mut self, schema: &'a Value, value: &Value, at: &str) {
        let keywords = match schema {
            Value::Bool(true) => return,
            Value::Bool(false) => return self.require(false, at, "false"),
            Value::Object(keywords) => keywords,
            other => panic!("no schema: {other}"),
        };
        for (keyword, rule) in keywords {
            match keyword.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" | "default" | "format" => {}
                "$ref" => self.value(self.referred(rule), value, at),
                "allOf" => list(rule).iter().for_each(|s| self.value(s, value, at)),
                "oneOf" => {
                    let fits = list(rule).iter().filter(|s| self.fits(s, value)).count();
                    self.require(fits == 1, at, "oneOf");
                }
                "not" => self.require(!self.fits(rule, value), at, "not"),
                "if" => {
                    let branch = if self.fits(rule, value) {
                        "then"
                    } else {
                        "else"
                    };
                    if let Some(branch) = keywords.get(branch) {
                        self.value(branch, value, at);
                    }
                }
                "then" | "else" => assert!(keywords.contains_key("if")),
                "type" => self.require(has_type(rule, value), at, "type"),
                "enum" => self.require(list(rule).contains(value), at, "enum"),
                "const" => self.require(rule == value, at, "const"),
                "pattern" | "minLength" => self.text(keyword, rule, value, at),
                "minimum" | "maximum" => self.number(keyword, rule, value, at),
                "items" | "minItems" | "maxItems" => self.array(keyword, rule, value, at),
                "properties" | "required" | "additionalProperties" => {
                    self.object(keyword, rule, keywords, value, at);
                }
                other => panic!("keyword `{other}` is not checked"),
            }
        }
    }

    fn require(&mut self, holds: bool, at: &str, keyword: &str) {
        if !holds {
            self.faults.push(format!("{at}: {keyword}"));
        }
    }

    fn fits(&self, schema: &'a Value, value: &Value) -> bool {
        let mut check = Check {
            root: self.root,
            faults: Vec::new(),
        };
        check.value(schema, value, "");
        check.faults.is_empty()
    }

    fn referred(&self, to: &Value) -> &'a Value {
        let pointer = to.as_str().unwrap().strip_prefix('#').unwrap();
        self.root.pointer(pointer).unwrap()
    }

    fn text(&mut self, keyword: &str, rule: &Value, value: &Value, at: &str) {
        let Value::String(text) = value else { return };
        let holds = match rule {
            Value::String(pattern) => Regex::new(pattern).unwrap().is_match(text),
            least => text.chars().count() as u64 >= least.as_u64().unwrap(),
        };
        self.require(holds, at, keyword);
    }

    fn number(&mut self, keyword: &str, rule: &Value, value: &Value, at: &str) {
        let (Some(bound), Some(number)) = (rule.as_f64(), value.as_f64()) else {
            return;
        };
        let holds = match keyword {
            "minimum" => number >= bound,
            _ => number <= bound,
        };
        self.require(holds, at, keyword);
    }

    fn array(&mut self, keyword: &str, rule: &'a Value, value: &Value, at: &str) {
        let Value::Array(items) = value else { return };
        match keyword {
            "items" => {
                for (index, item) in items.iter().enumerate() {
                    self.value(rule, item, &format!("{at}/{index}"));
                }
            }
            "minItems" => self.require(items.len() as u64 >= rule.as_u64().unwrap(), at, keyword),
            _ => self.require(items.len() as u64 <= rule.as_u64().unwrap(), at, keyword),
        }
    }

    fn object(
        &mut self,
        keyword: &str,
        rule: &'a Value,
        keywords: &'a Map<String, Value>,
        value: &Value,
        at: &str,
    ) {
        let Value::Object(members) = value else {
            return;
        };
        let known = keywords.get("properties").and_then(Value::as_object);
        match keyword {
            "required" => {
                for name in list(rule) {
                    let name = name.as_str().unwrap();
                    self.require(members.contains_key(name), &format!("{at}/{name}"), keyword);
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(member) = members.get(name) {
                        self.value(rule, member, &format!("{at}/{name}"));
                    }
                }
            }
            _ => {
                for (name, member) in members {
                    if !known.is_some_and(|known| known.contains_key(name)) {
                        self.value(rule, member, &format!("{at}/{name}"));
                    }
                }
            }
        }
    }
}

fn list(rule: &Value) -> &[Value] {
    rule.as_array().unwrap()
}

fn has_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type: {other}"),
    };
    match rule {
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}
