//! What is sent for a step: the payload, the query, the headers, byte for byte.

mod headers;
mod templates;

use crate::support::endpoint::{Endpoint, Received, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::json;

/// One webhook, at a tile of its own, and a step there.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    method: &'static str,
    /// What follows the endpoint's origin.
    path: &'static str,
    /// More of the webhook, as TOML.
    webhook: &'static str,
    /// More of the tile, as TOML.
    tile: &'static str,
    /// More of the step, as JSON members.
    step: &'static str,
}

/// A POST without anything of its own.
const PLAIN: Case = Case {
    name: "",
    method: "POST",
    path: "/",
    webhook: "",
    tile: "",
    step: r#""email":"a@example.com""#,
};

/// A gateway with a webhook and a tile for each case, and the endpoint that they all call.
struct Scene {
    gateway: Gateway,
    endpoint: Endpoint,
}

// === impl Scene ===

impl Scene {
    fn of(cases: &[Case]) -> Self {
        let endpoint = Endpoint::replying([reply(200)]);
        let mut stage = Stage::new().environment("SENDING_KEY", "from the environment");
        let mut journey = String::from("workflow_id = 7\nname = \"J\"\n");
        for (at_, case) in cases.iter().enumerate() {
            let url = at(&endpoint, case.path);
            stage = stage.webhook(&format!("w{at_}"), webhook(case.method, &url, case.webhook));
            journey += &format!(
                "[[tiles]]\nid = \"t{at_}\"\ntype = \"webhook\"\nwebhook = \"w{at_}\"\n{}\n",
                case.tile
            );
        }
        let gateway = stage.journey("j", journey).start();
        Self { gateway, endpoint }
    }

