//! One exchange: what goes out, how it ends, and how the endpoint is found.

mod answers;
mod connections;

use crate::support::endpoint::{Endpoint, Reply, Step, reply};
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
    egress.exchange(request, &http_rules(), body, SHORT).await
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
