//! What was answered `202` is kept, whatever happens to the process or its disk.

mod disk;
mod faulty;
mod full;
mod leaving;
mod load;
mod slots;
mod unstored;

use crate::support::client::post;
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use disk::{Disk, Unsynced};
use load::{Kind, Load, Reader, assert_kept, id_of, log};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use tokio::time::Instant;

/// Some time in this range, in milliseconds.
fn a_while(range: std::ops::Range<u64>) {
    sleep(Duration::from_millis(fastrand::u64(range)));
}

#[test]
fn nothing_that_was_answered_202_is_lost_when_the_process_is_killed_at_any_moment() {
    let (endpoint, seen) = load::endpoint();
    let mut gateway = load::stage(&endpoint).start();
    let load = Load::start(&gateway, 6000);
    let reader = Reader::start(&gateway);

    let mut kills = 0;
    while kills < 10 {
        let before = load.answered();
        a_while(20..300);
        gateway.kill();
        gateway.start_again();
        kills += 1;
        // Each life of the process gets somewhere.
        until("another answer", || load.answered() > before);
    }
    let promised = load.finish();

    for kind in [Kind::Async, Kind::Retried, Kind::Paced] {
        let kept = promised.kept_of(kind);
        assert!(kept >= 1000, "{kind:?}: {kept}");
    }
    assert!(promised.finished.len() >= 1000, "{promised:?}");
    assert_kept(&gateway, &promised, &seen);
    assert_followed(&gateway, reader);
}

#[test]
fn nothing_that_was_answered_202_is_lost_when_the_power_fails() {
    let (endpoint, seen) = load::endpoint();
    let stage = load::stage(&endpoint);
    let mut disk = Disk::watching(stage.folder().join("data"));
    let mut gateway = disk.around(stage).start();
    let load = Load::start(&gateway, 2000);
    let reader = Reader::start(&gateway);
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut chance = fastrand::Rng::with_seed(seed);

    let mut lost = 0;
    for round in 0..6 {
        let before = load.answered();
        a_while(50..300);
        gateway.kill();
        lost += disk.cut_power(match round % 2 {
            0 => Unsynced::Lost,
            _ => Unsynced::Some(chance.fork()),
        });
        gateway.start_again();
        until("another answer", || load.answered() > before);
    }
    let promised = load.finish();

    assert!(lost > 0, "no write was ever without a sync");
    assert!(promised.kept.len() >= 1000, "{}", promised.kept.len());
    assert_kept(&gateway, &promised, &seen);
    assert_followed(&gateway, reader);
}

#[test]
fn a_power_failure_while_the_store_is_made_leaves_none_that_cannot_be_opened() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    for _ in 0..8 {
        let (endpoint, seen) = load::endpoint();
        let stage = load::stage(&endpoint);
        let mut disk = Disk::watching(stage.folder().join("data"));
        let mut gateway = disk.around(stage).start();
        gateway.kill();
        disk.forget_end(&mut chance);
        disk.cut_power(Unsynced::Some(chance.fork()));

        gateway.start_again();

        let promised = Load::start(&gateway, 2).finish();
        assert_kept(&gateway, &promised, &seen);
    }
}

#[test]
fn a_step_that_outlasts_the_grace_is_answered_202_and_delivered_after_the_restart() {
    let slow = reply(200).after(Duration::from_secs(10));
    let endpoint = Endpoint::replying([slow, reply(200)]);
    let mut gateway = Stage::new()
        .set("shutdown.grace", "'300ms'")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    let mut client = gateway.client();
    client.send(post(&json!({"id": "slow", "webhook": "w"}).to_string()));
    until("the first attempt", || endpoint.requests().len() == 1);

    gateway.stop();

    let answer = client.answer();
    let outcome: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (answer.status, &outcome["outcome"]),
        (202, &json!("pending"))
    );
    assert!(gateway.ended().success(), "{}", gateway.logs());
    gateway.start_again();
    until("its outcome", || log(&gateway).len() == 1);
    assert_eq!(id_of(&log(&gateway)[0]), "slow");
    let requests = endpoint.requests();
    let keys: Vec<_> = requests
        .iter()
        .map(|r| r.header("idempotency-key"))
        .collect();
    assert_eq!(keys, [Some("slow"), Some("slow")]);
}

