//! Secrets of drafts: sent where they belong, and shown nowhere.

use super::super::{Door, draft, stage, with};
use crate::support::endpoint::{Endpoint, Received, Speaks, reply};
use crate::support::process::{Gateway, at};
use serde_json::{Value, json};

/// Repeats what it is sent, as JSON and in a header, as an echo service does.
fn echo() -> Endpoint {
    Endpoint::answering(Speaks::Http, |received: &Received| {
        let headers = received.headers.iter();
        let headers: Value = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let text = json!({"headers": headers, "body": received.text()}).to_string();
        // Some languages write it like this.
        let text = text.replace('/', "\\/");
        let echoed = received
            .header("authorization")
            .unwrap_or("none")
            .to_owned();
        reply(200).header("X-Echo", &echoed).body(text)
    })
}

/// A webhook `w` with a token and a secret header, saved through the API and a file.
fn with_secrets(endpoint: &Endpoint, token: &str, key: &str) -> Gateway {
    let gateway = stage()
        .file("key", key)
        .webhook(
            "w",
            format!(
                "name = 'W'\nmethod = 'POST'\nendpoint = '{}'\n[[headers]]\nname = 'X-Key'\n\
                 value = {{ file = '../key' }}\n",
                at(endpoint, "/")
            ),
        )
        .start();
    let door = Door::of(&gateway);
    let json = door.get("webhooks/w").json;
    let auth = json!({"auth": {"type": "basic", "token": token}});
    door.put("webhooks/w", &with(&json, &auth)).good(200);
    gateway
}

