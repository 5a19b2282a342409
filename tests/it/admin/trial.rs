//! Drafts tried out: previewed, and sent once for real.

mod hostile;
mod secrets;
mod tls;

use super::{Door, draft, stage, with};
use crate::support::client::{Client, get};
use crate::support::endpoint::{Endpoint, Received, reply};
use crate::support::process::{Gateway, at, webhook};
use serde_json::{Value, json};

/// A request as it came, as the API would show it: without what a connection adds.
fn came(received: &Received, secrets: &[&str]) -> Value {
    let host = received.header("host").unwrap();
    let masked = |value: &String| {
        let masked = |text: String, secret: &&str| text.replace(secret, "***");
        secrets.iter().fold(value.clone(), masked)
    };
    let mut headers: Vec<_> = received
        .headers
        .iter()
        .filter(|(name, _)| !["host", "content-length"].contains(&&*name.to_ascii_lowercase()))
        .map(|(name, value)| [name.to_ascii_lowercase(), masked(value)])
        .collect();
    headers.sort();
    let body = (!received.body.is_empty()).then(|| received.text());
    json!({
        "method": received.method,
        "url": format!("http://{host}{}", received.target),
        "headers": headers,
        "body": body,
    })
}

/// `shown`, with its headers in the order of their names.
fn sorted(shown: &Value) -> Value {
    let mut shown = shown.clone();
    let headers = shown["headers"].as_array_mut().unwrap();
    headers.sort_by_key(Value::to_string);
    shown
}

/// A webhook that has some of everything.
fn rich(endpoint: &Endpoint) -> Value {
    let url = at(endpoint, "/a?email={{#urlEncode}}{{email}}{{/urlEncode}}");
    with(
        &draft("w", &url),
        &json!({
            "user_fields": ["city"],
            "auth": {"type": "basic", "token": "hunter2"},
            "headers": [{"name": "X-Source", "value": "journey-{{name}}"}],
            "body": {"json": "{\"hello\": \"{{name}}\", \"n\": {{n}}}"},
        }),
    )
}

fn sample() -> Value {
    json!({"id": "s", "email": "a+b@example.com", "profile": {"city": "Köln", "state": "NW"},
        "dataFields": {"name": "Ann \"A\"", "n": 5}})
}

#[test]
fn what_is_previewed_is_what_a_test_and_a_step_send() {
    let endpoint = Endpoint::replying([reply(200).body("{}")]);
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let ask = json!({"webhook": rich(&endpoint), "sample": sample()});

    let previewed = door.post("webhooks/preview", &ask).good(200);
    let before = endpoint.connections();
    let tested = door.post("webhooks/test", &ask).good(200);
    door.post("webhooks", &rich(&endpoint)).good(201);
    gateway.step(&with(&sample(), &json!({"webhook": "w"})));

    assert_eq!(before, 0, "a preview sends nothing");
    assert_eq!(previewed["request"], tested["request"]);
    let shown = sorted(&previewed["request"]);
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 2);
    for received in &requests {
        assert_eq!(shown, came(received, &["hunter2"]));
        assert_eq!(received.header("authorization"), Some("Basic hunter2"));
    }
    assert_eq!(requests[0].raw, requests[1].raw);
}

#[test]
fn a_webhook_of_a_file_is_tried_by_its_id() {
    let endpoint = Endpoint::replying([reply(200).body("{}")]);
    let url = at(&endpoint, "/{{#urlEncode}}{{email}}{{/urlEncode}}");
    let gateway = stage().webhook("w", webhook("GET", &url, "")).start();
    let door = Door::of(&gateway);
    let ask = json!({"id": "w", "sample": {"id": "s", "email": "a@example.com"}});

    let previewed = door.post("webhooks/preview", &ask).good(200);
    let tested = door.post("webhooks/test", &ask).good(200);

    assert_eq!(
        previewed["request"]["url"],
        at(&endpoint, "/a%40example.com")
    );
    assert_eq!(previewed["request"]["body"], Value::Null);
    assert_eq!(tested["request"], previewed["request"]);
    let missing = door.post("webhooks/test", &json!({"id": "v"}));
    assert_eq!(missing.problem().0, 404);
    let neither = door.post("webhooks/test", &json!({"sample": {}}));
    assert_eq!(neither.problem().0, 400);
}

