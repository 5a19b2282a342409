//! Steps on their way when the process is asked to stop, or is killed.

use super::load::id_of;
use crate::support::client::{Client, post_with};
use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, reply};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ASYNC: &str = "Prefer: respond-async\r\n";

/// An endpoint that does what `script` says until it is `well`: then it answers at once.
struct Patient {
    endpoint: Endpoint,
    well: Arc<AtomicBool>,
}

// === impl Patient ===

impl Patient {
    /// `script` is told the step's id and how many attempts of it came, this one among them.
    fn new(script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let well = Arc::new(AtomicBool::new(false));
        let is_well = well.clone();
        let attempts = std::sync::Mutex::new(BTreeMap::<String, usize>::new());
        let answer = move |received: &Received| {
            let id = received.header("idempotency-key").unwrap();
            let mut attempts = attempts.lock().unwrap();
            let count = attempts.entry(id.to_owned()).or_default();
            *count += 1;
            match is_well.load(Ordering::SeqCst) {
                true => reply(200),
                false => script(id, *count),
            }
        };
        Self {
            endpoint: Endpoint::answering(Speaks::Http, answer),
            well,
        }
    }

    /// One that answers nothing.
    fn silent() -> Self {
        Self::new(|_, _| Reply::silent())
    }

    fn stage(&self, grace: &str) -> Stage {
        Stage::new()
            .set("retry.delay", "'100ms'")
            .set("shutdown.grace", &format!("'{grace}'"))
            .webhook("w", webhook("POST", &at(&self.endpoint, "/"), ""))
    }

    /// How many attempts of each step came.
    fn attempts(&self) -> BTreeMap<String, usize> {
        let mut attempts = BTreeMap::new();
        for request in self.endpoint.requests() {
            let id = request.header("idempotency-key").unwrap();
            *attempts.entry(id.to_owned()).or_default() += 1;
        }
        attempts
    }

    fn wait_for(&self, attempts: &BTreeMap<String, usize>) {
        until("the attempts", || self.attempts() == *attempts);
    }

    /// Starts the gateway, which has ended, with an endpoint that answers.
    fn start_again(&self, gateway: &mut Gateway) {
        self.well.store(true, Ordering::SeqCst);
        gateway.start_again();
    }
}

fn expected<const N: usize>(counts: [(&str, usize); N]) -> BTreeMap<String, usize> {
    let counts = counts.into_iter();
    counts.map(|(id, count)| (id.to_owned(), count)).collect()
}

fn step(id: &str) -> Value {
    json!({"id": id, "webhook": "w"})
}

/// Sends steps that are answered `202`.
fn send<const N: usize>(gateway: &Gateway, headers: &str, ids: [&str; N]) {
    for id in ids {
        let answer = gateway.step_with(headers, &step(id));
        assert_eq!(answer.status, 202, "{id}: {}", answer.body);
    }
}

/// A client that has sent a step and heard nothing yet.
fn sent(gateway: &Gateway, headers: &str, id: &str) -> Client<TcpStream> {
    let mut client = gateway.client();
    client.send(post_with(headers, &step(id).to_string()));
    client
}

/// Stops it, and waits for its end.
fn stop(gateway: &mut Gateway) {
    gateway.stop();
    assert!(gateway.ended().success(), "{}", gateway.logs());
}

/// The log has so many entries and gets no more: all steps of it continue, none is there twice.
fn finished(gateway: &Gateway, entries: usize) -> Vec<String> {
    let log = gateway.logged(entries);
    for entry in &log {
        assert_eq!(entry["outcome"], "continue", "{entry}");
    }
    let in_order: Vec<String> = log.iter().map(|entry| id_of(entry).to_owned()).collect();
    let mut ids = in_order.clone();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entries, "{in_order:?}");
    in_order
}

#[test]
fn due_steps_finish_within_the_grace_and_those_that_do_not_are_delivered_after_the_start() {
    let endpoint = Patient::new(|id, attempt| match id.split_once('-').unwrap() {
        (_, "retried") if attempt == 1 => reply(503),
        ("quick", _) => reply(200).after(Duration::from_secs(1)),
        _ => Reply::silent(),
    });
    let mut gateway = endpoint.stage("4s").start();
    send(&gateway, "", ["quick-retried", "stuck-retried"]);
    send(&gateway, ASYNC, ["quick-async", "stuck-async"]);
    let begun = expected([
        ("quick-async", 1),
        ("quick-retried", 2),
        ("stuck-async", 1),
        ("stuck-retried", 2),
    ]);
    endpoint.wait_for(&begun);

    stop(&mut gateway);
    endpoint.start_again(&mut gateway);

    let mut ids = finished(&gateway, 4);
    ids[..2].sort_unstable();
    ids[2..].sort_unstable();
    assert_eq!(
        ids,
        [
            "quick-async",
            "quick-retried",
            "stuck-async",
            "stuck-retried"
        ]
    );
    let all = expected([
        ("quick-async", 1),
        ("quick-retried", 2),
        ("stuck-async", 2),
        ("stuck-retried", 3),
    ]);
    assert_eq!(endpoint.attempts(), all);
}

