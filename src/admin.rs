//! People's door: who may come in, and which route goes where.
//!
//! Health asks for nothing. All else asks for a bearer token, and all but metrics for a `Host`
//! that is known, so that no web page can be made to speak to this door through a browser.

mod access;
mod events;
mod inspect;
mod schedule;
mod stats;
mod status;

pub use access::{TokenFault, kept_token};
pub use schedule::{Count, Line, MOST_STEPS, Place, Question, Report, USUAL_STEPS};
pub use stats::sampling;
pub use status::Status;

use crate::config::{Gateway, Live};
use crate::web::{Exchange, Handle, Problem, Reply};
use access::Access;
use events::Events;
use http::{HeaderValue, Method, StatusCode, header};
use inspect::Inspector;

/// The admin door.
#[derive(Debug)]
pub struct Admin {
    live: Live,
    access: Access,
    status: Status,
    events: Events,
    inspector: Inspector,
}

// === impl Admin ===

impl Admin {
    /// A door for those who `gateway` gives tokens to, now and after each reload.
    ///
    /// # Errors
    /// A [`TokenFault`] when no admin token is configured and none can be kept in the data folder.
    pub fn new(live: Live, gateway: &Gateway, status: Status) -> Result<Self, TokenFault> {
        Ok(Self {
            access: Access::new(gateway)?,
            events: Events::new(live.clone(), status.telemetry()),
            inspector: Inspector::new(live.clone()),
            live,
            status,
        })
    }

    /// None: it has been answered.
    async fn answer(&self, exchange: &mut Exchange<'_>) -> Option<Reply> {
        let head = exchange.head();
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        match head.uri.path() {
            "/healthz" if reads => return Some(self.status.health()),
            "/readyz" if reads => return Some(self.status.readiness()),
            "/healthz" | "/readyz" => return Some(only_get()),
            _ => {}
        }
        let gateway = self.live.get().gateway.clone();
        let metrics = head.uri.path() == "/metrics";
        if !metrics && !access::knows_host(head, &gateway.admin.hosts) {
            return Some(misdirected());
        }
        if head.uri.path().starts_with("/inspect/") {
            return Some(self.inspector.take(exchange).await);
        }
        if self.access.role(head, &gateway.admin).is_none() {
            return Some(unauthorized());
        }
        Some(match head.uri.path() {
            "/metrics" if reads => self.status.metrics(head),
            "/admin/v1/schedule" if reads => self.status.schedule(head).await,
            "/admin/v1/stats" if reads => stats::answer(&self.status.telemetry()),
            "/admin/v1/events" if reads => {
                self.events.answer(exchange).await;
                return None;
            }
            "/metrics" | "/admin/v1/schedule" | "/admin/v1/events" | "/admin/v1/stats" => {
                only_get()
            }
            path => match path.strip_prefix("/admin/v1/inspect") {
                Some("") if head.method == Method::POST => self.inspector.create(head),
                Some(id) if reads => self.inspector.list(id.trim_start_matches('/')),
                Some(id) if head.method == Method::DELETE => {
                    self.inspector.delete(id.trim_start_matches('/'))
                }
                Some(_) | None => not_found(),
            },
        })
    }
}

impl Handle for Admin {
    async fn handle(&self, exchange: &mut Exchange<'_>) {
        if let Some(reply) = self.answer(exchange).await {
            exchange.reply(reply).await;
        }
    }
}

fn only_get() -> Reply {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "Method not allowed",
        "this path takes GET",
    )
    .reply()
    .with(header::ALLOW, HeaderValue::from_static("GET"))
}

fn misdirected() -> Reply {
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        "Unknown host",
        "the `Host` is neither a loopback address nor in `admin.hosts`",
    )
    .reply()
}

fn unauthorized() -> Reply {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "Unauthorized",
        "the bearer token is missing or wrong",
    )
    .reply()
    .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn not_found() -> Reply {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not-found",
        "Not found",
        "there is nothing at this path",
    )
    .reply()
}
