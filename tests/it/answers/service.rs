//! Targets that are not there, or not in service.

use super::{assert_answers, settled};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Stage, at, until, webhook};
use serde_json::json;
use std::fs;

const JOURNEY: &str = "workflow_id = 1\nname = 'J'\n\
    [[tiles]]\nid = 't'\ntype = 'webhook'\nwebhook = 'w'\n";

#[test]
fn a_webhook_that_is_not_there_is_an_exit_and_a_tile_that_is_not_there_is_not_taken() {
    let gateway = Stage::new().journey("j", JOURNEY).start();

    let exit = json!({"outcome": "exit", "reason": "unknown_webhook", "sent": "no", "attempts": 0});
    assert_answers(&gateway, [("missing", exit.clone())]);
    let (status, outcome) = gateway.step(&json!({"tile": "j/t"}));
    assert_eq!((status, settled(outcome)), (200, exit));
    for tile in ["j/other", "other/t"] {
        let (status, problem) = gateway.step(&json!({"id": "s", "tile": tile}));
        assert_eq!((status, &problem["type"]), (404, &json!("unknown-tile")));
        assert_eq!(gateway.state("s").0, 404, "it was taken");
    }
}

#[test]
fn what_the_configuration_gets_wrong_is_a_503_and_the_user_stays() {
    let endpoint = Endpoint::replying([reply(200)]);
    let post = webhook("POST", &at(&endpoint, "/"), "");
    let retrieval = "[data_retrieval]\nobject = 'o'\n\
        fields = [{ name = 'a', pointer = '/a', type = 'string' }]\n";
    let get = webhook("GET", &at(&endpoint, "/"), "");
    let untested = webhook("GET", &at(&endpoint, "/"), retrieval);
    let stale = format!(
        "{untested}[data_retrieval.test]\nfingerprint = 'sha256:{}'\nat = '2026-11-23T10:00:00Z'\n",
        "0".repeat(64)
    );
    let secret = webhook(
        "POST",
        &at(&endpoint, "/"),
        "[auth]\ntype = 'basic'\ntoken = { env = 'NOT_SET_ANYWHERE' }\n",
    );
    let tiles = [
        ("post-profile", "user_profile", "good"),
        ("get-live", "live_data", "get"),
        ("broken", "webhook", "broken"),
        ("untested", "live_data", "untested"),
        ("good", "webhook", "good"),
    ];
    let tiles = tiles.map(|(id, kind, webhook)| {
        format!("[[tiles]]\nid = '{id}'\ntype = '{kind}'\nwebhook = '{webhook}'\n")
    });
    let gateway = Stage::new()
        .webhook("good", &post)
        .webhook("get", get)
        .webhook("broken", post.replace("method", "methd"))
        .webhook("untested", untested)
        .webhook("stale", stale)
        .webhook("secret", secret)
        .journey(
            "j",
            format!("workflow_id = 1\nname = 'J'\n{}", tiles.concat()),
        )
        .journey("torn", "workflow_id = 1\nname = ")
        .start();

    for (step, kind) in [
        (json!({"webhook": "broken"}), "webhook-invalid"),
        (json!({"webhook": "secret"}), "webhook-invalid"),
        (json!({"webhook": "untested"}), "webhook-untested"),
        (json!({"webhook": "stale"}), "webhook-untested"),
        (json!({"tile": "j/broken"}), "webhook-invalid"),
        (json!({"tile": "j/untested"}), "webhook-untested"),
        (json!({"tile": "j/post-profile"}), "journey-invalid"),
        (json!({"tile": "j/get-live"}), "journey-invalid"),
        (json!({"tile": "torn/t"}), "journey-invalid"),
    ] {
        let (status, problem) = gateway.step(&step);
        assert_eq!((status, &problem["type"]), (503, &json!(kind)), "{step}");
    }
    let (_, outcome) = gateway.step(&json!({"tile": "j/good"}));
    assert_eq!(outcome["outcome"], "continue", "one fault stops the others");
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_step_whose_target_is_deleted_while_it_waits_exits() {
    let endpoint = Endpoint::replying([reply(503)]);
    let gateway = Stage::new()
        .set("retry.delay", "'1200ms'")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .webhook("gone", webhook("POST", &at(&endpoint, "/"), ""))
        .journey("j", JOURNEY)
        .start();
    gateway.step(&json!({"id": "tile", "tile": "j/t"}));
    gateway.step(&json!({"id": "webhook", "webhook": "gone"}));

    gateway.rewrite("conf/journeys/j.toml", JOURNEY.replace("'t'", "'u'"));
    fs::remove_file(gateway.path("conf/webhooks/gone.toml")).unwrap();

    for (id, reason) in [("tile", "unknown_tile"), ("webhook", "unknown_webhook")] {
        let outcome = gateway.finally(id);
        let said = (
            &outcome["outcome"],
            &outcome["reason"],
            &outcome["attempts"],
        );
        assert_eq!(said, (&json!("exit"), &json!(reason), &json!(1)), "{id}");
    }
}

#[test]
fn a_pending_step_waits_for_the_repair_of_its_tile_and_loses_no_retry() {
    let endpoint = Endpoint::replying([reply(503), reply(503), reply(200).body("{}")]);
    let get = webhook("GET", &at(&endpoint, "/"), "");
    let gateway = Stage::new()
        .set("retry.delay", "'1200ms'")
        .set("retry.max_retries", "2")
        .webhook("w", &get)
        .journey(
            "j",
            JOURNEY.replace("type = 'webhook'", "type = 'user_profile'"),
        )
        .start();

    gateway.step(&json!({"id": "s", "tile": "j/t"}));
    let first_due = gateway.state("s").1["dueAt"].clone();
    gateway.serve_webhook("w", &webhook("POST", &at(&endpoint, "/"), ""));
    // From here on every delay is short, so that it has waited more often than it may retry.
    gateway.reload(|gateway| {
        let text = fs::read_to_string(gateway.path("conf/gateway.toml")).unwrap();
        gateway.rewrite("conf/gateway.toml", text.replace("1200ms", "30ms"));
    });
    let mut dues = vec![first_due];
    until("the step has come back more than twice", || {
        let due = gateway.state("s").1["dueAt"].clone();
        if dues.last() != Some(&due) {
            dues.push(due);
        }
        dues.len() > 5
    });
    let (_, waiting) = gateway.state("s");
    gateway.serve_webhook("w", &get);

    let said = (&waiting["outcome"], &waiting["attempts"]);
    assert_eq!(said, (&json!("pending"), &json!(1)));
    let done = gateway.finally("s");
    let said = (&done["outcome"], &done["attempts"], &done["profile"]);
    assert_eq!(said, (&json!("continue"), &json!(3), &json!({})));
}
