//! The template language, rendered beside handlebars.js: same text, or a difference that is meant and listed.
//!
//! Not here: the helpers that handlebars.js does not have, and what a place does to values; both stand beside the engine.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::npm;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stepgate::template::{Context, Data, Place, RenderLimits, Template};

/// What all templates of the tables see.
const DATA: &str = r#"{
    "name": "Ada", "empty": "", "zero": 0, "one": 1, "yes": true, "no": false, "nothing": null, "html": "<b>&\"'</b>",
    "list": ["a", "b", "c"], "none": [], "nested": [[1, 2], [3], []], "mixed": [null, false, 0, "", "x"],
    "object": {"first": 1, "second": "two", "third": null}, "void": {},
    "person": {"name": "Grace", "city": {"name": "Arlington", "zip": "22201"}, "tags": ["x", "y"]},
    "people": [{"name": "Ann", "age": 30, "pets": [{"name": "Rex"}, {"name": "Tom"}]}, {"name": "Bob", "age": 0, "pets": []}],
    "key": "second", "index": 1, "a b": "spaced", "a.b": "dotted", "a]b": "bracket", "else": "other", "this": "own",
    "true": "truth", "12": "twelve", "with-dash": "dashed", "$x": "dollar", "a:b": "colon", "ü": "umlaut", "q?": "query", "bigger": "1"
}"#;

