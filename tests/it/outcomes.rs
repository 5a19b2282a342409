//! The outcome log, as those who follow it see it.

use crate::support::client::{Answer, Client, get, post_with};
use crate::support::endpoint::{Endpoint, Received, Speaks, reply};
use crate::support::gateway::{Scripted, Setup};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use crate::support::stores::DownStore;
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::time::Instant;

/// A gateway, and the endpoint that its webhook `w` calls.
fn gateway() -> (Endpoint, Gateway) {
    let endpoint = Endpoint::answering(Speaks::Http, |_: &Received| reply(200));
    let gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    (endpoint, gateway)
}

/// Sends steps to be answered at once, and waits until their outcomes are in the log.
fn log(gateway: &Gateway, ids: &[&str]) {
    for id in ids {
        let step = json!({"id": id, "webhook": "w"});
        let taken = gateway.step_with("Prefer: respond-async\r\n", &step);
        assert_eq!(taken.status, 202);
        // One after the other, so that they stand in this order.
        gateway.finally(id);
    }
}

fn ask(gateway: &Gateway, query: &str) -> Answer {
    gateway.ask(&get(&format!("/v1/outcomes{query}"), ""))
}

fn ack_text(gateway: &Gateway, body: &str) -> Answer {
    gateway.ask(&post_with("", body).replacen("steps", "outcomes/ack", 1))
}

fn detail(answer: &Answer) -> Value {
    serde_json::from_str::<Value>(&answer.body).unwrap()["detail"].clone()
}

#[test]
fn outcomes_are_read_oldest_first_page_by_page() {
    let (_endpoint, gateway) = gateway();
    let empty = gateway.outcomes("");
    log(&gateway, &["a", "b", "c"]);

    let all = gateway.outcomes("");
    let first = gateway.outcomes("limit=2");
    let second = gateway.outcomes(&format!("after={}&limit=2", first.cursor));
    let end = gateway.outcomes(&format!("after={}", second.cursor));

    assert_eq!(empty.outcomes, Vec::<Value>::new());
    assert_eq!(all.ids(), ["a", "b", "c"]);
    assert_eq!(gateway.outcomes(&format!("after={}", empty.cursor)), all);
    assert_eq!((first.ids(), second.ids()), (vec!["a", "b"], vec!["c"]));
    // An empty page returns the cursor it was read from.
    assert_eq!((end.ids(), &end.cursor), (vec![], &second.cursor));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    for cursor in [&empty.cursor, &first.cursor, &second.cursor] {
        assert!(!cursor.is_empty() && cursor.bytes().all(known), "{cursor}");
    }
}

