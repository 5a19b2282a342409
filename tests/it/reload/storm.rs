//! Many changes at once, of every kind.

use super::{JOURNEY, Running, name, named, tile};
use std::fs;

#[test]
fn through_three_hundred_changes_only_whole_versions_serve_and_the_last_one_wins() {
    let running = Running::with(&[
        ("webhooks/hook.toml", &named("0")),
        ("webhooks/bystander.toml", &named("Bystander")),
        ("journeys/j.toml", JOURNEY),
    ]);
    let conf = &running.conf;
    let mut last = 0;
    for round in 1..=300_u32 {
        let text = named(&round.to_string());
        match round % 6 {
            0 => conf.write("webhooks/hook.toml", text),
            1 => conf.replace("webhooks/hook.toml", text),
            2 => conf.write("webhooks/hook.toml", &text[..text.len() / 2]),
            3 => conf.write("webhooks/passing.toml", text),
            4 => fs::remove_file(conf.file("webhooks/passing.toml")).unwrap(),
            5 | 6.. => conf.replace(
                "journeys/j.toml",
                JOURNEY.replace("Journey", &round.to_string()),
            ),
        }
        let snapshot = running.live.get();
        let version: u32 = name(&snapshot, "hook").unwrap().parse().unwrap();
        assert!(
            last <= version && version <= round,
            "{version} after {last} at {round}"
        );
        assert_eq!(
            tile(&snapshot, "j/t").unwrap().webhook.name,
            version.to_string()
        );
        assert_eq!(name(&snapshot, "bystander"), Ok("Bystander".into()));
        last = version;
        std::thread::sleep(std::time::Duration::from_millis(3));
    }

    conf.write("webhooks/hook.toml", named("1000"));

    running.until(|snapshot| {
        name(snapshot, "hook") == Ok("1000".into()) && snapshot.faults.is_empty()
    });
}