/// Templates one by one, family after family.
const WRITTEN: &[&str] = &[
    // Text, escapes, braces.
    "",
    "plain",
    "a { b } c",
    "{ {name} }",
    r"\{{name}}",
    r"\\{{name}}",
    r"\\\{{name}}",
    r"a\{{name}} {{name}}",
    r"\{{name}} \{{name}}",
    r"\{{name}}\\{{name}}",
    r"\{{{name}}}",
    r"a\b{{name}}",
    r"\",
    r"{{name}}\",
    "}}",
    "a}}b",
    "{{name}} }}",
    // Values.
    "{{name}}",
    "{{ name }}",
    "{{{name}}}",
    "{{{ name }}}",
    "{{&name}}",
    "{{& name}}",
    "{{html}}",
    "{{{html}}}",
    "{{missing}}",
    "{{nothing}}",
    "{{zero}}",
    "{{yes}}",
    "{{no}}",
    "{{empty}}",
    "{{list}}",
    "{{nested}}",
    "{{mixed}}",
    "{{none}}",
    "{{name}}{{name}}",
    "{{\nname\n}}",
    "{{with-dash}}",
    "{{$x}}",
    "{{a:b}}",
    "{{ü}}",
    "{{q?}}",
    "{{[a b]}}",
    "{{[a.b]}}",
    r"{{[a\]b]}}",
    "{{\"a b\"}}",
    "{{'a b'}}",
    "{{12}}",
    "{{true}}",
    "{{elsewhere}}",
    "{{[else]}}",
    "{{[this]}}",
    "{{this.[a b]}}",
    // Paths.
    "{{person.name}}",
    "{{person/name}}",
    "{{person.city.zip}}",
    "{{person.missing.zip}}",
    "{{missing.a.b}}",
    "{{name.a}}",
    "{{person.[name]}}",
    "{{person.[city].[zip]}}",
    "{{./name}}",
    "{{this.name}}",
    "{{this/name}}",
    "{{@root.name}}",
    "{{@root.person.name}}",
    "{{list.[0]}}",
    "{{list.[3]}}",
    "{{list.length}}",
    "{{name.length}}",
    "{{people.[0].name}}",
    "{{people.0.name}}",
    "{{people.[0].pets.[1].name}}",
    "{{../name}}",
    "{{@missing}}",
    "{{@index}}",
    "{{person.tags}}",
    "{{nested.[0].[1]}}",
    "{{list.[01]}}",
    "{{object.third}}",
    "{{void.x}}",
    "{{@root.list.[1]}}",
    "{{list.size}}",
    // if, unless.
    "{{#if name}}A{{/if}}",
    "{{#if missing}}A{{/if}}",
    "{{#if missing}}A{{else}}B{{/if}}",
    "{{#if zero}}A{{else}}B{{/if}}",
    "{{#if zero includeZero=true}}A{{else}}B{{/if}}",
    "{{#if none}}A{{else}}B{{/if}}",
    "{{#if void}}A{{else}}B{{/if}}",
    "{{#if empty}}A{{else}}B{{/if}}",
    "{{#if nothing}}A{{else}}B{{/if}}",
    "{{#if list}}A{{else}}B{{/if}}",
    "{{#if no}}A{{else if yes}}B{{else}}C{{/if}}",
    "{{#if no}}A{{else if zero}}B{{else}}C{{/if}}",
    "{{#if no}}A{{else if zero}}B{{else if empty}}C{{else if one}}D{{else}}E{{/if}}",
    "{{#if no}}A{{else unless no}}B{{/if}}",
    "{{#if no}}A{{else with person}}{{name}}{{else}}C{{/if}}",
    "{{#if no}}A{{else each list}}{{this}}{{/if}}",
    "{{#unless no}}A{{/unless}}",
    "{{#unless yes}}A{{else}}B{{/unless}}",
    "{{#unless zero}}A{{else}}B{{/unless}}",
    "{{#unless zero includeZero=true}}A{{else}}B{{/unless}}",
    "{{#if yes}}A{{^}}B{{/if}}",
    "{{#if no}}A{{^}}B{{/if}}",
    "{{^if yes}}A{{else}}B{{/if}}",
    "{{^if no}}A{{/if}}",
    "{{#if person.city}}{{person.city.name}}{{/if}}",
    "{{#if (lookup object 'first')}}A{{else}}B{{/if}}",
    "{{#if true}}A{{/if}}",
    "{{#if false}}A{{else}}B{{/if}}",
    "{{#if 0}}A{{else}}B{{/if}}",
    "{{#if 'x'}}A{{/if}}",
    "{{#if \"\"}}A{{else}}B{{/if}}",
    "{{#if null}}A{{else}}B{{/if}}",
    "{{#if undefined}}A{{else}}B{{/if}}",
    "{{#if yes}}{{#if no}}A{{else}}B{{/if}}{{else}}C{{/if}}",
    // each.
    "{{#each list}}{{this}}{{/each}}",
    "{{#each list}}{{.}}{{/each}}",
    "{{#each list}}{{@index}}{{this}}{{/each}}",
    "{{#each list}}{{@key}}{{/each}}",
    "{{#each list}}{{#if @first}}[{{/if}}{{this}}{{#if @last}}]{{/if}}{{/each}}",
    "{{#each list}}{{@first}}-{{@last}} {{/each}}",
    "{{#each none}}A{{else}}B{{/each}}",
    "{{#each missing}}A{{else}}B{{/each}}",
    "{{#each nothing}}A{{else}}B{{/each}}",
    "{{#each name}}A{{else}}B{{/each}}",
    "{{#each void}}A{{else}}B{{/each}}",
    "{{#each object}}{{@key}}={{this}};{{/each}}",
    "{{#each object}}{{@index}}-{{@first}}-{{@last}};{{/each}}",
    "{{#each people}}{{name}} {{age}};{{/each}}",
    "{{#each people}}{{name}}:{{#each pets}}{{name}}<{{../name}},{{/each}};{{/each}}",
    "{{#each people}}{{#each pets}}{{@../index}}-{{@index}} {{/each}}{{/each}}",
    "{{#each people}}{{../name}}{{/each}}",
    "{{#each people}}{{#each pets}}{{../../name}}{{/each}}{{/each}}",
    "{{#each people}}{{@root.name}}{{/each}}",
    "{{#each nested}}{{#each this}}{{this}}{{/each}}|{{/each}}",
    "{{#each list as |item|}}{{item}}{{/each}}",
    "{{#each list as |item i|}}{{i}}:{{item}} {{/each}}",
    "{{#each object as |value key|}}{{key}}:{{value}} {{/each}}",
    "{{#each people as |p|}}{{p.name}}{{#each p.pets as |pet n|}}{{n}}{{pet.name}}{{p.name}}{{/each}}{{/each}}",
    "{{#each people as |name|}}{{name.name}}{{this.name}}{{./name}}{{/each}}",
    "{{#each people}}{{this.name}}{{/each}}",
    "{{#each mixed}}[{{this}}]{{/each}}",
    "{{#each people}}{{#if age}}{{name}}{{else}}young {{name}}{{/if}} {{/each}}",
    "{{#each (lookup person 'tags')}}{{this}}{{/each}}",
    "{{#each people}}{{missing}}{{/each}}",
    "{{#each list}}{{name}}{{/each}}",
    "{{#each list}}{{#with ../person}}{{name}}{{@index}}{{/with}}{{/each}}",
    "{{#each list}}{{../list}}{{/each}}",
    "{{#each people}}{{#if yes}}A{{else}}{{../name}}{{/if}}{{/each}}",
    "{{#each list}}{{lookup ../list @index}}{{/each}}",
    "{{#each person.tags}}{{this}}{{../name}}{{/each}}",
    "{{#each nested as |row|}}{{#each row as |cell|}}{{cell}}{{row}} {{/each}}{{/each}}",
    // with.
    "{{#with person}}{{name}}{{/with}}",
    "{{#with person}}{{city.name}}{{/with}}",
    "{{#with missing}}A{{else}}B{{/with}}",
    "{{#with none}}A{{else}}B{{/with}}",
    "{{#with zero}}A{{this}}{{else}}B{{/with}}",
    "{{#with empty}}A{{else}}B{{/with}}",
    "{{#with person}}{{#with city}}{{name}} {{../name}} {{../../name}}{{/with}}{{/with}}",
    "{{#with person as |p|}}{{p.name}}{{/with}}",
    "{{#with person}}{{../name}}{{@root.name}}{{/with}}",
    "{{#with this}}{{name}}{{../name}}{{/with}}",
    "{{#with person}}{{#with this}}{{../name}}{{/with}}{{/with}}",
    "{{#with person}}{{#if name}}{{../name}}{{/if}}{{/with}}",
    "{{#with list}}{{this.[0]}}{{/with}}",
    "{{#with name}}{{this}}{{/with}}",
    "{{#with person}}{{#with ..}}{{name}}{{/with}}{{/with}}",
    "{{#with person}}{{#with ../person.city}}{{name}}{{/with}}{{/with}}",
    "{{#with (lookup person 'city')}}{{zip}}{{/with}}",
    "{{#with no}}A{{else}}B{{/with}}",
    "{{#with void}}A{{else}}B{{/with}}",
    // lookup.
    "{{lookup object key}}",
    "{{lookup object 'first'}}",
    "{{lookup list index}}",
    "{{lookup list 9}}",
    "{{lookup missing 'x'}}",
    "{{lookup (lookup people 0) 'name'}}",
    "{{lookup . 'name'}}",
    "{{lookup this 'a b'}}",
    "{{lookup list 'length'}}",
    "{{lookup object missing}}",
    // Blocks of no helper.
    "{{#name}}A{{this}}{{/name}}",
    "{{#missing}}A{{/missing}}",
    "{{#missing}}A{{else}}B{{/missing}}",
    "{{^missing}}A{{/missing}}",
    "{{^name}}A{{/name}}",
    "{{^name}}A{{else}}B{{/name}}",
    "{{#yes}}A{{name}}{{/yes}}",
    "{{#no}}A{{else}}B{{/no}}",
    "{{#zero}}A{{/zero}}",
    "{{#list}}{{this}}{{@index}}{{/list}}",
    "{{#none}}A{{else}}B{{/none}}",
    "{{^none}}A{{/none}}",
    "{{#person}}{{name}}{{../name}}{{/person}}",
    "{{#people}}{{name}} {{/people}}",
    "{{#person.city}}{{zip}}{{/person.city}}",
    "{{#people}}{{#pets}}{{name}}{{../name}}{{/pets}}{{/people}}",
    "{{#list as |x|}}{{x}}{{/list}}",
    "{{#this}}{{name}}{{/this}}",
    "{{#person.tags}}{{.}}{{/person.tags}}",
    "{{#empty}}A{{else}}B{{/empty}}",
    "{{#void}}A{{else}}B{{/void}}",
    "{{#nothing}}A{{else}}B{{/nothing}}",
    // Comments and marks.
    "a{{! comment }}b",
    "a{{!-- has }} inside --}}b",
    "a{{!}}b",
    "a{{!--}}b",
    "a {{~! x ~}} b",
    "a {{~!-- x --~}} b",
    "{{! a }}{{! b }}",
    "a {{~name~}} b",
    "a {{~name}} b",
    "a {{name~}} b",
    "a \n {{~name~}} \n b",
    "a {{~{name}~}} b",
    "a {{~&name~}} b",
    "{{#if yes~}} A {{~/if}}",
    " {{~#if yes}} A {{/if~}} ",
    "{{#if yes~}} A {{~else~}} B {{~/if}}",
    "{{#if no~}} A {{~else~}} B {{~/if}}",
    "{{#if no}} A {{~else if yes~}} B {{~else~}} C {{/if}}",
    "{{#if no}} A {{else if no~}} B {{else if yes}} C {{~else}} D {{~/if}} E",
    "{{#if no}} A {{else if no}} B {{~else if yes~}} C {{~/if~}} D",
    "{{#each list~}} {{this}} {{~/each}}",
    "{{~name~}}",
    " {{~^missing~}} x {{~/missing~}} ",
];

