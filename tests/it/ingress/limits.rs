//! Sizes, times and counts: what a client may cost.

use super::{STEP, ask, client, running};
use crate::support::client::{Client, get, post, post_with};
use crate::support::gateway::{Running, Scripted, Setup, continued};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use stepgate::web::Patience;
use tokio::sync::Semaphore;

/// The largest step, and one byte more.
const LARGEST: usize = 1024 * 1024;

const SHORT: Duration = Duration::from_millis(200);

fn impatient() -> Running {
    let mut setup = Setup::new(Scripted::continuing());
    setup.patience = Patience {
        idle: SHORT,
        head: SHORT,
        body: SHORT,
        answer: SHORT,
        linger: SHORT,
    };
    setup.start()
}

fn step_of(size: usize) -> String {
    let empty = r#"{"tile":"a/b","x":""}"#;
    format!(
        r#"{{"tile":"a/b","x":"{}"}}"#,
        "x".repeat(size - empty.len())
    )
}

#[test]
fn a_step_may_have_1_mib_and_no_more() {
    let gateway = running();
    let largest = ask(&gateway, &post(&step_of(LARGEST)));
    let larger = ask(&gateway, &post(&step_of(LARGEST + 1)));

    assert_eq!(
        (largest.status, larger.problem()),
        (200, (413, "body-too-large".to_owned()))
    );
}

#[test]
fn a_client_that_sends_on_can_read_that_its_body_is_too_large() {
    let gateway = running();
    let piece = format!("100000\r\n{}\r\n", "x".repeat(LARGEST));
    let chunked = "POST /v1/steps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                   Transfer-Encoding: chunked\r\n\r\n";
    let announced = post("").replacen("Length: 0", "Length: 16777216", 1);
    for (head, piece) in [(chunked, &*piece), (&announced, &piece[8..LARGEST + 8])] {
        let mut client = client(&gateway);
        client.send(head);
        for _ in 0..16 {
            client.send(piece);
        }
        let answer = client.answer();
        assert_eq!(
            (answer.problem(), answer.header("connection")),
            ((413, "body-too-large".to_owned()), Some("close")),
            "{head}"
        );
    }
}

#[test]
fn a_client_that_waits_for_100_continue_sends_only_what_is_wanted() {
    let gateway = running();
    let expect = "Expect: 100-continue\r\n";
    let wanted = post_with(expect, STEP);
    let (head, body) = wanted.split_at(wanted.len() - STEP.len());
    let mut waiting = client(&gateway);
    let interim = waiting.ask(head).status;
    let answer = waiting.ask(body).status;
    let unwanted = post_with(expect, "").replacen("Length: 0", "Length: 2000000", 1);

    assert_eq!(
        (interim, answer, ask(&gateway, &unwanted).status),
        (100, 200, 413)
    );
}

#[test]
fn a_head_is_bounded_in_size_and_count() {
    let gateway = running();
    let long = format!("X-Long: {}\r\n", "x".repeat(70_000));
    let many: String = (0..300).map(|n| format!("X-{n}: x\r\n")).collect();
    for (headers, problem) in [
        (long, (431, "head-too-large")),
        (many, (400, "bad-request")),
    ] {
        let (status, kind) = ask(&gateway, &post_with(&headers, STEP)).problem();
        assert_eq!((status, &*kind), problem);
    }
}

#[test]
fn short_garbage_is_answered_at_once() {
    let gateway = running();
    for garbage in [
        "x\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ] {
        let mut client = client(&gateway);
        let answer = client.ask(garbage);
        assert_eq!(
            (answer.problem(), client.is_closed()),
            ((400, "bad-request".to_owned()), true),
            "{garbage:?}"
        );
    }
}

#[test]
fn a_head_that_does_not_end_is_not_waited_for() {
    let gateway = impatient();
    for begun in ["G", "GET /v1/st", "POST /v1/steps HTTP/1.1\r\nHost: l"] {
        let mut client = client(&gateway);
        let answer = client.ask(begun);
        assert_eq!(
            (answer.problem(), client.is_closed()),
            ((408, "request-timeout".to_owned()), true),
            "{begun:?}"
        );
    }
}

