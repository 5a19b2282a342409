//! A restart behaves like a reload: what served before is known.

use super::{JOURNEY, Running, named, tile};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use stepgate::config::NotFound;

#[test]
fn a_file_that_broke_meanwhile_serves_as_it_did_before() {
    let running = Running::with(&[
        ("webhooks/hook.toml", &named("One")),
        ("webhooks/gone.toml", &named("Gone")),
        ("journeys/j.toml", JOURNEY),
    ]);

    let running = running.restarted(|conf| {
        conf.write("webhooks/hook.toml", "name = 3");
        conf.write("webhooks/new.toml", "name = 3");
        conf.write("journeys/j.toml", "name = 3");
        fs::remove_file(conf.file("webhooks/gone.toml")).unwrap();
    });

    assert_eq!(running.name("hook"), Ok("One".into()));
    assert_eq!(running.name("new"), Err(NotFound::WebhookInvalid));
    assert_eq!(running.name("gone"), Err(NotFound::Webhook));
    assert!(tile(&running.live.get(), "j/t").is_ok());

    let again = running.restarted(|_| ());
    assert_eq!(again.name("hook"), Ok("One".into()));
}

#[test]
fn what_came_into_service_by_a_reload_is_known_too() {
    let running = Running::with(&[("webhooks/hook.toml", &named("One"))]);
    running.conf.replace("webhooks/hook.toml", named("Two"));
    running.watch.look();

    let running = running.restarted(|conf| conf.write("webhooks/hook.toml", ""));

    assert_eq!(running.name("hook"), Ok("Two".into()));
}

#[test]
fn the_copies_are_for_the_owner_only() {
    // The end waits for the copies.
    let running = Running::with(&[("webhooks/hook.toml", &named("One"))]).restarted(|_| ());
    let mode = |name: &str| {
        let path = running.conf.file("data").join(name);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };

    assert_eq!(
        ["", "served", "served/webhooks", "served/webhooks/hook.toml"].map(mode),
        [0o700, 0o700, 0o700, 0o600]
    );
}