/// Blocks, `%` where text of a layout goes.
const BLOCKS: &[&str] = &[
    "{{#if yes}}%A%{{/if}}",
    "{{#if yes}}%A%{{else}}%B%{{/if}}",
    "{{#if no}}%A%{{else}}%B%{{/if}}",
    "{{#if no}}%A%{{else if yes}}%B%{{else}}%C%{{/if}}",
    "{{#if no}}%A%{{else if no}}%B%{{else if yes}}%C%{{/if}}",
    "{{#if no}}%A%{{else if no}}%B%{{else}}%C%{{/if}}",
    "{{#each list}}%{{this}}%{{/each}}",
    "{{#each none}}%A%{{else}}%B%{{/each}}",
    "{{#with person}}%{{name}}%{{/with}}",
    "{{^missing}}%A%{{/missing}}",
    "{{^name}}%A%{{else}}%B%{{/name}}",
    "{{! note }}",
    "{{!-- note --}}%{{! note }}",
    "{{#if yes}}%{{#if yes}}%A%{{/if}}%{{/if}}",
    "{{#each list}}%{{#if @last}}%{{this}}%{{/if}}%{{/each}}",
    "{{#if yes}}%{{/if}}",
    "{{name}}",
    "{{#if yes~}}%A%{{~else}}%B%{{/if}}",
    "{{#if no}}%A%{{else~}}%B%{{~/if}}",
];

