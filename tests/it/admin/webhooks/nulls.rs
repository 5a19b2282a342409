//! `null`, which no file can say: as absent among the keys of the format, refused where it is a value.

use crate::admin::{Door, draft, journey, stage, with};
use crate::support::process::webhook;
use serde_json::json;

const URL: &str = "http://127.0.0.1:1/";

#[test]
fn a_null_among_names_that_are_free_or_in_a_list_is_refused_and_nothing_is_lost_for_it() {
    let gateway = stage()
        .webhook("w", webhook("POST", URL, "user_fields = [\"city\"]\n"))
        .journey("j", journey("webhook", "w", false))
        .start();
    let door = Door::of(&gateway);
    let (hook, tiles) = (door.get("webhooks/w").json, door.get("journeys/j").json);
    let tile = with(&tiles["tiles"][0], &json!({"parameters": {"x": null}}));
    let form = json!({"format": "form", "form": {"x": null}});
    for (path, before, change, pointer) in [
        (
            "webhooks/w",
            &hook,
            json!({"user_fields": [null]}),
            "/user_fields/0",
        ),
        ("webhooks/w", &hook, json!({"body": form}), "/body/form/x"),
        ("webhooks/w", &hook, json!({"name": null}), "/name"),
        (
            "journeys/j",
            &tiles,
            json!({"tiles": [tile]}),
            "/tiles/0/parameters/x",
        ),
    ] {
        let said = door.put(path, &with(before, &change));

        assert_eq!(
            (said.status(), said.problem().2),
            (422, pointer),
            "{change}"
        );
        assert_eq!(&door.get(path).json, before, "{change}");
    }
}

#[test]
fn a_copy_has_none_of_what_is_null_for_it() {
    let gateway = stage()
        .webhook("w", webhook("POST", URL, "user_fields = [\"city\"]\n"))
        .start();
    let door = Door::of(&gateway);

    let copy = door.post("webhooks/w/copy", &json!({"id": "c", "user_fields": null}));

    assert_eq!(
        copy.good(201),
        with(&draft("c", URL), &json!({"name": "W"}))
    );
}

#[test]
fn a_secret_stays_only_for_a_word_that_says_where_it_is_set() {
    let basic = "[auth]\ntype = \"basic\"\ntoken = \"hunter2\"\n";
    let gateway = stage().webhook("w", webhook("POST", URL, basic)).start();
    let door = Door::of(&gateway);
    let before = door.get("webhooks/w").json;
    for set in [json!(null), json!(5), json!("nowhere"), json!({})] {
        let auth = json!({"auth": {"type": "basic", "token": {"set": set}}});

        let said = door.put("webhooks/w", &with(&before, &auth));

        let expected = (422, "webhook-invalid", "/auth/token");
        assert_eq!(said.problem(), expected, "{set}");
    }
}
