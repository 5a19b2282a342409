//! Secrets go in and never come out, and go nowhere they were not entered for.

use super::super::{Door, draft, file, stage, with};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::{Value, json};

/// A webhook whose token and one of whose headers are references, as TOML.
fn referring(endpoint: &str) -> String {
    let more = "# Rotated monthly.\n[auth]\ntype = \"basic\"\ntoken = { env = \"TOKEN\" } # theirs\n\n\
                [[headers]]\nname = \"X-Plain\"\nvalue = \"plain\"\n\n\
                [[headers]]\nname = \"X-Key\"\nvalue = { file = \"../key\" }\n";
    webhook("POST", endpoint, more)
}

fn secretive(endpoint: &str) -> Stage {
    stage()
        .environment("TOKEN", "hunter2-of-env")
        .file("key", "hunter2-of-file")
        .webhook("w", referring(endpoint))
}

/// A webhook with client credentials, as the API has it.
fn oauth2(secret: &Value, token_url: &str) -> Value {
    let auth = json!({"type": "oauth2", "client_id": "c", "client_secret": secret,
        "token_url": token_url});
    with(&draft("o", "http://127.0.0.1:1/"), &json!({"auth": auth}))
}

#[test]
fn a_secret_reads_as_where_it_is_written() {
    let gateway = secretive("http://127.0.0.1:1/").start();
    let door = Door::of(&gateway);
    door.post(
        "webhooks",
        &oauth2(&json!("hunter2"), "http://127.0.0.1:1/token"),
    )
    .good(201);

    let (w, o) = (door.get("webhooks/w").json, door.get("webhooks/o").json);

    assert_eq!(w["auth"]["token"], json!({"set": "env"}));
    assert_eq!(w["headers"][0]["value"], json!("plain"));
    assert_eq!(w["headers"][1]["value"], json!({"set": "file"}));
    assert_eq!(o["auth"]["client_secret"], json!({"set": "literal"}));
    assert_eq!(door.get("webhooks").json, json!({"webhooks": [o, w]}));
}

#[test]
fn a_secret_that_is_sent_back_as_it_reads_stays_as_it_is_written() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = secretive(&at(&endpoint, "/")).start();
    let door = Door::of(&gateway);
    let json = with(
        &door.get("webhooks/w").json,
        &json!({"endpoint": at(&endpoint, "/new")}),
    );

    door.put("webhooks/w", &json).good(200);

    assert_eq!(file(&gateway, "w"), referring(&at(&endpoint, "/new")));
    gateway.step(&json!({"webhook": "w"}));
    let sent = &endpoint.requests()[0];
    assert_eq!(sent.target, "/new");
    assert_eq!(sent.header("authorization"), Some("Basic hunter2-of-env"));
    assert_eq!(sent.header("x-key"), Some("hunter2-of-file"));
}

/// To save the webhook `json`, to test it and to preview it is refused.
#[track_caller]
fn assert_secret_required(gateway: &Gateway, id: &str, json: &Value, pointer: &str) {
    let door = Door::of(gateway);
    let before = file(gateway, id);
    for (method, path, body, prefix) in [
        ("PUT", format!("webhooks/{id}"), json.clone(), ""),
        (
            "POST",
            "webhooks/test".into(),
            json!({"webhook": json}),
            "/webhook",
        ),
        (
            "POST",
            "webhooks/preview".into(),
            json!({"webhook": json}),
            "/webhook",
        ),
    ] {
        let said = door.ask(method, &path, "", &body.to_string());
        let expected = (422, "secret-required", &*format!("{prefix}{pointer}"));
        assert_eq!(said.problem(), expected, "{method} {path} {json}");
    }
    assert_eq!(file(gateway, id), before);
}

