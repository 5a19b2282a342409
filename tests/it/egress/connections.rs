//! Which connection a request goes on.

use super::{CAPTURE, OK, egress, line, post, send};
use crate::support::endpoint::{Endpoint, Reply, Step, reply};
use crate::support::{exchange_with, http_rules};
use std::time::Duration;
use stepgate::egress::BodyUse;

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