/// What stands before a block, in it for `%`, and after it.
const LAYOUTS: &[[&str; 3]] = &[
    ["", "\n", ""],
    ["", "\n", "\n"],
    ["x\n", "\n", "\ny"],
    ["x\n  ", "\n  ", "\n  y"],
    ["x ", "\n", " y"],
    ["\n", "\r\n", "\r\n"],
    ["  ", "  ", "  "],
    ["x\n\n", "\n\n", "\n\ny"],
    ["\t", "\n\t", "\t\ny"],
    ["x", " ", "y"],
    ["\\{{name}}\n", "\n", "\n\\{{name}}"],
];

/// Where the text differs on purpose: template, what we render, why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "{{object}}",
        r#"{"first":1,"second":"two","third":null}"#,
        "an object is JSON, not [object Object]",
    ),
    (
        "{{people.[1].pets}}{{void}}",
        "{}",
        "an object is JSON, not [object Object]",
    ),
    (
        "{{#with object}}{{this}}{{/with}}",
        r#"{"first":1,"second":"two","third":null}"#,
        "an object is JSON",
    ),
    ("{{name}}}", "Ada}", "braces after a closing `}}` are text"),
    (
        "{{name}}}}",
        "Ada}}",
        "braces after a closing `}}` are text",
    ),
    (
        "{{{name}}}}",
        "Ada}",
        "braces after a closing `}}}` are text",
    ),
    (
        "{{#each list}}{{@index}}{{@index}} {{/each}}",
        "00 11 22 ",
        "without escaping, handlebars.js adds neighbouring numbers up",
    ),
    (
        "{{#each nested.[0]}}{{#each ../nested.[0]}}{{../this}}{{/each}}{{/each}}",
        "1122",
        "an equal number is another context",
    ),
];

