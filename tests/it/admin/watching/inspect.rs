//! The request inspector: what is sent to `/inspect/<id>` can be seen, and nothing else is let in.

use super::{ask, endpoint, stage};
use crate::support::client::{Answer, Client, get};
use crate::support::process::{Gateway, Stage, assert_part, parsed, webhook};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;

/// A gateway whose inspector is on, and which may call nothing that is not public.
fn inspecting() -> Gateway {
    Stage::new()
        .set("admin.token", "'chief'")
        .set("admin.inspector", "true")
        .set("egress.allow_http", "false")
        .set("egress.allow_addresses", "[]")
        .start()
}

/// Opens an endpoint: its id and its URL.
fn opened(gateway: &Gateway) -> (String, String) {
    let answer = ask(gateway, "POST", "/admin/v1/inspect");
    let (status, opened) = parsed(&answer);
    assert_eq!(status, 201, "{opened}");
    let text = |name: &str| opened[name].as_str().unwrap().to_owned();
    let place = format!("/admin/v1/inspect/{}", text("id"));
    assert_eq!(answer.header("location"), Some(&*place));
    (text("id"), text("url"))
}

/// Puts a whole file in place at once, and waits until what it says is in force.
fn put(gateway: &Gateway, path: &str, text: &str) {
    gateway.reload(|gateway| {
        gateway.rewrite("beside", text);
        fs::rename(gateway.path("beside"), gateway.path(path)).unwrap();
    });
}

/// What an endpoint was sent.
fn seen(gateway: &Gateway, id: &str) -> Vec<Value> {
    let (status, seen) = parsed(&ask(gateway, "GET", &format!("/admin/v1/inspect/{id}")));
    assert_eq!(status, 200, "{seen}");
    seen["requests"].as_array().unwrap().clone()
}

/// Sends a request without any token.
fn send(door: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    let length = body.len();
    Client::to(door).ask(format!(
        "{method} {path} HTTP/1.1\r\nHost: {door}\r\nX-Key: tell-me\r\n\
        Content-Length: {length}\r\n\r\n{body}"
    ))
}

#[test]
fn what_is_sent_to_an_endpoint_can_be_seen_until_it_is_closed() {
    let gateway = inspecting();
    let (id, url) = opened(&gateway);
    let path = format!("/inspect/{id}");
    assert_eq!(url, format!("http://{}{path}", gateway.door));

    let taken = send(
        gateway.door,
        "PATCH",
        &format!("{path}?a=%20b"),
        "{\"a\":1}",
    );

    assert_eq!(parsed(&taken), (200, json!({"ok": true})));
    let requests = seen(&gateway, &id);
    let expected = json!({
        "method": "PATCH", "url": format!("{url}?a=%20b"), "body": "{\"a\":1}", "truncated": null,
        "headers": [["host", gateway.door.to_string()], ["x-key", "tell-me"],
            ["content-length", "7"]],
    });
    assert_eq!(requests.len(), 1);
    assert_part(&requests[0], &expected, "the request");
    let at: jiff::Timestamp = requests[0]["at"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(at).as_secs() < 60);

    let delete = || ask(&gateway, "DELETE", &format!("/admin/v1/inspect/{id}")).status;
    assert_eq!([delete(), delete()], [204, 404]);
    assert_eq!(send(gateway.door, "POST", &path, "").status, 404);
}

#[test]
fn a_long_body_is_taken_and_its_beginning_kept() {
    const KEPT: usize = 64 * 1024;
    let gateway = inspecting();
    let (id, _) = opened(&gateway);
    for length in [KEPT, KEPT + 1, 3 * 1024 * 1024] {
        let body = "x".repeat(length);
        let taken = send(gateway.door, "POST", &format!("/inspect/{id}"), &body);
        assert_eq!(taken.status, 200, "{length}");
    }

    let kept: Vec<_> = seen(&gateway, &id)
        .iter()
        .map(|it| (it["body"].as_str().unwrap().len(), it["truncated"].clone()))
        .collect();

    let cut = (KEPT, json!(true));
    assert_eq!(kept, [(KEPT, Value::Null), cut.clone(), cut]);
}

