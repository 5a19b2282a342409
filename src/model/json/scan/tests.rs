//! What is taken in one walk is what the serializer takes.

use super::*;
use crate::model::json::{self, Fields};
use proptest::prelude::*;
use serde_json::value::RawValue;

fn scanned(text: &str) -> Option<Vec<Member<'_>>> {
    let mut members = Vec::new();
    each_member(text, MOST_DEPTH, |member| members.push(member))?;
    Some(members)
}

/// Pieces of JSON without order.
fn noise() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just(" "),
        Just("\n"),
        Just("\"a\""),
        Just("\"\""),
        Just("\"\\\""),
        Just("\"x\\n\\u00e9\""),
        Just("\"\\ud800\""),
        Just("\"ü\u{1F600}\""),
        Just("\"long enough for a word\""),
        Just("\"\u{1}\""),
        Just("\"\\x\""),
        Just("\"\\u12\""),
        Just("\""),
        Just("0"),
        Just("-"),
        Just("12"),
        Just("01"),
        Just("1.5"),
        Just("1."),
        Just(".5"),
        Just("1e9"),
        Just("1E+"),
        Just("true"),
        Just("false"),
        Just("null"),
        Just("nul"),
        Just("\u{a0}"),
    ];
    proptest::collection::vec(word, 0..14).prop_map(|words| words.concat())
}

/// A JSON value, with white space here and there.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
        Just("true".to_owned()),
        Just("null".to_owned()),
        any::<String>().prop_map(|text| json::quote(&text)),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        let member = (any::<String>(), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..5)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            proptest::collection::vec(member, 0..5).prop_map(|members| {
                let member =
                    |(name, value): &(String, String)| format!("{} :\t{value}", json::quote(name));
                let members: Vec<_> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Text that is JSON, nearly JSON, or not at all.
fn text() -> impl Strategy<Value = String> {
    let object = (value(), 0..60_usize, noise()).prop_map(|(value, cut, noise)| {
        let mut text = format!("{{\"v\":{value}}}");
        // Most are left whole.
        if cut < 20 && text.is_char_boundary(cut.min(text.len())) {
            text.insert_str(cut.min(text.len()), &noise);
        }
        text
    });
    prop_oneof![3 => object, 1 => noise().prop_map(|noise| format!("{{{noise}}}"))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_taken_is_what_the_serializer_takes(text in text()) {
        let judged = json::judged_members(&text).ok();
        prop_assert_eq!(scanned(&text), judged, "{}", text);
    }

    #[test]
    fn members_stand_where_they_were_noted(text in text()) {
        let _ = each_noted(&text, MOST_DEPTH, |_, value, places| {
            let walked = Fields::of(value);
            let noted = Fields::at(value, &places);
            assert!(noted.iter().eq(walked.iter()), "{value}");
        });
    }

    #[test]
    fn nothing_special_is_passed_over(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
        let expected = bytes.iter().position(special).unwrap_or(bytes.len());
        prop_assert_eq!(plain(&bytes), expected);
    }
}

#[test]
fn what_is_deeper_than_can_be_followed_is_left_to_the_serializer() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(scanned(&nested(64)).is_some());
    assert!(scanned(&nested(65)).is_none());
    let is_valid = serde_json::from_str::<&RawValue>(&nested(65)).is_ok();
    assert!(is_valid);
}