#[test]
fn the_process_ends_once_due_steps_are_done_and_leaves_those_that_have_begun_no_attempt() {
    let works = Arc::new(AtomicBool::new(false));
    let is_working = works.clone();
    let issuer = Endpoint::answering(Speaks::Http, move |_| {
        match is_working.load(Ordering::SeqCst) {
            true => reply(200).body(r#"{"access_token":"t"}"#),
            false => Reply::silent(),
        }
    });
    let auth = format!(
        "[auth]\ntype = 'oauth2'\nclient_id = 'c'\nclient_secret = 's'\ntoken_url = '{}'\n",
        at(&issuer, "/")
    );
    let endpoint = Patient::new(|_, _| reply(200).after(Duration::from_secs(1)));
    let closed = webhook("POST", &at(&endpoint.endpoint, "/"), &auth);
    // More than the end of the process is ever waited for here.
    let mut gateway = endpoint.stage("10m").webhook("closed", closed).start();
    for id in ["no-token-1", "no-token-2"] {
        let step = json!({"id": id, "webhook": "closed"});
        assert_eq!(gateway.step_with(ASYNC, &step).status, 202);
    }
    until("the token to be asked for", || issuer.requests().len() == 1);
    send(&gateway, ASYNC, ["begun"]);
    endpoint.wait_for(&expected([("begun", 1)]));

    stop(&mut gateway);

    assert_eq!(endpoint.attempts(), expected([("begun", 1)]));
    works.store(true, Ordering::SeqCst);
    endpoint.start_again(&mut gateway);
    assert_eq!(finished(&gateway, 3)[0], "begun");
    let all = expected([("begun", 1), ("no-token-1", 1), ("no-token-2", 1)]);
    assert_eq!(endpoint.attempts(), all);
}

#[test]
fn a_step_that_outlasted_its_wait_has_one_outcome_though_the_process_ends_before_the_answer() {
    let endpoint = Patient::silent();
    let mut gateway = endpoint.stage("200ms").start();

    send(&gateway, "Prefer: wait=1\r\n", ["stopped"]);
    stop(&mut gateway);
    gateway.start_again();
    endpoint.wait_for(&expected([("stopped", 2)]));
    send(&gateway, "Prefer: wait=1\r\n", ["killed"]);
    gateway.kill();
    endpoint.start_again(&mut gateway);

    finished(&gateway, 2);
    let all = expected([("killed", 2), ("stopped", 3)]);
    assert_eq!(endpoint.attempts(), all);
}

#[test]
fn a_step_that_outlasted_its_wait_is_not_repeated_where_the_answer_comes_within_the_grace() {
    let endpoint = Patient::new(|_, _| reply(200).after(Duration::from_millis(2500)));
    let mut gateway = endpoint.stage("1m").start();

    send(&gateway, "Prefer: wait=1\r\n", ["s"]);
    stop(&mut gateway);
    endpoint.start_again(&mut gateway);

    finished(&gateway, 1);
    assert_eq!(endpoint.attempts(), expected([("s", 1)]));
}

#[test]
fn steps_whose_clients_hang_up_right_before_the_end_have_one_outcome_each() {
    let endpoint = Patient::silent();
    let mut gateway = endpoint.stage("300ms").start();
    let ids: Vec<String> = (0..24).map(|n| format!("s-{n}")).collect();
    let clients = ids.iter().enumerate().map(|(n, id)| {
        // Some of them are waited for only so long.
        let headers = ["", "Prefer: wait=60\r\n"][n % 2];
        sent(&gateway, headers, id)
    });
    let clients: Vec<_> = clients.collect();
    let once: BTreeMap<_, _> = ids.iter().map(|id| (id.clone(), 1)).collect();
    endpoint.wait_for(&once);

    drop(clients);
    stop(&mut gateway);
    endpoint.start_again(&mut gateway);

    finished(&gateway, ids.len());
    let twice: BTreeMap<_, _> = ids.iter().map(|id| (id.clone(), 2)).collect();
    assert_eq!(endpoint.attempts(), twice);
}

#[test]
fn a_step_whose_client_hung_up_is_not_repeated_where_the_answer_comes_within_the_grace() {
    let endpoint = Patient::new(|_, _| reply(200).after(Duration::from_secs(1)));
    let mut gateway = endpoint.stage("1m").start();
    let client = sent(&gateway, "", "s");
    endpoint.wait_for(&expected([("s", 1)]));

    drop(client);
    stop(&mut gateway);
    endpoint.start_again(&mut gateway);

    finished(&gateway, 1);
    assert_eq!(endpoint.attempts(), expected([("s", 1)]));
}

#[test]
fn hundreds_that_outlast_the_grace_are_all_answered_202_and_delivered_after_the_start() {
    let endpoint = Patient::silent();
    let mut gateway = endpoint.stage("200ms").start();
    let ids: Vec<String> = (0..500).map(|n| format!("s-{n}")).collect();
    let clients = ids.iter().map(|id| sent(&gateway, "", id));
    let clients: Vec<_> = clients.collect();
    let once: BTreeMap<_, _> = ids.iter().map(|id| (id.clone(), 1)).collect();
    endpoint.wait_for(&once);

    gateway.stop();

    for mut client in clients {
        assert_eq!(client.answer().status, 202);
    }
    assert!(gateway.ended().success(), "{}", gateway.logs());
    endpoint.start_again(&mut gateway);

    finished(&gateway, ids.len());
    let twice: BTreeMap<_, _> = ids.iter().map(|id| (id.clone(), 2)).collect();
    assert_eq!(endpoint.attempts(), twice);
}