#[test]
fn no_more_than_a_hundred_requests_are_kept_and_no_more_than_a_hundred_endpoints() {
    let gateway = inspecting();
    let (id, _) = opened(&gateway);
    let mut sender = Client::to(gateway.door);
    for n in 0..102 {
        let taken = sender.ask(get(&format!("/inspect/{id}?n={n}"), ""));
        assert_eq!(taken.status, 200, "{n}");
    }

    let requests = seen(&gateway, &id);

    let first = requests[0]["url"].as_str().unwrap();
    assert_eq!((requests.len(), first.ends_with("?n=2")), (100, true));
    for _ in 0..100 {
        opened(&gateway);
    }
    let gone = ask(&gateway, "GET", &format!("/admin/v1/inspect/{id}")).problem();
    assert_eq!(gone, (404, "not-found".to_owned()));
}

#[test]
fn nothing_is_opened_or_taken_while_it_is_off() {
    let gateway = stage(&endpoint()).set("admin.inspector", "false").start();
    let id = "0".repeat(32);
    for (method, path) in [
        ("POST", "/admin/v1/inspect".to_owned()),
        ("GET", format!("/admin/v1/inspect/{id}")),
        ("DELETE", format!("/admin/v1/inspect/{id}")),
        ("POST", format!("/inspect/{id}")),
    ] {
        let refused = ask(&gateway, method, &path).problem();
        assert_eq!(
            refused,
            (403, "inspector-off".to_owned()),
            "{method} {path}"
        );
    }
}

#[test]
fn only_who_was_told_an_id_sends_and_only_who_has_a_token_sees() {
    let gateway = inspecting();
    let (id, _) = opened(&gateway);
    for path in [
        "/inspect/".to_owned(),
        format!("/inspect/{}", "0".repeat(32)),
    ] {
        let refused = send(gateway.door, "POST", &path, "").problem();
        assert_eq!(refused, (404, "not-found".to_owned()), "{path}");
    }
    for (method, path) in [
        ("POST", "/admin/v1/inspect".to_owned()),
        ("GET", format!("/admin/v1/inspect/{id}")),
        ("DELETE", format!("/admin/v1/inspect/{id}")),
    ] {
        assert_eq!(
            send(gateway.door, method, &path, "").status,
            401,
            "{method}"
        );
    }
    // The steps' door has no such path.
    let beside = send(gateway.http, "POST", &format!("/inspect/{id}"), "");
    assert_eq!(beside.status, 404);
}

#[test]
fn a_webhook_reaches_the_inspector_and_nothing_else_of_the_admin_door() {
    let gateway = inspecting();
    let (id, url) = opened(&gateway);
    let body = "[body]\nformat = 'json'\njson = '{\"to\": \"{{email}}\"}'\n";
    let text = webhook("PUT", &format!("{url}?by=hook"), body);
    put(&gateway, "conf/webhooks/tried.toml", &text);
    let step = |webhook: &str| {
        let step = json!({"webhook": webhook, "email": "a@example.com"});
        gateway.step(&step).1
    };

    let outcome = step("tried");

    assert_part(
        &outcome,
        &json!({"outcome": "continue", "status": 200}),
        "tried",
    );
    let requests = seen(&gateway, &id);
    assert_eq!(requests.len(), 1);
    let body: Value = serde_json::from_str(requests[0]["body"].as_str().unwrap()).unwrap();
    assert_part(&body, &json!({"to": "a@example.com"}), "the body");
    let expected = json!({"method": "PUT", "url": format!("{url}?by=hook")});
    assert_part(&requests[0], &expected, "the request");

    // Not even where plain HTTP and this machine are allowed.
    let text = fs::read_to_string(gateway.path("conf/gateway.toml")).unwrap();
    let text = text
        .replace("egress.allow_http = false", "egress.allow_http = true")
        .replace("allow_addresses = []", "allow_addresses = ['127.0.0.0/8']");
    put(&gateway, "conf/gateway.toml", &text);
    for (name, path) in [
        ("health", "/healthz".to_owned()),
        ("api", format!("/admin/v1/inspect/{id}")),
        ("open", "/admin/v1/inspect".to_owned()),
        ("below", format!("/inspect/{id}/x")),
        ("none", "/inspect/".to_owned()),
    ] {
        let url = format!("http://{}{path}", gateway.door);
        let file = format!("conf/webhooks/{name}.toml");
        put(&gateway, &file, &webhook("POST", &url, ""));
        let blocked = json!({"outcome": "exit", "reason": "blocked_address"});
        assert_part(&step(name), &blocked, &path);
    }
    assert_eq!(seen(&gateway, &id).len(), 1);
}
