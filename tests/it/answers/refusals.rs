//! No whole answer: the network, TLS, the guard and the URL.

use super::{assert_answers, settled};
use crate::support::endpoint::{Endpoint, Reply, Speaks, Step, reply};
use crate::support::pki::{Authority, Identity};
use crate::support::process::{Gateway, Stage, assert_part, at, toml_path, webhook};
use serde_json::{Value, json};
use socket2::SockRef;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Accepts, hears some of the request or nothing, and resets.
fn resetting() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the tests.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            drop(stream.read(&mut [0; 1024]));
            let no_time = Some(Duration::ZERO);
            SockRef::from(&stream).set_linger(no_time).unwrap();
        }
    });
    address
}

/// Where nobody listens.
fn refusing() -> SocketAddr {
    // The port is not given to anyone else while a connection from it stays in its last wait.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let held = TcpStream::connect(address).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    drop(accepted);
    drop(held);
    address
}

/// A gateway with a webhook for each URL, and `more` in each of them.
fn gateway(stage: Stage, urls: &[(&str, String)], more: &str) -> Gateway {
    let add =
        |stage: Stage, (id, url): &(&str, String)| stage.webhook(id, webhook("POST", url, more));
    urls.iter().fold(stage, add).start()
}

fn lost(cause: &str, sent: &str) -> Value {
    json!({"outcome": "pending", "reason": "retry", "cause": cause, "sent": sent, "attempts": 1})
}

fn exit(reason: &str, sent: &str) -> Value {
    json!({"outcome": "exit", "reason": reason, "sent": sent, "attempts": 1})
}

#[test]
fn what_may_work_later_is_pending_with_its_cause() {
    let silent = Endpoint::replying([Reply::silent()]);
    let closing = Endpoint::replying([Reply::script([Step::Close])]);
    let half = Endpoint::replying([Reply::raw_then_close("HTTP/1.1 200 OK\r\nContent-Le")]);
    let stranger = Endpoint::greeting(b"SSH-2.0-OpenSSH_9.2\r\n");
    let deaf = Endpoint::greeting(b"");
    let urls = [
        ("silent", at(&silent, "/")),
        ("closing", at(&closing, "/")),
        ("half", at(&half, "/")),
        ("reset", format!("http://{}/", resetting())),
        ("refused", format!("http://{}/", refusing())),
        ("nameless", "http://nothing.invalid/".to_owned()),
        ("stranger", at(&stranger, "/")),
        ("deaf", format!("https://{}/", deaf.address())),
    ];
    let stage = Stage::new().set("delivery.timeout", "'1500ms'");
    let gateway = gateway(stage, &urls, "");

    assert_answers(
        &gateway,
        [
            ("silent", lost("timeout", "unknown")),
            ("closing", lost("connection_lost", "unknown")),
            ("half", lost("connection_lost", "unknown")),
            ("reset", lost("connection_lost", "unknown")),
            ("refused", lost("connect_failed", "no")),
            ("nameless", lost("dns_failed", "no")),
            ("stranger", lost("protocol_error", "unknown")),
            ("deaf", lost("connection_lost", "no")),
        ],
    );
}

#[test]
fn where_a_repeat_is_worse_than_a_loss_an_unknown_answer_is_an_exit() {
    let silent = Endpoint::replying([Reply::silent()]);
    let closing = Endpoint::replying([Reply::script([Step::Close])]);
    let unwell = Endpoint::replying([reply(503)]);
    let urls = [
        ("silent", at(&silent, "/")),
        ("closing", at(&closing, "/")),
        ("reset", format!("http://{}/", resetting())),
        ("refused", format!("http://{}/", refusing())),
        ("unwell", at(&unwell, "/")),
    ];
    let quick = || Stage::new().set("delivery.timeout", "'300ms'");
    let by_webhook = gateway(quick(), &urls, "ambiguous = 'exit'\n");
    let by_default = gateway(quick().set("retry.ambiguous", "'exit'"), &urls, "");
    let overridden = gateway(
        quick().set("retry.ambiguous", "'exit'"),
        &urls,
        "ambiguous = 'retry'\n",
    );

    for gateway in [by_webhook, by_default] {
        assert_answers(
            &gateway,
            [
                ("silent", exit("timeout", "unknown")),
                ("closing", exit("connection_lost", "unknown")),
                ("reset", exit("connection_lost", "unknown")),
                // Nothing was sent, or the answer is known.
                ("refused", lost("connect_failed", "no")),
                (
                    "unwell",
                    json!({"outcome": "pending", "reason": "retry", "status": 503, "attempts": 1}),
                ),
            ],
        );
    }
    assert_answers(
        &overridden,
        [
            ("silent", lost("timeout", "unknown")),
            ("closing", lost("connection_lost", "unknown")),
        ],
    );
}

