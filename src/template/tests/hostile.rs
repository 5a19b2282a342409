//! Whatever the values and whatever the source: no panic, no runaway, and a document that stays one.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::{Context, Data, LIMITS, Place, RenderLimits, Template, rendered};

/// Templates in which every kind of value and block stands in a JSON body.
const BODIES: &[&str] = &[
    r#"{"a":"{{a}}","b":{{a}},"c":{{toJson a}},"d":"{{toJson a}}","e":{{length a}}}"#,
    r#"{"a":[{{#each a}}{{this}},{{/each}}0],"b":"{{#each a}}{{@key}}{{this}}{{/each}}","c":{{lookup a "0"}}}"#,
    r#"{"{{a}}":{{#if a}}"{{a}}"{{else}}{{a}}{{/if}},"b":"{{#urlEncode}}{{a}}{{/urlEncode}}","c":{{#with a}}{{this}}{{else}}0{{/with}}}"#,
    r#"{"a":"{{#breaklines}}{{a}}"{{/breaklines}}","b":{{eq 1 2}},"c":"{{defaultIfEmpty a "\"}}"}}"}"#,
    r#"{"a":"{{#base64}}{{a}}{{/base64}}{{#md5}}{{a}}{{/md5}}","b":"{{b}}","c":{{b}},"d":{{b.c.d}}}"#,
];

/// JSON values with every nuisance.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?[1-9][0-9]{0,25}(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,6})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("text is JSON")),
        r#""(\\u[dD][89abcdefABCDEF][0-9a-f]{2}|\\"|\\\\|\\n|[a-z"&&[^"]]|\{\{a\}\}){0,6}""#,
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("[a-d]|\\\\u0061|\\\\\"", inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("\"{key}\" : {value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Sources made of what sources are made of, in no order.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{{",
        "}}",
        "{{{",
        "}}}",
        "{{#",
        "{{/",
        "{{^",
        "{{else",
        "{{!",
        "{{!--",
        "--}}",
        "~",
        "#if",
        "each",
        "if",
        "with",
        " ",
        "a",
        "b",
        ".",
        "..",
        "/",
        "this",
        "@index",
        "@root",
        "[",
        "]",
        "(",
        ")",
        "=",
        "|",
        "as |x|",
        "\"",
        "'",
        "\\",
        "\n",
        "ü",
        "1.5",
        "-",
        "upper",
        "math",
        "lookup",
        "urlEncode",
        "{{#if a}}",
        "{{/if}}",
        "{{#each a}}",
        "{{/each}}",
        "{{a}}",
        "{{else}}",
        "{{else if b}}",
        "{{#urlEncode}}",
        "{{/urlEncode}}",
        "{",
        "}",
        ":",
    ]);
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

proptest! {
    // A failure is shown whole; files of seeds would only pile up.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_value_breaks_a_json_body(a in json(), b in json()) {
        let data = format!("{{\"a\":{a},\"b\":{b}}}");
        for body in BODIES {
            let text = rendered(body, Place::JsonBody, &data).map_err(TestCaseError::fail)?;
            let parsed = serde_json::from_str::<&RawValue>(&text);
            prop_assert!(parsed.is_ok(), "{body}: {text}");
        }
    }

    #[test]
    fn no_value_breaks_a_header(a in json()) {
        let data = format!("{{\"a\":{a}}}");
        if let Ok(text) = rendered("x-{{a}}-{{toJson a}}-{{#each a}}{{this}}{{/each}}", Place::Header, &data) {
            prop_assert!(!text.contains(['\r', '\n', '\0']));
        }
    }

    #[test]
    fn no_source_panics(source in soup(), a in json()) {
        for place in [Place::Url, Place::Header, Place::JsonBody, Place::FormValue] {
            match Template::parse(&source, place) {
                Ok(template) => {
                    let data = format!("{{\"a\":{a},\"b\":1}}");
                    let context = Context { data_fields: Some(&data), ..Context::default() };
                    let _ = template.render(&Data::new(context), LIMITS);
                }
                Err(faults) => for fault in faults {
                    prop_assert!(source.is_char_boundary(fault.offset), "{fault:?}");
                },
            }
        }
    }

    #[test]
    fn no_values_make_a_helper_panic(a in json(), b in json(), c in json()) {
        let data = format!("{{\"a\":{a},\"b\":{b},\"c\":{c}}}");
        for template in [
            "{{math a '+' b}}", "{{math a '*' b}}", "{{math a '/' b}}", "{{math a '%' b}}", "{{numberFormat a b}}", "{{numberFormat a '0.0#E00'}}",
            "{{numberFormat a maximumFractionDigits=b}}", "{{stringFormat a b c}}", "{{stringFormat '%e %g %,.3f %x' a a a a}}", "{{dateFormat a b}}",
            "{{dateFormat a 'full' time=b tz=c}}", "{{dateMath a b}}", "{{dateMath a '+5M/w'}}", "{{substring a b c}}", "{{abbreviate a b}}",
            "{{center a size=b pad=c}}", "{{join a b}}", "{{join a b c}}", "{{slugify a}}", "{{stripTags a}}", "{{replace a b c}}", "{{cut a b}}",
            "{{#ifModEq a b c}}{{/ifModEq}}", "{{#ifMatchesRegexStr a b}}{{/ifMatchesRegexStr}}", "{{#minInList a b}}{{this}}{{/minInList}}", "{{lt a b}}",
        ] {
            let _ = rendered(template, Place::FormValue, &data);
        }
    }
}

