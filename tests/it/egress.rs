//! One exchange: what goes out, what comes back, and what a misbehaving endpoint leads to.

use crate::support::endpoint::{Endpoint, Reply, Step, eventually, reply};
use crate::support::{exchange_with, http_rules, post_to};
use async_trait::async_trait;
use bytes::Bytes;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use stepgate::egress::{BodyUse, Egress, EgressError, Lookup, OwnListeners, Response};
use stepgate::model::{Method, Request, Scheme};
use tokio::time::Instant;

const CAPTURE: BodyUse = BodyUse::Capture { limit: 1024 };
const SHORT: Duration = Duration::from_millis(300);
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn egress() -> Egress {
    Egress::new(OwnListeners::default())
}

fn post(endpoint: &Endpoint) -> Request {
    post_to(Scheme::Http, "127.0.0.1", endpoint.port())
}

async fn send(egress: &Egress, request: &Request, body: BodyUse) -> Result<Response, EgressError> {
    exchange_with(egress, request, &http_rules(), body).await
}

async fn send_briefly(
    egress: &Egress,
    request: &Request,
    body: BodyUse,
) -> Result<Response, EgressError> {
    let deadline = Instant::now() + SHORT;
    egress
        .exchange(request, &http_rules(), body, deadline)
        .await
}

/// A result as a line of a table: status and body, or the error with whether it was seen.
fn line(result: Result<Response, EgressError>) -> String {
    match result {
        Ok(response) => format!(
            "{} {}",
            response.status,
            String::from_utf8(response.body.to_vec()).unwrap()
        ),
        Err(error) => format!("{error}; seen: {}", error.may_have_been_seen()),
    }
}

#[tokio::test]
async fn a_request_goes_out_byte_for_byte_and_its_answer_comes_back_whole() {
    let endpoint = Endpoint::replying([reply(201).header("X-A", "b").body("{\"ok\":true}")]);

    let response = send(&egress(), &post(&endpoint), CAPTURE).await.unwrap();

    let wire = format!(
        "POST /hook?a=1 HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: application/json\r\n\
         content-length: 7\r\n\r\n{{\"a\":1}}",
        endpoint.port()
    );
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(String::from_utf8_lossy(&requests[0].raw), wire);
    assert_eq!(response.status, 201);
    assert_eq!(response.headers["x-a"], "b");
    assert_eq!(response.body, "{\"ok\":true}");
}

#[tokio::test]
async fn a_method_that_wants_a_body_says_when_it_has_none() {
    let endpoint = Endpoint::replying([reply(200)]);
    let egress = egress();
    for method in Method::ALL {
        let mut request = post(&endpoint);
        request.method = method;
        request.body = None;
        send(&egress, &request, BodyUse::Discard).await.unwrap();
    }
    let lengths: Vec<_> = endpoint
        .requests()
        .iter()
        .map(|it| {
            (
                it.method.clone(),
                it.header("content-length").map(str::to_owned),
            )
        })
        .collect();
    let table = [
        ("GET", None),
        ("POST", Some("0")),
        ("PUT", Some("0")),
        ("PATCH", Some("0")),
        ("DELETE", None),
    ];
    assert_eq!(
        lengths,
        table.map(|(method, length)| (method.to_owned(), length.map(str::to_owned)))
    );
}

#[tokio::test]
async fn a_body_larger_than_a_write_arrives_whole() {
    let endpoint = Endpoint::replying([reply(200)]);
    let mut request = post(&endpoint);
    let body: Bytes = (0..900_000u32).map(|i| b'a' + (i % 26) as u8).collect();
    request.body = Some(body.clone());

    send(&egress(), &request, BodyUse::Discard).await.unwrap();

    assert_eq!(endpoint.requests()[0].body, body);
}

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

