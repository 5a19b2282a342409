//! What the tests stand on: endpoints, certificates, and a request to send.

pub(crate) mod batch;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod endpoint;
pub(crate) mod gateway;
pub(crate) mod log;
pub(crate) mod npm;
pub(crate) mod pki;
pub(crate) mod process;
pub(crate) mod stores;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use pki::Authority;
use std::collections::HashMap;
use std::time::Duration;
use stepgate::config::EgressRules;
use stepgate::egress::{BodyUse, Egress, EgressError, Response};
use stepgate::model::{Method, Origin, Request, Scheme};

/// Long enough for anything that is to succeed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plain HTTP and this machine are allowed.
pub(crate) fn http_rules() -> EgressRules {
    EgressRules {
        allow_http: true,
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        resolve: HashMap::new(),
        ca_file: None,
    }
}

/// This machine is allowed, `authority` is trusted, and `hooks.example.com` is here.
pub(crate) fn https_rules(authority: &Authority) -> EgressRules {
    let here = "127.0.0.1".parse().unwrap();
    EgressRules {
        allow_http: false,
        resolve: HashMap::from([("hooks.example.com".to_owned(), here)]),
        ca_file: Some(authority.file()),
        ..http_rules()
    }
}

/// A POST of a small JSON object to `/hook?a=1`.
pub(crate) fn post_to(scheme: Scheme, host: &str, port: u16) -> Request {
    Request {
        method: Method::Post,
        origin: Origin {
            scheme,
            host: host.into(),
            port,
        },
        path: "/hook?a=1".to_owned(),
        headers: vec![(
            HeaderName::from_static("content-type"),
            HeaderValue::from_static("application/json"),
        )],
        body: Some(Bytes::from_static(b"{\"a\":1}")),
    }
}

/// One exchange with a deadline that does not matter.
pub(crate) async fn exchange_with(
    egress: &Egress,
    request: &Request,
    rules: &EgressRules,
    body: BodyUse,
) -> Result<Response, EgressError> {
    egress.exchange(request, rules, body, PATIENCE).await
}
