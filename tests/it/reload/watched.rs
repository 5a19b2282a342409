//! Changes that the watcher finds by itself.

use super::{JOURNEY, Running, name, named, tested, tile, token};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::time::Duration;
use stepgate::config::{NotFound, Snapshot};

#[test]
fn an_edit_a_new_file_and_a_deletion_are_in_service_by_themselves() {
    let running = Running::with(&[
        ("webhooks/a.toml", &named("A")),
        ("webhooks/b.toml", &named("B")),
    ]);

    running.conf.write("webhooks/a.toml", named("A2"));
    running.conf.write("webhooks/c.toml", named("C"));
    fs::remove_file(running.conf.file("webhooks/b.toml")).unwrap();

    running.until(|snapshot| {
        let name = |id| name(snapshot, id);
        (name("a"), name("b"), name("c"))
            == (Ok("A2".into()), Err(NotFound::Webhook), Ok("C".into()))
    });
}

#[test]
fn folders_that_come_later_are_seen() {
    let running = Running::with(&[]);

    running.conf.write("webhooks/a.toml", named("A"));

    running.until(|snapshot| name(snapshot, "a") == Ok("A".into()));
    running.conf.write("webhooks/a.toml", named("A2"));
    running.until(|snapshot| name(snapshot, "a") == Ok("A2".into()));
}

#[test]
fn an_editor_that_writes_beside_and_renames_is_seen() {
    let running = Running::with(&[("webhooks/a.toml", &named("A"))]);

    running.conf.write("webhooks/.a.toml.swp", named("A2"));
    let (beside, file) = (".a.toml.swp", "a.toml");
    let path = |name: &str| running.conf.file("webhooks").join(name);
    fs::rename(path(beside), path(file)).unwrap();

    running.until(|snapshot| name(snapshot, "a") == Ok("A2".into()));
}

