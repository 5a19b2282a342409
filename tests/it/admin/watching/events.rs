//! `GET /admin/v1/events`: outcomes as they come, masked and filtered, whoever else reads.

use super::{ask, endpoint, stage};
use crate::support::batch::Batch;
use crate::support::client::{Client, get};
use crate::support::process::{Gateway, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One who reads along. In HTTP/1.0, so that the answer is its body and nothing else.
struct Reader(BufReader<TcpStream>);

// === impl Reader ===

impl Reader {
    /// Reads along, from the moment that this returns.
    fn at(gateway: &Gateway, query: &str) -> Self {
        let mut reader = Self::on(TcpStream::connect(gateway.door).unwrap(), query);
        assert_eq!(reader.head(), 200, "{query}");
        reader
    }

    fn on(mut stream: TcpStream, query: &str) -> Self {
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let head = "HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer watcher\r\n\r\n";
        write!(stream, "GET /admin/v1/events{query} {head}").unwrap();
        Self(BufReader::new(stream))
    }

    fn head(&mut self) -> u16 {
        let status = self.line().split(' ').nth(1).unwrap().parse().unwrap();
        while self.line() != "" {}
        status
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next event: its name and its data.
    fn event(&mut self) -> (String, Value) {
        let name = self.line();
        let name = name.strip_prefix("event: ").expect("an event");
        let data = self.line();
        let data = data.strip_prefix("data: ").expect("its data");
        assert_eq!(self.line(), "");
        (name.to_owned(), serde_json::from_str(data).unwrap())
    }

    /// All that is left, once the other side has ended it.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        rest
    }
}

/// The values of `key` in the data of these events.
fn each(events: &str, key: &str) -> Vec<String> {
    events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<Value>(data).unwrap()[key].to_string())
        .collect()
}

#[test]
fn an_event_says_what_became_of_a_step_and_nothing_of_its_user() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    let mut reader = Reader::at(&gateway, "");
    let user = json!({"email": "hidden@example.com", "dataFields": {"city": "Springfield"}});
    let step = |id: &str, member: &str, target: &str| {
        let mut step = user.clone();
        (step["id"], step[member]) = (json!(id), json!(target));
        step
    };

    gateway.step(&step("s-1", "tile", "j/a"));
    gateway.step(&step("s-2", "webhook", "bad"));

    for expected in [
        json!({"id": "s-1", "tile": "j/a", "outcome": "continue", "status": 200, "attempts": 1}),
        json!({"id": "s-2", "webhook": "bad", "outcome": "exit", "reason": "status",
            "status": 404, "attempts": 1}),
    ] {
        let (name, mut event) = reader.event();
        let members = event.as_object_mut().unwrap();
        let (at, elapsed) = (members.remove("at"), members.remove("elapsedMs"));
        let at: jiff::Timestamp = at.unwrap().as_str().unwrap().parse().unwrap();
        assert!(jiff::Timestamp::now().duration_since(at).as_secs() < 60);
        assert!(elapsed.unwrap().is_u64());
        assert_eq!((&*name, event), ("outcome", expected));
    }
}

#[test]
fn a_reader_hears_what_it_asked_for_until_the_process_stops() {
    let endpoint = endpoint();
    let mut gateway = stage(&endpoint).start();
    let wanted = [
        ("", vec!["1", "2", "3", "4"]),
        ("?tile=j/a", vec!["1"]),
        ("?webhook=w", vec!["1", "3"]),
        ("?webhook=bad", vec!["2", "4"]),
        ("?outcome=exit", vec!["2", "4"]),
        ("?outcome=exit&tile=j%2Fb", vec!["2"]),
        ("?outcome=pending", vec![]),
    ];
    let readers = wanted.clone().map(|(query, _)| Reader::at(&gateway, query));

    for (id, member, target) in [
        ("1", "tile", "j/a"),
        ("2", "tile", "j/b"),
        ("3", "webhook", "w"),
        ("4", "webhook", "bad"),
    ] {
        gateway.step(&json!({"id": id, member: target, "email": "a@example.com"}));
    }
    gateway.stop();

    for (reader, (query, ids)) in readers.into_iter().zip(wanted) {
        let heard = each(&reader.rest(), "id");
        let ids: Vec<_> = ids.into_iter().map(|id| format!("\"{id}\"")).collect();
        assert_eq!(heard, ids, "{query}");
    }
    assert!(gateway.ended().success());
}

