//! Webhooks: made, read, replaced, copied and deleted, each a file on disk.

mod faults;
mod files;
mod live;
mod nulls;
mod secrets;
mod written;

use super::{Door, draft, file, stage, with};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{at, webhook};
use serde_json::json;
use std::thread;

#[test]
fn a_webhook_that_is_made_is_a_file_and_in_service_when_it_is_answered() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let url = at(&endpoint, "/made");

    let made = door.post("webhooks", &draft("w", &url));

    let (_, outcome) = gateway.step(&json!({"webhook": "w"}));
    assert_eq!(outcome["outcome"], "continue", "{outcome}");
    assert_eq!(endpoint.requests()[0].target, "/made");
    let location = made.answer.header("location").map(str::to_owned);
    assert_eq!(location.as_deref(), Some("/admin/v1/webhooks/w"));
    let read = door.get("webhooks/w");
    assert_eq!((made.status(), made.etag()), (201, read.etag()));
    assert_eq!(made.json, draft("w", &url));
    assert_eq!(read.json, made.json);
    let text = format!("name = \"W\"\nmethod = \"POST\"\nendpoint = \"{url}\"\n");
    assert_eq!(file(&gateway, "w"), text);
}

#[test]
fn a_webhook_that_is_replaced_serves_at_once_every_time() {
    let endpoint = Endpoint::replying([reply(200)]);
    let first = webhook("POST", &at(&endpoint, "/"), "");
    let gateway = stage().webhook("w", first).start();
    let door = Door::of(&gateway);

    for round in 0..40 {
        let target = format!("/{round}");
        let replaced = door.put("webhooks/w", &draft("w", &at(&endpoint, &target)));
        gateway.step(&json!({"webhook": "w"}));

        assert_eq!(replaced.status(), 200);
        assert_eq!(endpoint.requests().last().unwrap().target, target);
    }
}

#[test]
fn a_replacement_keeps_comments_order_and_formatting() {
    let text = r#"# Ours.
endpoint  =  "http://127.0.0.1:1/"   # The old one
name = 'W'
method = "POST"

# Why this is here.
[[headers]]
name = "X-B"
value = "b" # b

[[headers]]
name = "X-A"
value = "a"

[body]
json = '''
{"a": "{{a}}"}
'''
"#;
    let gateway = stage().webhook("w", text).start();
    let door = Door::of(&gateway);
    let mut json = door.get("webhooks/w").good(200);
    json["endpoint"] = json!("http://127.0.0.1:1/new");
    json["headers"][0]["value"] = json!("c");
    json["user_fields"] = json!(["city"]);

    let read = door.put("webhooks/w", &json).good(200);

    assert_eq!(read, json);
    let expected = text
        .replace("127.0.0.1:1/", "127.0.0.1:1/new")
        .replace("\"b\" # b", "\"c\" # b")
        .replace("\"POST\"\n", "\"POST\"\nuser_fields = [\"city\"]\n");
    assert_eq!(file(&gateway, "w"), expected);
}

#[test]
fn a_webhook_that_is_deleted_is_gone_at_once() {
    let gateway = stage()
        .webhook("w", webhook("POST", "http://127.0.0.1:1/", ""))
        .start();
    let door = Door::of(&gateway);

    let deleted = door.delete("webhooks/w");

    assert_eq!((deleted.status(), &*deleted.answer.body), (204, ""));
    assert!(!gateway.path("conf/webhooks/w.toml").exists());
    let (_, outcome) = gateway.step(&json!({"webhook": "w"}));
    assert_eq!(outcome["reason"], "unknown_webhook", "{outcome}");
    assert_eq!(door.get("webhooks").json, json!({"webhooks": []}));
}

#[test]
fn the_list_has_every_webhook_whole() {
    let gateway = stage()
        .webhook("b", webhook("POST", "http://127.0.0.1:1/", ""))
        .webhook("a", webhook("GET", "http://127.0.0.1:2/", ""))
        .start();
    let door = Door::of(&gateway);

    let list = door.get("webhooks").good(200);

    let one = |id: &str| door.get(&format!("webhooks/{id}")).json;
    assert_eq!(list, json!({"webhooks": [one("a"), one("b")]}));
}

#[test]
fn of_two_editors_the_second_is_told_that_the_first_was_there() {
    let gateway = stage()
        .webhook("w", webhook("POST", "http://127.0.0.1:1/", ""))
        .start();
    let door = Door::of(&gateway);
    let read = door.get("webhooks/w");
    let seen = format!("If-Match: {}\r\n", read.etag());
    let change = |name: &str| with(&read.json, &json!({"name": name})).to_string();

    let first = door.ask("PUT", "webhooks/w", &seen, &change("One"));
    let second = door.ask("PUT", "webhooks/w", &seen, &change("Two"));
    let third = door.ask("DELETE", "webhooks/w", &seen, "");

    assert_eq!(first.status(), 200);
    assert_ne!(first.etag(), read.etag());
    assert_eq!(second.problem(), (412, "stale", "none"));
    assert_eq!(third.problem(), (412, "stale", "none"));
    assert_eq!(door.get("webhooks/w").json["name"], "One");
    let now = format!("If-Match: \"other\", {}\r\n", first.etag());
    assert_eq!(
        door.ask("PUT", "webhooks/w", &now, &change("Three"))
            .status(),
        200
    );
    assert_eq!(
        door.ask("DELETE", "webhooks/w", "If-Match: *\r\n", "")
            .status(),
        204
    );
}

