//! Journeys: edited as webhooks are, published and unpublished.

use super::{Door, fingerprint, journey, journey_file, live_data, stage, with};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, at, webhook};
use serde_json::{Value, json};

const URL: &str = "http://127.0.0.1:1/";

/// A journey `j` with these tiles.
fn draft(tiles: &Value) -> Value {
    json!({"id": "j", "workflow_id": 7, "name": "J", "tiles": tiles})
}

fn tile(tile_type: &str, webhook: &str) -> Value {
    json!({"id": "t", "type": tile_type, "webhook": webhook})
}

#[test]
fn a_journey_that_is_made_is_a_file_and_in_service_when_it_is_answered() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = stage()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    let door = Door::of(&gateway);
    let mut tile = tile("webhook", "w");
    tile["rate_limit"] = json!("500/second");
    tile["parameters"] = json!({"a b": "{{x}}"});
    let json = draft(&json!([tile]));

    let made = door.post("journeys", &json);

    gateway.step(&json!({"tile": "j/t", "dataFields": {"x": 1}}));
    assert_eq!(endpoint.requests()[0].target, "/?a%20b=1");
    let location = made.answer.header("location").map(str::to_owned);
    assert_eq!(location.as_deref(), Some("/admin/v1/journeys/j"));
    let read = door.get("journeys/j");
    assert_eq!(made.etag(), read.etag());
    assert_eq!(made.good(201), json);
    assert_eq!(read.json, json);
    assert_eq!(door.get("journeys").json, json!({"journeys": [json]}));
    let text = "workflow_id = 7\nname = \"J\"\n\n[[tiles]]\nid = \"t\"\ntype = \"webhook\"\n\
                webhook = \"w\"\nrate_limit = \"500/second\"\n\n[tiles.parameters]\n\
                \"a b\" = \"{{x}}\"\n";
    let keys = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(keys(&journey_file(&gateway, "j")), keys(text));
}

#[test]
fn a_journey_that_is_replaced_keeps_its_comments_and_serves_at_once() {
    let endpoint = Endpoint::replying([reply(200)]);
    let text = "# Ours.\nname = 'J' # shown\nworkflow_id = 7\n\n# First.\n[[tiles]]\n\
                webhook = 'w'\nid = 'a'\ntype = 'webhook'\n\n# Second.\n[[tiles]]\nid = 'b'\n\
                type = 'webhook'\nwebhook = 'w'\n[tiles.parameters]\nx = '1' # one\n";
    let gateway = stage()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .journey("j", text)
        .start();
    let door = Door::of(&gateway);
    let mut json = door.get("journeys/j").good(200);
    json["tiles"][1]["parameters"]["x"] = json!("2");

    let read = door.put("journeys/j", &json).good(200);

    assert_eq!(read, json);
    let expected = text.replace("x = '1' # one", "x = \"2\" # one");
    assert_eq!(journey_file(&gateway, "j"), expected);
    gateway.step(&json!({"tile": "j/b"}));
    assert_eq!(endpoint.requests()[0].target, "/?x=2");

    assert_eq!(door.delete("journeys/j").status(), 204);
    let (_, problem) = gateway.step(&json!({"tile": "j/b"}));
    assert_eq!(problem["type"], "unknown-tile", "{problem}");
}

#[test]
fn tiles_that_change_places_take_their_comments_and_parameters_along() {
    let part = |id: &str| {
        format!(
            "\n# The tile {id}.\n[[tiles]]\nid = \"{id}\"\ntype = \"webhook\"\nwebhook = \"w\"\n\
             [tiles.parameters]\nx = \"{id}\"\n"
        )
    };
    let text = |ids: [&str; 3]| {
        let tiles = ids.map(part).concat();
        format!("workflow_id = 7\nname = \"J\"\n{tiles}")
    };
    let gateway = stage()
        .webhook("w", webhook("POST", URL, ""))
        .journey("j", text(["a", "b", "c"]))
        .start();
    let door = Door::of(&gateway);
    let json = door.get("journeys/j").good(200);
    let tiles = &json["tiles"];
    let moved = with(&json, &json!({"tiles": [tiles[2], tiles[0], tiles[1]]}));

    let read = door.put("journeys/j", &moved).good(200);

    assert_eq!(read, moved);
    assert_eq!(journey_file(&gateway, "j"), text(["c", "a", "b"]));

    let new = json!({"id": "n", "type": "webhook", "webhook": "w", "parameters": {"x": "n"}});
    let grown = with(&json, &json!({"tiles": [tiles[2], new, tiles[0]]}));
    assert_eq!(door.put("journeys/j", &grown).good(200), grown);
}

