//! What an answer may look like, and what becomes of one that does not.

use super::{CAPTURE, SHORT, egress, line, post, send, send_briefly};
use crate::support::endpoint::{Endpoint, Reply, Step, eventually};
use std::time::Duration;
use stepgate::egress::BodyUse;
use tokio::time::Instant;

const LOST: &str = "the connection was lost before the answer was whole; seen: true";

const PROTOCOL: &str = "the answer is not HTTP; seen: true";

const OVER: &str = "the answer's body is over 1024 bytes; seen: true";

/// What the endpoint writes before it closes, and what becomes of it.
const ANSWERS: &[(&str, &str)] = &[
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "200 ok"),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nt: v\r\n\r\n",
        "200 ok",
    ),
    ("HTTP/1.1 200 OK\r\n\r\nok", "200 ok"),
    ("HTTP/1.0 200 OK\r\n\r\nok", "200 ok"),
    (
        "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
        "204 ",
    ),
    (
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
        "304 ",
    ),
    ("HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n", "404 "),
    // The verdict of another status is in its head.
    ("HTTP/1.1 404 No\r\ncontent-length: 9\r\n\r\ncut", "404 cut"),
    (
        "HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        "503 ",
    ),
    (
        "HTTP/1.1 404 No\r\ncontent-length: 100000000\r\n\r\n",
        "404 ",
    ),
    // Closed too soon.
    ("", LOST),
    ("HTTP/1.1 200 OK\r\ncontent-", LOST),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", LOST),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", LOST),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\no",
        LOST,
    ),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        LOST,
    ),
    // Not HTTP.
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nok\r\n0\r\n\r\n",
        PROTOCOL,
    ),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n",
        PROTOCOL,
    ),
    (
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        PROTOCOL,
    ),
    ("HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok", PROTOCOL),
    ("HTTP/1.1 101 Switching Protocols\r\n\r\n", PROTOCOL),
    ("hello there\r\n\r\n", PROTOCOL),
    ("SSH-2.0-OpenSSH_9.6\r\n", PROTOCOL),
];

async fn assert_answer(bytes: &str, expected: &str) {
    let endpoint = Endpoint::replying([Reply::raw_then_close(bytes)]);
    let result = send(&egress(), &post(&endpoint), CAPTURE).await;
    let start: String = bytes.chars().take(100).collect();
    assert_eq!(line(result), expected, "{start:?}");
    assert_eq!(endpoint.requests().len(), 1, "{start:?}");
}

#[tokio::test]
async fn an_answer_is_taken_as_it_is_framed_or_refused() {
    for (bytes, expected) in ANSWERS {
        assert_answer(bytes, expected).await;
    }
}

#[tokio::test]
async fn an_answer_may_come_in_two_parts_wherever_it_is_cut() {
    let text = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nan answer of 20 byte";
    for cut in 1..text.len() {
        let endpoint = Endpoint::replying([Reply::script([
            Step::Write(text[..cut].to_vec()),
            Step::Pause(Duration::from_millis(2)),
            Step::Write(text[cut..].to_vec()),
            Step::Hang,
        ])]);
        let result = send_briefly(&egress(), &post(&endpoint), CAPTURE).await;
        assert_eq!(line(result), "200 an answer of 20 byte", "cut at {cut}");
    }
}

#[tokio::test]
async fn an_answer_is_bounded_in_each_of_its_parts() {
    let x = "x".repeat(2000);
    let interim = |count| "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count);
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let head = "HTTP/1.1 200 OK\r\n";
    let table = [
        (format!("{}{ok}", interim(5)), "200 ok"),
        (format!("{}{ok}", interim(40)), PROTOCOL),
        (
            format!("{head}x: {}\r\n\r\n", "x".repeat(4 << 20)),
            PROTOCOL,
        ),
        (format!("{head}content-length: 2000\r\n\r\n{x}"), OVER),
        (
            format!("{head}transfer-encoding: chunked\r\n\r\n7d0\r\n{x}\r\n0\r\n\r\n"),
            OVER,
        ),
        (format!("{head}\r\n{x}"), OVER),
    ];
    for (bytes, expected) in table {
        assert_answer(&bytes, expected).await;
    }
}

#[tokio::test]
async fn a_discarded_body_never_changes_the_verdict() {
    let table = [
        Reply::raw_then_close("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
        Reply::raw_then_close("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"),
        Reply::script([
            Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec()),
            Step::Hang,
        ]),
        Reply::script([
            Step::Write(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Step::Drip(vec![b'x'; 100], Duration::from_millis(50)),
        ]),
        Reply::script([
            Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec()),
            Step::Flood(100_000_000),
        ]),
    ];
    let egress = egress();
    for script in table {
        let endpoint = Endpoint::replying([script]);
        let start = Instant::now();

        let result = send_briefly(&egress, &post(&endpoint), BodyUse::Discard).await;

        assert_eq!(line(result), "200 ");
        assert!(start.elapsed() < SHORT);
        eventually("the connection is closed", || {
            endpoint.open_connections() == 0
        })
        .await;
    }
}

#[tokio::test]
async fn a_hundred_megabytes_are_neither_kept_nor_read() {
    let flood = |head: &str| {
        Endpoint::replying([Reply::script([
            Step::Write(head.as_bytes().to_vec()),
            Step::Flood(100_000_000),
        ])])
    };
    let peak_before = peak_memory();
    let heads = [
        "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ];
    for head in heads {
        let endpoint = flood(head);
        let result = send(&egress(), &post(&endpoint), CAPTURE).await;
        assert_eq!(line(result), OVER);
        eventually("the connection is closed", || {
            endpoint.open_connections() == 0
        })
        .await;
    }
    let grown = peak_memory() - peak_before;
    assert!(grown < 64 << 10, "{grown} KiB more than before");
}

/// The most memory that this process has had, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}