/// What neither accepts.
const REFUSED: &[&str] = &[
    "{{",
    "{{name",
    "{{name}",
    "{{#if yes}}A",
    "{{/if}}",
    "{{#if yes}}A{{/unless}}",
    "{{else}}",
    "{{#if yes}}{{else}}{{else}}{{/if}}",
    "{{}}",
    "{{name.this}}",
    "{{a/../b}}",
    "{{#if}}A{{/if}}",
    "{{#if a b}}A{{/if}}",
    "{{> partial}}",
    "{{unknown name}}",
    "{{#unknown name}}{{/unknown}}",
    "{{name (}}",
    "{{name )}}",
    "{{lookup list}}}",
    "{{{name}}",
    "{{[name}}",
    "{{'name}}",
    "{{#each list as |a}}{{/each}}",
    "{{! open",
    "{{#with a b}}{{/with}}",
    "{{@}}",
    "{{name=}}",
    "{{upper}}{{unknown 1}}",
];

#[derive(Serialize)]
struct Question<'a> {
    template: &'a str,
    data: &'a RawValue,
}

#[derive(Debug, Deserialize)]
struct Answer {
    text: Option<String>,
    error: Option<String>,
}

#[test]
fn templates_render_as_in_handlebars_js() {
    let layouts = BLOCKS
        .iter()
        .flat_map(|block| LAYOUTS.iter().map(move |layout| lay_out(block, layout)));
    let templates: Vec<String> = WRITTEN
        .iter()
        .map(|template| template.to_string())
        .chain(layouts)
        .collect();

    let answers = ask(&templates);

    let ours = templates.iter().map(|template| rendered(template));
    let differing: Vec<_> = templates
        .iter()
        .zip(ours.zip(answers))
        .filter(|(_, (ours, answer))| ours.as_ref().ok() != answer.text.as_ref())
        .collect();
    assert!(templates.len() > 400, "{}", templates.len());
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn differences_from_handlebars_js_are_those_that_are_meant() {
    let templates: Vec<String> = DIFFERENT
        .iter()
        .map(|(template, ..)| template.to_string())
        .collect();

    let answers = ask(&templates);

    for ((template, expected, reason), answer) in DIFFERENT.iter().zip(answers) {
        assert_eq!(rendered(template), Ok(expected.to_string()), "{template}");
        assert_ne!(
            answer.text.as_deref(),
            Some(*expected),
            "{template}: no longer different ({reason})"
        );
    }
}

#[test]
fn what_handlebars_js_refuses_is_refused_when_the_template_is_loaded() {
    let templates: Vec<String> = REFUSED
        .iter()
        .map(|template| template.to_string())
        .collect();

    let answers = ask(&templates);

    for (template, answer) in templates.iter().zip(answers) {
        assert!(
            answer.error.is_some(),
            "{template}: handlebars.js accepts it as {:?}",
            answer.text
        );
        assert!(
            Template::parse(template, Place::FormValue).is_err(),
            "{template}"
        );
    }
}

fn lay_out(block: &str, [before, between, after]: &[&str; 3]) -> String {
    format!("{before}{}{after}", block.replace('%', between))
}

fn rendered(template: &str) -> Result<String, String> {
    let template =
        Template::parse(template, Place::FormValue).map_err(|faults| faults[0].message.clone())?;
    let context = Context {
        data_fields: Some(DATA),
        ..Context::default()
    };
    template
        .render(
            &Data::new(context),
            RenderLimits {
                output_bytes: 1 << 20,
            },
        )
        .map_err(|error| error.message)
}

fn ask(templates: &[String]) -> Vec<Answer> {
    let data: &RawValue = serde_json::from_str(DATA).unwrap();
    let questions: Vec<_> = templates
        .iter()
        .map(|template| Question { template, data })
        .collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/templates/render.cjs");
    let mut node = Command::new("node")
        .arg(script)
        .arg(npm::installed("handlebars", "4.7.10"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is needed to compare with handlebars.js: `make test` installs it");
    let questions = serde_json::to_vec(&questions).unwrap();
    node.stdin.take().unwrap().write_all(&questions).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node failed: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
