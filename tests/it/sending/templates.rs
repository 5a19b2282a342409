//! Values on their way into a request: each place, and what no value can do there.

use super::{Case, PLAIN, Scene, all, assert_sends, assert_sends_json, kind_and_text};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::json;

/// A value that would break out of any place.
const EVIL: &str = r#""v":"a\"b\\c&d=e #f/?<g>","email":"e@example.com","#;

#[test]
fn values_in_a_url_go_in_as_rendered_and_url_encode_makes_them_safe() {
    let case = |path, step| Case {
        name: path,
        path,
        step,
        method: "GET",
        ..PLAIN
    };
    let user = r#""email":"test.user+1@example.com","profile":{"id":"a b&c","n":1.10}"#;
    let table = vec![
        (
            case("/update?email={{#urlEncode}}{{email}}{{/urlEncode}}", user),
            "/update?email=test.user%2B1%40example.com",
        ),
        (case("/u/{{n}}", user), "/u/1.10"),
        (case("/u/{{missing}}/x", user), "/u//x"),
        (case("/u?w={{workflowId}}", user), "/u?w=7"),
    ];
    let table = table
        .into_iter()
        .map(|(case, target)| (case, target.to_owned()));
    assert_sends(table.collect(), |received| received.target.clone());
}

#[test]
fn dynamic_parameters_are_rendered_and_then_encoded() {
    let case = Case {
        name: "parameters",
        path: "/p?x=1#f",
        tile: "[tiles.parameters]\nexperimentId = '{{experimentId}}'\nnone = '{{missing}}'\n",
        step: r#""dataFields":{"experimentId":"a&b=c d@e"}"#,
        ..PLAIN
    };
    let target = "/p?x=1&experimentId=a%26b%3Dc%20d@e&none=".to_owned();
    assert_sends(vec![(case, target)], |received| received.target.clone());
}

