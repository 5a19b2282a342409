//! What a batch may take, and what becomes of it when its client or the gateway goes.

use super::{CAPTURED, capturing, endpoint, gateway, line, short, shorts, stage, step};
use crate::support::batch::Batch;
use crate::support::endpoint::{Endpoint, Received, Speaks, reply};
use crate::support::process::until;
use serde_json::json;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// As many steps as are said, to be sent in one go.
fn steps(count: usize, path: &str) -> String {
    (1..=count)
        .map(|id| step(&format!("s{id}"), path))
        .collect()
}

#[test]
fn a_batch_is_read_no_faster_than_it_may_be_delivered_and_overflows_nothing() {
    let endpoint = Endpoint::answering(Speaks::Http, |_: &Received| {
        reply(200).after(Duration::from_millis(20))
    });
    for (key, limit, most) in [
        ("delivery.max_in_flight", 8, 4),
        ("delivery.max_in_flight_per_host", 3, 3),
    ] {
        let before = endpoint.connections();
        let gateway = stage(&endpoint).set(key, &limit.to_string()).start();
        let mut batch = Batch::to(gateway.http);
        batch.send(&steps(100, "x"));
        batch.end();
        assert_eq!(batch.head().0, 200);

        let lines = batch.rest();

        assert_eq!(lines.len(), 100, "{key}");
        let mut ids = HashSet::new();
        for line in &lines {
            assert_eq!(line["outcome"], json!("continue"), "{key}: {line}");
            ids.insert(line["id"].as_str().unwrap());
        }
        assert_eq!(ids.len(), 100);
        // One connection for each that was ever in flight beside others.
        let at_once = endpoint.connections() - before;
        assert!((2..=most).contains(&at_once), "{key}: {at_once}");
    }
}

#[test]
fn a_full_gateway_lets_a_batch_wait_and_refuses_none_of_its_lines() {
    let (_endpoint, gateway) = {
        let endpoint = endpoint();
        let gateway = stage(&endpoint).set("delivery.max_in_flight", "1").start();
        (endpoint, gateway)
    };
    let mut client = gateway.client();
    client.send(crate::support::client::post(
        step("first", "slow").trim_end(),
    ));
    until("the first to be in flight", || {
        gateway.state("first").1["outcome"] == "pending"
    });

    let mut batch = Batch::to(gateway.http);
    batch.send(&steps(3, "x"));
    batch.end();
    batch.head();

    assert_eq!(
        shorts(&batch.rest()),
        [
            line(1, "s1", "continue"),
            line(2, "s2", "continue"),
            line(3, "s3", "continue")
        ]
    );
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_long_batch_takes_no_more_memory_than_a_short_one() {
    let (_endpoint, gateway) = {
        let endpoint = endpoint();
        let gateway = stage(&endpoint).set("log.level", "'warn'").start();
        (endpoint, gateway)
    };
    // Most are no steps: those take little time, and would take as much memory.
    let padding = "x".repeat(600);
    let good = format!("{{\"webhook\":\"w\",\"email\":\"{padding}\"}}\n");
    let lines = good + &format!("{{\"webhook\":1,\"email\":\"{padding}\"}}\n").repeat(49);
    let run = |count: usize| {
        let mut batch = Batch::to(gateway.http);
        let mut sender = batch.sender();
        let lines = lines.clone();
        let sending = std::thread::spawn(move || {
            for _ in 0..count / 50 {
                sender.send(&lines).unwrap();
            }
            sender.end().unwrap();
        });
        batch.head();
        let answers = std::iter::from_fn(|| batch.try_line().unwrap()).count();
        sending.join().unwrap();
        assert_eq!(answers, count);
        gateway.most_resident_kib()
    };

    let short = run(10_000);
    let long = run(100_000);

    // What came is 60 MB, what went back 20.
    assert!(long < short + 10 * 1024, "{short} KiB, then {long} KiB");
}

#[test]
fn what_was_taken_runs_on_when_the_client_hangs_up_and_its_outcomes_are_in_the_log() {
    let (endpoint, gateway) = gateway();
    let batch = Batch::to(gateway.http);
    batch.send(&steps(20, "slow"));
    batch.send(r#"{"id":"half","webh"#);
    until("all to be in flight", || endpoint.requests().len() == 20);

    batch.hang_up();

    until("20 outcomes", || gateway.outcomes("").ids().len() == 20);
    let log = gateway.outcomes("");
    let ids: HashSet<&str> = log.ids().into_iter().collect();
    assert_eq!(ids.len(), 20);
    assert_eq!(endpoint.requests().len(), 20);
    assert_eq!(gateway.state("half").0, 404);
}

#[test]
fn a_client_that_reads_nothing_ends_its_batch_and_what_was_taken_runs_on() {
    let large = "x".repeat(200_000);
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    let endpoint = Endpoint::answering(Speaks::Http, move |_: &Received| {
        count.fetch_add(1, Ordering::SeqCst);
        reply(200).body(json!({ "name": large }).to_string())
    });
    let gateway = capturing(&endpoint)
        .set("delivery.max_in_flight_per_host", "10")
        .start();
    let mut batch = Batch::to(gateway.http);
    batch.send(&CAPTURED.repeat(500));
    batch.end();

    // More than sockets hold, and far less than all: the rest is not even begun.
    std::thread::sleep(Duration::from_secs(13));
    let taken = begun.load(Ordering::SeqCst);
    assert!((10..400).contains(&taken), "{taken}");
    batch.head();
    let end = loop {
        match batch.try_line() {
            Ok(Some(line)) => assert_eq!(line["outcome"], json!("continue")),
            Ok(None) => panic!("the answer was ended as if it was whole"),
            Err(error) => break error.kind(),
        }
    };
    assert!(
        matches!(end, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset),
        "{end:?}"
    );
    assert_eq!(begun.load(Ordering::SeqCst), taken);
}

#[test]
fn a_gateway_that_stops_finishes_what_it_took_and_takes_no_more() {
    let (_endpoint, mut gateway) = gateway();
    let mut batch = Batch::to(gateway.http);
    batch.head();
    batch.send(&(step("a", "x") + &step("b", "slow")));
    assert_eq!(short(&batch.line()), line(1, "a", "continue"));

    gateway.stop();
    std::thread::sleep(Duration::from_millis(200));
    // Where the connection is closed already, that is as good.
    let _ = batch.sender().send(&step("c", "x"));

    assert_eq!(shorts(&batch.rest()), [line(2, "b", "continue")]);
    drop(batch);
    assert_eq!(gateway.ended().code(), Some(0));
}
