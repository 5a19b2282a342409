//! Whatever a step's values are, the request stays the one that the webhook describes.

use super::*;
use crate::config::{self, Webhook};
use crate::model::{Method, Origin, Scheme, WebhookId, json};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

const JSON: &str = r#"
name = "J"
method = "POST"
endpoint = "https://api.example.com/a/{{v}}/b?q={{v}}&e={{#urlEncode}}{{v}}{{/urlEncode}}#{{v}}"
[[headers]]
name = "X-V"
value = "{{v}}"
[body]
json = '''{"inside": "a {{v}} b", "outside": {{v}}, "{{v}}": 1, "list": [{{#each l}}{{this}},{{/each}} null]}'''
"#;

const FORM: &str = r#"
name = "F"
method = "PUT"
endpoint = "https://api.example.com"
[body]
format = "form"
[body.form]
v = "{{v}}"
"#;

fn webhook(text: &str) -> Arc<Webhook> {
    let id = WebhookId::new("w").unwrap();
    let draft = config::draft(&id, text, "w.toml", Path::new("."));
    draft
        .webhook
        .unwrap_or_else(|| panic!("{:?}", draft.report.faults))
}

fn composed(text: &str, data_fields: &str) -> Result<Plan, PlanFault> {
    let found = Found {
        webhook: webhook(text),
        place: None,
    };
    let body = format!(r#"{{"webhook":"w","dataFields":{data_fields}}}"#);
    let step = Step::parse(Bytes::from(body)).unwrap();
    compose(&found, &Gateway::default(), &step, None, Secrets::Plain)
}

/// A JSON value of some kind, as text.
fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        any::<String>(),
        r#"[\\"/{}<>@:?#&=%.\[\]\r\n\t ]{0,12}"#,
        "https?://evil\\.example/?",
        r"\{\{[a-z#/ ]{0,8}\}\}",
    ];
    prop_oneof![
        4 => text.prop_map(|text| json::quote(&text)),
        1 => r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,4})?(e[+-]?[0-9]{1,3})?",
        1 => Just("null".to_owned()),
        1 => Just(r#"{"a":[1.10,"\ud800"]}"#.to_owned()),
        1 => Just(r#"["x\"",{"y":null}]"#.to_owned()),
    ]
}

proptest! {
    #[test]
    fn no_value_moves_the_request_or_breaks_its_parts(v in value(), l in value()) {
        let fields = format!(r#"{{"v":{v},"l":[{l},{v}]}}"#);
        match composed(JSON, &fields) {
            Err(PlanFault::Template { .. } | PlanFault::Url { .. }) => {}
            Ok(plan) => {
                let request = plan.request;
                let origin = Origin {
                    scheme: Scheme::Https,
                    host: "api.example.com".into(),
                    port: 443,
                };
                prop_assert_eq!(request.origin, origin);
                prop_assert_eq!(request.method, Method::Post);
                prop_assert!(request.path.starts_with("/a/"));
                prop_assert!(request.path.bytes().all(|b| b.is_ascii_graphic()));
                for (_, value) in &request.headers {
                    prop_assert!(!value.as_bytes().iter().any(|b| b"\r\n\0".contains(b)));
                }
                let body = request.body.unwrap();
                let text = std::str::from_utf8(&body).unwrap();
                let members = json::members(text).unwrap();
                let inside = members.iter().find(|m| m.key() == "inside").unwrap().value;
                prop_assert!(inside.starts_with("\"a ") && inside.ends_with(" b\""));
            }
        }
    }

    #[test]
    fn no_value_adds_a_field_to_a_form(v in value()) {
        let plan = composed(FORM, &format!(r#"{{"v":{v}}}"#)).unwrap();
        let body = plan.request.body.unwrap();
        let pairs: HashMap<_, _> = form_urlencoded::parse(&body).collect();
        prop_assert_eq!(pairs.len(), 1);
        prop_assert!(pairs.contains_key("v"));
    }
}