#[test]
fn an_entry_is_the_outcome_that_the_state_of_the_step_gives() {
    let (_endpoint, gateway) = gateway();
    log(&gateway, &["a"]);

    let page = ask(&gateway, "");

    let state = gateway.ask(&get("/v1/steps/a", "")).body;
    let cursor = gateway.outcomes("").cursor;
    assert_eq!(
        (page.header("content-type"), &page.body),
        (
            Some("application/json"),
            &format!(r#"{{"outcomes":[{state}],"cursor":"{cursor}"}}"#)
        )
    );
}

#[test]
fn each_group_begins_where_it_acknowledged() {
    let (_endpoint, gateway) = gateway();
    log(&gateway, &["a", "b", "c"]);
    let first = gateway.outcomes("limit=1");
    let second = gateway.outcomes("limit=2");

    // A group exists from its first acknowledgement: what it has not seen is kept from then on.
    let other = json!({"group": "mail:1", "cursor": first.cursor});
    assert_eq!(gateway.ack(&other).status, 204);
    assert_eq!(gateway.ack(&json!({"cursor": second.cursor})).status, 204);

    assert_eq!(gateway.outcomes("").ids(), ["c"]);
    assert_eq!(gateway.outcomes("group=default").ids(), ["c"]);
    assert_eq!(gateway.outcomes("group=mail:1").ids(), ["b", "c"]);
    // An acknowledgement never moves back, and null is as absent.
    let back = json!({"group": null, "cursor": first.cursor, "unknown": 1});
    assert_eq!(gateway.ack(&back).status, 204);
    assert_eq!(gateway.outcomes("").ids(), ["c"]);
}

#[test]
fn an_entry_goes_when_every_group_has_acknowledged_it() {
    let (_endpoint, gateway) = gateway();
    let begin = gateway.outcomes("").cursor;
    log(&gateway, &["a", "b"]);
    let first = gateway.outcomes("limit=1").cursor;
    let all = || gateway.outcomes(&format!("after={begin}")).ids().len();

    gateway.ack(&json!({"group": "x", "cursor": begin}));
    gateway.ack(&json!({"cursor": first}));
    assert_eq!(all(), 2);
    gateway.ack(&json!({"group": "x", "cursor": first}));

    until("the first entry is gone", || all() == 1);
    // Its step is remembered all the same.
    assert_eq!(gateway.state("a").0, 200);
}

#[test]
fn a_reader_waits_for_the_next_entry() {
    let (_endpoint, gateway) = gateway();
    let began = Instant::now();

    let page = thread::scope(|scope| {
        let reader = scope.spawn(|| gateway.outcomes("wait=50&group=g"));
        thread::sleep(Duration::from_millis(300));
        log(&gateway, &["a"]);
        reader.join().unwrap()
    });

    assert_eq!(page.ids(), ["a"]);
    assert!(began.elapsed() < Duration::from_secs(20), "{began:?}");
}

#[test]
fn a_wait_for_nothing_ends_with_an_empty_page() {
    let (_endpoint, gateway) = gateway();
    let began = Instant::now();

    let page = gateway.outcomes("wait=1");

    assert_eq!(page, gateway.outcomes(""));
    assert!(began.elapsed() >= Duration::from_millis(900), "{began:?}");
}

#[test]
fn a_waiting_reader_keeps_no_one_from_stopping_and_gets_its_page() {
    let gateway = Setup::new(Scripted::continuing()).start();
    let mut reader = Client::to(gateway.http);
    reader.send(get("/v1/outcomes?wait=60", ""));
    thread::sleep(Duration::from_millis(200));
    let asked = Instant::now();

    gateway.stop();

    let answer = reader.answer();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close"))
    );
    until("the end", || gateway.stopped());
    // The grace is 15 s, and the wait was for longer.
    assert!(asked.elapsed() < Duration::from_secs(10), "{asked:?}");
}

#[test]
fn a_reader_that_hangs_up_is_not_waited_for() {
    let gateway = Setup::new(Scripted::continuing()).start();
    let stream = std::net::TcpStream::connect(gateway.http).unwrap();
    let mut reader = Client::on(stream.try_clone().unwrap());
    reader.send(get("/v1/outcomes?wait=60", ""));
    let asked = Instant::now();

    // It only stops sending, so that the end of the wait can be seen.
    stream.shutdown(std::net::Shutdown::Write).unwrap();

    assert_eq!(reader.answer().status, 200);
    assert!(asked.elapsed() < Duration::from_secs(10), "{asked:?}");
}

#[test]
fn a_query_that_makes_no_sense_is_refused_and_unknown_keys_are_not() {
    let (_endpoint, gateway) = gateway();
    for (query, about) in [
        ("?limit=0", "`limit`"),
        ("?limit=x", "`limit`"),
        ("?limit=-1", "`limit`"),
        ("?limit=", "`limit`"),
        ("?wait=1.5", "`wait`"),
        ("?wait=soon", "`wait`"),
        ("?group=", "`group`"),
        ("?group=a%20b", "`group`"),
        ("?limit=1&limit=2", "`limit`"),
    ] {
        let answer = ask(&gateway, query);
        assert_eq!(
            answer.problem(),
            (400, "invalid-request".to_owned()),
            "{query}"
        );
        let detail = detail(&answer);
        assert!(
            detail.as_str().unwrap().contains(about),
            "{query}: {detail}"
        );
    }
    for query in ["?after=", "?after=a.b", "?after=never-given", "?after=%00"] {
        let answer = ask(&gateway, query);
        assert_eq!(
            answer.problem(),
            (400, "invalid-cursor".to_owned()),
            "{query}"
        );
    }
    for query in [
        "?x=1&x=2&limit=99999999999999999999",
        "?",
        "?limit=1000&wait=0",
    ] {
        assert_eq!(ask(&gateway, query).status, 200, "{query}");
    }
}