#[test]
fn a_tls_failure_is_an_exit_and_not_a_byte_of_the_request_is_sent() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let https =
        |identity: Identity| Endpoint::start(Speaks::Https(identity.server(&[])), [reply(200)]);
    let good = https(authority.issue(&["127.0.0.1"]));
    let bad = [
        ("unknown-authority", https(stranger.issue(&["127.0.0.1"]))),
        ("self-signed", https(Identity::self_signed(&["127.0.0.1"]))),
        ("expired", https(authority.issue_expired(&["127.0.0.1"]))),
        ("other-host", https(authority.issue(&["other.example"]))),
        (
            "plaintext",
            Endpoint::greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
    ];
    let url = |endpoint: &Endpoint| format!("https://{}/", endpoint.address());
    let mut urls: Vec<_> = bad
        .iter()
        .map(|(id, endpoint)| (*id, url(endpoint)))
        .collect();
    urls.push(("good", url(&good)));
    let stage = Stage::new()
        .set("egress.allow_http", "false")
        .set("egress.ca_file", &toml_path(&authority.file()));
    let gateway = gateway(stage, &urls, "");

    let done = json!({"outcome": "continue", "status": 200, "attempts": 1});
    assert_answers(&gateway, [("good", done)]);
    assert_answers(
        &gateway,
        bad.iter().map(|(id, _)| (*id, exit("tls_error", "no"))),
    );
    for (id, endpoint) in bad {
        assert_eq!(endpoint.application_bytes(), 0, "{id}");
    }
}

#[test]
fn an_address_of_a_special_purpose_is_blocked_however_it_is_spelled() {
    let urls = [
        ("private", "https://10.0.0.1/"),
        ("loopback", "https://127.0.0.1/"),
        ("decimal", "https://2130706433/"),
        ("octal", "https://0177.0.0.1/"),
        ("hex", "https://0x7f.1/"),
        ("dot", "https://127.0.0.1./"),
        ("mapped", "https://[::ffff:127.0.0.1]/"),
        ("metadata", "https://169.254.169.254/"),
        ("azure", "https://168.63.129.16/"),
        ("named", "https://inside.example.com/"),
        ("localhost", "https://localhost/"),
        ("unspecified", "https://0.0.0.0/"),
    ];
    let urls = urls.map(|(id, url)| (id, url.to_owned()));
    let stage = Stage::new().set("egress.allow_addresses", "[]").set(
        "egress.resolve",
        r#"{ "inside.example.com" = "127.0.0.1" }"#,
    );
    let gateway = gateway(stage, &urls, "");

    for (id, _) in urls {
        let (status, outcome) = gateway.step(&json!({"webhook": id}));
        assert_eq!(status, 200, "{id}");
        let expected = json!({"outcome": "exit", "reason": "blocked_address", "sent": "no"});
        assert_part(&settled(outcome), &expected, id);
    }
}

#[test]
fn the_gateways_own_listeners_are_never_dialled() {
    let gateway = Stage::new().start();
    for (id, address) in [("steps", gateway.http), ("people", gateway.door)] {
        let url = format!("http://{address}/v1/steps");
        gateway.serve_webhook(id, &webhook("POST", &url, ""));

        let (_, outcome) = gateway.step(&json!({"webhook": id}));

        let expected = json!({"outcome": "exit", "reason": "blocked_address", "sent": "no"});
        assert_part(&settled(outcome), &expected, id);
    }
}

#[test]
fn without_leave_for_http_a_step_to_an_http_url_exits_and_is_never_sent() {
    let endpoint = Endpoint::replying([reply(200)]);
    let urls = [("plain", at(&endpoint, "/"))];
    let gateway = gateway(Stage::new().set("egress.allow_http", "false"), &urls, "");

    let mut expected = exit("invalid_url", "no");
    expected["attempts"] = json!(0);
    assert_answers(&gateway, [("plain", expected)]);
    assert_eq!(endpoint.connections(), 0);
}
