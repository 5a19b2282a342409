//! Whatever way a file is written and whatever is put, what is put is what is read.

use super::super::{Door, draft, file, stage, with};
use crate::support::process::Gateway;
use serde_json::{Value, json};

/// The same webhook, as different people write it.
const STYLES: [(&str, &str); 4] = [
    (
        "tables",
        "name = 'W'\nmethod = 'POST'\nendpoint = 'http://127.0.0.1:1/'\n\n[auth]\ntype = 'basic'\n\
         token = { env = 'TOKEN' }\n\n[[headers]]\nname = 'X-A'\nvalue = 'a'\n\n[[headers]]\n\
         name = 'X-B'\nvalue = { env = 'TOKEN' }\n\n[body]\nformat = 'form'\n\n[body.form]\na = '1'\n",
    ),
    (
        "inline",
        "name = 'W'\nmethod = 'POST'\nendpoint = 'http://127.0.0.1:1/'\n\
         auth = { type = 'basic', token = { env = 'TOKEN' } }\n\
         headers = [{ name = 'X-A', value = 'a' }, { name = 'X-B', value = { env = 'TOKEN' } }]\n\
         body = { format = 'form', form = { a = '1' } }\n",
    ),
    (
        "dotted",
        "auth.type = 'basic'\nauth.token.env = 'TOKEN'\nname = 'W'\nmethod = 'POST'\n\
         body.format = 'form'\nbody.form.a = '1'\nendpoint = 'http://127.0.0.1:1/'\n\
         headers = [\n  # One.\n  { name = 'X-A', value = 'a' },\n\
         \x20 { name = 'X-B', value.env = 'TOKEN' }, # Two.\n]\n",
    ),
    (
        "upside down, with CRLF",
        "[body.form]\r\na = '1'\r\n[body]\r\nformat = 'form'\r\n[[headers]]\r\nvalue = 'a'\r\n\
         name = 'X-A'\r\n[[headers]]\r\nname = 'X-B'\r\n[headers.value]\r\nenv = 'TOKEN'\r\n\
         [auth.token]\r\nenv = 'TOKEN'\r\n[auth]\r\ntype = 'basic'\r\n",
    ),
];

/// What is put in the place of a member; `null` takes it away.
fn changes() -> Vec<Value> {
    let b = json!({"name": "X-B", "value": {"set": "env"}});
    let header = |name: &str, value: &str| json!({"name": name, "value": value});
    vec![
        json!({}),
        json!({"name": "A \"B\" \\ 'C' ü 🦀 # no comment"}),
        json!({"headers": [b, header("X-A", "b")]}),
        json!({"headers": [header("X-C", "c"), b]}),
        json!({"headers": [header("X-A", "a"), b, header("X-C", "c"), header("X-D", "d")]}),
        json!({"headers": [header("X-B", "plain now")]}),
        json!({"headers": null}),
        json!({"headers": [], "user_fields": []}),
        json!({"auth": null}),
        json!({"auth": {"type": "none"}}),
        json!({"auth": {"type": "basic", "token": {"set": "env"}}, "user_fields": ["a", "b"]}),
        json!({"body": null}),
        json!({"body": {"format": "form", "form": {"a.b": "1", "ä ö": "2", "\"": "3", "": "4"}}}),
        json!({"body": {"format": "form", "form": {"b": "'''\n\"\"\"\n", "a": "\t\u{7f}"}}}),
        json!({"body": {"json": "{\n\t\"a\": \"'''\\\"\\\"\\\"\\\\\"\r\n}\n"}}),
        json!({"include_email_and_workflow_id": false, "ambiguous": "exit"}),
    ]
}

fn gateway(text: &str) -> Gateway {
    let text = if text.contains("name = 'W'") {
        text.to_owned()
    } else {
        format!("name = 'W'\r\nmethod = 'POST'\r\nendpoint = 'http://127.0.0.1:1/'\r\n{text}")
    };
    stage().environment("TOKEN", "t").webhook("w", text).start()
}

#[test]
fn what_is_put_is_what_is_read_whatever_way_the_file_was_written() {
    for (style, text) in STYLES {
        let gateway = gateway(text);
        let door = Door::of(&gateway);
        let whole = door.get("webhooks/w").good(200);
        let before = file(&gateway, "w");
        for change in changes() {
            gateway.rewrite("conf/webhooks/w.toml", &before);
            let put = with(&whole, &change);

            let said = door.put("webhooks/w", &put);

            let mut expected = put.clone();
            let members = expected.as_object_mut().unwrap();
            members.retain(|_, value| !value.is_null());
            let text = file(&gateway, "w");
            assert_eq!(
                said.status(),
                200,
                "{style}, {change}: {}\n{text}",
                said.json
            );
            assert_eq!(said.json, expected, "{style}, {change}:\n{text}");
            let kept = text.matches("TOKEN").count();
            let asked = put.to_string().matches("\"set\"").count();
            assert_eq!(kept, asked, "{style}, {change}:\n{text}");
            if change == json!({}) {
                assert_eq!(text, before, "{style}");
            }
        }
    }
}

#[test]
fn values_that_toml_has_no_place_for_are_refused() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let webhook = draft("w", "http://127.0.0.1:1/");
    let deep = (0..100).fold(json!("a"), |inner, _| json!([inner]));
    for change in [
        json!({"user_fields": [null]}),
        json!({"user_fields": [18_446_744_073_709_551_615_u64]}),
        json!({"user_fields": deep}),
        json!({"name": {"a": {"b": [1, {"c": 2}]}}}),
        json!({"auth": [[[]]]}),
        json!({"headers": 5}),
        json!({"body": {"form": [{"a": "b"}]}}),
    ] {
        let said = door.post("webhooks", &with(&webhook, &change));
        assert_eq!(said.problem().0, 422, "{change}: {said:?}");
        assert_eq!(said.problem().1, "webhook-invalid", "{change}");
    }
    let nested = format!(
        "{{\"name\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(door.ask("POST", "webhooks", "", &nested).problem().0, 400);
    let long = with(&webhook, &json!({"name": "a".repeat(1024 * 1024)}));
    assert_eq!(door.post("webhooks", &long).problem().0, 413);
    assert_eq!(door.get("webhooks").json, json!({"webhooks": []}));
}

#[test]
fn of_many_who_make_the_same_webhook_one_does() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let makers = (0..8).map(|number| {
            let door = &door;
            let webhook = draft("w", &format!("http://127.0.0.1:{}/", number + 1));
            scope.spawn(move || door.post("webhooks", &webhook).status())
        });
        let makers: Vec<_> = makers.collect();
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect()
    });
    let of = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((of(201), of(409)), (1, 7), "{statuses:?}");
}

#[test]
fn a_folder_that_is_not_there_yet_is_made() {
    let gateway = stage().start();
    std::fs::remove_dir(gateway.path("conf/webhooks")).unwrap();
    let door = Door::of(&gateway);
    assert_eq!(door.get("webhooks").good(200), json!({"webhooks": []}));

    door.post("webhooks", &draft("w", "http://127.0.0.1:1/"))
        .good(201);

    let (_, outcome) = gateway.step(&json!({"webhook": "w"}));
    assert_eq!(outcome["outcome"], "pending", "{outcome}");
}
