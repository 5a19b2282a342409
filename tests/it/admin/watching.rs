//! What the door tells of what happens: outcomes as they come, the last hour, and what was sent.

mod events;
mod inspect;
mod stats;

use crate::support::client::{Answer, Client};
use crate::support::endpoint::{Endpoint, Received, Speaks, reply};
use crate::support::process::{Gateway, Stage, at, webhook};

const JOURNEY: &str = "workflow_id = 1\nname = 'J'\n\
    [[tiles]]\nid = 'a'\ntype = 'webhook'\nwebhook = 'w'\n\
    [[tiles]]\nid = 'b'\ntype = 'webhook'\nwebhook = 'bad'\n";

/// An endpoint that answers 404 below `/bad`, and 200 elsewhere.
fn endpoint() -> Endpoint {
    Endpoint::answering(Speaks::Http, |received: &Received| {
        reply(if received.target.starts_with("/bad") {
            404
        } else {
            200
        })
    })
}

/// A gateway to be, with the webhooks `w` and `bad`, and the tiles `j/a` and `j/b` that call them.
fn stage(endpoint: &Endpoint) -> Stage {
    let url = |path| at(endpoint, path);
    Stage::new()
        .set("admin.token", "'chief'")
        .set(
            "admin.tokens",
            "[{ name = 'ops', role = 'viewer', token = 'watcher' }]",
        )
        .webhook("w", webhook("POST", &url("/ok?email={{email}}"), ""))
        .webhook("bad", webhook("POST", &url("/bad"), ""))
        .journey("j", JOURNEY)
}

/// A request of `method` at the admin door, with a token.
fn ask(gateway: &Gateway, method: &str, path: &str) -> Answer {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer chief\r\n\
        Content-Length: 0\r\n\r\n"
    );
    Client::to(gateway.door).ask(request)
}
