//! A disk that fails, and is well again.

use super::disk::Disk;
use crate::support::client::post_with;
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Stage, at, until, webhook};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::Duration;

#[test]
fn while_syncs_fail_nothing_is_answered_202_and_what_is_answered_503_was_not_taken() {
    let endpoint = Endpoint::replying([reply(200)]);
    let stage = Stage::new().webhook("w", webhook("POST", &at(&endpoint, "/"), ""));
    let disk = Disk::watching(stage.folder().join("data"));
    let gateway = disk.around(stage).start();
    let send = |id: &str| {
        let step = json!({"id": id, "webhook": "w"}).to_string();
        let answer = gateway.ask(&post_with("Prefer: respond-async\r\n", &step));
        answer.status
    };

    let mut answers: HashMap<String, u16> = HashMap::new();
    for round in 0..3 {
        disk.fail_syncs();
        let during = thread::scope(|scope| {
            let sending: Vec<_> = (0..8)
                .map(|number| {
                    let id = format!("during-{round}-{number}");
                    scope.spawn(|| (send(&id), id))
                })
                .collect();
            thread::sleep(Duration::from_millis(300));
            disk.set_sync(Duration::ZERO);
            sending
                .into_iter()
                .map(|one| one.join().unwrap())
                .collect::<Vec<_>>()
        });
        answers.extend(during.into_iter().map(|(status, id)| (id, status)));
        let well = format!("well-{round}");
        until("steps to be taken again", || send(&well) == 202);
        answers.insert(well, 202);
    }

    let taken: HashSet<&str> = answers
        .iter()
        .filter(|(_, status)| **status == 202)
        .map(|(id, _)| id.as_str())
        .collect();
    until("all outcomes", || {
        let log = gateway.outcomes("limit=1000");
        let logged: HashSet<&str> = log.ids().into_iter().collect();
        taken.is_subset(&logged)
    });
    thread::sleep(Duration::from_millis(300));
    let log = gateway.outcomes("limit=1000");
    let logged = log.ids();
    let delivered: HashSet<String> = endpoint
        .requests()
        .iter()
        .map(|request| request.header("idempotency-key").unwrap().to_owned())
        .collect();
    println!("{answers:?}");
    for id in &taken {
        assert_eq!(logged.iter().filter(|one| *one == id).count(), 1, "{id}");
    }
    for (id, status) in &answers {
        assert!([202, 500, 503].contains(status), "{id}: {status}");
        assert!(
            *status != 503 || !delivered.contains(id),
            "{id} was answered 503, and sent"
        );
    }
}
