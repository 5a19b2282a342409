//! What a value may do where it stands.

use super::{Context, Data, LIMITS, Place, Template, rendered};

const DATA: &str = r#"{"s": "a\"b\\c\nd", "n": null, "i": 1.10, "o": {"k": [1, "x"]}, "list": [1, 2], "j": "{\"a\":1}", "nl": "a\r\nb", "e": "", "yes": true}"#;

#[test]
fn a_json_body_takes_values_as_text_inside_quotes_and_as_json_outside() {
    for (template, expected) in [
        (r#"{"a":"{{s}}"}"#, r#"{"a":"a\"b\\c\nd"}"#),
        (
            r#"{"a":{{s}},"b":{{n}},"c":{{missing}},"d":{{i}},"e":{{o}}}"#,
            r#"{"a":"a\"b\\c\nd","b":null,"c":null,"d":1.10,"e":{"k":[1,"x"]}}"#,
        ),
        (
            r#"{"a":"{{n}}{{missing}}{{i}}{{o}}"}"#,
            r#"{"a":"1.10{\"k\":[1,\"x\"]}"}"#,
        ),
        (
            r#"{"a":{{toJson s}},"b":{{math i "+" 1}},"c":{{eq 1 1}},"d":{{length list}}}"#,
            r#"{"a":"a\"b\\c\nd","b":2.1,"c":true,"d":2}"#,
        ),
        (
            r#"{"a":{{upper e}},"b":{{upper missing}},"c":{{lookup o "k"}},"d":{{defaultIfEmpty missing 0}}}"#,
            r#"{"a":null,"b":null,"c":[1,"x"],"d":0}"#,
        ),
        (
            r#"{"a":[{{#each list}}{{this}}{{#unless @last}},{{/unless}}{{/each}}]}"#,
            r#"{"a":[1,2]}"#,
        ),
        (
            r#"{"a":"{{#if yes}}{{s}}{{else}}-{{/if}}"}"#,
            r#"{"a":"a\"b\\c\nd"}"#,
        ),
        (
            r#"{"a":"{{#urlEncode}}{{s}}"{{/urlEncode}}"}"#,
            r#"{"a":"a%22b%5Cc%0Ad%22"}"#,
        ),
        (
            r#"{"a":"{{#breaklines}}{{s}}{{/breaklines}}"}"#,
            r#"{"a":"a\"b\\c<br/>d"}"#,
        ),
        (
            r#"{"a":"\"{{i}}\\","b":{{i}}}"#,
            r#"{"a":"\"1.10\\","b":1.10}"#,
        ),
        (r#"{{#if yes}}{"a":{{/if}}{{i}}}"#, r#"{"a":1.10}"#),
        (r#"{"a":{"b":{{i}}}}"#, r#"{"a":{"b":1.10}}"#),
    ] {
        assert_eq!(
            rendered(template, Place::JsonBody, DATA).as_deref(),
            Ok(expected),
            "{template}"
        );
    }
}

#[test]
fn a_helper_outside_of_quotes_gives_one_json_value_or_an_error() {
    for helper in [
        "upper s",
        "upper j",
        "defaultIfEmpty nl 1",
        "join list ', '",
    ] {
        let template = format!("{{\"a\":{{{{{helper}}}}}}}");
        let name = helper.split(' ').next().unwrap();
        let expected = format!(
            "helper `{name}`: outside of quotes its output must be one JSON value; put it between quotes, or use `toJson`"
        );
        match helper {
            "upper j" => assert_eq!(
                rendered(&template, Place::JsonBody, DATA).unwrap(),
                r#"{"a":{"A":1}}"#
            ),
            _ => assert_eq!(
                rendered(&template, Place::JsonBody, DATA).unwrap_err(),
                expected,
                "{template}"
            ),
        }
    }
}

#[test]
fn quotes_that_depend_on_a_value_are_a_fault_of_the_template() {
    let branches = "the branches of this block leave the quotes of the JSON in different states";
    let body =
        "the body of this loop opens a quote of the JSON and does not close it, or closes one";
    let escape = "a value cannot stand inside an escape of a JSON string: it would change what the string means";
    for (template, offset, message) in [
        (r#"{"a":{{#if s}}"x{{else}}y{{/if}}"}"#, 5, branches),
        (r#"{"a":{{#if s}}"x{{/if}}"}"#, 5, branches),
        (r#"{"a":"{{#each list}}"{{else}}"{{/each}}"}"#, 6, body),
        (r#"{"a":"{{#list}}"{{else}}"{{/list}}"}"#, 6, body),
        (r#"{"a":"\\\{{s}}"}"#, 0, ""),
        (r#"{"a":"\u00{{s}}"}"#, 10, escape),
        (r#"{"a":"\\\\\{{s}} {{s}}"}"#, 0, ""),
        (r#"{"a":"{{#if s}}\{{else}}n{{/if}}x"}"#, 0, ""),
    ] {
        match Template::parse(template, Place::JsonBody) {
            Err(faults) => assert_eq!(
                (faults[0].offset, faults[0].message.as_str()),
                (offset, message),
                "{template}"
            ),
            Ok(_) => assert_eq!((offset, message), (0, ""), "{template}"),
        }
    }
}

#[test]
fn a_header_never_gets_a_line_break() {
    let expected = "the rendered header has a line break or a NUL, which no header can have";
    for template in ["{{nl}}", "a\n{{i}}", "{{#if yes}}{{s}}{{/if}}"] {
        assert_eq!(
            rendered(template, Place::Header, DATA).unwrap_err(),
            expected,
            "{template}"
        );
    }
    assert_eq!(
        rendered("{{#urlEncode}}{{nl}}{{/urlEncode}}", Place::Header, DATA).unwrap(),
        "a%0D%0Ab"
    );
}

#[test]
fn values_of_a_url_that_are_not_encoded_are_warned_of() {
    let offsets = |template: &str| {
        let template = Template::parse(template, Place::Url).unwrap();
        template
            .warnings()
            .iter()
            .map(|fault| fault.offset)
            .collect::<Vec<_>>()
    };
    for (template, expected) in [
        (
            "https://a.example/{{a}}?b={{#urlEncode}}{{b}}{{/urlEncode}}&c={{{c}}}",
            vec![18, 62],
        ),
        (
            "/{{urlEncode a}}{{md5 a}}{{#sha1}}{{a}}{{/sha1}}{{toUrlEncodedJson a}}{{math a '+' 1}}",
            vec![],
        ),
        (
            "/{{#if a}}{{upper a}}{{/if}}{{#each a}}{{this}}{{/each}}{{base64 a}}{{#base64}}{{a}}{{/base64}}",
            vec![10, 39, 56, 79],
        ),
    ] {
        assert_eq!(offsets(template), expected, "{template}");
    }
    let warned = Template::parse("/{{a.b}}", Place::Url).unwrap();
    let message = "`{{a.b}}` goes into the URL as it is; if it can hold anything but letters, digits, `.`, `-`, `*` or `_`, wrap it: `{{#urlEncode}}{{a.b}}{{/urlEncode}}`";
    assert_eq!(warned.warnings()[0].message, message);
    assert_eq!(
        Template::parse("{{a}}", Place::FormValue)
            .unwrap()
            .warnings(),
        []
    );
}

#[test]
fn names_at_the_top_are_found_in_their_order() {
    let context = Context {
        profile: Some(r#"{"a":"profile","b":"profile","email":"other","userId":"field"}"#),
        data_fields: Some(
            r#"{"a":"first","a":"trigger","profile":"field","c":null,"\u0064":"escaped"}"#,
        ),
        live_data: Some(r#"{"offer":{"price":12.0}}"#),
        email: Some("\"ada@example.com\""),
        user_id: None,
        workflow_id: Some("12345"),
    };
    for (template, expected) in [
        (
            "{{a}} {{b}} {{email}} {{workflowId}} {{d}}",
            "trigger profile ada@example.com 12345 escaped",
        ),
        (
            "{{profile.a}} {{dataFields.a}} {{liveData.offer.price}}",
            "profile trigger 12.0",
        ),
        (
            "{{profile.email}} {{userId}} {{dataFields.profile}}",
            "other field field",
        ),
        (
            "{{#each this}}{{@key}} {{/each}}",
            "a b email userId profile c d workflowId dataFields liveData ",
        ),
    ] {
        let template = Template::parse(template, Place::FormValue).unwrap();
        assert_eq!(
            template.render(&Data::new(context), LIMITS).unwrap(),
            expected,
            "{template:?}"
        );
    }
}

#[test]
fn a_template_says_what_of_it_is_literal() {
    let prefix = |source: &str| {
        let template = Template::parse(source, Place::Url).unwrap();
        (
            template.literal_prefix().to_owned(),
            template.is_literal(),
            template.source() == source,
        )
    };

    assert_eq!(
        prefix("https://a.example/{{! x }}b{{c}}"),
        ("https://a.example/b".into(), false, true)
    );
    assert_eq!(
        prefix("https://a.example/"),
        ("https://a.example/".into(), true, true)
    );
    assert_eq!(prefix("{{a}}/"), (String::new(), false, true));
}
