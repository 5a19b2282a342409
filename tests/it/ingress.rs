//! Arrival: what a step is on the wire, and how it is refused.

mod admin;
mod drain;
mod h2c;
mod idempotency;
mod limits;
mod process;
mod refusals;
mod sockets;

use crate::support::client::{Answer, Client, get, post};
use crate::support::gateway::{Running, Scripted, Setup};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

const STEP: &str = r#"{"tile":"welcome/offer"}"#;

fn named(id: &str) -> String {
    format!(r#"{{"id":"{id}","tile":"welcome/offer"}}"#)
}

fn running() -> Running {
    Setup::new(Scripted::continuing()).start()
}

fn client(gateway: &Running) -> Client<TcpStream> {
    Client::to(gateway.http)
}

fn ask(gateway: &Running, request: &str) -> Answer {
    client(gateway).ask(request)
}

#[test]
fn a_step_is_answered_by_its_outcome() {
    let gateway = running();

    let answer = ask(&gateway, &post(&named("s-1")));

    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(answer.body.contains(r#""id":"s-1""#), "{}", answer.body);
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let gateway = running();
    let mut client = client(&gateway);

    for n in 0..3 {
        let answer = client.ask(post(&named(&format!("s-{n}"))));
        assert_eq!(
            (answer.status, answer.header("connection")),
            (200, Some("keep-alive")),
            "{n}"
        );
    }
}

#[test]
fn requests_sent_ahead_are_answered_in_their_order() {
    let gateway = running();
    let mut client = client(&gateway);

    client.send(["a", "b", "c"].map(|id| post(&named(id))).concat());

    for id in ["a", "b", "c"] {
        let body = client.answer().body;
        assert!(body.contains(&format!(r#""id":"{id}""#)), "{body}");
    }
}

#[test]
fn a_client_that_sends_one_byte_at_a_time_is_served() {
    let gateway = running();
    let mut client = client(&gateway);

    for byte in post(STEP).bytes() {
        client.send([byte]);
    }

    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_request_may_come_in_two_parts_wherever_it_is_cut() {
    let gateway = running();
    let mut client = client(&gateway);
    let request = post(STEP);
    for cut in 1..request.len() {
        client.send(&request[..cut]);
        // Parts that come at once are one to who reads them.
        sleep(Duration::from_millis(1));
        let answer = client.ask(&request[cut..]);
        assert_eq!(answer.status, 200, "cut at {cut}");
    }
}

#[test]
fn a_step_may_come_in_chunks() {
    let gateway = running();
    let (head, tail) = STEP.split_at(10);

    let answer = ask(
        &gateway,
        &format!(
            "POST /v1/steps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=utf-8\r\n\
             Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{head}\r\n{:x}\r\n{tail}\r\n0\r\n\r\n",
            head.len(),
            tail.len(),
        ),
    );

    assert_eq!(answer.status, 200);
}

#[test]
fn a_client_that_asks_to_be_let_go_is_let_go() {
    let gateway = running();
    let mut client = client(&gateway);

    let answer = client.ask(get("/v1/steps/x", "Connection: close\r\n"));

    assert_eq!(
        (answer.header("connection"), client.is_closed()),
        (Some("close"), true)
    );
}
