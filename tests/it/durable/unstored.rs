//! Attempts whose steps cannot be put away: the disk takes nothing more.

use super::disk::Disk;
use super::load::{id_of, pending};
use crate::support::client::Answer;
use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, reply};
use crate::support::process::{Gateway, Stage, assert_part, at, until, webhook};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const ASYNC: &str = "Prefer: respond-async\r\n";

/// A gateway whose disk can be full.
struct Bench {
    endpoint: Endpoint,
    gateway: Gateway,
    disk: Disk,
}

// === impl Bench ===

impl Bench {
    /// `script` is told how many attempts came, this one among them.
    fn new(script: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        let count = AtomicUsize::new(0);
        let endpoint = Endpoint::answering(Speaks::Http, move |received| {
            script(received, count.fetch_add(1, Ordering::SeqCst) + 1)
        });
        let stage = Stage::new()
            .set("retry.delay", "'200ms'")
            .set("shutdown.grace", "'300ms'")
            .set("delivery.timeout", "'1s'")
            .set("admin.token", "'chief'")
            .webhook("w", webhook("POST", &at(&endpoint, "/"), ""))
            .webhook("nobody", webhook("POST", "http://127.0.0.1:1/", ""));
        let disk = Disk::watching(stage.folder().join("data"));
        Self {
            endpoint,
            gateway: disk.around(stage).start(),
            disk,
        }
    }

    /// From now on no file may grow.
    fn fill(&self) {
        self.disk.set_space(1);
        let refused = self.gateway.step_with(ASYNC, &step("refused"));
        assert_eq!(refused.problem(), (503, "schedule-full".to_owned()));
    }

    fn free(&self) {
        self.disk.set_space(0);
    }

    fn arrived(&self, count: usize) {
        until("the attempt", || self.endpoint.requests().len() == count);
    }

    /// Attempts of each step.
    fn attempts(&self) -> BTreeMap<String, usize> {
        let mut attempts = BTreeMap::new();
        for request in self.endpoint.requests() {
            let id = request.header("idempotency-key").unwrap();
            *attempts.entry(id.to_owned()).or_default() += 1;
        }
        attempts
    }

    /// The outcomes of all steps, and no more of them.
    fn outcomes(&self, count: usize) -> Vec<Value> {
        let log = self.gateway.logged(count);
        until("an empty schedule", || pending(&self.gateway) == 0);
        self.gateway.logged(count);
        log
    }

    /// The disk is full, and the gateway has noticed that it cannot put a step away.
    fn not_put_away(&self) {
        until("a step that is not put away", || {
            self.gateway.logs().contains("a step was not put away")
        });
    }
}

fn step(id: &str) -> Value {
    json!({"id": id, "webhook": "w"})
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn a_first_attempt_that_failed_while_nothing_can_be_stored_is_answered_500_and_never_202() {
    let bench = Bench::new(|_, attempt| match attempt {
        1 => reply(503),
        2 => Reply::silent(),
        _ => reply(200),
    });
    let gateway = &bench.gateway;
    bench.fill();

    let failed = gateway.step_with("", &step("failed"));
    let silent = gateway.step_with("Prefer: wait=10\r\n", &step("silent"));
    let nobody = gateway.step_with("", &json!({"id": "nobody", "webhook": "nobody"}));

    for (answer, expected, sent) in [
        (failed, json!({"attempts": 1, "status": 503}), Value::Null),
        (silent, json!({"attempts": 1}), json!("unknown")),
        (nobody, json!({"attempts": 1}), json!("no")),
    ] {
        assert_eq!(answer.problem(), (500, "not-scheduled".to_owned()));
        assert_part(&body(&answer), &expected, "the problem");
        assert_eq!(body(&answer)["sent"], sent, "{}", answer.body);
    }
    let fine = gateway.step_with("", &step("fine"));
    assert_eq!(fine.status, 200, "it needs no disk: {}", fine.body);

    bench.free();
    until("steps to be taken again", || {
        gateway.step_with(ASYNC, &step("again")).status == 202
    });
    // Not taken then, it can be sent again under the same id.
    assert_eq!(gateway.step(&step("failed")).0, 200);
    assert_eq!(id_of(&bench.outcomes(1)[0]), "again");
}

#[test]
fn a_due_step_that_ends_while_the_disk_is_full_is_put_away_once_there_is_room() {
    let bench = Bench::new(|_, attempt| {
        let pause = Duration::from_millis(700);
        reply(if attempt == 1 { 503 } else { 200 }).after(pause)
    });
    for (id, count) in [("retried", 1), ("done", 2)] {
        assert_eq!(bench.gateway.step_with(ASYNC, &step(id)).status, 202);
        bench.arrived(count);
    }

    bench.fill();
    bench.not_put_away();
    assert_eq!(bench.gateway.outcomes("").outcomes, Vec::<Value>::new());
    bench.free();

    let log = bench.outcomes(2);
    let mut ids: Vec<_> = log.iter().map(id_of).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["done", "retried"]);
    let once_and_twice = [("done".to_owned(), 1), ("retried".to_owned(), 2)];
    assert_eq!(bench.attempts(), BTreeMap::from(once_and_twice));
}

#[test]
fn a_step_that_could_not_be_put_away_before_the_end_has_one_outcome_after_the_start() {
    let mut bench = Bench::new(|_, _| reply(200).after(Duration::from_millis(300)));
    assert_eq!(bench.gateway.step_with(ASYNC, &step("s")).status, 202);
    bench.arrived(1);
    bench.fill();
    bench.not_put_away();

    bench.gateway.stop();
    assert!(bench.gateway.ended().success(), "{}", bench.gateway.logs());
    bench.free();
    bench.gateway.start_again();

    assert_eq!(id_of(&bench.outcomes(1)[0]), "s");
    assert_eq!(bench.attempts(), BTreeMap::from([("s".to_owned(), 2)]));
}
