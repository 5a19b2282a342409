//! How a step is refused: statuses, problem types, headers.

use super::{STEP, ask, client, running};
use crate::support::client::{get, post, post_with};
use crate::support::gateway::{Scripted, Setup};
use stepgate::config::NotFound;
use stepgate::pipeline::Refusal;

#[test]
fn what_is_no_step_is_refused_with_a_pointer_to_the_fault() {
    let gateway = running();
    for (body, pointer) in [
        ("", ""),
        ("[]", ""),
        ("{\"tile\":", ""),
        ("{}", "/tile"),
        (r#"{"tile":"a/b","webhook":"c"}"#, "/webhook"),
        (r#"{"tile":"A/b"}"#, "/tile"),
        (r#"{"tile":"a/b","id":"ü"}"#, "/id"),
        (r#"{"tile":"a/b","email":1}"#, "/email"),
    ] {
        let answer = ask(&gateway, &post(body));
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (answer.problem(), problem["pointer"].as_str()),
            ((400, "invalid-step".to_owned()), Some(pointer)),
            "{body}"
        );
    }
}

#[test]
fn nesting_is_taken_64_deep_and_no_deeper() {
    let gateway = running();
    for (depth, status) in [(64, 200), (65, 400), (100_000, 400)] {
        let inner = depth - 1;
        let body = format!(
            r#"{{"tile":"a/b","x":{}{}}}"#,
            "[".repeat(inner),
            "]".repeat(inner)
        );
        assert_eq!(ask(&gateway, &post(&body)).status, status, "{depth}");
    }
}

#[test]
fn paths_methods_and_media_types_have_their_refusals() {
    let gateway = running();
    let put = post(STEP).replacen("POST", "PUT", 1);
    let text = post(STEP).replacen("application/json", "text/plain", 1);
    let bare = post(STEP).replacen("Content-Type: application/json\r\n", "", 1);
    for (request, problem, allow) in [
        (
            get("/v1/steps", ""),
            (405, "method-not-allowed"),
            Some("POST"),
        ),
        (put, (405, "method-not-allowed"), Some("POST")),
        (
            post(STEP).replacen("steps", "steps/x", 1),
            (405, "method-not-allowed"),
            Some("GET, DELETE"),
        ),
        (get("/v1/steps/x/y", ""), (404, "not-found"), None),
        (get("/", ""), (404, "not-found"), None),
        (get("/v1/steps/unheard-of", ""), (404, "unknown-step"), None),
        (text, (415, "unsupported-media-type"), None),
        (bare, (415, "unsupported-media-type"), None),
    ] {
        let answer = ask(&gateway, &request);
        let (status, kind) = answer.problem();
        assert_eq!(
            ((status, &*kind), answer.header("allow")),
            (problem, allow),
            "{request}"
        );
    }
}

#[test]
fn a_token_is_asked_for_where_one_is_configured() {
    let gateway = Setup::new(Scripted::continuing())
        .token("open-sesame")
        .start();
    for (headers, status) in [
        ("", 401),
        ("Authorization: Bearer open\r\n", 401),
        ("Authorization: Bearer open-sesame-2\r\n", 401),
        ("Authorization: Basic open-sesame\r\n", 401),
        ("Authorization: Bearer open-sesame\r\n", 200),
        ("authorization: bearer open-sesame\r\n", 200),
    ] {
        let answer = ask(&gateway, &post_with(headers, STEP));
        let challenge = (status == 401).then_some("Bearer");
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (status, challenge),
            "{headers}"
        );
    }
}

#[test]
fn a_stranger_learns_nothing_but_that_a_token_is_missing() {
    let gateway = Setup::new(Scripted::continuing())
        .token("open-sesame")
        .start();
    for request in [get("/", ""), get("/v1/steps/x", ""), post("{")] {
        let answer = ask(&gateway, &request);
        assert_eq!(
            answer.problem(),
            (401, "unauthorized".to_owned()),
            "{request}"
        );
    }
}

#[test]
fn a_step_that_the_pipeline_does_not_take_says_why() {
    for (refusal, problem, again) in [
        (
            Refusal::NotFound(NotFound::Tile),
            (404, "unknown-tile"),
            None,
        ),
        (
            Refusal::NotFound(NotFound::WebhookInvalid),
            (503, "webhook-invalid"),
            Some("10"),
        ),
        (Refusal::ScheduleFull, (503, "schedule-full"), Some("10")),
    ] {
        let told = refusal.clone();
        let gateway = Setup::new(Scripted::new(move |_| {
            let told = told.clone();
            async { Err(told) }
        }))
        .start();
        let answer = ask(&gateway, &post(STEP));
        let (status, kind) = answer.problem();
        assert_eq!(
            ((status, &*kind), answer.header("retry-after")),
            (problem, again),
            "{refusal:?}"
        );
    }
}

#[test]
fn a_refused_request_leaves_its_connection_to_the_next() {
    let gateway = running();
    let mut client = client(&gateway);

    let refused = client.ask(post(STEP).replacen("steps", "stops", 1));
    let taken = client.ask(post(STEP));

    assert_eq!((refused.status, taken.status), (404, 200));
}