#[test]
fn loops_output_and_work_are_bounded() {
    let limits = RenderLimits { output_bytes: 1000 };
    let many = format!(
        "{{\"a\":[{}1],\"s\":\"{}\"}}",
        "1,".repeat(400),
        "x".repeat(500_000)
    );
    let turns = "the template's loops take more than 100000 turns";
    let work = "the template's helpers and lookups go through more than 64 MiB";
    let output = "the rendered text is longer than 1000 bytes";
    for (template, expected) in [
        ("{{#each a}}{{#each ../a}}{{/each}}{{/each}}", turns),
        (
            "{{#each a}}{{#each ../a}}{{#each ../../a}}{{/each}}{{/each}}{{/each}}",
            turns,
        ),
        ("{{#a}}{{#../a}}{{/../a}}{{/a}}", turns),
        (
            "{{#each a}}{{#minInList ../a}}{{/minInList}}{{/each}}",
            turns,
        ),
        ("{{#each a}}{{#if (sha256 ../s)}}{{/if}}{{/each}}", work),
        (
            "{{#each a}}{{#if (lookup ../s 499999)}}{{/if}}{{/each}}",
            work,
        ),
        (
            "{{#ifMatchesRegexStr s '[ab]*a[ab]{5000}c'}}{{/ifMatchesRegexStr}}",
            work,
        ),
        (
            "{{#each a}}{{#ifMatchesRegexStr 'a' (lower '[ab]*a[ab]{5000}c')}}{{/ifMatchesRegexStr}}{{/each}}",
            work,
        ),
        (
            "{{#each a}}{{#ifMatchesRegexStr ../s 'y$'}}{{/ifMatchesRegexStr}}{{/each}}",
            work,
        ),
        ("{{#each a}}abc{{/each}}", output),
        ("{{s}}", output),
        ("{{#md5}}{{s}}{{/md5}}", output),
        ("{{#if (replace s 'x' 'yy')}}{{/if}}", output),
        ("{{#if (urlEncode s)}}{{/if}}", output),
    ] {
        let template = Template::parse(template, Place::FormValue).unwrap();
        let context = Context {
            data_fields: Some(&many),
            ..Context::default()
        };
        let error = template.render(&Data::new(context), limits).unwrap_err();
        assert_eq!(error.message, expected, "{template:?}");
    }
}

#[test]
fn data_nested_without_end_costs_no_stack() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));

    let text = rendered(
        "{{a}}{{length a}}{{#each a}}{{#each this}}x{{/each}}{{/each}}",
        Place::FormValue,
        &deep,
    );

    assert_eq!(text.as_deref(), Ok("1x"));
}

/// Sources of about a mebibyte in which each tag could make one look at all the others.
fn long_sources() -> [(&'static str, String); 7] {
    let repeated = |part: &str| part.repeat(1024 * 1024 / part.len());
    [
        ("comments", repeated("{{!----}}a")),
        ("texts", repeated("{{!}}a")),
        ("hidden braces", repeated("\\{{a")),
        ("values", repeated("{{a}}")),
        ("unknown helpers", repeated("{{a b}}")),
        ("arguments", format!("{{{{join {}}}}}", repeated("a "))),
        (
            "regular expressions",
            repeated(r"{{#ifMatchesRegexStr a '\w{50}'}}{{/ifMatchesRegexStr}}"),
        ),
    ]
}

#[test]
fn of_a_long_source_the_first_faults_are_told_and_that_there_may_be_more() {
    for (name, source) in long_sources() {
        let faults = Template::parse(&source, Place::Url)
            .err()
            .unwrap_or_default();

        let is_told = faults
            .iter()
            .any(|fault| fault.message.ends_with("may be more"));
        assert!(faults.len() <= 33, "{name}: {} faults", faults.len());
        assert_eq!(is_told, faults.len() == 33, "{name}");
    }
}