#[test]
fn a_secret_is_not_kept_for_another_origin() {
    let gateway = secretive("http://127.0.0.1:1/").start();
    let door = Door::of(&gateway);
    let json = door.get("webhooks/w").json;
    let made = oauth2(&json!("hunter2"), "http://127.0.0.1:1/token");
    let other = door.post("webhooks", &made).good(201);
    let auth = |url: &str| json!({"auth": oauth2(&json!({"set": "literal"}), url)["auth"]});
    let no_auth = with(&json, &json!({"auth": {"type": "none"}}));
    for (id, json, pointer) in [
        (
            "w",
            with(&json, &json!({"endpoint": "http://127.0.0.1:2/"})),
            "/auth/token",
        ),
        (
            "w",
            with(&json, &json!({"endpoint": "https://127.0.0.1:1/"})),
            "/auth/token",
        ),
        (
            "w",
            with(
                &json,
                &json!({"endpoint": "http://127.0.0.1:1@127.0.0.1:2/"}),
            ),
            "/auth/token",
        ),
        (
            "w",
            with(&json, &json!({"endpoint": "http://127.0.0.1:1{{a}}/"})),
            "/auth/token",
        ),
        (
            "w",
            with(&no_auth, &json!({"endpoint": "http://127.0.0.1:2/"})),
            "/headers/1/value",
        ),
        (
            "o",
            with(&other, &json!({"endpoint": "http://127.0.0.1:2/"})),
            "/auth/client_secret",
        ),
        (
            "o",
            with(&other, &auth("http://127.0.0.1:2/token")),
            "/auth/client_secret",
        ),
    ] {
        assert_secret_required(&gateway, id, &json, pointer);
    }
}

#[test]
fn a_secret_that_is_entered_anew_goes_to_the_new_origin() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = secretive("http://127.0.0.1:1/").start();
    let door = Door::of(&gateway);
    let mut json = door.get("webhooks/w").json;
    json["endpoint"] = json!(at(&endpoint, "/"));
    json["auth"]["token"] = json!("new-token");
    json["headers"].as_array_mut().unwrap().remove(1);

    let read = door.put("webhooks/w", &json).good(200);

    assert_eq!(read["auth"]["token"], json!({"set": "literal"}));
    gateway.step(&json!({"webhook": "w"}));
    assert_eq!(
        endpoint.requests()[0].header("authorization"),
        Some("Basic new-token")
    );
}

#[test]
fn a_reference_is_not_taken_from_the_api() {
    let gateway = stage()
        .webhook("w", webhook("POST", "http://127.0.0.1:1/", ""))
        .start();
    let door = Door::of(&gateway);
    let json = door.get("webhooks/w").json;
    for reference in [
        json!({"env": "PATH"}),
        json!({"file": "/etc/passwd"}),
        json!({"set": "env", "env": "PATH"}),
        json!({"set": "literal"}),
        json!({}),
    ] {
        for (members, pointer) in [
            (
                json!({"auth": {"type": "basic", "token": reference}}),
                "/auth/token",
            ),
            (
                json!({"auth": {"type": "oauth2", "client_id": reference, "client_secret": "s",
                    "token_url": "http://127.0.0.1:1/"}}),
                "/auth/client_id",
            ),
            (
                json!({"headers": [{"name": "X-A", "value": reference}]}),
                "/headers/0/value",
            ),
            (
                json!({"destination": "inkit", "inkit": {"api_token": reference}}),
                "/inkit/api_token",
            ),
        ] {
            let said = door.put("webhooks/w", &with(&json, &members));
            assert_eq!(
                said.problem(),
                (422, "webhook-invalid", pointer),
                "{members}"
            );
            let ask = json!({"webhook": with(&json, &members)});
            let said = door.post("webhooks/preview", &ask);
            let pointer = format!("/webhook{pointer}");
            assert_eq!(
                said.problem(),
                (422, "webhook-invalid", &*pointer),
                "{members}"
            );
        }
    }
}

#[test]
fn a_reference_is_not_smuggled_in_by_another_shape() {
    let gateway = stage().environment("TOKEN", "hunter2-of-env").start();
    let door = Door::of(&gateway);
    let reference = json!({"env": "TOKEN"});
    for members in [
        json!({"headers": {"name": "X-A", "value": reference}}),
        json!({"headers": [[{"name": "X-A", "value": reference}]]}),
        json!({"headers": [{"name": "X-A", "value": reference}, 1]}),
        json!({"headers": [{"name": "X-A", "value": [reference]}]}),
        json!({"headers": [{"name": reference, "value": "a"}]}),
        json!({"auth": [{"type": "basic", "token": reference}]}),
        json!({"auth": {"type": "basic", "token": [reference]}}),
        json!({"auth": {"type": "basic", "token.env": "TOKEN"}}),
        json!({"name": reference}),
    ] {
        let webhook = with(&draft("w", "http://127.0.0.1:1/"), &members);
        let said = door.post("webhooks", &webhook);
        assert_eq!(said.problem().0, 422, "{members}");
        assert_eq!(said.problem().1, "webhook-invalid", "{members}");
    }
}

