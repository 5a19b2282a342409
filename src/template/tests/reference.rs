//! Templates of text, paths and comments against a second opinion: the `handlebars` crate, which
//! reads the grammar of our tags, but neither cuts a source for us nor evaluates it.

use handlebars::{Handlebars, no_escape};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};

use super::{Place, rendered};

/// Names that can be written bare. None is a helper, here or there.
const BARE: &[&str] = &["city", "x1", "a-b", "_id", "été", "$n", "Order"];

/// Names that need brackets.
const BRACKETED: &[&str] = &["a b", "it's", "50%", "\"", "{x}", "a.b", "#1"];

/// What text is made of. The crate takes a lone `\r` for the end of a line, so here is none.
const TEXTS: &[&str] = &[
    "a", "ü", " ", "\t", "\n", "\r\n", "{\"", "{a", "{", "}", "}}", "'", "~", "!", "\\",
];

/// What comments are made of; a long one may have braces too.
const COMMENTS: &[&str] = &["a", " ", "\n", "\"", "'", "{a", "}"];

/// A name that no data has.
const GONE: &str = "gone";

/// A piece of a template.
#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Comment(String),
    Value(Path),
}

/// A value of the data, and how the tag that names it is spelled.
#[derive(Debug, Clone)]
struct Path {
    which: Index,
    /// Whether a last name follows that leads nowhere.
    is_missing: bool,
    start: &'static str,
    joint: &'static str,
    has_brackets: bool,
    tag: (&'static str, &'static str),
}

/// Every string, integer, boolean and `null` of `data`, by the names that lead there.
fn leaves(data: &Map<String, Value>) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for (name, value) in data {
        match value {
            Value::Object(inner) => found.extend(leaves(inner).into_iter().map(|mut path| {
                path.insert(0, name);
                path
            })),
            _ => found.push(vec![name.as_str()]),
        }
    }
    found
}

fn data() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z \n\"'{}\\\\<&]{0,8}".prop_map(Value::from),
    ];
    let object = |value: BoxedStrategy<Value>| {
        let name = select([BARE, BRACKETED].concat()).prop_map(String::from);
        prop::collection::vec((name, value), 0..5).prop_map(Map::from_iter)
    };
    let value = leaf.prop_recursive(3, 24, 5, move |inner| object(inner).prop_map(Value::from));
    object(value.boxed())
}

fn words(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(select(of), 0..6).prop_map(|words| words.concat())
}

fn piece() -> impl Strategy<Value = Piece> {
    let text = words(TEXTS).prop_filter("a tag of its own", |text| !text.contains("{{"));
    let comment = prop_oneof![
        words(COMMENTS).prop_map(|text| format!("{{{{! {} }}}}", text.replace('}', ""))),
        words(COMMENTS).prop_map(|text| format!("{{{{!-- {text} --}}}}")),
    ];
    let tags = [
        ("{{", "}}"),
        ("{{ ", " }}"),
        ("{{~", "}}"),
        ("{{", "~}}"),
        ("{{~ ", "\n~}}"),
        ("{{{", "}}}"),
        ("{{~{", "}~}}"),
        ("{{&", "}}"),
    ];
    let spelled = (
        select(vec!["", "this.", "this/", "./"]),
        select(vec![".", "/"]),
        any::<bool>(),
        select(tags.to_vec()),
    );
    let path = (any::<Index>(), prop::bool::weighted(0.2), spelled).prop_map(
        |(which, is_missing, (start, joint, has_brackets, tag))| Path {
            which,
            is_missing,
            start,
            joint,
            has_brackets,
            tag,
        },
    );
    prop_oneof![
        2 => text.prop_map(Piece::Text),
        1 => comment.prop_map(Piece::Comment),
        2 => path.prop_map(Piece::Value),
    ]
}

// === impl Path ===

impl Path {
    fn written(&self, data: &Map<String, Value>) -> String {
        let leaves = leaves(data);
        let mut names = match leaves.len() {
            0 => vec![GONE],
            count => leaves[self.which.index(count)].clone(),
        };
        if self.is_missing {
            names.push(GONE);
        }
        let spelled = |name: &&str| {
            let is_bare = BARE.contains(name) || *name == GONE;
            if is_bare && !self.has_brackets {
                (*name).to_owned()
            } else {
                format!("[{name}]")
            }
        };
        let names: Vec<String> = names.iter().map(spelled).collect();
        let (open, close) = self.tag;
        let (start, path) = (self.start, names.join(self.joint));
        format!("{open}{start}{path}{close}")
    }
}

/// `pieces` as one source. What would make another tag of two neighbours is kept apart; what the
/// crate strips otherwise (the last test) is left out.
fn source(pieces: &[Piece], data: &Map<String, Value>) -> String {
    let (mut source, mut strips) = (String::new(), false);
    for piece in pieces {
        let next = match piece {
            Piece::Text(text) => text.clone(),
            Piece::Comment(_) if strips => continue,
            Piece::Comment(comment) => comment.clone(),
            Piece::Value(path) => path.written(data),
        };
        if let Piece::Value(path) = piece {
            strips |= path.tag.1.ends_with("~}}");
        }
        if source.ends_with('{') && next.starts_with('{') {
            source.push('·');
        }
        source.push_str(&next);
    }
    if source.ends_with([' ', '\t']) {
        source.push('·');
    }
    source
}

fn by_the_crate(source: &str, data: &Value) -> Result<String, String> {
    let mut registry = Handlebars::new();
    registry.register_escape_fn(no_escape);
    let rendered = registry.render_template(source, data);
    rendered.map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn text_paths_and_comments_render_as_by_the_crate(data in data(), pieces in prop::collection::vec(piece(), 0..8)) {
        let source = source(&pieces, &data);
        let data = Value::from(data);

        let ours = rendered(&source, Place::FormValue, &data.to_string());

        prop_assert_eq!(ours, by_the_crate(&source, &data), "{}", source);
    }
}

#[test]
fn what_differs_from_the_crate_is_what_handlebars_js_or_the_contract_has() {
    for (template, data, ours, the_crates) in [
        ("{{a}}", r#"{"a":1.10}"#, "1.10", "1.1"),
        ("{{a}}", r#"{"a":1e3}"#, "1e3", "1000.0"),
        ("{{a}}", r#"{"a":{"b":true}}"#, r#"{"b":true}"#, "[object]"),
        ("{{a}}", r#"{"a":[1,"b"]}"#, "1,b", "[1, b]"),
        ("{{a.length}}", r#"{"a":"né"}"#, "2", ""),
        ("{{a~}}{{!}} b", r#"{"a":1}"#, "1 b", "1b"),
        ("{{!~}} b", "{}", "b", " b"),
        ("{{!}} ", "{}", "", " "),
        ("a\r{{!}}\nb", "{}", "a\r\nb", "a\rb"),
    ] {
        let rendered = rendered(template, Place::FormValue, data);
        let by_the_crate = by_the_crate(template, &serde_json::from_str(data).unwrap());
        assert_eq!(rendered.as_deref(), Ok(ours), "{template}");
        assert_eq!(by_the_crate.as_deref(), Ok(the_crates), "{template}");
    }
}
