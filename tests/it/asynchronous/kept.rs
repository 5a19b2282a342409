//! Steps that are made durable while they run: their client is gone, or the process ends.

use super::{after, begun, stage};
use crate::support::client::{Client, post, post_with};
use crate::support::endpoint::Endpoint;
use crate::support::gateway::{Running, Scripted, Setup, continued, waits};
use crate::support::process::{assert_part, until};
use bytes::Bytes;
use serde_json::json;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stepgate::model::PendingReason;
use tokio::sync::Semaphore;

const STEP: &str = r#"{"id":"s","webhook":"w"}"#;

/// Steps that wait for leave; how many began, were kept and ended; the leave.
#[derive(Clone)]
struct Script {
    begun: Arc<AtomicUsize>,
    kept: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    leave: Arc<Semaphore>,
}

impl Script {
    fn new() -> Self {
        Self {
            begun: Arc::default(),
            kept: Arc::default(),
            ended: Arc::default(),
            leave: Arc::new(Semaphore::new(0)),
        }
    }

    /// A pipeline of it, whose schedule takes steps or does not.
    fn pipeline(&self, takes: bool) -> Scripted {
        let (running, keeping) = (self.clone(), self.clone());
        Scripted::new(move |arrival| {
            let script = running.clone();
            async move {
                script.begun.fetch_add(1, Ordering::SeqCst);
                script.leave.acquire().await.unwrap().forget();
                script.ended.fetch_add(1, Ordering::SeqCst);
                Ok(continued(&arrival))
            }
        })
        .keeping(move |arrival| {
            keeping.kept.fetch_add(1, Ordering::SeqCst);
            async move { takes.then(|| waits(&arrival, PendingReason::Async)) }
        })
    }

    /// A gateway with one step under way, sent by a client that asks for `headers`.
    fn start(&self, takes: bool, headers: &str) -> (Running, Client<TcpStream>) {
        let gateway = Setup::new(self.pipeline(takes)).start();
        let mut client = Client::to(gateway.http);
        client.send(post_with(headers, STEP));
        self.reach(&self.begun);
        (gateway, client)
    }

    fn reach(&self, count: &AtomicUsize) {
        until("the step gets so far", || count.load(Ordering::SeqCst) == 1);
    }

    fn counts(&self) -> [usize; 3] {
        [&self.begun, &self.kept, &self.ended].map(|count| count.load(Ordering::SeqCst))
    }
}