#[test]
fn a_step_that_is_forgotten_leaves_the_log_however_long_ago_it_was() {
    let endpoint = Endpoint::answering(Speaks::Http, |_: &Received| reply(200));
    let gateway = Stage::new()
        .set("steps.dedupe_max", "1")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    // More than it remembers, so that the first is known by the log alone.
    let ids: Vec<String> = (0..100).map(|number| format!("s{number}")).collect();
    for id in &ids {
        let step = json!({"id": id, "webhook": "w"});
        let taken = gateway.step_with("Prefer: respond-async\r\n", &step);
        assert_eq!(taken.status, 202);
    }
    until("all to be logged", || {
        gateway.outcomes("").ids().len() == 100
    });
    until("the first to be forgotten", || gateway.state("s0").0 == 404);
    assert!(gateway.outcomes("").ids().contains(&"s0"));

    assert_eq!(gateway.delete("/v1/steps/s0"), 204);

    let left = gateway.outcomes("");
    let left = left.ids();
    assert_eq!((left.len(), left.contains(&"s0")), (99, false));
    assert_eq!(gateway.delete("/v1/steps/s0"), 404);
}

#[test]
fn an_acknowledgement_that_makes_no_sense_is_refused_with_the_place_of_the_fault() {
    let (_endpoint, gateway) = gateway();
    for (body, kind, pointer) in [
        ("", "invalid-request", ""),
        ("[]", "invalid-request", ""),
        ("{}", "invalid-request", "/cursor"),
        (r#"{"cursor":null}"#, "invalid-request", "/cursor"),
        (r#"{"cursor":1}"#, "invalid-request", "/cursor"),
        (r#"{"cursor":""}"#, "invalid-cursor", "/cursor"),
        (r#"{"cursor":"never-given"}"#, "invalid-cursor", "/cursor"),
        (r#"{"cursor":"0","group":""}"#, "invalid-request", "/group"),
        (r#"{"cursor":"0","group":1}"#, "invalid-request", "/group"),
    ] {
        let answer = ack_text(&gateway, body);
        assert_eq!(answer.problem(), (400, kind.to_owned()), "{body}");
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["pointer"], json!(pointer), "{body}");
    }
}

#[test]
fn the_log_has_the_methods_media_type_and_token_of_the_steps_door() {
    let gateway = Setup::new(Scripted::continuing()).token("t").start();
    let bearer = "Authorization: Bearer t\r\n";
    let ack = post_with(bearer, "{}").replacen("steps", "outcomes/ack", 1);
    for (request, status, header) in [
        (get("/v1/outcomes", ""), 401, ("www-authenticate", "Bearer")),
        (
            get("/v1/outcomes", bearer).replacen("GET", "POST", 1),
            405,
            ("allow", "GET"),
        ),
        (get("/v1/outcomes/ack", bearer), 405, ("allow", "POST")),
        (
            ack.replacen("application/json", "text/plain", 1),
            415,
            ("content-type", "application/problem+json"),
        ),
        (
            get("/v1/outcomes/other", bearer),
            404,
            ("content-type", "application/problem+json"),
        ),
    ] {
        let answer = Client::to(gateway.http).ask(&request);
        assert_eq!(
            (answer.status, answer.header(header.0)),
            (status, Some(header.1)),
            "{request}"
        );
    }
}

#[test]
fn a_log_that_cannot_be_read_is_unavailable() {
    let mut setup = Setup::new(Scripted::continuing());
    setup.store = Arc::new(DownStore);
    let gateway = setup.start();
    let ack = post_with("", r#"{"cursor":"0"}"#).replacen("steps", "outcomes/ack", 1);

    for request in [get("/v1/outcomes", ""), get("/v1/outcomes?wait=5", ""), ack] {
        let answer = Client::to(gateway.http).ask(&request);
        assert_eq!(
            (answer.problem(), answer.header("retry-after")),
            ((503, "schedule-down".to_owned()), Some("10")),
            "{request}"
        );
    }
}