/// Everything that the API says of webhooks with secrets, the good and the bad.
fn all_that_is_said(gateway: &Gateway, url: &str) -> Vec<String> {
    let door = Door::of(gateway);
    let mut said = Vec::new();
    let mut ask = |method: &str, path: &str, body: &str| {
        said.push(door.ask(method, path, "", body).answer.body);
    };
    let literal = with(
        &draft("o", url),
        &json!({"auth": {"type": "basic", "token": "hunter2"}}),
    );
    ask("POST", "webhooks", &literal.to_string());
    ask("PUT", "webhooks/o", &literal.to_string());
    ask("POST", "webhooks/o/copy", r#"{"id": "p"}"#);
    for auth in [
        json!({"type": "basic", "token": ["hunter2"]}),
        json!({"type": "basic", "token": {"hunter2": "hunter2"}}),
        json!({"type": "basic", "token": "hunter2\u{7}"}),
        json!({"type": "basic", "tokne": "hunter2"}),
    ] {
        let faulty = with(&literal, &json!({"auth": auth}));
        ask("PUT", "webhooks/o", &faulty.to_string());
        ask(
            "POST",
            "webhooks/test",
            &json!({"webhook": faulty}).to_string(),
        );
    }
    ask("PUT", "webhooks/o", r#"{"auth": {"token": "hunter2"#);
    ask("POST", "webhooks", r#"["hunter2"]"#);
    for id in ["w", "o"] {
        ask("POST", "webhooks/preview", &json!({"id": id}).to_string());
        ask("POST", "webhooks/test", &json!({"id": id}).to_string());
        ask("GET", &format!("webhooks/{id}"), "");
    }
    ask("GET", "webhooks", "");
    ask("GET", "config/errors", "");
    said
}

#[test]
fn no_secret_is_in_any_answer_or_line_of_the_log() {
    let endpoint = Endpoint::replying([reply(401)]);
    let url = at(&endpoint, "/");
    let gateway = secretive(&url).set("log.level", "'trace'").start();

    let said = all_that_is_said(&gateway, &url);

    for text in said.iter().chain([&gateway.logs()]) {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let sent = endpoint.requests();
    assert_eq!(sent.len(), 2, "both were tested for real");
}

#[test]
fn a_copy_is_without_authentication_and_secret_headers() {
    let url = "http://127.0.0.1:1/";
    let gateway = secretive(url).start();
    let door = Door::of(&gateway);

    let copy = door.post("webhooks/w/copy", &json!({"id": "v", "name": "Copy"}));

    let plain = json!([{"name": "X-Plain", "value": "plain"}]);
    let expected = json!({"id": "v", "name": "Copy", "method": "POST", "endpoint": url,
        "headers": plain});
    assert_eq!(copy.answer.header("location"), Some("/admin/v1/webhooks/v"));
    assert_eq!(copy.good(201), expected);
    assert_eq!(door.get("webhooks/v").json, expected);
    let text = file(&gateway, "v");
    assert!(
        !text.contains("TOKEN") && !text.contains("../key"),
        "{text}"
    );
    assert_eq!(file(&gateway, "w"), referring(url));
}

#[test]
fn a_copy_takes_no_secret_along_however_it_is_asked() {
    let thief = Endpoint::replying([reply(200)]);
    let gateway = secretive("http://127.0.0.1:1/").start();
    let door = Door::of(&gateway);
    for (id, members, pointer) in [
        (
            "a",
            json!({"auth": {"type": "basic", "token": {"set": "env"}}}),
            "/auth/token",
        ),
        (
            "b",
            json!({"headers": [{"name": "X-Key", "value": {"set": "file"}}]}),
            "/headers/0/value",
        ),
    ] {
        let there = with(&members, &json!({"id": id, "endpoint": at(&thief, "/")}));

        let said = door.post("webhooks/w/copy", &there);

        gateway.step(&json!({"webhook": id}));
        let stolen = thief.requests();
        assert!(stolen.is_empty(), "{:?}", stolen[0].headers);
        assert_eq!((said.problem().0, said.problem().2), (422, pointer));
        assert!(!gateway.path(&format!("conf/webhooks/{id}.toml")).exists());
    }
}
