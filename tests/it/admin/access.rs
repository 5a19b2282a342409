//! Who may come in, and what for.

use super::{Door, draft, stage};
use crate::support::client::{Answer, Client, get};
use crate::support::process::{Gateway, until};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// Between two refusals, once there were many.
const PACE: Duration = Duration::from_millis(200);

/// Signs in with `token`; the headers of the session.
fn signed_in(gateway: &Gateway, token: &str) -> String {
    let said = Door::with(gateway, "").post("session", &json!({"token": token}));
    assert_eq!(said.status(), 204);
    let cookie = said.answer.header("set-cookie").unwrap();
    format!("Cookie: {}\r\n", cookie.split(';').next().unwrap())
}

#[test]
fn a_host_that_is_not_known_is_misdirected_whoever_asks() {
    let gateway = stage()
        .set("admin.hosts", "['console.example.com']")
        .start();
    for (host, status) in [
        ("evil.example.com", 421),
        ("console.example.com.evil.example.com", 421),
        ("console.example.com", 200),
        ("console.example.com:8081", 200),
        ("127.0.0.1:9", 200),
        ("[::1]:9", 200),
    ] {
        for (token, status) in [("token-of-ed", status), ("wrong", status.max(401))] {
            let token = format!("Authorization: Bearer {token}\r\n");
            let request = get("/admin/v1/webhooks", &token).replacen("localhost", host, 1);
            let answer = Client::to(gateway.door).ask(request);
            assert_eq!(answer.status, status, "{host} {token}");
        }
    }
}