#[test]
fn what_cannot_be_read_is_refused() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    for (query, problem) in [
        ("?tile=w", (400, "bad-request")),
        ("?webhook=j/a", (400, "bad-request")),
        ("?outcome=retry", (400, "bad-request")),
    ] {
        let (status, kind) = ask(&gateway, "GET", &format!("/admin/v1/events{query}")).problem();
        assert_eq!((status, &*kind), problem, "{query}");
    }
    let stranger = Client::to(gateway.door).ask(get("/admin/v1/events", ""));
    assert_eq!(stranger.status, 401);
    let posted = ask(&gateway, "POST", "/admin/v1/events").problem();
    assert_eq!(posted, (405, "method-not-allowed".to_owned()));
}

#[test]
fn no_more_than_64_read_at_once_and_who_hangs_up_makes_room() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    let mut readers: Vec<_> = (0..64).map(|_| Reader::at(&gateway, "")).collect();
    let one_more = || ask(&gateway, "GET", "/admin/v1/events").problem();
    assert_eq!(one_more(), (503, "too-many-readers".to_owned()));

    drop(readers.pop());

    // Sooner than a comment that cannot be sent would tell.
    let begin = tokio::time::Instant::now();
    until("room for another", || {
        let mut reader = Reader::on(TcpStream::connect(gateway.door).unwrap(), "");
        reader.head() == 200
    });
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn streams_of_one_h2_connection_read_like_others_and_make_room_like_others() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    let stream = tokio::net::TcpStream::connect(gateway.door).await.unwrap();
    let (mut requests, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut read = async || {
        let request = http::Request::get("http://localhost/admin/v1/events")
            .header("authorization", "Bearer watcher")
            .body(());
        let (answer, _) = requests.send_request(request.unwrap(), true).unwrap();
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.into_body())
    };
    let mut readers = Vec::new();
    for _ in 0..64 {
        let (status, body) = read().await;
        assert_eq!(status, 200);
        readers.push(body);
    }
    assert_eq!(read().await.0, 503);

    gateway.step(&json!({"id": "s-1", "webhook": "w", "email": "a@example.com"}));

    for reader in &mut readers {
        let event = reader.data().await.unwrap().unwrap();
        let event = String::from_utf8(event.to_vec()).unwrap();
        assert_eq!(each(&event, "id"), ["\"s-1\""]);
    }
    // Sooner than a comment that cannot be sent would tell.
    drop(readers.pop());
    let begin = tokio::time::Instant::now();
    while read().await.0 == 503 {
        assert!(begin.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_reader_that_takes_nothing_loses_events_and_harms_nobody() {
    /// More than what the kernel keeps for the slow one, and the room for events after it.
    const STEPS: usize = 16_000;
    let endpoint = endpoint();
    let gateway = stage(&endpoint).set("log.level", "'warn'").start();
    let mut slow = Reader::on(with_little_room(gateway.door), "");
    assert_eq!(slow.head(), 200);
    let mut quick = Reader::at(&gateway, "?outcome=continue");
    // Long ids make long events; the target is made up, so that no endpoint has to keep pace.
    let long = "x".repeat(100);
    let lines: String = (0..STEPS)
        .map(|n| format!("{{\"id\":\"{n}-{long}\",\"webhook\":\"nowhere\"}}\n"))
        .collect();

    let mut batch = Batch::to(gateway.http);
    let sender = batch.sender();
    let sending = std::thread::spawn(move || {
        let mut sender = sender;
        sender.send(&lines).unwrap();
        sender.end().unwrap();
    });
    assert_eq!((batch.head().0, batch.rest().len()), (200, STEPS));
    sending.join().unwrap();
    gateway.step(&json!({"id": "last", "webhook": "w", "email": "a@example.com"}));

    let heard = loop {
        let (name, data) = quick.event();
        if name == "outcome" {
            break data;
        }
    };
    assert_eq!(heard["id"], "last");
    let lost = loop {
        let (name, data) = slow.event();
        if name == "lost" {
            break data;
        }
    };
    assert!(lost["count"].as_u64().unwrap() > 0, "{lost}");
}

/// A connection on which little can wait for the one who reads.
fn with_little_room(door: SocketAddr) -> TcpStream {
    use socket2::{Domain, Socket, Type};

    let socket = Socket::new(Domain::for_address(door), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&door.into()).unwrap();
    socket.into()
}

#[test]
fn a_reader_of_silence_gets_a_comment_now_and_then() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    let mut reader = Reader::at(&gateway, "");

    assert_eq!([reader.line(), reader.line()], [":", ""]);
}