#[test]
fn a_draft_sends_the_secrets_it_keeps_and_an_echo_of_them_is_masked() {
    let endpoint = echo();
    let gateway = with_secrets(&endpoint, "hunter2-token", "hunter2-key");
    let door = Door::of(&gateway);
    let kept = with(
        &door.get("webhooks/w").json,
        &json!({"endpoint": at(&endpoint, "/new")}),
    );

    let said = door
        .post("webhooks/test", &json!({"webhook": kept}))
        .good(200);

    let sent = &endpoint.requests()[0];
    assert_eq!(sent.target, "/new");
    assert_eq!(sent.header("authorization"), Some("Basic hunter2-token"));
    assert_eq!(sent.header("x-key"), Some("hunter2-key"));
    let headers = said["request"]["headers"].as_array().unwrap();
    for header in [["authorization", "Basic ***"], ["x-key", "***"]] {
        assert!(headers.contains(&json!(header)), "{headers:?}");
    }
    let echoed = said["response"]["headers"].as_array().unwrap();
    assert!(
        echoed.contains(&json!(["x-echo", "Basic ***"])),
        "{echoed:?}"
    );
    let body: Value = serde_json::from_str(said["response"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["headers"]["authorization"], "Basic ***");
    assert_eq!(body["headers"]["x-key"], "***");
    assert!(!said.to_string().contains("hunter2"), "{said}");
    assert!(said["fingerprint"].is_string(), "{said}");
}

#[test]
fn an_echo_reveals_no_part_of_a_secret_whatever_it_looks_like() {
    let long = format!("hunter2{}", "x".repeat(200));
    for (name, token, piece) in [
        ("longer than an example", &*long, "hunter2"),
        ("with a slash", "hunter2/slash", "hunter2"),
        ("with quotes", "hunter2\"quoted\"", "hunter2"),
        ("with a backslash", "hunter2\\back", "hunter2"),
        ("digits", "7391846205", "7391846205"),
    ] {
        let endpoint = echo();
        let gateway = with_secrets(&endpoint, token, &format!("{token}-key"));

        let said = Door::of(&gateway)
            .post("webhooks/test", &json!({"id": "w"}))
            .good(200);

        let sent = endpoint.requests()[0]
            .header("authorization")
            .unwrap()
            .to_owned();
        assert_eq!(sent, format!("Basic {token}"), "{name}");
        assert!(!said.to_string().contains(piece), "{name}: {said}");
    }
}

#[test]
fn a_draft_of_another_id_has_no_secret_to_keep() {
    let endpoint = echo();
    let gateway = with_secrets(&endpoint, "hunter2-token", "hunter2-key");
    let door = Door::of(&gateway);
    let kept = door.get("webhooks/w").json;
    let mut nameless = kept.clone();
    nameless.as_object_mut().unwrap().remove("id");
    for webhook in [with(&kept, &json!({"id": "v"})), nameless] {
        for path in ["webhooks/preview", "webhooks/test"] {
            let said = door.post(path, &json!({"id": "w", "webhook": webhook}));
            assert_eq!(said.problem().0, 422, "{path} {webhook}");
            assert_eq!(said.problem().1, "webhook-invalid", "{path} {webhook}");
        }
    }
    assert_eq!(endpoint.connections(), 0);
}

/// Gives out the access token `given-token` for the secret `hunter2`; echoes the rest.
fn guarded() -> Endpoint {
    Endpoint::answering(Speaks::Http, |received: &Received| {
        let token = received
            .header("authorization")
            .unwrap_or("none")
            .to_owned();
        match received.target.as_str() {
            "/token" if received.text().contains("hunter2") => {
                reply(200).body(r#"{"access_token": "given-token"}"#)
            }
            "/token" => reply(401).body(r#"{"error": "invalid_client"}"#),
            _ => reply(200).body(json!({"token": token, "price": 5}).to_string()),
        }
    })
}

fn oauth2(endpoint: &Endpoint, secret: &Value) -> Value {
    let auth = json!({"type": "oauth2", "client_id": "c", "client_secret": secret,
        "token_url": at(endpoint, "/token")});
    with(&draft("w", &at(endpoint, "/")), &json!({"auth": auth}))
}

#[test]
fn a_draft_with_client_credentials_fetches_a_token_and_shows_neither() {
    let endpoint = guarded();
    let gateway = stage().start();
    let door = Door::of(&gateway);

    let said = door
        .post(
            "webhooks/test",
            &json!({"webhook": oauth2(&endpoint, &json!("hunter2"))}),
        )
        .good(200);

    let targets: Vec<_> = endpoint
        .requests()
        .iter()
        .map(|it| it.target.clone())
        .collect();
    assert_eq!(targets, ["/token", "/"]);
    let headers = said["request"]["headers"].as_array().unwrap();
    assert!(
        headers.contains(&json!(["authorization", "Bearer ***"])),
        "{headers:?}"
    );
    assert_eq!(
        said["fields"][0],
        json!({"pointer": "/token", "type": "string",
        "example": "\"Bearer ***\""})
    );
    for secret in ["hunter2", "given-token"] {
        assert!(!said.to_string().contains(secret), "{said}");
    }
}

#[test]
fn a_preview_fetches_no_token() {
    let endpoint = guarded();
    let gateway = stage().start();
    let ask = json!({"webhook": oauth2(&endpoint, &json!("hunter2"))});

    let said = Door::of(&gateway).post("webhooks/preview", &ask).good(200);

    let headers = said["request"]["headers"].as_array().unwrap();
    assert!(
        headers.contains(&json!(["authorization", "Bearer ***"])),
        "{headers:?}"
    );
    assert_eq!(endpoint.connections(), 0);
}

#[test]
fn a_token_that_is_not_given_is_the_reason() {
    let endpoint = guarded();
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let ask = |secret: &str| json!({"webhook": oauth2(&endpoint, &json!(secret))});
    // A token that was given for the right secret is not used for a wrong one.
    door.post("webhooks/test", &ask("hunter2")).good(200);

    let said = door.post("webhooks/test", &ask("wrong-secret")).good(200);

    assert_eq!(said["reason"], "token_fetch_failed", "{said}");
    assert_eq!(said["response"], Value::Null);
    assert!(!said.to_string().contains("wrong-secret"), "{said}");
}

#[test]
fn a_test_leaves_no_token_for_the_steps() {
    let endpoint = guarded();
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let webhook = oauth2(&endpoint, &json!("hunter2"));

    door.post("webhooks/test", &json!({"webhook": webhook}))
        .good(200);
    door.post("webhooks", &webhook).good(201);
    gateway.step(&json!({"webhook": "w"}));

    let targets: Vec<_> = endpoint
        .requests()
        .iter()
        .map(|it| it.target.clone())
        .collect();
    assert_eq!(targets, ["/token", "/", "/token", "/"]);
}