#[test]
fn the_process_ends_as_soon_as_what_is_in_flight_is_done() {
    let endpoint = Endpoint::replying([reply(200).after(Duration::from_millis(500))]);
    let mut gateway = Stage::new()
        .set("shutdown.grace", "'2m'")
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    let mut client = gateway.client();
    client.send(post(&json!({"webhook": "w"}).to_string()));
    until("the attempt", || endpoint.requests().len() == 1);
    let asked = Instant::now();

    gateway.stop();

    assert_eq!(client.answer().status, 200);
    assert!(gateway.ended().success(), "{}", gateway.logs());
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn a_second_process_on_the_same_data_folder_is_refused_and_the_first_goes_on() {
    let endpoint = Endpoint::replying([reply(200)]);
    let mut gateway = Stage::new()
        .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
        .start();
    let elsewhere = elsewhere(&gateway);
    gateway.rewrite("conf/second.toml", elsewhere);

    let second = gateway.output(&["serve", "--config", "conf/second.toml"]);

    let said = String::from_utf8([second.stdout, second.stderr].concat()).unwrap();
    assert_eq!(second.status.code(), Some(3), "{said}");
    assert!(said.contains("data"), "{said}");
    assert!(said.contains(&gateway.id().to_string()), "{said}");
    assert_eq!(gateway.step(&json!({"webhook": "w"})).0, 200);
    // What the second one did to the folder harms no restart either.
    gateway.kill();
    gateway.start_again();
    assert_eq!(gateway.step(&json!({"webhook": "w"})).0, 200);
}

#[test]
fn a_second_process_that_is_refused_leaves_the_copies_of_what_the_first_serves() {
    let endpoint = Endpoint::replying([reply(200)]);
    let text = webhook("POST", &at(&endpoint, "/"), "");
    let gateway = Stage::new().webhook("w", &text).start();
    let copy = gateway.path("data/served/webhooks/w.toml");
    until("the copy of the webhook", || copy.exists());
    for part in ["other/webhooks", "other/journeys"] {
        fs::create_dir_all(gateway.path(part)).unwrap();
    }
    gateway.rewrite("other/gateway.toml", elsewhere(&gateway));
    let others = webhook("POST", &at(&endpoint, "/other"), "");
    gateway.rewrite("other/webhooks/w.toml", &others);
    gateway.rewrite("other/webhooks/other.toml", &others);
    let before = files(&gateway.path("data/served"));

    let second = gateway.output(&["serve", "--config", "other/gateway.toml"]);

    assert_eq!(second.status.code(), Some(3), "{second:?}");
    assert_eq!(files(&gateway.path("data/served")), before);
    assert_eq!(fs::read_to_string(copy).unwrap(), text);
}

#[test]
fn a_data_folder_that_cannot_be_one_is_a_refused_configuration() {
    let stage = Stage::new()
        .file("conf/gateway.toml", "store.folder = 'taken'\n")
        .file("taken", "");

    let refused = stage.output(&["serve", "--config", "conf/gateway.toml"]);

    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the data folder taken cannot be used"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_with_the_files_is_in_the_log_once_the_process_serves() {
    let gateway = Stage::new().webhook("w", "name = 7\n").start();

    let logs = gateway.logs();

    let said = |log: &str| log.matches("webhooks/w.toml:1:8: name").count();
    assert_eq!(said(&logs), 1, "{logs}");
}

/// Who followed the log all the while has read what is there, in the same order.
fn assert_followed(gateway: &Gateway, reader: Reader) {
    let (read, log) = (reader.finish(), log(gateway));
    let mut pairs = read.iter().zip(&log);
    let differ = pairs.position(|(read, logged)| read != logged);
    assert_eq!((differ, read.len()), (None, log.len()));
}

/// The settings of `gateway`, with other addresses.
fn elsewhere(gateway: &Gateway) -> String {
    let text = fs::read_to_string(gateway.path("conf/gateway.toml")).unwrap();
    let addresses = [gateway.http, gateway.door].into_iter();
    addresses.fold(text, |text, address| {
        text.replace(&address.to_string(), "127.0.0.1:0")
    })
}

/// The files below `folder`, with their texts.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.append(&mut files(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}
