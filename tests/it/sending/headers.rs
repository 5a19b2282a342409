//! The headers of a request: the gateway's own, the webhook's, the caller's trace context.

use super::{Case, PLAIN, Scene, all, assert_sends};
use crate::support::client::post_with;
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Stage, at, webhook};
use serde_json::{Value, json};

#[test]
fn a_custom_header_replaces_the_gateways_own_where_it_may() {
    let header =
        |name: &str, value: &str| format!("[[headers]]\nname = '{name}'\nvalue = {value}\n");
    let webhook = [
        header("user-agent", "'mine/1'"),
        header("Content-Type", "'application/vnd.mine+json'"),
        header("IDEMPOTENCY-KEY", "'my key'"),
        header("X-Literal", "'as it stands'"),
        header("X-Secret", "{ env = 'SENDING_KEY' }"),
        header("Authorization", "'Custom scheme'"),
    ]
    .concat();
    let case = Case {
        name: "custom",
        webhook: Box::leak(webhook.into_boxed_str()),
        ..PLAIN
    };
    let names = [
        "user-agent",
        "content-type",
        "idempotency-key",
        "x-literal",
        "x-secret",
        "authorization",
        "accept-encoding",
        "traceparent",
    ];
    let expected = [
        &["mine/1"][..],
        &["application/vnd.mine+json"],
        &["my key"],
        &["as it stands"],
        &["from the environment"],
        &["Custom scheme"],
        &["identity"],
        &[],
    ];
    let own = [
        &["stepgate/0.1.0"][..],
        &["application/json"],
        &["s1"],
        &[],
        &[],
        &[],
        &["identity"],
        &[],
    ];
    let owned =
        |lists: [&[&str]; 8]| lists.map(|list| list.iter().map(|it| (*it).to_owned()).collect());
    assert_sends(
        vec![(case, owned(expected)), (PLAIN, owned(own))],
        |received| names.map(|name| -> Vec<String> { all(received, name) }),
    );
}

#[test]
fn the_callers_trace_context_goes_on() {
    let scene = Scene::of(&[PLAIN]);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    let request = post_with(
        &format!("traceparent: {traceparent}\r\n"),
        r#"{"tile":"j/t0"}"#,
    );
    let answer = scene.gateway.ask(&request);

    assert_eq!(answer.status, 200, "{}", answer.body);
    let received = scene.endpoint.requests();
    assert_eq!(all(&received[0], "traceparent"), [traceparent]);
}

#[test]
fn without_an_id_of_the_callers_the_step_gets_one_and_the_endpoint_the_same() {
    let scene = Scene::of(&[PLAIN]);

    let (_, outcome) = scene.gateway.step(&json!({"tile": "j/t0"}));

    let made: uuid::Uuid = outcome["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(made.get_version_num(), 7);
    let received = scene.endpoint.requests();
    assert_eq!(all(&received[0], "idempotency-key"), [made.to_string()]);
}

#[test]
fn a_custom_header_that_would_break_the_request_keeps_its_webhook_out_of_service() {
    let endpoint = Endpoint::replying([reply(200)]);
    let basic = "[auth]\ntype = 'basic'\ntoken = 't'\n";
    let cases = [
        ("host", "Host", ""),
        ("content-length", "Content-Length", ""),
        ("transfer-encoding", "Transfer-Encoding", ""),
        ("connection", "connection", ""),
        ("authorization", "authorization", basic),
    ];
    let mut stage = Stage::new();
    for (id, header, auth) in cases {
        let more = format!("{auth}[[headers]]\nname = '{header}'\nvalue = 'x'\n");
        stage = stage.webhook(id, webhook("POST", &at(&endpoint, "/"), &more));
    }
    let gateway = stage.start();

    let checked = gateway.command(&["check", "conf"]);
    for (id, ..) in cases {
        let (status, problem): (u16, Value) = gateway.step(&json!({"webhook": id}));
        assert_eq!(
            (status, &problem["type"]),
            (503, &json!("webhook-invalid")),
            "{id}"
        );
        assert!(
            checked.contains(&format!("webhooks/{id}.toml:")),
            "{id}: {checked}"
        );
    }
    assert_eq!(endpoint.connections(), 0);
}
