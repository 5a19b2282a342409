//! What waits and why: `GET /admin/v1/schedule`, `stepgate pending` and the schedule's metrics.

use crate::support::client::{Client, get};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::gateway::{Scripted, Setup};
use crate::support::process::{Gateway, Stage, assert_part, at, webhook};
use crate::support::stores::DownStore;
use serde_json::{Value, json};
use std::sync::Arc;

const JOURNEY: &str = "workflow_id = 1\nname = 'J'\n\
    [[tiles]]\nid = 'a'\ntype = 'webhook'\nwebhook = 'w'\n\
    [[tiles]]\nid = 'b'\ntype = 'webhook'\nwebhook = 'w'\n";

/// A gateway on which two steps wait at `j/a`, one at `j/b` and one at the webhook `w`, each for
/// a retry that is minutes away.
fn waiting() -> (Endpoint, Gateway) {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = Stage::new()
        .set("admin.token", "'chief'")
        .set(
            "admin.tokens",
            "[{ name = 'ops', role = 'viewer', token = 'watcher' }]",
        )
        .webhook("w", webhook("POST", &at(&endpoint, "/secret-path"), ""))
        .journey("j", JOURNEY)
        .start();
    for (id, member, target) in [
        ("s-1", "tile", "j/a"),
        ("s-2", "tile", "j/b"),
        ("s-3", "tile", "j/a"),
        ("s-4", "webhook", "w"),
    ] {
        let step = json!({"id": id, member: target, "email": "hidden@example.com"});
        assert_eq!(gateway.step(&step).0, 202, "{id}");
    }
    (endpoint, gateway)
}

fn schedule(gateway: &Gateway, query: &str) -> Value {
    let answer = gateway.admin_with(&format!("/admin/v1/schedule{query}"), "watcher");
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// The texts of `key` in the array `list`.
fn each<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one[key].as_str().unwrap_or("-")).collect()
}

#[test]
fn a_schedule_that_cannot_be_asked_says_when_to_ask_again() {
    let mut setup = Setup::new(Scripted::continuing());
    setup.store = Arc::new(DownStore);
    let gateway = setup.start();
    let token = format!("Authorization: Bearer {}\r\n", gateway.admin_token());

    let answer = Client::to(gateway.admin).ask(get("/admin/v1/schedule", &token));

    let problem = (answer.problem(), answer.header("retry-after"));
    assert_eq!(problem, ((503, "schedule-down".to_owned()), Some("10")));
}

#[test]
fn a_viewer_sees_what_waits_and_why_and_no_users_data() {
    let (_endpoint, gateway) = waiting();

    let report = schedule(&gateway, "");

    assert_part(&report, &json!({"pending": 4, "accepts": true}), "totals");
    assert_eq!(
        report["tiles"],
        json!([
            {"tile": "j/a", "pending": 2, "reasons": {"retry": 2}},
            {"webhook": "w", "pending": 1, "reasons": {"retry": 1}},
            {"tile": "j/b", "pending": 1, "reasons": {"retry": 1}},
        ])
    );
    assert_eq!(each(&report["steps"], "id"), ["s-1", "s-2", "s-3", "s-4"]);
    let first = &report["steps"][0];
    let expected = json!({"tile": "j/a", "reason": "retry", "status": 503, "attempts": 1});
    assert_part(first, &expected, "the first step");
    assert_eq!(report["oldestDue"], first["dueAt"]);
    for hidden in ["hidden", "secret-path", "email"] {
        assert!(!report.to_string().contains(hidden), "{hidden}: {report}");
    }
}

#[test]
fn a_tile_or_a_webhook_and_a_number_of_steps_may_be_asked_for() {
    let (_endpoint, gateway) = waiting();

    for (query, tiles, steps) in [
        ("?tile=j/a", vec!["j/a"], vec!["s-1", "s-3"]),
        ("?tile=w", vec!["-"], vec!["s-4"]),
        ("?tile=j/none", vec![], vec![]),
        ("?limit=1", vec!["j/a", "-", "j/b"], vec!["s-1"]),
        ("?limit=0&tile=j%2Fb", vec!["j/b"], vec![]),
    ] {
        let report = schedule(&gateway, query);
        assert_eq!(each(&report["tiles"], "tile"), tiles, "{query}");
        assert_eq!(each(&report["steps"], "id"), steps, "{query}");
        assert_eq!(report["pending"], 4, "{query}");
    }
}

