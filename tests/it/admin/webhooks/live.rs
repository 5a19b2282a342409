//! Webhooks that tiles rely on: Live Data is tested first, and locked once it is published.

use super::super::{Door, draft, file, fingerprint, journey, live_data, stage, with};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use serde_json::{Value, json};

fn offers() -> Endpoint {
    Endpoint::replying([reply(200).body(r#"{"price": 5}"#)])
}

/// The Live Data webhook `w`, tested and in service, and the journey `j` with a tile that calls it.
fn live(endpoint: &Endpoint, published: bool) -> Gateway {
    let url = at(endpoint, "/");
    let stage: Stage = stage().webhook("w", live_data(&url, ""));
    let gateway = stage.journey("j", journey("live_data", "w", false)).start();
    let fingerprint = fingerprint(&Door::of(&gateway), "w");
    gateway.serve_webhook("w", &live_data(&url, &fingerprint));
    if published {
        let text = journey("live_data", "w", true);
        gateway.reload(|gateway| gateway.rewrite("conf/journeys/j.toml", text));
    }
    gateway
}

#[test]
fn the_tiles_of_a_webhook_are_those_that_call_it() {
    let endpoint = offers();
    let gateway = live(&endpoint, true);
    let door = Door::of(&gateway);
    door.post("webhooks", &draft("v", "http://127.0.0.1:1/"))
        .good(201);
    let other = json!({"id": "a", "workflow_id": 1, "name": "A", "tiles": [
        {"id": "one", "type": "webhook", "webhook": "w"},
        {"id": "two", "type": "webhook", "webhook": "v"},
        {"id": "three", "type": "user_profile", "webhook": "w"},
    ]});
    door.post("journeys", &other).good(201);

    let tiles = |id: &str| door.get(&format!("webhooks/{id}/tiles")).good(200);

    let tile = |journey, tile, kind, published| {
        json!({"journey": journey, "tile": tile,
        "type": kind, "published": published})
    };
    let mut found = tiles("w")["tiles"].as_array().unwrap().clone();
    found.sort_by_key(|tile| tile["tile"].to_string());
    let expected = [
        tile("a", "one", "webhook", false),
        tile("j", "t", "live_data", true),
        tile("a", "three", "user_profile", false),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        tiles("v")["tiles"],
        json!([tile("a", "two", "webhook", false)])
    );
}

#[test]
fn a_published_live_data_tile_locks_its_webhook_until_it_is_unpublished() {
    let endpoint = offers();
    let gateway = live(&endpoint, true);
    let door = Door::of(&gateway);
    let text = file(&gateway, "w");
    let json = door.get("webhooks/w").json;
    let renamed = with(&json, &json!({"name": "Another"}));

    let replaced = door.put("webhooks/w", &renamed);
    let deleted = door.delete("webhooks/w");

    assert_eq!(replaced.problem(), (409, "locked", "none"));
    assert_eq!(deleted.problem(), (409, "locked", "none"));
    let detail = replaced.json["detail"].as_str().unwrap();
    assert!(detail.contains("journey `j`"), "{detail}");
    assert_eq!(file(&gateway, "w"), text);
    door.post("webhooks/w/copy", &json!({"id": "v"})).good(201);

    door.post("journeys/j/unpublish", &Value::Null).good(200);
    door.put("webhooks/w", &renamed).good(200);
    assert_eq!(door.delete("webhooks/w").status(), 204);
}

#[test]
fn the_lock_is_that_of_the_journeys_as_they_are_on_disk_now() {
    let endpoint = offers();
    let gateway = live(&endpoint, false);
    let door = Door::of(&gateway);
    let renamed = with(&door.get("webhooks/w").json, &json!({"name": "Another"}));

    gateway.rewrite("conf/journeys/j.toml", journey("live_data", "w", true));
    let locked = door.put("webhooks/w", &renamed);
    gateway.rewrite("conf/journeys/j.toml", journey("live_data", "w", false));
    let free = door.put("webhooks/w", &renamed);

    assert_eq!(locked.problem(), (409, "locked", "none"));
    free.good(200);
}

#[test]
fn an_edit_by_hand_that_the_lock_refuses_is_not_confirmed_by_the_api() {
    let endpoint = offers();
    let gateway = live(&endpoint, true);
    let door = Door::of(&gateway);
    let by_hand = file(&gateway, "w").replace("name = \"L\"", "name = \"By hand\"");
    gateway.reload(|gateway| gateway.rewrite("conf/webhooks/w.toml", &by_hand));
    let read = door.get("webhooks/w").good(200);

    let said = door.put("webhooks/w", &read);

    assert_eq!(said.problem(), (409, "locked", "none"));
    assert_eq!(file(&gateway, "w"), by_hand);
}

#[test]
fn a_live_data_webhook_is_saved_once_it_was_tested_as_it_is() {
    let endpoint = offers();
    let gateway = stage()
        .journey("j", journey("live_data", "w", false))
        .start();
    let door = Door::of(&gateway);
    let retrieval = |test: Value| {
        json!({"data_retrieval": {"object": "offer", "test": test,
        "fields": [{"name": "price", "pointer": "/price", "type": "number"}]}})
    };
    let get = |path: &str| {
        json!({"id": "w", "name": "L", "method": "GET",
        "endpoint": at(&endpoint, path)})
    };
    let untested = with(&get("/"), &retrieval(Value::Null));

    let refused = door.post("webhooks", &untested);
    let tested = door
        .post("webhooks/test", &json!({"webhook": untested}))
        .good(200);
    let tested = with(
        &untested,
        &retrieval(json!({"fingerprint": tested["fingerprint"]})),
    );
    let made = door.post("webhooks", &tested);

    let untested = (422, "webhook-untested", "/data_retrieval/test");
    assert_eq!(refused.problem(), untested);
    let test = made.good(201)["data_retrieval"]["test"].clone();
    assert!(test["at"].as_str().unwrap().ends_with('Z'), "{test}");
    let (_, outcome) = gateway.step(&json!({"tile": "j/t"}));
    assert_eq!(
        outcome["liveData"],
        json!({"offer": {"price": 5}}),
        "{outcome}"
    );

    // What shapes the request was not tested; the name and the fields are free.
    let elsewhere = with(&tested, &json!({"endpoint": at(&endpoint, "/other")}));
    assert_eq!(door.put("webhooks/w", &elsewhere).problem(), untested);
    let mut renamed = with(&tested, &json!({"name": "Offers"}));
    renamed["data_retrieval"]["fields"][0]["name"] = json!("amount");
    door.put("webhooks/w", &renamed).good(200);
}

#[test]
fn a_webhook_stays_of_the_kind_that_its_tiles_need() {
    let endpoint = offers();
    let gateway = live(&endpoint, false);
    let door = Door::of(&gateway);
    let get = webhook("GET", "http://127.0.0.1:1/", "");
    gateway.serve_webhook("p", &get);
    let profile = journey("user_profile", "p", false);
    gateway.reload(|gateway| gateway.rewrite("conf/journeys/k.toml", profile));
    let mut not_live = door.get("webhooks/w").json;
    not_live.as_object_mut().unwrap().remove("data_retrieval");
    let post = with(&door.get("webhooks/p").json, &json!({"method": "POST"}));

    let (live, profile) = (
        door.put("webhooks/w", &not_live),
        door.put("webhooks/p", &post),
    );

    let invalid = |pointer| (422, "webhook-invalid", pointer);
    assert_eq!(live.problem(), invalid("/data_retrieval"));
    assert_eq!(profile.problem(), invalid("/method"));
    let detail = profile.json["detail"].as_str().unwrap();
    assert!(detail.contains("`k/t`"), "{detail}");
    assert_eq!(file(&gateway, "p"), get);
}
