//! The gate, in front of limits and configuration as they are.

use super::*;
use crate::config;
use crate::egress::{Egress, OwnListeners};
use crate::model::WebhookId;
use crate::schedule::{Clock, SqliteStore};
use crate::telemetry::Telemetry;
use std::fs;

/// A pipeline in front of a host that may have eight requests in flight.
fn pipeline() -> Pipeline {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let data = folder.path().join("data");
    write(
        "gateway.toml",
        &format!("delivery.max_in_flight_per_host = 8\nstore.folder = {data:?}"),
    );
    let webhook = "name = 'W'\nmethod = 'POST'\nendpoint = 'https://";
    write("webhooks/literal.toml", &format!("{webhook}a.example/x'"));
    write("webhooks/other.toml", &format!("{webhook}a.example/y'"));
    write("webhooks/valued.toml", &format!("{webhook}{{{{host}}}}/'"));
    write(
        "journeys/j.toml",
        "workflow_id = 1\nname = 'J'\n\
        [[tiles]]\nid = 't'\ntype = 'webhook'\nwebhook = 'literal'\nrate_limit = '1/hour'",
    );
    let live = config::load(&folder.path().join("gateway.toml"))
        .unwrap()
        .live();
    let egress = Egress::new(OwnListeners::from(&live.get().gateway.listen));
    let settings = config::Store {
        folder: data,
        reserve: 0,
    };
    let store = SqliteStore::open(&settings, Clock::System, Telemetry::default()).unwrap();
    Pipeline::new(live, egress, Arc::new(store), Telemetry::default())
}

fn lane(webhook: &str) -> Lane {
    Lane {
        target: Target::Webhook(WebhookId::new(webhook).unwrap()),
        origin: None,
    }
}

fn origin() -> Origin {
    crate::model::url::parse("https://a.example").unwrap().0
}

fn room(admission: &Admission) -> usize {
    match admission {
        Admission::Room(room) => *room,
        Admission::Lane { .. } | Admission::Host { .. } => 0,
    }
}

#[test]
fn a_lane_gets_a_place_at_its_host_for_each_step_and_gives_back_what_it_did_not_need() {
    let pipeline = pipeline();
    let gate = pipeline.turnstile(512);

    let places = room(&gate.admit(&lane("literal")));
    let full = gate.admit(&lane("other"));
    let used = gate.take(&lane("literal"));
    gate.close();
    let again = pipeline.turnstile(512).admit(&lane("other"));

    assert!((1..=8).contains(&places), "{places}");
    let expected = Admission::Host {
        origin: origin(),
        wait: PAUSE,
    };
    assert_eq!(full, expected);
    assert!(used.is_some_and(|permit| permit.is_for(&origin())));
    assert!(room(&again) > 0, "{again:?}");
}

#[test]
fn no_more_places_are_taken_than_steps_can_come() {
    let gate = pipeline().turnstile(2);
    assert_eq!(gate.admit(&lane("literal")), Admission::Room(2));
}

#[test]
fn a_lane_that_names_its_origin_is_held_back_with_its_host() {
    let pipeline = pipeline();
    let gate = pipeline.turnstile(512);
    gate.admit(&lane("literal"));
    let known = Lane {
        origin: Some(origin()),
        ..lane("valued")
    };

    assert_eq!(room(&gate.admit(&known)), 0);
    // Nobody knows where these go, or whether: the pipeline finds out.
    assert_eq!(room(&gate.admit(&lane("valued"))), AT_ONCE);
    assert_eq!(room(&gate.admit(&lane("deleted"))), AT_ONCE);
}

#[test]
fn a_step_of_a_paced_tile_holds_no_place_while_it_waits_in_line() {
    let pipeline = pipeline();
    let tile = TileRef::new("j/t").unwrap();
    let paced = Lane {
        target: Target::Tile(tile),
        origin: None,
    };
    let gate = pipeline.turnstile(512);

    let first = gate.admit(&paced);
    let second = gate.admit(&paced);

    assert_eq!(first, Admission::Room(1));
    assert!(gate.take(&paced).is_none());
    // The line has no room for another: one step more than could go within `inline_wait`.
    let Admission::Lane { count: 1, .. } = second else {
        panic!("{second:?}");
    };
}