#[test]
fn of_many_editors_with_one_version_one_is_the_first() {
    let gateway = stage()
        .webhook("w", webhook("POST", "http://127.0.0.1:1/", ""))
        .start();
    let door = Door::of(&gateway);
    let read = door.get("webhooks/w");
    let seen = format!("If-Match: {}\r\n", read.etag());

    let statuses: Vec<(u16, String)> = thread::scope(|scope| {
        let names = (0..8).map(|number| format!("Editor {number}"));
        let editors = names.map(|name| {
            let body = with(&read.json, &json!({"name": name})).to_string();
            let (door, seen) = (&door, &seen);
            scope.spawn(move || (door.ask("PUT", "webhooks/w", seen, &body).status(), name))
        });
        let editors: Vec<_> = editors.collect();
        editors
            .into_iter()
            .map(|editor| editor.join().unwrap())
            .collect()
    });

    let (first, others): (Vec<_>, Vec<_>) = statuses.iter().partition(|(status, _)| *status == 200);
    assert_eq!(first.len(), 1, "{statuses:?}");
    assert!(
        others.iter().all(|(status, _)| *status == 412),
        "{statuses:?}"
    );
    assert_eq!(door.get("webhooks/w").json["name"], first[0].1.as_str());
}

#[test]
fn an_id_is_taken_once() {
    let text = webhook("POST", "http://127.0.0.1:1/", "");
    let gateway = stage().webhook("w", &text).start();
    let door = Door::of(&gateway);

    let twice = door.post("webhooks", &draft("w", "http://127.0.0.1:2/"));
    let copied = door.post("webhooks/w/copy", &json!({"id": "w"}));

    assert_eq!(twice.problem(), (409, "already-exists", "none"));
    assert_eq!(copied.problem(), (409, "already-exists", "none"));
    assert_eq!(file(&gateway, "w"), text);
}

#[test]
fn what_is_not_there_is_not_found() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    for (method, path, body) in [
        ("GET", "webhooks/w", json!({})),
        ("PUT", "webhooks/w", draft("w", "http://127.0.0.1:1/")),
        ("DELETE", "webhooks/w", json!({})),
        ("GET", "webhooks/w/tiles", json!({})),
        ("POST", "webhooks/w/copy", json!({"id": "v"})),
        ("GET", "webhooks/..%2Fgateway", json!({})),
        ("DELETE", "webhooks/..%2Fgateway", json!({})),
        ("GET", "webhooks/..", json!({})),
    ] {
        let said = door.ask(method, path, "", &body.to_string());
        assert_eq!(said.problem().0, 404, "{method} {path}");
    }
}

#[test]
fn an_id_is_what_a_files_name_may_be() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let long = "a".repeat(65);
    for id in ["", "-a", "A", "a b", "a/b", "../a", ".a", "a.b", "ä", &long] {
        let said = door.post("webhooks", &draft(id, "http://127.0.0.1:1/"));
        assert_eq!(said.problem(), (422, "webhook-invalid", "/id"), "{id}");
    }
    let nameless = with(&draft("", "http://127.0.0.1:1/"), &json!({"id": 5}));
    assert_eq!(door.post("webhooks", &nameless).problem().2, "/id");
    door.post("webhooks", &draft("w", "http://127.0.0.1:1/"))
        .good(201);
    let renamed = door.put("webhooks/w", &draft("v", "http://127.0.0.1:1/"));
    assert_eq!(renamed.problem(), (422, "webhook-invalid", "/id"));
    let copied = door.post("webhooks/w/copy", &json!({"id": "Copy of w"}));
    assert_eq!(copied.problem(), (422, "webhook-invalid", "/id"));
}

#[test]
fn an_id_that_is_a_word_of_the_api_is_read_and_edited_as_any() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    for id in ["test", "preview"] {
        let made = door.post("webhooks", &draft(id, "http://127.0.0.1:1/"));
        let location = made.answer.header("location").unwrap();
        let path = location.trim_start_matches("/admin/v1/");
        assert_eq!(door.get(path).status(), 200, "{id}");
        assert_eq!(door.put(path, &made.json).status(), 200, "{id}");
        assert_eq!(door.delete(path).status(), 204, "{id}");
    }
}

#[test]
fn what_is_no_json_object_is_a_bad_request() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"w\"",
        "{\"id\":\"w\"} {}",
        "{'id':'w'}",
    ] {
        for (method, path) in [
            ("POST", "webhooks"),
            ("PUT", "webhooks/w"),
            ("POST", "webhooks/test"),
            ("POST", "webhooks/preview"),
        ] {
            let said = door.ask(method, path, "", body);
            let (status, kind, _) = said.problem();
            assert_eq!(
                (status, kind),
                (400, "bad-request"),
                "{method} {path} {body}"
            );
        }
    }
    assert_eq!(door.get("webhooks").json, json!({"webhooks": []}));
}