#[test]
fn nothing_is_told_or_done_without_a_token() {
    let gateway = stage().start();
    let stranger = Door::with(&gateway, "");
    for (method, path) in [
        ("GET", "webhooks"),
        ("POST", "webhooks"),
        ("DELETE", "webhooks/w"),
        ("POST", "webhooks/test"),
        ("GET", "journeys"),
        ("GET", "config/errors"),
        ("GET", "session"),
        ("GET", "nothing"),
    ] {
        let said = stranger.ask(method, path, "", "{}");
        assert_eq!(said.problem().0, 401, "{method} {path}");
        assert_eq!(said.answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[test]
fn a_viewer_reads_and_previews_and_an_editor_does_the_rest() {
    let gateway = stage().start();
    let doors = ["eve", "ed", "admin"].map(|who| {
        Door::with(
            &gateway,
            format!("Authorization: Bearer token-of-{who}\r\n"),
        )
    });
    let webhook = draft("w", "http://127.0.0.1:1/");
    let journey = json!({"id": "j", "workflow_id": 1, "name": "J"});
    let try_out = json!({"webhook": webhook, "sample": {}});
    let nothing = Value::Null;
    for (method, path, body, for_viewer, for_editor) in [
        ("POST", "webhooks", &webhook, 403, 201),
        ("GET", "webhooks", &nothing, 200, 200),
        ("GET", "webhooks/w", &nothing, 200, 200),
        ("GET", "webhooks/w/tiles", &nothing, 200, 200),
        ("PUT", "webhooks/w", &webhook, 403, 200),
        ("POST", "webhooks/w/copy", &json!({"id": "v"}), 403, 201),
        ("POST", "webhooks/preview", &try_out, 200, 200),
        ("POST", "webhooks/test", &try_out, 403, 200),
        ("POST", "journeys", &journey, 403, 201),
        ("GET", "journeys", &nothing, 200, 200),
        ("GET", "journeys/j", &nothing, 200, 200),
        ("PUT", "journeys/j", &journey, 403, 200),
        ("POST", "journeys/j/publish", &nothing, 403, 200),
        ("POST", "journeys/j/unpublish", &nothing, 403, 200),
        ("DELETE", "journeys/j", &nothing, 403, 204),
        ("DELETE", "webhooks/w", &nothing, 403, 204),
        ("GET", "config/errors", &nothing, 200, 200),
        ("GET", "schedule", &nothing, 200, 200),
        ("GET", "session", &nothing, 200, 200),
    ] {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let viewer = doors[0].ask(method, path, "", &body);
        assert_eq!(viewer.status(), for_viewer, "{method} {path}: {viewer:?}");
        if for_viewer == 403 {
            assert_eq!(viewer.problem().1, "forbidden", "{method} {path}");
        }
        let editor = doors[1].ask(method, path, "", &body);
        assert_eq!(editor.status(), for_editor, "{method} {path}: {editor:?}");
    }
    let who = doors.map(|door| door.get("session").json);
    let named = |name, role| json!({"name": name, "role": role});
    let expected = [
        named("eve", "viewer"),
        named("ed", "editor"),
        named("admin", "admin"),
    ];
    assert_eq!(who, expected);
}

#[test]
fn signing_in_gives_a_cookie_that_no_page_can_read_and_that_opens_the_door() {
    let gateway = stage().start();
    let stranger = Door::with(&gateway, "");

    let said = stranger.post("session", &json!({"token": "token-of-eve"}));

    let cookie = said.answer.header("set-cookie").unwrap().to_owned();
    let mut parts = cookie.split("; ");
    let pair = parts.next().unwrap();
    assert!(pair.starts_with("stepgate_session="), "{cookie}");
    assert!(!pair.contains("token-of-eve"), "{cookie}");
    let parts: Vec<&str> = parts.collect();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(parts.contains(&part), "{part} is not in {cookie}");
    }
    let session = Door::with(&gateway, format!("Cookie: a=b; {pair}\r\n"));
    let me = session.get("session").good(200);
    assert_eq!(me, json!({"name": "eve", "role": "viewer"}));
    assert_eq!(session.get("webhooks").status(), 200);
}

#[test]
fn a_session_writes_only_for_a_page_of_this_door() {
    let gateway = stage().start();
    let session = Door::with(&gateway, signed_in(&gateway, "token-of-ed"));
    let body = draft("w", "http://127.0.0.1:1/").to_string();
    for (origin, expected) in [
        ("", (403, "foreign-origin")),
        ("http://evil.example.com", (403, "foreign-origin")),
        ("http://localhost.evil.example.com", (403, "foreign-origin")),
        ("http://localhost:1", (403, "foreign-origin")),
        ("null", (403, "foreign-origin")),
        ("http://localhost", (201, "none")),
    ] {
        let header = match origin {
            "" => String::new(),
            origin => format!("Origin: {origin}\r\n"),
        };
        let said = session.ask("POST", "webhooks", &header, &body);
        let kind = said.json["type"].as_str().unwrap_or("none");
        assert_eq!((said.status(), kind), expected, "{origin}");
    }
}

#[test]
fn a_page_of_another_origin_cannot_sign_in() {
    let gateway = stage().start();
    let page = Door::with(&gateway, "Origin: http://evil.example.com\r\n");

    let said = page.post("session", &json!({"token": "token-of-ed"}));

    assert_eq!(said.problem(), (403, "foreign-origin", "none"));
    assert_eq!(said.answer.header("set-cookie"), None);
}

#[test]
fn signing_out_ends_the_session_and_no_other() {
    let gateway = stage().start();
    let (one, other) = (
        Door::with(&gateway, signed_in(&gateway, "token-of-ed")),
        Door::with(&gateway, signed_in(&gateway, "token-of-ed")),
    );

    let said = one.ask("DELETE", "session", "Origin: http://localhost\r\n", "");

    assert_eq!(said.status(), 204);
    let cookie = said.answer.header("set-cookie").unwrap();
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
    let statuses = [one, other].map(|door| door.get("webhooks").status());
    assert_eq!(statuses, [401, 200]);
}

#[test]
fn a_token_that_is_taken_out_opens_nothing_any_more_nor_do_its_sessions() {
    let gateway = stage().start();
    let sessions = ["token-of-ed", "token-of-eve"].map(|token| signed_in(&gateway, token));
    let text = std::fs::read_to_string(gateway.path("conf/gateway.toml")).unwrap();

    gateway.reload(|gateway| {
        gateway.rewrite("conf/gateway.toml", text.replace("token-of-ed", "another"));
    });

    let status = |headers: &str| Door::with(&gateway, headers).get("webhooks").status();
    assert_eq!(sessions.map(|headers| status(&headers)), [401, 200]);
    assert_eq!(Door::of(&gateway).get("webhooks").status(), 401);
}

#[test]
fn whoever_sends_many_wrong_tokens_waits_and_whoever_has_a_token_does_not() {
    let gateway = stage().start();
    let begin = Instant::now();
    let wrong = Door::with(&gateway, "Authorization: Bearer wrong\r\n");
    let mut guesses: Vec<_> = (0..30)
        .map(|_| {
            let mut client = Client::to(gateway.door);
            client.send(wrong.request("GET", "webhooks", "", ""));
            client
        })
        .collect();

    // The last of the guesses is not answered before this is over.
    let right = Door::of(&gateway).get("webhooks");
    let answered = begin.elapsed();

    assert_eq!(right.status(), 200);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let waiting = guesses
            .iter_mut()
            .map(|guess| scope.spawn(|| guess.answer()));
        let waiting: Vec<_> = waiting.collect();
        waiting.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 401));
    let all = begin.elapsed();
    assert!(all >= PACE * 15, "30 guesses took {all:?}");
    assert!(answered < all, "{answered:?} of {all:?}");
}