#[test]
fn a_swap_of_the_link_that_kubernetes_makes_is_seen() {
    let running = Running::with(&[("webhooks/..one/a.toml", &named("One"))]);
    let at = |name: &str| running.conf.file("webhooks").join(name);
    symlink("..one", at("..data")).unwrap();
    symlink("..data/a.toml", at("a.toml")).unwrap();
    running.until(|snapshot| name(snapshot, "a") == Ok("One".into()));

    for round in ["Two", "Three"] {
        running
            .conf
            .write(&format!("webhooks/..{round}/a.toml"), named(round));
        symlink(format!("..{round}"), at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        running.until(|snapshot| name(snapshot, "a") == Ok(round.into()));
    }
}

#[test]
fn a_folder_that_is_a_link_is_followed_when_the_link_is_swapped() {
    let running = Running::with(&[("one/a.toml", &named("One")), ("two/a.toml", &named("Two"))]);
    let at = |name: &str| running.conf.file(name);
    symlink("one", at("webhooks")).unwrap();
    running.until(|snapshot| name(snapshot, "a") == Ok("One".into()));

    symlink("two", at("swap")).unwrap();
    fs::rename(at("swap"), at("webhooks")).unwrap();
    running.until(|snapshot| name(snapshot, "a") == Ok("Two".into()));

    running.conf.write("two/a.toml", named("Edited"));
    running.until(|snapshot| name(snapshot, "a") == Ok("Edited".into()));
}

#[test]
fn half_of_a_file_is_never_served_though_it_is_valid() {
    let second = JOURNEY.replace("id = \"t\"", "id = \"u\"");
    let second = &second[second.find("[[tiles]]").unwrap()..];
    let both = format!("{JOURNEY}{second}");
    let running = Running::with(&[
        ("webhooks/hook.toml", &named("H")),
        ("journeys/j.toml", &both),
    ]);
    let whole = |snapshot: &Snapshot| tile(snapshot, "j/u").is_ok();

    let mut file = File::create(running.conf.file("journeys/j.toml")).unwrap();
    file.write_all(JOURNEY.as_bytes()).unwrap();
    // Longer than the watcher waits for quiet.
    for _ in 0..30 {
        assert!(whole(&running.live.get()));
        std::thread::sleep(Duration::from_millis(10));
    }
    file.write_all(second.replace("\"u\"", "\"v\"").as_bytes())
        .unwrap();
    drop(file);

    running.until(|snapshot| {
        assert!(whole(snapshot) || tile(snapshot, "j/v").is_ok());
        tile(snapshot, "j/v").is_ok()
    });
}

#[test]
fn a_broken_file_leaves_its_last_good_version_and_harms_no_other() {
    let running = Running::with(&[
        ("webhooks/a.toml", &named("A")),
        ("webhooks/b.toml", &named("B")),
    ]);

    running.conf.write("webhooks/a.toml", "name = ");
    running.conf.write("webhooks/b.toml", named("B2"));
    running.conf.write("webhooks/c.toml", "name = 3");

    running.until(|snapshot| name(snapshot, "c") == Err(NotFound::WebhookInvalid));
    assert_eq!(
        (running.name("a"), running.name("b")),
        (Ok("A".into()), Ok("B2".into()))
    );
    assert_eq!(
        running.faults(),
        [
            "webhooks/a.toml:1:8: not TOML: string values must be quoted, expected literal string",
            "webhooks/c.toml:1:1: endpoint: missing; expected a URL",
            "webhooks/c.toml:1:1: method: missing; expected one of \"GET\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\"",
            "webhooks/c.toml:1:8: name: found an integer; expected a string",
        ]
    );

    running.conf.write("webhooks/a.toml", named("A2"));
    fs::remove_file(running.conf.file("webhooks/c.toml")).unwrap();
    running.until(|snapshot| name(snapshot, "a") == Ok("A2".into()) && snapshot.faults.is_empty());
}

#[test]
fn a_journey_never_valid_and_a_tile_of_the_wrong_kind_are_told_from_one_that_is_not_there() {
    let wrong = JOURNEY.replace("\"webhook\"", "\"user_profile\"");
    let running = Running::with(&[
        ("webhooks/hook.toml", &named("H")),
        ("journeys/good.toml", JOURNEY),
        ("journeys/wrong.toml", &wrong),
        ("journeys/broken.toml", "name = 3"),
    ]);
    let snapshot = running.live.get();
    let why = |id: &str| tile(&snapshot, id).err();

    assert_eq!(why("good/t"), None);
    assert_eq!(why("good/x"), Some(NotFound::Tile));
    assert_eq!(why("none/t"), Some(NotFound::Tile));
    assert_eq!(why("wrong/t"), Some(NotFound::JourneyInvalid));
    assert_eq!(why("broken/t"), Some(NotFound::JourneyInvalid));
}

#[test]
fn an_untested_webhook_is_not_put_into_service_and_leaves_the_tested_one() {
    let untested = tested("New", "new").replace("sha256:", "sha256:0");
    let running = Running::with(&[
        ("webhooks/a.toml", &tested("A", "a")),
        ("webhooks/b.toml", &untested),
    ]);
    assert_eq!(running.name("b"), Err(NotFound::WebhookUntested));

    running.conf.write("webhooks/a.toml", &untested);
    running.conf.write("webhooks/b.toml", tested("B", "b"));

    running.until(|snapshot| name(snapshot, "b") == Ok("B".into()));
    assert_eq!(running.name("a"), Ok("A".into()));
    assert_eq!(
        running.faults(),
        [
            "webhooks/a.toml:8:15: data_retrieval.test.fingerprint: is of another version of this \
          webhook; run `stepgate test a --sample <file> --record`"
        ]
    );
}

#[test]
fn a_secret_in_a_file_is_read_again_when_the_file_changes() {
    // Beside the webhooks too, and called like one but for its ending.
    for file in ["secrets/token", "webhooks/token", "webhooks/a.token"] {
        let guarded = format!(
            "{}[auth]\ntype = \"basic\"\ntoken = {{ file = {file:?} }}\n",
            named("A")
        );
        let running = Running::with(&[("webhooks/a.toml", &guarded), (file, "one\n")]);
        assert_eq!(token(&running.live.get(), "a"), "one");

        running.conf.write(file, "two\n");
        running.until(|snapshot| token(snapshot, "a") == "two");

        fs::remove_file(running.conf.file(file)).unwrap();
        running.until(|snapshot| !snapshot.faults.is_empty());
        assert_eq!(token(&running.live.get(), "a"), "two");
    }
}

#[test]
fn settings_take_effect_but_for_those_that_need_a_restart() {
    let running = Running::with(&[]);
    let written = fs::read_to_string(running.conf.file("gateway.toml")).unwrap();
    let before = running.live.get().gateway.listen.clone();

    let more = "[retry]\nmax_retries = 7\n[listen]\nhttp = [\"127.0.0.1:9999\"]\n";
    running
        .conf
        .write("gateway.toml", format!("{written}{more}"));

    running.until(|snapshot| snapshot.gateway.retry.max_retries == 7);
    assert_eq!(running.live.get().gateway.listen, before);
    assert_eq!(
        running.faults(),
        ["gateway.toml:1:1: warning: listen: changed; a restart puts it in force"]
    );

    running
        .conf
        .write("gateway.toml", "[retry]\nmax_retries = -7\n");
    running.until(|snapshot| {
        snapshot
            .faults
            .iter()
            .any(|fault| fault.key == "retry.max_retries")
    });
    assert_eq!(running.live.get().gateway.retry.max_retries, 7);
}

#[test]
fn a_look_that_finds_nothing_new_changes_nothing() {
    let running = Running::with(&[("webhooks/a.toml", &named("A"))]);
    let version = running.live.get().version;

    running.conf.replace("webhooks/a.toml", named("A"));
    running.watch.look();

    assert_eq!(running.live.get().version, version);
}
