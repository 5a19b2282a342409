//! The request inspector: throw-away endpoints that keep what is sent to them, so that a webhook
//! can be tried without a public request bin.
//!
//! Who knows an endpoint's id may send to it, from wherever the admin address can be reached; who
//! may open one and see what came is the admin door's to say. All of it is in memory, and bounded.

mod kept;

use crate::config::Live;
use crate::model::rfc3339;
use crate::web::{Beginning, BodyFault, Exchange, Problem, Reply};
use bytes::Bytes;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use jiff::Timestamp;
use kept::{Id, Kept, MOST_BODY, Recorded};
use parking_lot::Mutex;
use serde::Serialize;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::time::Instant;

/// The endpoints, and the answers about them.
#[derive(Debug)]
pub(super) struct Inspector {
    live: Live,
    kept: Mutex<Kept>,
}

/// What `GET /admin/v1/inspect/{id}` answers.
#[derive(Serialize)]
struct Listing<'a> {
    /// Oldest first.
    requests: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    method: &'a str,
    url: &'a str,
    headers: &'a [(String, String)],
    body: Cow<'a, str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

// === impl Inspector ===

impl Inspector {
    pub(super) fn new(live: Live) -> Self {
        Self {
            live,
            kept: Mutex::default(),
        }
    }

    /// Opens an endpoint: `POST /admin/v1/inspect`.
    pub(super) fn create(&self, head: &Parts) -> Reply {
        #[derive(Serialize)]
        struct Opened {
            id: String,
            url: String,
        }
        if self.is_off() {
            return off();
        }
        let Ok(id) = Id::fresh() else {
            return no_chance();
        };
        self.kept.lock().create(id, Instant::now());
        let base = base(head, self.live.get().gateway.listen.admin);
        let opened = Opened {
            id: id.to_string(),
            url: format!("{base}/inspect/{id}"),
        };
        let place = format!("/admin/v1/inspect/{id}");
        let place = HeaderValue::from_str(&place).expect("hexadecimal");
        json(StatusCode::CREATED, &opened).with(header::LOCATION, place)
    }

    /// What an endpoint was sent: `GET /admin/v1/inspect/{id}`.
    pub(super) fn list(&self, id: &str) -> Reply {
        if self.is_off() {
            return off();
        }
        let requests = Id::parse(id).and_then(|id| self.kept.lock().list(id, Instant::now()));
        let Some(requests) = requests else {
            return unknown();
        };
        let requests = requests.iter().map(Line::of).collect();
        json(StatusCode::OK, &Listing { requests })
    }

    /// Closes an endpoint, and forgets what it was sent: `DELETE /admin/v1/inspect/{id}`.
    pub(super) fn delete(&self, id: &str) -> Reply {
        if self.is_off() {
            return off();
        }
        match Id::parse(id).is_some_and(|id| self.kept.lock().delete(id, Instant::now())) {
            true => Reply::text(StatusCode::NO_CONTENT, Bytes::new()),
            false => unknown(),
        }
    }

    /// Takes what is sent to an endpoint: any method at `/inspect/<id>`.
    pub(super) async fn take(&self, exchange: &mut Exchange<'_>) -> Reply {
        if self.is_off() {
            return off();
        }
        let id = exchange.head().uri.path().strip_prefix("/inspect/");
        let known = |id: &Id| self.kept.lock().has(*id, Instant::now());
        let Some(id) = id.and_then(Id::parse).filter(known) else {
            return unknown();
        };
        let beginning = match exchange.beginning(MOST_BODY).await {
            Ok(beginning) => beginning,
            Err(fault) => return unread(fault),
        };
        let request = recorded(exchange.head(), beginning, Timestamp::now());
        // It can have been closed while the body came.
        match self.kept.lock().record(id, request, Instant::now()) {
            true => Reply::json(StatusCode::OK, &br#"{"ok":true}"#[..]),
            false => unknown(),
        }
    }

    fn is_off(&self) -> bool {
        !self.live.get().gateway.admin.inspector
    }
}

// === impl Line ===

impl<'a> Line<'a> {
    fn of(recorded: &'a Arc<Recorded>) -> Self {
        Self {
            at: rfc3339(recorded.at),
            method: recorded.method.as_str(),
            url: &recorded.url,
            headers: &recorded.headers,
            body: String::from_utf8_lossy(&recorded.body),
            truncated: recorded.truncated,
        }
    }
}

fn recorded(head: &Parts, body: Beginning, at: Timestamp) -> Recorded {
    Recorded {
        at,
        method: head.method.clone(),
        url: format!("{}{}", said_base(head), path_and_query(&head.uri)),
        headers: texts(&head.headers),
        body: body.bytes,
        truncated: body.is_cut,
    }
}

/// Names and values, as they came.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let pairs = headers.iter();
    pairs
        .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
        .collect()
}

fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// Where the client found this door, as the beginning of a URL.
fn said_base(head: &Parts) -> String {
    format!("http://{}", said(head))
}

fn said(head: &Parts) -> &str {
    match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => {
            let host = head.headers.get(header::HOST);
            host.and_then(|host| host.to_str().ok()).unwrap_or_default()
        }
    }
}

/// Where this gateway finds its own door: where the client did, if that is an address. A name is
/// replaced by the address that is listened on: it can have other addresses too, and the guard
/// would refuse it for those.
fn base(head: &Parts, admin: SocketAddr) -> String {
    let host = said(head).parse::<Authority>().ok();
    let is_address = host.is_some_and(|host| {
        let bare = host.host().trim_matches(['[', ']']);
        bare.parse::<IpAddr>().is_ok()
    });
    // Port 0 is that of nobody: the one that was bound is not in the configuration.
    if is_address || admin.port() == 0 {
        return said_base(head);
    }
    let mut admin = admin;
    if admin.ip().is_unspecified() {
        admin.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{admin}")
}

fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    let body = serde_json::to_vec(value).expect("strings serialize");
    Reply::json(status, body).fresh()
}

fn off() -> Reply {
    Problem::new(
        StatusCode::FORBIDDEN,
        "inspector-off",
        "The inspector is off",
        "`admin.inspector` in gateway.toml turns it on",
    )
    .reply()
}

fn unknown() -> Reply {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "Not found",
        "there is no such endpoint; one goes an hour after its last use",
    )
    .reply()
}

fn unread(fault: BodyFault) -> Reply {
    let (status, kind) = match fault {
        BodyFault::Slow { .. } => (StatusCode::REQUEST_TIMEOUT, "request-timeout"),
        BodyFault::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
        BodyFault::Broken => (StatusCode::BAD_REQUEST, "bad-request"),
    };
    Problem::new(status, kind, "No whole body", fault.to_string()).reply()
}

fn no_chance() -> Reply {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal-error",
        "No endpoint",
        "the system gives no random bytes for its id",
    )
    .reply()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn an_endpoint_is_where_the_client_found_the_door_or_where_the_gateway_does() {
        for (host, admin, told) in [
            ("127.0.0.1:9", "127.0.0.1:8081", "http://127.0.0.1:9"),
            ("[::1]:9", "[::1]:8081", "http://[::1]:9"),
            ("10.0.0.7", "0.0.0.0:8081", "http://10.0.0.7"),
            ("localhost:9", "127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("gate.example.com", "0.0.0.0:8081", "http://127.0.0.1:8081"),
            ("localhost:9", "127.0.0.1:0", "http://localhost:9"),
        ] {
            let request = Request::builder().header("Host", host).body(()).unwrap();
            let base = base(&request.into_parts().0, admin.parse().unwrap());
            assert_eq!(base, told, "{host} {admin}");
        }
    }
}