#[test]
fn a_test_tells_the_answer_and_the_fields_to_pick_from_it() {
    let body = r#"{"price": 1.50, "tags": [{"id": "a"}], "on": true, "of/a~b": null}"#;
    let answer = reply(200).header("X-Trace", "abc").body(body);
    let endpoint = Endpoint::replying([answer]);
    let gateway = stage().start();
    let door = Door::of(&gateway);

    let said = door
        .post(
            "webhooks/test",
            &json!({"webhook": draft("w", &at(&endpoint, "/"))}),
        )
        .good(200);

    let response = &said["response"];
    assert_eq!(
        (&response["status"], &response["body"]),
        (&json!(200), &json!(body))
    );
    let headers = response["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-trace", "abc"])), "{headers:?}");
    let field = |pointer, kind, example| {
        json!({"pointer": pointer, "type": kind,
        "example": example})
    };
    let expected = json!([
        field("/price", "number", "1.50"),
        field("/tags", "array", r#"[{"id":"a"}]"#),
        field("/tags/0", "object", r#"{"id":"a"}"#),
        field("/tags/0/id", "string", "\"a\""),
        field("/on", "boolean", "true"),
        field("/of~1a~0b", "null", "null"),
    ]);
    assert_eq!(said["fields"], expected);
    assert_eq!(said["reason"], Value::Null);
    for phase in ["dns", "connect", "tls", "firstByte", "body"] {
        let ms = said["timing"][phase].as_f64().unwrap();
        assert!((0.0..60_000.0).contains(&ms), "{phase}: {ms}");
    }
    assert!(said["timing"]["firstByte"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_fingerprint_is_given_for_a_success_with_json_alone() {
    for (name, answer, given) in [
        ("json", reply(200).body("{\"a\": 1}"), true),
        ("a list", reply(201).body("[]"), true),
        ("text", reply(200).body("hello"), false),
        ("empty", reply(204), false),
        ("not found", reply(404).body("{}"), false),
        ("unavailable", reply(503).body("{}"), false),
        (
            "elsewhere",
            reply(302).header("Location", "/").body("{}"),
            false,
        ),
    ] {
        let endpoint = Endpoint::replying([answer]);
        let gateway = stage().start();
        let ask = json!({"webhook": draft("w", &at(&endpoint, "/"))});

        let said = Door::of(&gateway).post("webhooks/test", &ask).good(200);

        let fingerprint = said["fingerprint"].as_str();
        assert_eq!(fingerprint.is_some(), given, "{name}: {said}");
        assert!(
            fingerprint.is_none_or(|it| it.starts_with("sha256:")),
            "{said}"
        );
        assert_eq!(endpoint.requests().len(), 1, "{name}: once, and no more");
    }
}

#[test]
fn a_test_that_gets_no_answer_says_why_in_the_words_of_an_outcome() {
    let closed = Endpoint::greeting(b"");
    let silent = Endpoint::replying([crate::support::endpoint::Reply::silent()]);
    let gateway = stage().set("delivery.timeout", "'300ms'").start();
    let door = Door::of(&gateway);
    for (url, reason) in [
        ("http://10.0.0.1/".to_owned(), "blocked_address"),
        (
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "blocked_address",
        ),
        ("http://[::1]:1/".to_owned(), "blocked_address"),
        ("ftp://example.com/".to_owned(), "invalid_url"),
        ("{{url}}".to_owned(), "invalid_url"),
        ("http://127.0.0.1:1/".to_owned(), "retry"),
        (at(&closed, "/"), "retry"),
        (at(&silent, "/"), "retry"),
    ] {
        let said = door
            .post("webhooks/test", &json!({"webhook": draft("w", &url)}))
            .good(200);
        assert_eq!(said["reason"], reason, "{url}: {said}");
        assert!(!said["message"].as_str().unwrap().is_empty(), "{url}");
        assert_eq!(said["response"], Value::Null, "{url}");
        assert_eq!(said["fingerprint"], Value::Null, "{url}");
    }
}

#[test]
fn a_sample_that_makes_no_request_is_told_by_its_reason() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let url = "http://127.0.0.1:1/";
    let body = |text: &str| json!({"body": {"json": text}});
    let header = json!({"headers": [{"name": "X-A", "value": "{{v}}"}]});
    for (webhook, v, reason) in [
        (
            with(&draft("w", url), &body("{{v}}")),
            "text",
            "template_error",
        ),
        (with(&draft("w", url), &header), "a\r\nb", "template_error"),
        (draft("w", "{{v}}"), "nonsense", "invalid_url"),
    ] {
        for path in ["webhooks/preview", "webhooks/test"] {
            let ask = json!({"webhook": webhook, "sample": {"dataFields": {"v": v}}});
            let said = door.post(path, &ask).good(200);
            assert_eq!(said["reason"], reason, "{path} {webhook}");
            assert!(
                !said["message"].as_str().unwrap().is_empty(),
                "{path} {webhook}"
            );
            assert_eq!(said["request"], Value::Null, "{path} {webhook}");
        }
    }
}

#[test]
fn a_draft_or_a_sample_with_faults_is_refused_where_they_are() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let webhook = draft("w", "http://127.0.0.1:1/");
    let with_fault = |change: Value| json!({"webhook": with(&webhook, &change)});
    let with_sample = |sample: Value| json!({"webhook": webhook, "sample": sample});
    for (ask, kind, pointer) in [
        (
            with_fault(json!({"method": "FETCH"})),
            "webhook-invalid",
            "/webhook/method",
        ),
        (
            with_fault(json!({"colour": "red"})),
            "webhook-invalid",
            "/webhook/colour",
        ),
        (
            with_fault(json!({"id": "A"})),
            "webhook-invalid",
            "/webhook/id",
        ),
        (
            with_sample(json!({"email": 5})),
            "sample-invalid",
            "/sample/email",
        ),
        (
            with_sample(json!({"profile": []})),
            "sample-invalid",
            "/sample/profile",
        ),
        (with_sample(json!([])), "sample-invalid", "/sample"),
    ] {
        for path in ["webhooks/preview", "webhooks/test"] {
            let said = door.post(path, &ask);
            assert_eq!(said.problem(), (422, kind, pointer), "{path} {ask}");
        }
    }
    let faults = door.post("webhooks/preview", &with_fault(json!({"method": "FETCH"})));
    assert_eq!(faults.json["faults"][0]["pointer"], "/webhook/method");
}

#[test]
fn numbers_of_a_sample_keep_their_text() {
    let endpoint = Endpoint::replying([reply(200).body("{}")]);
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let body = json!({"body": {"json": "{\"a\": {{a}}, \"b\": {{b}}, \"c\": {{c}}}"}});
    let webhook = with(&draft("w", &at(&endpoint, "/?a={{a}}")), &body);
    let numbers = r#"{"a": 1.10, "b": 123456789012345678901234567890, "c": 1E400}"#;
    let ask = format!(r#"{{"webhook": {webhook}, "sample": {{"dataFields": {numbers}}}}}"#);

    let previewed = door.ask("POST", "webhooks/preview", "", &ask).good(200);
    door.ask("POST", "webhooks/test", "", &ask).good(200);

    let request = &previewed["request"];
    assert_eq!(request["url"], at(&endpoint, "/?a=1.10"));
    let body = request["body"].as_str().unwrap();
    for number in ["1.10", "123456789012345678901234567890", "1E400"] {
        assert!(body.contains(number), "{number} is not in {body}");
    }
    assert_eq!(endpoint.requests()[0].text(), body);
}

/// The metrics that count steps, attempts and tokens.
fn counted(gateway: &Gateway) -> Vec<String> {
    let request = get("/metrics", "Authorization: Bearer token-of-ed\r\n");
    let answer = Client::to(gateway.door).ask(request);
    let counts = [
        "outcomes",
        "attempt",
        "token_fetches",
        "step_seconds",
        "scheduled",
        "slot_wait",
    ];
    let counted = |line: &&str| {
        let name = line.strip_prefix("stepgate_");
        name.is_some_and(|name| counts.iter().any(|count| name.contains(count)))
    };
    answer
        .body
        .lines()
        .filter(counted)
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_tried_is_neither_saved_nor_counted_nor_tried_again() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = stage().set("retry.delay", "'10ms'").start();
    let door = Door::of(&gateway);
    let before = counted(&gateway);

    let said = door
        .post(
            "webhooks/test",
            &json!({"webhook": rich(&endpoint), "sample": sample()}),
        )
        .good(200);

    assert_eq!(said["response"]["status"], 503);
    assert_eq!(counted(&gateway), before);
    assert!(!before.is_empty());
    assert_eq!(door.get("webhooks").json, json!({"webhooks": []}));
    assert_eq!(door.get("schedule").json["pending"], 0);
    assert!(gateway.outcomes("limit=10").outcomes.is_empty());
    // Long after it would have been tried again.
    gateway.step(&json!({"webhook": "w"}));
    assert_eq!(endpoint.requests().len(), 1);
    let logs = gateway.logs();
    assert!(
        !logs.contains("a+b@example.com") && !logs.contains("Ann"),
        "{logs}"
    );
}
