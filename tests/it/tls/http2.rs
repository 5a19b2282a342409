//! HTTP/2: one connection for many, and what ends it.

use super::{HOST, call};
use crate::support::endpoint::{Endpoint, Reply, Speaks, eventually, reply};
use crate::support::pki::Authority;
use crate::support::{exchange_with, https_rules, post_to};
use std::time::Duration;
use stepgate::egress::{BodyUse, Egress, EgressError, OwnListeners};
use stepgate::model::Scheme;

#[tokio::test]
async fn an_endpoint_that_speaks_only_http2_is_spoken_to_in_http2() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(
        Speaks::Http2(config),
        [reply(200).header("x-a", "b").body("ok")],
    );

    let response = call(HOST, endpoint.port(), &https_rules(&authority))
        .await
        .unwrap();

    let request = &endpoint.requests()[0];
    assert_eq!(
        request.target,
        format!("https://{HOST}:{}/hook?a=1", endpoint.port())
    );
    assert_eq!(
        request.headers,
        [
            ("content-type".to_owned(), "application/json".to_owned()),
            ("content-length".to_owned(), "7".to_owned()),
        ]
    );
    assert_eq!(request.body, b"{\"a\":1}");
    assert_eq!(response.headers["x-a"], "b");
    assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
}

#[tokio::test]
async fn many_requests_at_once_share_one_http2_connection() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let pause = Duration::from_millis(30);
    let endpoint = Endpoint::start(Speaks::Http2(config), [reply(204).after(pause)]);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    let all = (0..60).map(|_| exchange_with(&egress, &request, &rules, BodyUse::Discard));
    let statuses: Vec<_> = futures_util::future::join_all(all)
        .await
        .into_iter()
        .map(|result| result.unwrap().status)
        .collect();

    assert_eq!(statuses, [204; 60]);
    assert_eq!(endpoint.connections(), 1);
}

#[tokio::test]
async fn a_refused_stream_goes_out_once_more_and_not_for_ever() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let script = [Reply::refused(), reply(200), Reply::refused()];
    let endpoint = Endpoint::start(Speaks::Http2(config), script);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    let first = exchange_with(&egress, &request, &rules, BodyUse::Discard)
        .await
        .unwrap();
    assert_eq!((first.status, endpoint.requests().len()), (200, 2));

    let second = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;
    let error = second.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot connect to {}", endpoint.address())
    );
    assert!(!error.may_have_been_seen());
    assert_eq!(endpoint.requests().len(), 4);
}

#[tokio::test]
async fn what_ends_an_http2_connection_says_whether_the_request_goes_out_again() {
    // An empty SETTINGS frame; then GOAWAY with last stream 0 and no error, RST_STREAM of
    // stream 1 with CANCEL, or no HTTP/2 at all.
    let goaway = b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let cancel = b"\0\0\0\x04\0\0\0\0\0\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";
    let garbage = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let lost = "the connection was lost before the answer was whole";
    let table: [(&'static [u8], Option<&str>, usize); 3] = [
        (goaway, None, 2),
        (cancel, Some(lost), 1),
        (garbage, Some("the answer is not HTTP"), 1),
    ];
    let authority = Authority::new();
    for (bytes, expected, connections) in table {
        let config = authority.issue(&[HOST]).server(&["h2"]);
        let endpoint = Endpoint::start(Speaks::TlsBytes(config, bytes), [reply(200)]);

        let error = call(HOST, endpoint.port(), &https_rules(&authority))
            .await
            .unwrap_err();

        let unseen = format!("cannot connect to {}", endpoint.address());
        assert_eq!(error.to_string(), expected.unwrap_or(&unseen));
        assert_eq!(error.may_have_been_seen(), expected.is_some());
        assert_eq!(endpoint.connections(), connections, "{error}");
    }
}

#[tokio::test]
async fn an_http2_deadline_leaves_no_stream_behind() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let mut script = vec![Reply::silent(); 3];
    script.push(reply(200));
    let endpoint = Endpoint::start(Speaks::Http2(config), script);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    for _ in 0..3 {
        let limit = Duration::from_millis(100);
        let result = egress
            .exchange(&request, &rules, BodyUse::Discard, limit)
            .await;
        assert!(matches!(
            result,
            Err(EgressError::Deadline {
                request_begun: true,
                ..
            })
        ));
    }
    let last = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;

    assert_eq!(last.unwrap().status, 200);
    eventually("the silent connections are closed", || {
        endpoint.open_connections() <= 1
    })
    .await;
}