#[test]
fn a_journey_is_refused_as_a_webhook_is() {
    let gateway = stage().journey("j", journey("webhook", "w", false)).start();
    let door = Door::of(&gateway);
    let read = door.get("journeys/j");
    let changed = with(&read.json, &json!({"name": "Another"})).to_string();
    let seen = format!("If-Match: {}\r\n", read.etag());
    door.ask("PUT", "journeys/j", &seen, &changed).good(200);
    let twice = read.json.to_string();
    let bad = with(&read.json, &json!({"id": "A"})).to_string();
    for (method, path, headers, body, expected) in [
        (
            "PUT",
            "journeys/j",
            &*seen,
            &*changed,
            (412, "stale", "none"),
        ),
        ("DELETE", "journeys/j", &seen, "", (412, "stale", "none")),
        (
            "POST",
            "journeys/j/publish",
            &seen,
            "",
            (412, "stale", "none"),
        ),
        (
            "POST",
            "journeys",
            "",
            &twice,
            (409, "already-exists", "none"),
        ),
        (
            "POST",
            "journeys",
            "",
            &bad,
            (422, "journey-invalid", "/id"),
        ),
        (
            "PUT",
            "journeys/j",
            "",
            &bad,
            (422, "journey-invalid", "/id"),
        ),
        ("POST", "journeys", "", "[]", (400, "bad-request", "none")),
    ] {
        let said = door.ask(method, path, headers, body);
        assert_eq!(said.problem(), expected, "{method} {path} {body}");
    }
}

#[test]
fn a_journey_that_is_not_there_is_not_found() {
    let gateway = stage().start();
    let door = Door::of(&gateway);
    for (method, path) in [
        ("GET", "journeys/k"),
        ("PUT", "journeys/k"),
        ("DELETE", "journeys/k"),
        ("POST", "journeys/k/publish"),
        ("POST", "journeys/k/unpublish"),
    ] {
        let said = door.ask(method, path, "", "{}");
        assert_eq!(
            said.problem(),
            (404, "not-found", "none"),
            "{method} {path}"
        );
    }
}

#[test]
fn a_tile_with_a_fault_is_refused_and_the_place_is_told() {
    let text = journey("webhook", "w", false);
    let gateway = stage()
        .webhook("w", webhook("POST", URL, ""))
        .journey("j", &text)
        .start();
    let door = Door::of(&gateway);
    let fine = json!({"id": "fine", "type": "webhook", "webhook": "w"});
    for (change, pointer) in [
        (json!({"id": "A"}), "/tiles/1/id"),
        (json!({"id": "fine"}), "/tiles/1/id"),
        (json!({"type": "sms"}), "/tiles/1/type"),
        (json!({"rate_limit": "5/day"}), "/tiles/1/rate_limit"),
        (json!({"on_failure": "exit"}), "/tiles/1/on_failure"),
        (
            json!({"parameters": {"x/y": "{{#a}}"}}),
            "/tiles/1/parameters/x~1y",
        ),
        (json!({"colour": "red"}), "/tiles/1/colour"),
        (json!({"type": "user_profile"}), "/tiles/1/webhook"),
        (json!({"type": "live_data"}), "/tiles/1/webhook"),
    ] {
        let tile = with(&tile("webhook", "w"), &change);

        let said = door.put("journeys/j", &draft(&json!([fine, tile])));

        assert_eq!(
            said.problem(),
            (422, "journey-invalid", pointer),
            "{change}: {said:?}"
        );
        assert_eq!(journey_file(&gateway, "j"), text, "{change}");
    }
}

#[test]
fn publishing_changes_one_word_and_unpublishing_changes_it_back() {
    let text = "# Ours.\nworkflow_id = 7 # theirs\nname = 'J'\npublished = false # not yet\n";
    let gateway = stage().journey("j", text).start();
    let door = Door::of(&gateway);

    let published = door.post("journeys/j/publish", &Value::Null);
    let there = journey_file(&gateway, "j");
    let etag = published.etag();
    let again = door.post("journeys/j/publish", &Value::Null);
    let back = door.post("journeys/j/unpublish", &Value::Null);

    assert_eq!(there, text.replace("= false", "= true"));
    assert_eq!(again.etag(), etag);
    assert_eq!(published.good(200)["published"], true);
    assert_eq!(back.good(200)["published"], false);
    assert_eq!(journey_file(&gateway, "j"), text);
}