#[test]
fn a_step_whose_client_hangs_up_runs_on_and_its_outcome_is_in_the_log() {
    let endpoint = Endpoint::replying([after(2000)]);
    let gateway = stage(&endpoint).start();
    let mut client = gateway.client();
    client.send(post(STEP));
    begun(&endpoint, &gateway);

    drop(client);

    let done = json!({"id": "s", "outcome": "continue", "status": 200, "attempts": 1});
    assert_part(&gateway.logged(1)[0], &done, "the log");
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_step_whose_client_waits_is_not_made_durable() {
    let script = Script::new();
    let (_gateway, mut client) = script.start(true, "");

    std::thread::sleep(Duration::from_millis(400));
    script.leave.add_permits(1);

    assert_eq!((client.answer().status, script.counts()), (200, [1, 0, 1]));
}

#[test]
fn a_client_that_only_stops_sending_still_gets_the_answer() {
    for headers in ["", "Prefer: wait=600\r\n"] {
        let script = Script::new();
        let gateway = Setup::new(script.pipeline(true)).start();
        let stream = TcpStream::connect(gateway.http).unwrap();
        let mut client = Client::on(stream.try_clone().unwrap());
        client.send(post_with(headers, STEP));
        script.reach(&script.begun);

        stream.shutdown(Shutdown::Write).unwrap();
        script.reach(&script.kept);
        script.leave.add_permits(1);

        let status = client.answer().status;
        let expected = if headers.is_empty() { 200 } else { 202 };
        assert_eq!((status, client.is_closed()), (expected, true), "{headers}");
        script.reach(&script.ended);
    }
}

#[test]
fn a_client_that_sends_ahead_is_not_taken_for_one_that_hangs_up() {
    let script = Script::new();
    let (_gateway, mut client) = script.start(true, "");

    client.send(post(r#"{"id":"next","webhook":"w"}"#));
    std::thread::sleep(Duration::from_millis(400));
    script.leave.add_permits(2);

    let statuses = [client.answer().status, client.answer().status];
    assert_eq!((statuses, script.counts()), ([200, 200], [2, 0, 2]));
}

#[test]
fn a_step_that_cannot_be_made_durable_runs_on_all_the_same() {
    let script = Script::new();
    let (_gateway, client) = script.start(false, "");

    drop(client);
    script.reach(&script.kept);
    script.leave.add_permits(1);

    script.reach(&script.ended);
    assert_eq!(script.counts(), [1, 1, 1]);
}

#[test]
fn a_wait_that_ends_while_nothing_can_be_stored_goes_on() {
    let script = Script::new();
    let (_gateway, mut client) = script.start(false, "Prefer: wait=1\r\n");

    script.reach(&script.kept);
    script.leave.add_permits(1);

    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.header("preference-applied")),
        (200, None)
    );
}

#[test]
fn who_repeats_a_step_that_was_kept_running_does_not_wait_for_it() {
    let endpoint = Endpoint::replying([after(3000)]);
    let gateway = stage(&endpoint).start();
    let step = json!({"id": "s", "webhook": "w"});

    let mut repeated = gateway.client();
    let mut first = gateway.client();
    first.send(post_with("Prefer: wait=1\r\n", &step.to_string()));
    begun(&endpoint, &gateway);
    repeated.send(post(&step.to_string()));

    let (first, repeated) = (first.answer(), repeated.answer());
    assert_eq!((first.status, &first.body), (202, &repeated.body));
    let (status, again) = gateway.step(&step);
    let running = json!({"outcome": "pending", "reason": "in_flight"});
    assert_eq!(status, 202);
    assert_part(&again, &running, "again");
    gateway.logged(1);
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn a_step_that_outlasts_the_grace_is_made_durable_and_answered() {
    for headers in ["", "Prefer: wait=600\r\n"] {
        let script = Script::new();
        let mut setup = Setup::new(script.pipeline(true));
        setup.gateway.shutdown.grace = Duration::from_millis(200);
        let gateway = setup.start();
        let mut client = Client::to(gateway.http);
        client.send(post_with(headers, STEP));
        script.reach(&script.begun);

        gateway.stop();

        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.header("connection")),
            (202, Some("close")),
            "{headers}"
        );
        until("the end", || gateway.stopped());
        assert_eq!(script.counts(), [1, 1, 0], "{headers}");
    }
}

#[test]
fn a_client_on_a_unix_socket_is_seen_to_hang_up_as_well() {
    let script = Script::new();
    let mut setup = Setup::new(script.pipeline(true));
    let path = setup.folder.path().join("steps.sock");
    setup.gateway.listen.unix = vec![path.clone()];
    let _gateway = setup.start();
    until("the socket", || UnixStream::connect(&path).is_ok());
    let mut client = Client::on(UnixStream::connect(&path).unwrap());
    client.send(post(STEP));
    script.reach(&script.begun);

    drop(client);

    script.reach(&script.kept);
    script.leave.add_permits(1);
    script.reach(&script.ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_reset_is_a_client_that_hangs_up() {
    let script = Script::new();
    let gateway = Setup::new(script.pipeline(true)).start();
    let stream = tokio::net::TcpStream::connect(gateway.http).await.unwrap();
    let (requests, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut requests = requests.ready().await.unwrap();
    let request = http::Request::post("http://localhost/v1/steps")
        .header("content-type", "application/json")
        .body(())
        .unwrap();
    let (answer, mut body) = requests.send_request(request, false).unwrap();
    body.send_data(Bytes::from_static(STEP.as_bytes()), true)
        .unwrap();
    script.reach(&script.begun);

    body.send_reset(h2::Reason::CANCEL);
    drop(answer);

    script.reach(&script.kept);
    script.leave.add_permits(1);
    script.reach(&script.ended);
}