#[test]
fn a_head_that_drips_is_not_waited_for() {
    let gateway = impatient();
    let mut stream = TcpStream::connect(gateway.http).unwrap();
    stream.set_read_timeout(Some(SHORT / 20)).unwrap();

    let mut answer = Vec::new();
    for byte in "GET / HTTP/1.1\r\nHost: ".bytes().chain([b'x'; 2000]) {
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        let mut some = [0; 512];
        if let Ok(read @ 1..) = stream.read(&mut some) {
            answer.extend_from_slice(&some[..read]);
            break;
        }
    }

    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{answer:?}");
}

#[test]
fn a_body_that_does_not_end_is_not_waited_for() {
    let gateway = impatient();
    let begun = post(STEP);

    let answer = ask(&gateway, &begun[..begun.len() - 1]);

    assert_eq!(answer.problem(), (408, "request-timeout".to_owned()));
}

#[test]
fn a_body_whose_framing_is_broken_is_refused() {
    let gateway = running();
    let mut client = client(&gateway);

    let answer = client.ask(
        "POST /v1/steps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    );

    assert_eq!(
        (
            answer.problem(),
            answer.header("connection"),
            client.is_closed()
        ),
        ((400, "bad-request".to_owned()), Some("close"), true)
    );
}

#[test]
fn silence_and_half_an_h2_greeting_are_let_go() {
    let gateway = impatient();
    for begun in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let mut client = client(&gateway);
        client.send(begun);
        assert!(client.is_closed(), "{begun:?}");
    }
}

#[test]
fn past_max_in_flight_steps_are_not_taken() {
    let (come, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (coming, going) = (come.clone(), go.clone());
    let mut setup = Setup::new(Scripted::new(move |arrival| {
        let (coming, going) = (coming.clone(), going.clone());
        async move {
            coming.fetch_add(1, Ordering::SeqCst);
            going.acquire().await.unwrap().forget();
            Ok(continued(&arrival))
        }
    }));
    setup.gateway.delivery.max_in_flight = 2;
    let gateway = setup.start();
    let mut held = [client(&gateway), client(&gateway)];
    for client in &mut held {
        client.send(post(STEP));
    }
    until(|| come.load(Ordering::SeqCst) == 2);

    let refused = ask(&gateway, &post(STEP));
    go.add_permits(3);

    assert_eq!(
        (refused.problem(), refused.header("retry-after")),
        ((503, "overloaded".to_owned()), Some("1"))
    );
    assert_eq!(held.map(|mut client| client.answer().status), [200, 200]);
    assert_eq!(ask(&gateway, &post(STEP)).status, 200);
}

#[test]
fn a_step_runs_on_when_its_client_hangs_up() {
    let (begun, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begins, ends) = (begun.clone(), done.clone());
    let gateway = Setup::new(Scripted::new(move |arrival| {
        let (begins, ends) = (begins.clone(), ends.clone());
        async move {
            begins.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(SHORT).await;
            ends.fetch_add(1, Ordering::SeqCst);
            Ok(continued(&arrival))
        }
    }))
    .start();

    let gone = TcpStream::connect(gateway.http).unwrap();
    Client::on(gone.try_clone().unwrap()).send(post(STEP));
    until(|| begun.load(Ordering::SeqCst) == 1);
    gone.shutdown(Shutdown::Both).unwrap();
    drop(gone);

    until(|| done.load(Ordering::SeqCst) == 1);
}

#[test]
fn the_metrics_count_refusals() {
    let gateway = running();
    assert_eq!(ask(&gateway, &post("{}")).status, 400);

    let token = format!("Authorization: Bearer {}\r\n", gateway.admin_token());
    let metrics = Client::to(gateway.admin).ask(get("/metrics", &token)).body;

    let counted = "stepgate_refusals_total{type=\"invalid-step\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
}

/// Waits until it is so, for at most 10 s.
pub(super) fn until(so: impl Fn() -> bool) {
    for _ in 0..2000 {
        if so() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("it never was so");
}
