//! People's door: who may come in, and which route goes where.
//!
//! Health asks for nothing. All else asks for a token, and all but metrics for a `Host` that is
//! known, so that no web page can be made to speak to this door through a browser.
//!
//! Requests take turns, so that a flood of them is a small load: steps come first.
//!
//! What edits the configuration only ever writes its files; what serves is decided where it is
//! decided for edits by hand.

mod access;
mod chance;
mod console;
mod desk;
mod events;
mod inspect;
mod journeys;
mod openapi;
mod people;
mod refuse;
mod routes;
mod schedule;
mod stats;
mod status;
mod trial;
mod turns;
mod webhooks;

pub use access::{TokenFault, kept_token};
pub use desk::Desk;
pub use schedule::{Count, Line, MOST_STEPS, Place, Question, Report, USUAL_STEPS};
pub use stats::sampling;
pub use status::Status;

use crate::config::{Gateway, Live, Role};
use crate::egress::Egress;
use crate::web::{Exchange, Handle, Reply};
use access::{Access, Caller, Stranger};
use events::Events;
use http::Method;
use inspect::Inspector;
use refuse::Refused;
use routes::{Action, Asked, Route};
use std::sync::Arc;
use std::time::Duration;
use trial::Bench;
use turns::Turns;

/// Between two requests, once the first few of a while are used up: as often as no person and no
/// tool asks for long.
const PACE: Duration = Duration::from_millis(2);

/// How many may come at once: a page and all that it asks for, of several people.
const BURST: u32 = 500;

/// The admin door.
#[derive(Debug)]
pub struct Admin {
    live: Live,
    access: Access,
    status: Status,
    events: Events,
    inspector: Inspector,
    workshop: Option<Workshop>,
    turns: Turns,
}

/// Where webhooks and journeys are edited and tried out.
#[derive(Debug)]
struct Workshop {
    desk: Arc<Desk>,
    bench: Bench,
}

/// What the door needs for editing: none where the configuration is not of files.
#[derive(Debug)]
pub struct Tools {
    pub desk: Desk,
    /// Tries drafts out.
    pub egress: Egress,
}

// === impl Admin ===

impl Admin {
    /// A door for those who `gateway` gives tokens to, now and after each reload.
    ///
    /// # Errors
    /// A [`TokenFault`] when no admin token is configured and none can be kept in the data folder.
    pub fn new(
        live: Live,
        gateway: &Gateway,
        status: Status,
        tools: Option<Tools>,
    ) -> Result<Self, TokenFault> {
        let workshop = tools.map(|Tools { desk, egress }| Workshop {
            desk: Arc::new(desk),
            bench: Bench::new(live.clone(), egress),
        });
        Ok(Self {
            access: Access::new(gateway)?,
            events: Events::new(live.clone(), status.telemetry()),
            inspector: Inspector::new(live.clone()),
            live,
            status,
            workshop,
            turns: Turns::new(PACE, BURST),
        })
    }

    /// The answer; none where it was sent already, in pieces.
    async fn answer(&self, exchange: &mut Exchange<'_>) -> Result<Option<Reply>, Refused> {
        let head = exchange.head();
        let (method, path) = (head.method.clone(), head.uri.path().to_owned());
        let reads = matches!(method, Method::GET | Method::HEAD);
        match path.as_str() {
            "/healthz" if reads => return Ok(Some(self.status.health())),
            "/readyz" if reads => return Ok(Some(self.status.readiness())),
            "/healthz" | "/readyz" => return Err(refuse::method("GET")),
            _ => {}
        }
        self.turns.wait().await;
        let gateway = self.live.get().gateway.clone();
        if path != "/metrics" && !access::knows_host(head, &gateway.admin.hosts) {
            return Err(refuse::misdirected());
        }
        if reads && let Some(file) = console::file(&path) {
            return Ok(Some(file));
        }
        if path.starts_with("/inspect/") {
            return Ok(Some(self.inspector.take(exchange).await));
        }
        let asked = routes::find(&method, &path);
        if let Asked::Route(
            Route {
                role: None, action, ..
            },
            _,
        ) = asked
        {
            return self.for_everyone(*action, exchange).await.map(Some);
        }
        let caller = self.caller(exchange, &gateway).await?;
        match asked {
            Asked::Route(route, id) => {
                let needed = route.role.unwrap_or(Role::Viewer);
                if caller.role < needed {
                    return Err(refuse::role_too_low(needed.as_str()));
                }
                if route.action == Action::Events {
                    self.events.answer(exchange).await;
                    return Ok(None);
                }
                let acted = self.act(route.action, id, &caller, exchange).await;
                acted.map(Some)
            }
            Asked::Methods(allowed) => Err(refuse::method(&allowed)),
            Asked::Nothing => Err(refuse::not_found("there is nothing at this path")),
        }
    }

    /// Who asks; a stranger is told so, slowly.
    async fn caller(
        &self,
        exchange: &mut Exchange<'_>,
        gateway: &Gateway,
    ) -> Result<Caller, Refused> {
        let from = exchange.peer();
        match self.access.caller(exchange.head(), &gateway.admin, from) {
            Ok(caller) => Ok(caller),
            Err(stranger) => Err(self.turned_away(stranger).await),
        }
    }

    async fn turned_away(&self, stranger: Stranger) -> Refused {
        match stranger {
            Stranger::ForeignOrigin => refuse::foreign_origin(),
            Stranger::Unknown => match self.access.slow_down().await {
                Ok(()) => refuse::unauthorized(),
                Err(access::TooMany) => refuse::too_many_failures(),
            },
        }
    }
}

impl Handle for Admin {
    async fn handle(&self, exchange: &mut Exchange<'_>) {
        let answer = Box::pin(self.answer(exchange)).await;
        let reply = answer.unwrap_or_else(|refused| Some(*refused));
        if let Some(reply) = reply {
            exchange.reply(reply).await;
        }
    }
}