    /// Sends the step of each case in turn, and gives what came of it.
    fn send(&self, cases: &[Case]) -> Vec<Received> {
        for (at, case) in cases.iter().enumerate() {
            let step = format!(r#"{{"id":"s{at}","tile":"j/t{at}",{}}}"#, case.step);
            let (status, outcome) = self.gateway.step_text(&step);
            assert_eq!(
                (status, &outcome["outcome"]),
                (200, &json!("continue")),
                "{}: {outcome}",
                case.name
            );
        }
        self.endpoint.requests()
    }
}

/// What each case is expected to send, with what `seen` sees of it.
#[track_caller]
fn assert_sends<T: PartialEq + std::fmt::Debug>(
    table: Vec<(Case, T)>,
    seen: impl Fn(&Received) -> T,
) {
    let (cases, expected): (Vec<Case>, Vec<T>) = table.into_iter().unzip();
    let received = Scene::of(&cases).send(&cases);
    assert_eq!(received.len(), cases.len());
    for ((case, expected), received) in cases.iter().zip(expected).zip(&received) {
        assert_eq!(seen(received), expected, "{}", case.name);
    }
}

fn kind_and_text(received: &Received) -> (String, String) {
    let kind = received.header("content-type").unwrap_or_default();
    (kind.to_owned(), received.text())
}

/// Sends each of `table` and compares the JSON that came.
#[track_caller]
fn assert_sends_json(table: &[(&'static str, &'static str, &'static str, &str)]) {
    let table = table.iter().map(|(name, webhook, step, body)| {
        let case = Case {
            name,
            webhook,
            step,
            ..PLAIN
        };
        (case, ("application/json".to_owned(), (*body).to_owned()))
    });
    assert_sends(table.collect(), kind_and_text);
}

#[test]
fn a_json_payload_keeps_order_and_the_text_of_its_values() {
    assert_sends_json(&[
        (
            "numbers",
            "",
            r#""dataFields":{"i":1234567890123456789,"d":1.10,"big":1e400,"exp":1E5,"neg":-0,"long":123456789012345678901234567890}"#,
            r#"{"i":1234567890123456789,"d":1.10,"big":1e400,"exp":1E5,"neg":-0,"long":123456789012345678901234567890,"workflowId":7}"#,
        ),
        (
            "null is a value, and wins",
            "user_fields = ['city', 'state']\n",
            r#""email":null,"profile":{"city":"Rome","state":null},"dataFields":{"city":null}"#,
            r#"{"city":null,"state":null,"workflowId":7}"#,
        ),
        (
            "deep values as they were written",
            "",
            r#""dataFields":{"o":{"a":1.0,"a":[true,null]},"s":"ü\u00fc\n"}"#,
            r#"{"o":{"a":1.0,"a":[true,null]},"s":"ü\u00fc\n","workflowId":7}"#,
        ),
        (
            "nothing at all",
            "include_email_and_workflow_id = false\n",
            r#""userId":"u""#,
            "{}",
        ),
    ]);
}

#[test]
fn where_a_name_comes_twice_the_later_value_stands_in_the_first_place() {
    assert_sends_json(&[
        (
            "in dataFields",
            "",
            r#""dataFields":{"a":1,"b":2,"a":3}"#,
            r#"{"a":3,"b":2,"workflowId":7}"#,
        ),
        (
            "user fields, dataFields, email and workflowId, custom body",
            "user_fields = ['z', 'y', 'gone']\n[body]\njson = '{\"y\":\"body\",\"email\":\"b@example.com\",\"last\":[1.0]}'\n",
            r#""email":"a@example.com","workflowId":99,"profile":{"y":"profile","z":"profile","x":1},"dataFields":{"first":true,"z":"data"}"#,
            r#"{"z":"data","y":"body","first":true,"email":"b@example.com","workflowId":99,"last":[1.0]}"#,
        ),
        (
            "dataFields give way to email and workflowId",
            "",
            r#""email":"a@example.com","dataFields":{"workflowId":"x","email":"data","n":1}"#,
            r#"{"workflowId":7,"email":"a@example.com","n":1}"#,
        ),
        (
            "without email and workflowId",
            "include_email_and_workflow_id = false\n",
            r#""email":"a@example.com","dataFields":{"n":1}"#,
            r#"{"n":1}"#,
        ),
    ]);
}

#[test]
fn a_form_payload_has_the_same_fields_with_nested_values_as_json_and_null_empty() {
    let case = |name, webhook, step| Case {
        name,
        webhook,
        step,
        ..PLAIN
    };
    let form = "[body]\nformat = 'form'\n";
    let table = vec![
        (
            case(
                "values",
                form,
                r#""email":"a+b@example.com","dataFields":{"i":1234567890123456789,"d":1.10,"big":1e400,"n":null,"o":{"k":[1.0,"x"]},"t":true,"s":"a b&c=d\u00fc"}"#,
            ),
            vec![
                ("i", "1234567890123456789"),
                ("d", "1.10"),
                ("big", "1e400"),
                ("n", ""),
                ("o", r#"{"k":[1.0,"x"]}"#),
                ("t", "true"),
                ("s", "a b&c=dü"),
                ("email", "a+b@example.com"),
                ("workflowId", "7"),
            ],
        ),
        (
            case(
                "later values win in the first place",
                "user_fields = ['city']\ninclude_email_and_workflow_id = false\n[body]\nformat = 'form'\n[body.form]\ncity = 'custom'\nplus = 'a b'\n",
                r#""profile":{"city":"Rome"},"dataFields":{"x":1,"x":2}"#,
            ),
            vec![("city", "custom"), ("x", "2"), ("plus", "a b")],
        ),
    ];
    let owned = |pairs: Vec<(&str, &str)>| -> Vec<(String, String)> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        pairs.into_iter().map(own).collect()
    };
    let table = table.into_iter().map(|(case, pairs)| {
        let kind = "application/x-www-form-urlencoded".to_owned();
        (case, (kind, owned(pairs)))
    });
    assert_sends(table.collect(), |received| {
        let (kind, text) = kind_and_text(received);
        assert!(text.is_ascii(), "{text}");
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        (kind, pairs.collect())
    });
}

#[test]
fn dynamic_parameters_join_the_query_that_is_there_encoded_and_before_the_fragment() {
    let case = |path, tile| Case {
        name: path,
        path,
        tile,
        ..PLAIN
    };
    let one = "[tiles.parameters]\nexperimentId = 'a b'\n";
    let table = vec![
        (case("/plain", one), "/plain?experimentId=a%20b"),
        (case("/query?x=1", one), "/query?x=1&experimentId=a%20b"),
        (case("/fragment#part", one), "/fragment?experimentId=a%20b"),
        (
            case("/both?x=1#part?y", one),
            "/both?x=1&experimentId=a%20b",
        ),
        (case("?root", one), "/?root&experimentId=a%20b"),
        (case("/none?x=%20y#part", ""), "/none?x=%20y"),
        (
            case(
                "/names",
                "[tiles.parameters]\n'n&=' = 'a@b.c-_~'\n'ü' = '/?#+%&='\n",
            ),
            "/names?n%26%3D=a@b.c-_~&%C3%BC=%2F%3F%23%2B%25%26%3D",
        ),
    ];
    let table = table
        .into_iter()
        .map(|(case, target)| (case, target.to_owned()));
    assert_sends(table.collect(), |received| received.target.clone());
}

#[test]
fn every_method_but_get_carries_the_payload() {
    let body = Some(r#"{"email":"a@example.com","workflowId":7}"#.to_owned());
    let table = [
        ("POST", body.clone()),
        ("PUT", body.clone()),
        ("PATCH", body.clone()),
        ("DELETE", body),
        ("GET", None),
    ];
    let table = table.into_iter().map(|(method, body)| {
        let case = Case {
            name: method,
            method,
            ..PLAIN
        };
        let length = body.as_ref().map(|body| body.len().to_string());
        let kind = body.as_ref().map(|_| "application/json".to_owned());
        (
            case,
            (method.to_owned(), kind, length, body.unwrap_or_default()),
        )
    });
    assert_sends(table.collect(), |received| {
        assert_eq!(received.header("transfer-encoding"), None);
        let header = |name| received.header(name).map(str::to_owned);
        let (kind, length) = (header("content-type"), header("content-length"));
        (received.method.clone(), kind, length, received.text())
    });
}

/// All values of a header, in their order.
fn all(received: &Received, name: &str) -> Vec<String> {
    let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
    let found = received.headers.iter().filter(same);
    found.map(|(_, value)| value.clone()).collect()
}

#[test]
fn a_step_at_a_webhook_has_no_workflow_but_its_own() {
    let scene = Scene::of(&[PLAIN]);

    for step in [
        json!({"webhook": "w0"}),
        json!({"webhook": "w0", "workflowId": 5}),
    ] {
        assert_eq!(scene.gateway.step(&step).1["outcome"], "continue", "{step}");
    }

    let bodies: Vec<String> = scene
        .endpoint
        .requests()
        .iter()
        .map(Received::text)
        .collect();
    assert_eq!(bodies, ["{}", r#"{"workflowId":5}"#]);
}
