//! One exchange: what goes out, what comes back, and what a misbehaving endpoint leads to.

use crate::support::endpoint::{Endpoint, Reply, Step, reply};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::collections::HashMap;
use std::time::Duration;
use stepgate::config::EgressRules;
use stepgate::egress::{BodyUse, Egress, EgressError, OwnListeners, Response};
use stepgate::model::{Method, Origin, Request, Scheme};
use tokio::time::Instant;

const CAPTURE: BodyUse = BodyUse::Capture { limit: 1024 };

fn rules() -> EgressRules {
    EgressRules {
        allow_http: true,
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        resolve: HashMap::new(),
        ca_file: None,
    }
}

fn post(endpoint: &Endpoint) -> Request {
    Request {
        method: Method::Post,
        origin: Origin {
            scheme: Scheme::Http,
            host: "127.0.0.1".to_owned(),
            port: endpoint.port(),
        },
        path: "/hook?a=1".to_owned(),
        headers: vec![(
            HeaderName::from_static("content-type"),
            HeaderValue::from_static("application/json"),
        )],
        body: Some(Bytes::from_static(b"{\"a\":1}")),
    }
}

async fn send(egress: &Egress, request: &Request, body: BodyUse) -> Result<Response, EgressError> {
    let deadline = Instant::now() + Duration::from_secs(2);
    egress.exchange(request, &rules(), body, deadline).await
}

#[tokio::test]
async fn a_request_goes_out_byte_for_byte_and_its_answer_comes_back_whole() {
    let endpoint = Endpoint::replying([reply(201).header("X-A", "b").body("{\"ok\":true}")]);
    let egress = Egress::new(OwnListeners::default());

    let response = send(&egress, &post(&endpoint), CAPTURE).await.unwrap();

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
