//! A webhook that a Live Data tile of a published journey refers to stays as it is.

use super::{JOURNEY, Running, name, named, tested, tested_with, token};
use crate::config::Conf;
use std::fs;
use stepgate::config::NotFound;

/// A journey with a Live Data tile that calls `hook`.
fn live_data(published: bool) -> String {
    let journey = JOURNEY.replace("\"webhook\"", "\"live_data\"");
    journey.replace(
        "workflow_id",
        &format!("published = {published}\nworkflow_id"),
    )
}

const REFUSED: &str = "while journey `j` is published: a Live Data tile of it refers to this webhook; the \
                       served version stays until then";

fn refused(what: &str) -> String {
    format!("webhooks/hook.toml:1:1: cannot be {what} {REFUSED}")
}

fn published() -> Running {
    Running::with(&[
        ("webhooks/hook.toml", &tested("One", "one")),
        ("webhooks/other.toml", &named("Other")),
        ("journeys/j.toml", &live_data(true)),
    ])
}

#[test]
fn it_cannot_be_edited_until_the_journey_is_unpublished() {
    let running = published();

    running
        .conf
        .write("webhooks/hook.toml", tested("Two", "two"));
    running.conf.write("webhooks/other.toml", named("Other 2"));
    running.until(|snapshot| name(snapshot, "other") == Ok("Other 2".into()));
    assert_eq!(running.name("hook"), Ok("One".into()));
    assert_eq!(running.faults(), [refused("edited")]);

    running.conf.write("journeys/j.toml", live_data(false));
    running.until(|snapshot| name(snapshot, "hook") == Ok("Two".into()));
    assert_eq!(running.faults(), Vec::<String>::new());
}

#[test]
fn it_cannot_be_deleted_until_the_journey_is_gone() {
    let running = published();

    fs::remove_file(running.conf.file("webhooks/hook.toml")).unwrap();
    running.until(|snapshot| !snapshot.faults.is_empty());
    assert_eq!(running.name("hook"), Ok("One".into()));
    assert_eq!(running.faults(), [refused("deleted")]);

    fs::remove_file(running.conf.file("journeys/j.toml")).unwrap();
    running.until(|snapshot| name(snapshot, "hook") == Err(NotFound::Webhook));
}

#[test]
fn an_edit_beside_a_publication_is_refused() {
    let running = Running::with(&[
        ("webhooks/hook.toml", &tested("One", "one")),
        ("journeys/j.toml", &live_data(false)),
    ]);

    running.conf.replace("journeys/j.toml", live_data(true));
    running
        .conf
        .replace("webhooks/hook.toml", tested("Two", "two"));
    running.watch.look();

    assert_eq!(running.name("hook"), Ok("One".into()));
    assert_eq!(running.faults(), [refused("edited")]);
}

#[test]
fn it_holds_across_a_restart() {
    let running = published().restarted(|conf| {
        conf.write("webhooks/hook.toml", tested("Two", "two"));
    });
    assert_eq!(running.name("hook"), Ok("One".into()));
    assert_eq!(running.faults(), [refused("edited")]);

    let running = running.restarted(|conf| {
        fs::remove_file(conf.file("webhooks/hook.toml")).unwrap();
    });
    assert_eq!(running.name("hook"), Ok("One".into()));
    assert_eq!(running.faults(), [refused("deleted")]);

    let running = running.restarted(|conf| conf.write("journeys/j.toml", live_data(false)));
    assert_eq!(running.name("hook"), Err(NotFound::Webhook));
}

#[test]
fn a_published_journey_that_breaks_keeps_its_locks() {
    let running = published();

    running.conf.write("journeys/j.toml", "workflow_id = ");
    running
        .conf
        .write("webhooks/hook.toml", tested("Two", "two"));
    running.until(|snapshot| snapshot.faults.len() == 2);

    assert_eq!(running.name("hook"), Ok("One".into()));
}

#[test]
fn its_secret_is_read_again_all_the_same() {
    let auth = "[auth]\ntype = \"basic\"\ntoken = { file = \"token\" }\n";
    let conf = Conf::with(&[("token", "one")]);
    let hook = |name, path| tested_with(name, path, auth, conf.path());
    let (first, second) = (hook("One", "one"), hook("Two", "two"));
    let running = Running::with(&[
        ("webhooks/hook.toml", &first),
        ("journeys/j.toml", &live_data(true)),
        ("token", "one"),
    ]);
    running.conf.write("webhooks/hook.toml", second);
    running.until(|snapshot| !snapshot.faults.is_empty());

    running.conf.write("token", "two");

    running.until(|snapshot| token(snapshot, "hook") == "two");
    assert_eq!(running.name("hook"), Ok("One".into()));
    assert_eq!(running.faults(), [refused("edited")]);
}