#[tokio::test]
async fn the_deadline_holds_wherever_an_endpoint_stops() {
    let seen = "no whole answer within 300ms; seen: true";
    let drip = |bytes: &[u8]| Step::Drip(bytes.to_vec(), Duration::from_millis(40));
    let table = [
        ("silent", Reply::silent()),
        ("drips its head", Reply::script([drip(OK)])),
        (
            "drips its body",
            Reply::script([
                Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec()),
                drip(&[b'x'; 100]),
            ]),
        ),
        (
            "sends 1xx and stops",
            Reply::script([
                Step::Write(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
                Step::Hang,
            ]),
        ),
    ];
    let egress = egress();
    for (name, script) in table {
        let endpoint = Endpoint::replying([script]);
        let start = Instant::now();

        let result = send_briefly(&egress, &post(&endpoint), CAPTURE).await;

        assert_eq!(line(result), seen, "{name}");
        assert!(start.elapsed() < 2 * SHORT, "{name}");
        assert_eq!(endpoint.requests().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_deadline_before_the_request_says_that_nothing_was_sent() {
    let endpoint = Endpoint::replying([reply(200)]);
    let egress = Egress::with_lookup(OwnListeners::default(), Arc::new(Never));
    let request = post_to(Scheme::Http, "hooks.example.com", endpoint.port());

    let result = send_briefly(&egress, &request, CAPTURE).await;

    assert_eq!(line(result), "no whole answer within 300ms; seen: false");
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn a_refused_connection_was_not_seen_and_is_a_connect_failure() {
    let port = free_port();

    let result = send(
        &egress(),
        &post_to(Scheme::Http, "127.0.0.1", port),
        CAPTURE,
    )
    .await;

    assert_eq!(
        line(result),
        format!("cannot connect to 127.0.0.1:{port}; seen: false")
    );
}

#[tokio::test]
async fn an_address_that_refuses_gives_way_to_the_next() {
    let endpoint = Endpoint::replying([reply(200)]);
    let egress = Egress::with_lookup(
        OwnListeners::default(),
        Arc::new(Fixed(&["127.0.0.9", "127.0.0.1"])),
    );
    let request = post_to(Scheme::Http, "hooks.example.com", endpoint.port());

    assert_eq!(line(send(&egress, &request, CAPTURE).await), "200 ");
}

#[tokio::test]
async fn an_address_that_hangs_gives_way_to_the_next() {
    let endpoint = Endpoint::replying([reply(200)]);
    let full = FullListener::on(endpoint.port());
    let egress = Egress::with_lookup(
        OwnListeners::default(),
        Arc::new(Fixed(&["127.0.0.7", "127.0.0.1"])),
    );
    let request = post_to(Scheme::Http, "hooks.example.com", endpoint.port());

    let result = send(&egress, &request, CAPTURE).await;

    assert_eq!(line(result), "200 ");
    drop(full);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_dns_failure() {
    let table: [Arc<dyn Lookup>; 2] = [Arc::new(Failing), Arc::new(Fixed(&[]))];
    for lookup in table {
        let egress = Egress::with_lookup(OwnListeners::default(), lookup);
        let request = post_to(Scheme::Http, "nowhere.example.com", 80);
        let result = send(&egress, &request, CAPTURE).await;
        assert_eq!(
            line(result),
            "cannot resolve `nowhere.example.com`; seen: false"
        );
    }
}

#[tokio::test]
async fn a_name_that_is_nowhere_is_a_dns_failure_on_this_machine_too() {
    for host in ["nowhere.invalid", "nowhere.invalid.", "a..b", "-"] {
        let result = send(&egress(), &post_to(Scheme::Http, host, 80), CAPTURE).await;
        assert_eq!(
            line(result),
            format!("cannot resolve `{host}`; seen: false")
        );
    }
}

#[tokio::test]
async fn the_hosts_file_is_honoured() {
    let endpoint = Endpoint::replying([reply(200)]);
    let mut rules = http_rules();
    rules.allow_addresses.push("::1/128".parse().unwrap());
    let request = post_to(Scheme::Http, "localhost", endpoint.port());

    let result = exchange_with(&egress(), &request, &rules, CAPTURE).await;

    assert_eq!(line(result), "200 ");
    assert_eq!(
        endpoint.requests()[0].header("host"),
        Some(format!("localhost:{}", endpoint.port()).as_str())
    );
}

#[tokio::test]
async fn a_connection_is_used_again_after_either_use_of_the_body() {
    let endpoint = Endpoint::replying([
        reply(200).body("one"),
        Reply::raw("HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"),
        reply(204),
    ]);
    let egress = egress();
    for body in [CAPTURE, BodyUse::Discard, CAPTURE, BodyUse::Discard] {
        send(&egress, &post(&endpoint), body).await.unwrap();
    }
    let connections: Vec<_> = endpoint.requests().iter().map(|it| it.connection).collect();
    assert_eq!((connections, endpoint.connections()), (vec![0; 4], 1));
}

#[tokio::test]
async fn a_late_body_that_is_discarded_frees_its_connection_all_the_same() {
    let late = Reply::script([
        Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n".to_vec()),
        Step::Pause(Duration::from_millis(50)),
        Step::Write(b"late".to_vec()),
    ]);
    let endpoint = Endpoint::replying([late]);
    let egress = egress();

    send(&egress, &post(&endpoint), BodyUse::Discard)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    send(&egress, &post(&endpoint), BodyUse::Discard)
        .await
        .unwrap();

    assert_eq!((endpoint.requests().len(), endpoint.connections()), (2, 1));
}

#[tokio::test]
async fn an_endpoint_that_closes_is_asked_on_a_new_connection() {
    let table = [
        ("says so", reply(200).header("Connection", "close")),
        (
            "closes without a word",
            Reply::script([Step::Write(OK.to_vec()), Step::Close]),
        ),
        (
            "HTTP/1.0",
            Reply::script([Step::Write(
                b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
            )]),
        ),
        (
            "says too much",
            Reply::script([
                Step::Write(OK.to_vec()),
                Step::Pause(Duration::from_millis(10)),
                Step::Write(b"HTTP/1.1 500 Stale\r\n\r\n".to_vec()),
            ]),
        ),
        (
            "keeps it too briefly",
            reply(200).header("Keep-Alive", "timeout=1"),
        ),
    ];
    for (name, script) in table {
        let endpoint = Endpoint::replying([script]);
        let egress = egress();
        for _ in 0..3 {
            let response = send(&egress, &post(&endpoint), CAPTURE).await.unwrap();
            assert_eq!(response.status, 200, "{name}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        assert_eq!(
            (endpoint.requests().len(), endpoint.connections()),
            (3, 3),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_a_request_is_lost_and_not_sent_again() {
    let endpoint = Endpoint::replying([reply(200), Reply::script([Step::Close])]);
    let egress = egress();

    assert_eq!(line(send(&egress, &post(&endpoint), CAPTURE).await), "200 ");
    assert_eq!(
        line(send(&egress, &post(&endpoint), CAPTURE).await),
        "the connection was lost before the answer was whole; seen: true"
    );

    assert_eq!((endpoint.requests().len(), endpoint.connections()), (2, 1));
}

#[test]
fn a_connection_stays_with_the_runtime_that_opened_it() {
    let endpoint = Endpoint::replying([reply(200)]);
    let (egress, request) = (egress(), post(&endpoint));
    let exchanges = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            for _ in 0..3 {
                assert_eq!(line(send(&egress, &request, CAPTURE).await), "200 ");
            }
        });
    };

    // Two runtimes at a time, then two more, one of them on a thread that has had one.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            exchanges();
            exchanges();
        });
        scope.spawn(exchanges);
    });

    assert_eq!((endpoint.requests().len(), endpoint.connections()), (9, 3));
}

#[tokio::test]
async fn a_connection_serves_no_request_that_a_new_one_could_not() {
    let endpoint = Endpoint::replying([reply(200)]);
    let egress = egress();
    send(&egress, &post(&endpoint), CAPTURE).await.unwrap();

    let mut narrower = http_rules();
    narrower.allow_addresses.clear();
    let result = exchange_with(&egress, &post(&endpoint), &narrower, CAPTURE).await;

    assert_eq!(
        line(result),
        "`127.0.0.1` resolves to 127.0.0.1, which the egress rules forbid; seen: false"
    );
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn the_phases_are_timed_where_they_were_needed() {
    let pause = Duration::from_millis(30);
    let slow = Reply::script([
        Step::Pause(pause),
        Step::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n".to_vec()),
        Step::Pause(pause),
        Step::Write(b"ok".to_vec()),
    ]);
    let endpoint = Endpoint::replying([slow]);
    let egress = egress();

    let first = send(&egress, &post(&endpoint), CAPTURE)
        .await
        .unwrap()
        .timing;
    let second = send(&egress, &post(&endpoint), CAPTURE)
        .await
        .unwrap()
        .timing;
    let requests = endpoint.requests();
    assert!(requests[1].at > requests[0].at);

    assert!(first.connect > Duration::ZERO && first.tls == Duration::ZERO);
    assert!(first.first_byte >= pause && first.body > Duration::ZERO);
    assert!(first.first_byte + first.body >= 2 * pause);
    assert_eq!(
        (second.dns, second.connect),
        (Duration::ZERO, Duration::ZERO)
    );
}

/// A lookup that never ends.
struct Never;

/// A lookup with the same answer for every name.
struct Fixed(&'static [&'static str]);

/// A lookup that fails.
struct Failing;

#[async_trait]
impl Lookup for Never {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

#[async_trait]
impl Lookup for Fixed {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.iter().map(|it| it.parse().unwrap()).collect())
    }
}

#[async_trait]
impl Lookup for Failing {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::Error::from(io::ErrorKind::TimedOut))
    }
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

/// A port that nothing listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A listener on 127.0.0.7 whose queue is full: connecting to it hangs.
struct FullListener {
    _listener: socket2::Socket,
    _queued: Vec<socket2::Socket>,
}

impl FullListener {
    fn on(port: u16) -> Self {
        use socket2::{Domain, Socket, Type};
        let address = std::net::SocketAddr::from(([127, 0, 0, 7], port)).into();
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&address).unwrap();
        listener.listen(0).unwrap();
        let queued = (0..4)
            .map(|_| {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                socket.set_nonblocking(true).unwrap();
                // It is under way, or has been queued: both fill the queue.
                drop(socket.connect(&address));
                socket
            })
            .collect();
        Self {
            _listener: listener,
            _queued: queued,
        }
    }
}