#[test]
fn no_value_breaks_out_of_a_json_body() {
    let step: &'static str =
        Box::leak(format!(r#""dataFields":{{{EVIL}"n":1.10,"o":{{"k":[1.0]}}}}"#).into_boxed_str());
    let body = |json: &str| -> &'static str {
        let text = format!("include_email_and_workflow_id = false\n[body]\njson = '''{json}'''\n");
        Box::leak(text.into_boxed_str())
    };
    let data = r#""v":"a\"b\\c&d=e #f/?<g>","email":"e@example.com","n":1.10,"o":{"k":[1.0]}"#;
    let expected = |more: &str| format!("{{{data},{more}}}");
    for (name, json, more) in [
        (
            "inside quotes",
            r#"{"q":"<{{v}}>"}"#,
            r#""q":"<a\"b\\c&d=e #f/?<g>>""#,
        ),
        (
            "triple braces",
            r#"{"q":"{{{v}}}"}"#,
            r#""q":"a\"b\\c&d=e #f/?<g>""#,
        ),
        (
            "outside quotes",
            r#"{"q":{{v}}}"#,
            r#""q":"a\"b\\c&d=e #f/?<g>""#,
        ),
        (
            "a number",
            r#"{"q":{{n}},"t":"{{n}}"}"#,
            r#""q":1.10,"t":"1.10""#,
        ),
        ("a whole value", r#"{"q":{{o}}}"#, r#""q":{"k":[1.0]}"#),
        (
            "a missing value",
            r#"{"q":{{gone}},"t":"{{gone}}"}"#,
            r#""q":null,"t":"""#,
        ),
    ] {
        assert_sends_json(&[(name, body(json), step, &expected(more))]);
    }
}

#[test]
fn form_values_are_rendered_and_then_encoded() {
    let case = Case {
        name: "form",
        webhook: "[body]\nformat = 'form'\n[body.form]\nfirstName = '{{firstName}}'\nn = '{{n}}'\n",
        step: r#""dataFields":{"firstName":"a&b=c d","n":1.10}"#,
        ..PLAIN
    };
    let received = {
        let scene = Scene::of(&[case]);
        scene.send(&[case]).remove(0)
    };
    let (_, text) = kind_and_text(&received);
    let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect();
    let expected = [("firstName", "a&b=c d"), ("n", "1.10"), ("workflowId", "7")];
    assert_eq!(
        pairs,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn a_header_is_rendered_as_it_is() {
    let case = Case {
        name: "header",
        webhook: "[[headers]]\nname = 'X-Source'\nvalue = 'journey-{{workflowId}} {{v}}'\n",
        step: r#""profile":{"v":"a\"b<c>"}"#,
        ..PLAIN
    };
    let value = vec!["journey-7 a\"b<c>".to_owned()];
    assert_sends(vec![(case, value)], |received| all(received, "x-source"));
}

#[test]
fn data_fields_win_over_the_profile_and_sources_are_there_whole() {
    let case = |name, text: &str, step| {
        let more = format!("[[headers]]\nname = 'X-Seen'\nvalue = '{text}'\n");
        Case {
            name,
            webhook: Box::leak(more.into_boxed_str()),
            step,
            ..PLAIN
        }
    };
    let both = r#""profile":{"c":"profile","email":"p"},"dataFields":{"c":"data"},"userId":"u","email":"e","liveData":{"offer":{"price":12.50}}"#;
    let table = vec![
        (case("both", "{{c}}", both), "data"),
        (
            case("whole", "{{profile.c}}-{{dataFields.c}}", both),
            "profile-data",
        ),
        (
            case("own", "{{email}} {{userId}} {{workflowId}}", both),
            "e u 7",
        ),
        (case("live", "{{liveData.offer.price}}", both), "12.50"),
    ];
    let table = table
        .into_iter()
        .map(|(case, seen)| (case, vec![seen.to_owned()]));
    assert_sends(table.collect(), |received| all(received, "x-seen"));
}

/// A gateway with a webhook for each of `(id, path, more)`.
fn gateway(endpoint: &Endpoint, webhooks: &[(&str, &str, &str)]) -> Gateway {
    let add = |stage: Stage, (id, path, more): &(&str, &str, &str)| {
        stage.webhook(id, webhook("POST", &at(endpoint, path), more))
    };
    webhooks.iter().fold(Stage::new(), add).start()
}

/// An exit for `reason` before anything was sent.
#[track_caller]
fn assert_exits(gateway: &Gateway, id: &str, value: &str, reason: &str) {
    let (status, outcome) = gateway.step(&json!({"webhook": id, "dataFields": {"v": value}}));
    let members = ["outcome", "reason", "sent", "attempts"];
    let said = members.map(|name| outcome[name].clone());
    let expected = [json!("exit"), json!(reason), json!("no"), json!(0)];
    assert_eq!((status, said), (200, expected), "{id} {value:?}: {outcome}");
}

#[test]
fn a_value_that_makes_no_url_is_an_exit_and_nothing_is_sent() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = gateway(&endpoint, &[("w", "/x{{v}}", "")]);

    for value in ["\\", "\r\nX: y", "\0", "\u{7f}", "\n"] {
        assert_exits(&gateway, "w", value, "invalid_url");
    }
    assert_eq!(endpoint.connections(), 0);
}

#[test]
fn a_host_that_a_value_makes_is_judged_like_any_other() {
    let gateway = Stage::new()
        .set("egress.allow_addresses", "[]")
        .webhook("host", webhook("POST", "http://{{v}}/", ""))
        .webhook("whole", webhook("POST", "{{v}}", ""))
        .start();

    for (id, value) in [
        ("host", "a b"),
        ("host", ""),
        ("whole", ""),
        ("whole", "/relative"),
        ("whole", "ftp://example.com/"),
        ("whole", "file:///etc/passwd"),
        ("whole", "http://"),
    ] {
        assert_exits(&gateway, id, value, "invalid_url");
    }
    for value in ["127.0.0.1", "0x7f.1", "[::1]", "169.254.169.254"] {
        let step = json!({"webhook": "host", "dataFields": {"v": value}});
        let outcome = gateway.step(&step).1;
        assert_eq!(outcome["reason"], "blocked_address", "{value}: {outcome}");
    }
}

#[test]
fn a_value_that_breaks_a_header_is_a_template_error_and_nothing_is_sent() {
    let endpoint = Endpoint::replying([reply(200)]);
    let header = "[[headers]]\nname = 'X-V'\nvalue = 'a{{v}}b'\n";
    let gateway = gateway(&endpoint, &[("w", "/", header)]);

    for value in ["\r\nX-Evil: 1", "\n", "\r", "\0"] {
        assert_exits(&gateway, "w", value, "template_error");
    }
    assert_eq!(endpoint.connections(), 0);
}

#[test]
fn a_body_that_comes_out_as_no_json_object_is_a_template_error() {
    let endpoint = Endpoint::replying([reply(200)]);
    let body = |json: &str| format!("[body]\njson = '''{json}'''\n");
    let (whole, pieces) = (body("{{v}}"), body(r#"{"a":1{{#if v}}]{{/if}}}"#));
    let gateway = gateway(
        &endpoint,
        &[("whole", "/", &whole), ("pieces", "/", &pieces)],
    );

    assert_exits(&gateway, "whole", "text", "template_error");
    assert_exits(&gateway, "pieces", "yes", "template_error");
    let (_, fine) = gateway.step(&json!({"webhook": "pieces"}));
    assert_eq!(fine["outcome"], "continue");
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_template_that_is_none_keeps_its_webhook_out_of_service() {
    let endpoint = Endpoint::replying([reply(200)]);
    let webhooks = [
        ("unclosed", "/{{v", ""),
        ("unbalanced", "/{{#if v}}", ""),
        ("helper", "/{{noSuchHelper v}}", ""),
        ("partial", "/{{> other}}", ""),
    ];
    let gateway = gateway(&endpoint, &webhooks);

    let checked = gateway.command(&["check", "conf"]);
    for (id, ..) in webhooks {
        let (status, problem) = gateway.step(&json!({"webhook": id}));
        assert_eq!(
            (status, &problem["type"]),
            (503, &json!("webhook-invalid")),
            "{id}"
        );
        assert!(
            checked.contains(&format!("webhooks/{id}.toml:3:")),
            "{id}: {checked}"
        );
    }
}