#[test]
fn a_journey_is_published_once_its_live_data_serves() {
    let endpoint = Endpoint::replying([reply(200).body(r#"{"price": 5}"#)]);
    let url = at(&endpoint, "/");
    let gateway = stage()
        .webhook("untested", live_data(&url, ""))
        .webhook("invalid", webhook("FETCH", &url, ""))
        .webhook("post", webhook("POST", &url, ""))
        .journey("untested", journey("live_data", "untested", false))
        .journey("invalid", journey("live_data", "invalid", false))
        .journey("missing", journey("live_data", "missing", false))
        .journey("no-live-data", journey("live_data", "post", false))
        .journey("no-get", journey("user_profile", "post", false))
        .start();
    let door = Door::of(&gateway);
    for id in ["untested", "invalid", "missing", "no-live-data", "no-get"] {
        let text = journey_file(&gateway, id);
        let said = door.post(&format!("journeys/{id}/publish"), &Value::Null);
        assert_eq!(
            said.problem(),
            (422, "journey-invalid", "/tiles/0/webhook"),
            "{id}"
        );
        assert_eq!(journey_file(&gateway, id), text, "{id}");
        let path = format!("journeys/{id}");
        let published = with(&door.get(&path).json, &json!({"published": true}));
        let said = door.put(&path, &published);
        assert_eq!(
            said.problem(),
            (422, "journey-invalid", "/tiles/0/webhook"),
            "{id}"
        );
    }

    let fingerprint = fingerprint(&door, "untested");
    gateway.serve_webhook("untested", &live_data(&url, &fingerprint));
    let said = door.post("journeys/untested/publish", &Value::Null);

    assert_eq!(said.good(200)["published"], true);
}

#[test]
fn a_journey_of_a_webhook_that_is_not_there_yet_is_a_warning() {
    let gateway = stage().start();
    let door = Door::of(&gateway);

    door.post("journeys", &draft(&json!([tile("webhook", "later")])))
        .good(201);

    let errors = door.get("config/errors").good(200);
    let warning = &errors["errors"][0];
    assert_eq!(warning["severity"], "warning", "{errors}");
    assert_eq!(warning["key"], "tiles[0].webhook", "{errors}");
}

#[test]
fn the_faults_of_all_files_are_listed_as_check_tells_them() {
    let gateway = stage()
        .webhook(
            "w",
            "name = \"W\"\nmethod = \"FETCH\"\nendpoint = \"http://127.0.0.1:1/\"\n",
        )
        .webhook("v", "name = \n")
        .journey("j", "workflow_id = 7\nname = \"J\"\ncolour = \"red\"\n")
        .start();

    let said = Door::of(&gateway).get("config/errors").good(200);

    let errors = said["errors"].as_array().unwrap();
    let places: Vec<_> = errors
        .iter()
        .map(|error| {
            let place = (
                error["file"].as_str().unwrap(),
                error["line"].as_u64().unwrap(),
            );
            (
                place,
                error["key"].as_str().unwrap(),
                error["severity"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (("conf/journeys/j.toml", 3), "colour", "error"),
        (("conf/webhooks/v.toml", 1), "", "error"),
        (("conf/webhooks/w.toml", 2), "method", "error"),
    ];
    assert_eq!(places, expected, "{said}");
    let check = gateway.command(&["check"]);
    for error in errors {
        assert!(
            check.contains(&line_of(error)),
            "{} is not in:\n{check}",
            line_of(error)
        );
    }
}

/// A fault as `check` prints it.
fn line_of(error: &Value) -> String {
    let text = |name: &str| error[name].as_str().unwrap();
    let key = match text("key") {
        "" => String::new(),
        key => format!("{key}: "),
    };
    let place = format!("{}:{}:{}", text("file"), error["line"], error["column"]);
    format!("{place}: {key}{}", text("message"))
}

#[test]
fn a_repaired_file_is_listed_no_more() {
    let gateway = stage().webhook("w", "name = \n").start();
    let door = Door::of(&gateway);
    let count = |gateway: &Gateway| {
        let said = Door::of(gateway).get("config/errors").good(200);
        said["errors"].as_array().unwrap().len()
    };
    assert_eq!(count(&gateway), 1);

    door.put("webhooks/w", &super::draft("w", URL)).good(200);

    assert_eq!(count(&gateway), 0);
}