#[tokio::test]
async fn a_connection_takes_a_hundred_streams_and_the_rest_go_on_another() {
    let (authority, pause) = (Authority::new(), Duration::from_millis(200));
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(Speaks::Http2(config), [reply(204).after(pause)]);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    let all = (0..150).map(|_| exchange_with(&egress, &request, &rules, BodyUse::Discard));
    let results = futures_util::future::join_all(all).await;

    assert!(results.iter().all(Result::is_ok));
    assert_eq!(
        (endpoint.requests().len(), endpoint.connections()),
        (150, 2)
    );
}

#[tokio::test]
async fn an_http2_body_is_bounded_and_its_connection_serves_on() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let script = [reply(200).body(vec![b'x'; 8 << 20]), reply(200).body("ok")];
    let endpoint = Endpoint::start(Speaks::Http2(config), script);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let mut request = post_to(Scheme::Https, HOST, endpoint.port());
    request.body = Some(vec![b'y'; 1 << 20].into());
    let capture = BodyUse::Capture { limit: 100_000 };

    let first = exchange_with(&egress, &request, &rules, capture).await;
    let second = exchange_with(&egress, &request, &rules, capture).await;

    assert_eq!(
        first.unwrap_err().to_string(),
        "the answer's body is over 100000 bytes"
    );
    assert_eq!(second.unwrap().body, "ok");
    assert_eq!(endpoint.requests()[1].body.len(), 1 << 20);
    assert_eq!(endpoint.connections(), 1);
}

#[tokio::test]
async fn where_only_a_success_is_kept_another_http2_answer_is_its_head() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let bodies = [503, 200].map(|status| reply(status).body("x".repeat(100)));
    let endpoint = Endpoint::start(Speaks::Http2(config), bodies);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());
    let keep = BodyUse::CaptureSuccess { limit: 99 };

    let failed = exchange_with(&egress, &request, &rules, keep).await;
    let success = exchange_with(&egress, &request, &rules, keep).await;

    let failed = failed.unwrap();
    assert_eq!((failed.status, failed.body.len()), (503, 0));
    assert!(
        matches!(
            success,
            Err(EgressError::BodyTooLarge {
                limit: 99,
                status: 200
            })
        ),
        "{success:?}"
    );
}

#[tokio::test]
async fn an_http2_body_that_nobody_wants_does_not_hold_up_its_connection() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(
        Speaks::Http2(config),
        [reply(200).body(vec![b'x'; 8 << 20])],
    );
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    for _ in 0..20 {
        let response = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;
        assert_eq!(response.unwrap().status, 200);
    }

    assert_eq!((endpoint.requests().len(), endpoint.connections()), (20, 1));
}

#[tokio::test]
async fn an_endpoint_that_closes_its_http2_connection_is_asked_on_a_new_one() {
    let authority = Authority::new();
    let config = authority.issue(&[HOST]).server(&["h2"]);
    let endpoint = Endpoint::start(Speaks::Http2(config), [reply(200).closing()]);
    let rules = https_rules(&authority);
    let egress = Egress::new(OwnListeners::default());
    let request = post_to(Scheme::Https, HOST, endpoint.port());

    for _ in 0..3 {
        let response = exchange_with(&egress, &request, &rules, BodyUse::Discard).await;
        assert_eq!(response.unwrap().status, 200);
    }

    assert_eq!(endpoint.requests().len(), 3);
    assert!(endpoint.connections() > 1);
}