#[test]
fn whoever_asks_wrongly_is_told_so() {
    let gateway = Stage::new().set("admin.token", "'chief'").start();
    let path = "/admin/v1/schedule";
    let token = "Authorization: Bearer chief\r\n";
    for (request, status) in [
        (get(path, ""), 401),
        (get(path, token).replacen("localhost", "evil", 1), 421),
        (get(path, token).replacen("GET", "POST", 1), 405),
        (get("/admin/v1/schedule?limit=1001", token), 400),
        (get("/admin/v1/schedule?tile=A", token), 400),
        (get(path, token), 200),
    ] {
        let answer = Client::to(gateway.door).ask(&request);
        assert_eq!(answer.status, status, "{request}");
    }
}

#[test]
fn pending_asks_the_gateway_that_runs_and_prints_a_table() {
    let (_endpoint, gateway) = waiting();

    let shown = gateway.command(&["pending", "--limit", "2"]);

    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][..3], ["4", "steps", "wait,"], "{shown}");
    let counts = [
        vec!["pending", "tile", "or", "webhook", "why"],
        vec!["2", "j/a", "retry", "2"],
        vec!["1", "w", "retry", "1"],
        vec!["1", "j/b", "retry", "1"],
    ];
    assert_eq!(lines[2..6], counts, "{shown}");
    assert_eq!(lines[8][1..], ["j/a", "retry", "503", "1", "s-1"]);
    assert_eq!(lines[9][1..], ["j/b", "retry", "503", "1", "s-2"]);
    assert_eq!(lines[10], ["…", "and", "2", "more"]);
}

#[test]
fn pending_prints_the_same_json_that_the_admin_listener_gives() {
    let (_endpoint, gateway) = waiting();

    let shown = gateway.command(&["pending", "--json", "--tile", "j/a"]);

    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    let mut report = schedule(&gateway, "?tile=j/a");
    // The machine writes to its disk all the time.
    for report in [&mut shown, &mut report] {
        report.as_object_mut().unwrap().remove("freeBytes");
    }
    assert_eq!(shown, report);
}

#[test]
fn pending_opens_the_store_where_no_gateway_runs() {
    let (_endpoint, mut gateway) = waiting();
    gateway.kill();

    let shown = gateway.command(&["pending", "--json"]);

    let report: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(report["pending"], 4);
    assert_eq!(each(&report["steps"], "id"), ["s-1", "s-2", "s-3", "s-4"]);
    // It has let go of the store, and changed nothing.
    gateway.start_again();
    assert_eq!(schedule(&gateway, "")["tiles"], report["tiles"]);
}

#[test]
fn pending_makes_no_data_folder() {
    let stage = Stage::new().file("conf/gateway.toml", "listen.admin = '127.0.0.1:9'\n");

    let output = stage.output(&["pending"]);

    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("there is no data folder data here"), "{said}");
    assert!(!stage.folder().join("data").exists());
}

#[test]
fn pending_needs_no_configured_token_where_the_gateway_made_one() {
    let gateway = Stage::new().start();

    let shown = gateway.command(&["pending"]);

    assert!(shown.starts_with("nothing waits"), "{shown}");
}

#[test]
fn pending_says_when_the_gateway_knows_another_token() {
    let gateway = Stage::new().set("admin.token", "'chief'").start();
    let text = std::fs::read_to_string(gateway.path("conf/gateway.toml")).unwrap();
    gateway.rewrite("conf/other.toml", text.replace("chief", "thief"));

    let output = gateway.output(&["pending", "--config", "conf/other.toml"]);

    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("it knows no token"), "{said}");
    assert!(!said.contains("thief"), "{said}");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn wrong_usage_of_pending_exits_with_2() {
    let stage = Stage::new();
    for arguments in [
        ["pending", "--limit=1001"],
        ["pending", "--limit=many"],
        ["pending", "--tile=a/b/c"],
    ] {
        let output = stage.output(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn metrics_say_how_the_schedule_is() {
    let (_endpoint, gateway) = waiting();
    let due: jiff::Timestamp = schedule(&gateway, "")["oldestDue"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();

    let metrics = gateway.admin_with("/metrics", "watcher").body;

    let value = |name: &str| -> f64 {
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name}: {metrics}"))
            .parse()
            .unwrap()
    };
    assert_eq!(value("stepgate_scheduled"), 4.0);
    assert_eq!(value("stepgate_schedule_accepts"), 1.0);
    let oldest = value("stepgate_schedule_oldest_due_timestamp_seconds");
    assert!((oldest - due.as_millisecond() as f64 / 1000.0).abs() < 0.01);
    let readme = include_str!("../../README.md").lines();
    let named = readme.filter_map(|line| line.strip_prefix("| `stepgate_")?.split('`').next());
    let named: Vec<&str> = named.collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        let there = metrics.contains(&format!("\nstepgate_{name}"));
        assert!(there, "stepgate_{name}: {metrics}");
    }
}
