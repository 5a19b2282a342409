//! What is a step, and what is none.

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Step, StepFault> {
    Step::parse(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn a_step_is_slices_of_the_bytes_that_came() {
    let step = parse(
        r#" {"id":"01J","tile":"welcome/claim","email":"a@b.c","userId":7,"workflowId":12,
            "profile":{"n": 1.10},"dataFields":{},"liveData":{"o":{}},"later":[1]} "#,
    )
    .unwrap();
    assert_eq!((step.id.as_str(), step.named), ("01J", true));
    assert_eq!(
        step.target,
        Target::Tile(TileRef::new("welcome/claim").unwrap())
    );
    let parts = step.parts();
    assert_eq!(parts.email, Some("\"a@b.c\""));
    assert_eq!(parts.user_id, Some("7"));
    assert_eq!(parts.workflow_id, Some("12"));
    assert_eq!(parts.profile, Some(r#"{"n": 1.10}"#));
    assert_eq!(parts.data_fields, Some("{}"));
    assert_eq!(parts.live_data, Some(r#"{"o":{}}"#));
}

#[test]
fn the_members_of_a_usual_profile_are_noted_and_of_a_doubtful_or_a_large_one_not() {
    let many: Vec<_> = (0..100).map(|n| format!("\"k{n}\":{n}")).collect();
    for (profile, noted) in [
        (r#"{"a": 1, "b":[{"c":2}]}"#, 2),
        (r#"{"a":1},"profile":{"b":2,"c":3,"d":4}"#, 3),
        (r#"{"a":1},"profile":null"#, 0),
        (r#"{"\u0061":1}"#, 0),
        (r#"{"a":1},"\u0061":1"#, 0),
        (&format!("{{{}}}", many.join(",")), 0),
    ] {
        let step = parse(&format!(r#"{{"webhook":"a","profile":{profile}}}"#)).unwrap();
        assert_eq!(step.profile_places().len(), noted, "{profile}");
    }
}

#[test]
fn null_is_as_absent_and_of_a_key_that_comes_twice_the_last_counts() {
    let step = parse(
        r#"{"id":null,"webhook":"a","webhook":"b","tile":null,"email":null,"expiresAt":null,"profile":null}"#,
    )
    .unwrap();
    assert_eq!(step.target, Target::Webhook(WebhookId::new("b").unwrap()));
    assert_eq!(
        (step.named, step.parts().email, step.parts().profile),
        (false, None, None)
    );
    assert_eq!(step.expires_at, None);
}

/// Text, the pointer of its fault, and what is said of it.
const NO_STEPS: &[(&str, &str, &str)] = &[
    (
        "",
        "",
        "the body is no JSON: EOF while parsing a value at line 1 column 0",
    ),
    (
        "{\"tile\":\"a/b\"",
        "",
        "the body is no JSON: EOF while parsing an object at line 1 column 13",
    ),
    (
        "{\"tile\":\"a/b\"} x",
        "",
        "the body is no JSON: trailing characters at line 1 column 16",
    ),
    ("[]", "", "a step is a JSON object"),
    (
        "{}",
        "/tile",
        "names neither `tile` nor `webhook`; a step names one of them",
    ),
    (
        r#"{"tile":"a/b","webhook":"c"}"#,
        "/webhook",
        "has both `tile` and `webhook`; a step names one of them",
    ),
    (
        r#"{"tile":7}"#,
        "/tile",
        "is a number, and must be a string",
    ),
    (
        r#"{"tile":"a"}"#,
        "/tile",
        "must be \"<journey id>/<tile id>\", each [a-z0-9][a-z0-9_-]{0,63}",
    ),
    (
        r#"{"webhook":"A"}"#,
        "/webhook",
        "must match [a-z0-9][a-z0-9_-]{0,63}",
    ),
    (
        r#"{"webhook":"a","id":"a b"}"#,
        "/id",
        "must match [A-Za-z0-9._:-]{1,128}",
    ),
    (
        r#"{"webhook":"a","email":7}"#,
        "/email",
        "is a number, and must be a string",
    ),
    (
        r#"{"webhook":"a","userId":[]}"#,
        "/userId",
        "is an array, and must be a string or a number",
    ),
    (
        r#"{"webhook":"a","profile":"x"}"#,
        "/profile",
        "is a string, and must be an object",
    ),
    (
        r#"{"webhook":"a","dataFields":[]}"#,
        "/dataFields",
        "is an array, and must be an object",
    ),
    (
        r#"{"webhook":"a","liveData":true}"#,
        "/liveData",
        "is a boolean, and must be an object",
    ),
    (
        r#"{"webhook":"a","expiresAt":"tomorrow"}"#,
        "/expiresAt",
        "is no RFC 3339 time such as \"2026-11-23T10:00:00Z\"",
    ),
];

#[test]
fn what_is_no_step_is_refused_with_the_pointer_of_the_fault() {
    for (text, pointer, detail) in NO_STEPS {
        let fault = StepFault {
            pointer,
            detail: (*detail).into(),
        };
        assert_eq!(parse(text).map(|_| ()), Err(fault), "{text}");
    }
}

#[test]
fn a_step_may_be_64_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        parse(&format!(r#"{{"webhook":"a","x":{open}{close}}}"#)).map(|_| ())
    };
    assert_eq!(nested(63), Ok(()));
    assert_eq!(nested(64), Err(fault("", "is nested over 64 deep".into())));
    assert_eq!(
        nested(500_000),
        Err(fault("", "is nested over 64 deep".into()))
    );
}

#[test]
fn brackets_inside_strings_nest_nothing() {
    let text = format!(r#"{{"webhook":"a","x":"\"{}"}}"#, "[".repeat(100));
    assert!(parse(&text).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_fall(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Step::parse(bytes.into());
    }

    #[test]
    fn no_json_makes_the_parser_fall(
        text in r#"\{("(tile|webhook|id|profile|email)":("[a-z/\\\\u]{0,8}"|[0-9.e-]{1,5}|null|\[\]|\{\}),?){0,4}\}?"#,
    ) {
        if let Ok(step) = parse(&text) {
            let _ = step.parts();
        }
    }
}