#[test]
fn more_guesses_than_may_wait_are_not_even_looked_at() {
    let gateway = stage().start();
    let wrong = Door::with(&gateway, "");
    let guess = json!({"token": "wrong"}).to_string();
    let mut guesses: Vec<_> = (0..80)
        .map(|_| {
            let mut client = Client::to(gateway.door);
            client.send(wrong.request("POST", "session", "", &guess));
            client
        })
        .collect();

    let last = guesses.last_mut().unwrap().answer();

    assert_eq!(last.problem(), (429, "too-many-failures".to_owned()));
    assert_eq!(last.header("retry-after"), Some("10"));
    assert_eq!(Door::of(&gateway).get("webhooks").status(), 200);
}

#[test]
fn nothing_of_this_door_is_on_the_step_port() {
    let gateway = stage().start();
    for path in [
        "/admin/v1/webhooks",
        "/admin/v1/session",
        "/admin/v1/config/errors",
        "/metrics",
        "/console",
        "/openapi.json",
        "/healthz",
        "/readyz",
    ] {
        let request = get(path, "Authorization: Bearer token-of-admin\r\n");
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let answer = gateway.ask(&request.replacen("GET", method, 1));
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
}

#[test]
fn each_change_leaves_one_line_of_who_did_what_and_no_secret() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    let mut webhook = draft("w", "http://127.0.0.1:1/");
    webhook["auth"] = json!({"type": "basic", "token": "hunter2"});
    let journey = json!({"id": "j", "workflow_id": 1, "name": "J"});

    door.post("webhooks", &webhook).good(201);
    door.post("webhooks", &webhook).problem();
    door.get("webhooks/w").good(200);
    webhook["name"] = json!("Another");
    door.put("webhooks/w", &webhook).good(200);
    door.post("webhooks/w/copy", &json!({"id": "v"})).good(201);
    door.delete("webhooks/w").good(204);
    door.post("journeys", &journey).good(201);
    door.post("journeys/j/publish", &Value::Null).good(200);
    door.post("journeys/j/unpublish", &Value::Null).good(200);
    door.delete("journeys/j").good(204);

    // The log is written in its own time.
    until("the last line", || {
        gateway.logs().contains("`j` was deleted")
    });
    let logs = gateway.logs();
    let lines = logs
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let audit: Vec<Value> = lines.filter(|line| line["audit"] == true).collect();
    let told: Vec<_> = audit
        .iter()
        .map(|line| {
            assert!(
                line["from"].as_str().unwrap().starts_with("127.0.0.1:"),
                "{line}"
            );
            assert_eq!(
                (&line["by"], &line["role"]),
                (&json!("ed"), &json!("editor"))
            );
            let message = line["message"].as_str().unwrap();
            (line["id"].as_str().unwrap(), message)
        })
        .collect();
    let expected = [
        ("w", "webhook `w` was made by `ed`"),
        ("w", "webhook `w` was replaced by `ed`"),
        ("v", "webhook `v` was copied from `w` by `ed`"),
        ("w", "webhook `w` was deleted by `ed`"),
        ("j", "journey `j` was made by `ed`"),
        ("j", "journey `j` was published by `ed`"),
        ("j", "journey `j` was unpublished by `ed`"),
        ("j", "journey `j` was deleted by `ed`"),
    ];
    assert_eq!(told, expected);
    for secret in ["hunter2", "token-of-ed"] {
        assert!(!logs.contains(secret), "{logs}");
    }
}
