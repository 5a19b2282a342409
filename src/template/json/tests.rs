//! JSON text read where it stands.

use super::*;

fn compact(text: &str) -> String {
    let mut out = String::new();
    compact_into(&mut out, text);
    out
}

fn joined(text: &str) -> String {
    let mut out = String::new();
    joined_into(&mut out, text);
    out
}

#[test]
fn members_and_items_are_the_slices_of_the_text() {
    let object = r#" { "a" : 1.10 , "b\"c":[1,{"x":"]}"}], "d": "q" } "#;
    let array = r#"[1e400, "a,b", {"k":[2]}, null ]"#;

    let of_object: Vec<_> = members(object).collect();
    let of_array: Vec<_> = items(array).collect();

    assert_eq!(
        of_object,
        [
            ("a", "1.10"),
            ("b\\\"c", r#"[1,{"x":"]}"}]"#),
            ("d", "\"q\"")
        ]
    );
    assert_eq!(of_array, ["1e400", "\"a,b\"", r#"{"k":[2]}"#, "null"]);
    assert_eq!(
        members("[1]").count() + items("{}").count() + members("").count(),
        0
    );
}

#[test]
fn strings_decode_and_lone_surrogates_become_the_replacement_character() {
    for (written, meant) in [
        (r"plain ü", "plain ü"),
        (r#"a\"b\\c\/d\n\r\t\b\f"#, "a\"b\\c/d\n\r\t\u{8}\u{c}"),
        (r"\u00fc\ud83d\ude00!", "ü😀!"),
        (r"\ud83d!", "\u{fffd}!"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\u12", "\u{fffd}12"),
        (r"\", "\u{fffd}"),
        (r"\ü", "\u{fffd}ü"),
    ] {
        assert_eq!(decode(written), meant, "{written}");
    }
}

#[test]
fn compact_text_keeps_numbers_and_mends_lone_surrogates() {
    assert_eq!(
        compact(r#" { "a" : [ 1.10 , 1e400 ], "b" : "x  y" } "#),
        r#"{"a":[1.10,1e400],"b":"x  y"}"#
    );
    assert_eq!(compact(r#"["\ud800","\u0022"]"#), "[\"\u{fffd}\",\"\\\"\"]");
}

#[test]
fn an_array_joins_like_handlebars_prints_it() {
    assert_eq!(
        joined(r#"[1, [2, [], null], "a,b", {"x": 1}]"#),
        r#"1,2,,,a,b,{"x":1}"#
    );
}

#[test]
fn no_text_makes_a_walk_panic_or_stand_still() {
    let deep = "[".repeat(100_000);
    for text in [
        "{", "[", "{\"a\"", "{\"a\":", "[1,", "}", "]", ":", "\"", "\"\\", "[:]", "{,}", "[}",
        &deep,
    ] {
        let _ = (
            members(text).count(),
            items(text).count(),
            compact(text),
            joined(text),
        );
    }
}
