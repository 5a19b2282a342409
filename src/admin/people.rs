//! What each route does for whoever may ask for it.

use super::access::Caller;
use super::desk::{Desk, Shown};
use super::refuse::{self, FaultLine, Refused};
use super::routes::Action;
use super::trial::Ask;
use super::{Admin, Workshop, openapi, stats, webhooks};
use crate::config::FileKind;
use crate::model::{JourneyId, WebhookId};
use crate::web::{BodyFault, Exchange, Reply};
use http::{HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Most bytes of what is sent here.
const BODY_LIMIT: usize = 1024 * 1024;

/// A file that was edited, as the answer to one who edited it.
struct Edited {
    status: StatusCode,
    /// Where it is read.
    path: String,
    shown: Shown,
}

// === impl Admin ===

impl Admin {
    /// What needs no token: signing in and out.
    pub(super) async fn for_everyone(
        &self,
        action: Action,
        exchange: &mut Exchange<'_>,
    ) -> Result<Reply, Refused> {
        let gateway = self.live.get().gateway.clone();
        let cookie = match action {
            Action::SignIn => {
                let body: Json = body(exchange).await?;
                let token = body["token"].as_str().unwrap_or_default().to_owned();
                match self.access.sign_in(&token, &gateway.admin, exchange.head()) {
                    Ok(cookie) => cookie,
                    Err(stranger) => return Err(self.turned_away(stranger).await),
                }
            }
            _ => self.access.sign_out(&exchange.head().headers).to_owned(),
        };
        let cookie = HeaderValue::from_str(&cookie).expect("hexadecimal and plain words");
        Ok(no_content().with(header::SET_COOKIE, cookie))
    }

    /// Carries out `action` for `caller`.
    pub(super) async fn act(
        &self,
        action: Action,
        id: Option<&str>,
        caller: &Caller,
        exchange: &mut Exchange<'_>,
    ) -> Result<Reply, Refused> {
        match action {
            Action::Metrics => return Ok(self.status.metrics(exchange.head())),
            Action::Schedule => return Ok(self.status.schedule(exchange.head()).await),
            Action::Stats => return Ok(stats::answer(&self.status.telemetry())),
            Action::Inspect => return Ok(self.inspector.create(exchange.head())),
            Action::Inspected => return Ok(self.inspector.list(id.unwrap_or_default())),
            Action::EndInspect => return Ok(self.inspector.delete(id.unwrap_or_default())),
            Action::WhoAmI => {
                let me = json!({ "name": &*caller.name, "role": caller.role.as_str() });
                return Ok(ok(&me));
            }
            Action::ConfigErrors => return Ok(self.config_errors()),
            Action::OpenApi => return Ok(ok(&openapi::document(&self.live.get().gateway.listen))),
            _ => {}
        }
        let workshop = self.workshop.as_ref();
        let workshop =
            workshop.ok_or_else(|| refuse::not_found("there are no files to edit here"))?;
        match action {
            Action::Preview | Action::Test => workshop.try_out(action, exchange).await,
            Action::Webhooks => workshop.list("webhooks", FileKind::Webhook).await,
            Action::Journeys => workshop.list("journeys", FileKind::Journey).await,
            Action::CreateJourney
            | Action::Journey
            | Action::ReplaceJourney
            | Action::DeleteJourney
            | Action::Publish
            | Action::Unpublish => workshop.journey(action, id, caller, exchange).await,
            Action::WebhookTiles => {
                let id = webhook(id)?;
                workshop
                    .at_desk({
                        let id = id.clone();
                        move |desk| desk.text(FileKind::Webhook, id.as_str())
                    })
                    .await?;
                Ok(ok(&webhooks::tiles(&id, &self.live.get())))
            }
            _ => workshop.webhook(action, id, caller, exchange).await,
        }
    }

    fn config_errors(&self) -> Reply {
        let faults = &self.live.get().faults;
        let errors: Vec<_> = faults.iter().map(FaultLine::of_file).collect();
        ok(&json!({ "errors": errors }))
    }
}

// === impl Workshop ===

impl Workshop {
    /// What `work` does at the desk, in a thread that may wait for the disk.
    async fn at_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> T + Send + 'static,
    ) -> T {
        let desk = Arc::clone(&self.desk);
        let done = tokio::task::spawn_blocking(move || work(&desk)).await;
        done.expect("work at the desk does not panic")
    }

    async fn list(&self, name: &'static str, kind: FileKind) -> Result<Reply, Refused> {
        let all = self.at_desk(move |desk| desk.list(kind)).await;
        Ok(ok(&json!({ name: all })))
    }

    async fn webhook(
        &self,
        action: Action,
        id: Option<&str>,
        caller: &Caller,
        exchange: &mut Exchange<'_>,
    ) -> Result<Reply, Refused> {
        let if_match = if_match(exchange);
        match action {
            Action::CreateWebhook => {
                let json: Map<String, Json> = body(exchange).await?;
                let made = self.at_desk(move |desk| desk.create_webhook(&json)).await;
                let (id, shown) = made?;
                caller.did("made", "webhook", id.as_str());
                Ok(Edited::made("webhooks", id.as_str(), shown).reply())
            }
            Action::CopyWebhook => {
                let (json, id): (Map<String, Json>, _) = (body(exchange).await?, webhook(id)?);
                let (copy, shown) = {
                    let id = id.clone();
                    self.at_desk(move |desk| desk.copy_webhook(&id, &json))
                        .await?
                };
                caller.did(&format!("copied from `{id}`"), "webhook", copy.as_str());
                Ok(Edited::made("webhooks", copy.as_str(), shown).reply())
            }
            Action::ReplaceWebhook => {
                let (json, id): (Map<String, Json>, _) = (body(exchange).await?, webhook(id)?);
                let shown = {
                    let id = id.clone();
                    self.at_desk(move |desk| desk.replace_webhook(&id, &json, if_match.as_deref()))
                        .await?
                };
                caller.did("replaced", "webhook", id.as_str());
                Ok(Edited::kept(shown).reply())
            }
            Action::DeleteWebhook => {
                let id = webhook(id)?;
                let asked = id.clone();
                self.at_desk(move |desk| desk.delete_webhook(&asked, if_match.as_deref()))
                    .await?;
                caller.did("deleted", "webhook", id.as_str());
                Ok(no_content())
            }
            _ => {
                let id = webhook(id)?;
                let shown = self.at_desk(move |desk| desk.read(FileKind::Webhook, id.as_str()));
                Ok(Edited::kept(shown.await?).reply())
            }
        }
    }

    async fn journey(
        &self,
        action: Action,
        id: Option<&str>,
        caller: &Caller,
        exchange: &mut Exchange<'_>,
    ) -> Result<Reply, Refused> {
        let if_match = if_match(exchange);
        if action == Action::CreateJourney {
            let json: Map<String, Json> = body(exchange).await?;
            let (id, shown) = self.at_desk(move |desk| desk.create_journey(&json)).await?;
            caller.did("made", "journey", id.as_str());
            return Ok(Edited::made("journeys", id.as_str(), shown).reply());
        }
        let id = journey(id)?;
        let asked = id.clone();
        let (what, shown) = match action {
            Action::ReplaceJourney => {
                let json: Map<String, Json> = body(exchange).await?;
                let edit =
                    move |desk: &Desk| desk.replace_journey(&asked, &json, if_match.as_deref());
                ("replaced", self.at_desk(edit).await?)
            }
            Action::DeleteJourney => {
                self.at_desk(move |desk| desk.delete_journey(&asked, if_match.as_deref()))
                    .await?;
                caller.did("deleted", "journey", id.as_str());
                return Ok(no_content());
            }
            Action::Publish | Action::Unpublish => {
                let on = action == Action::Publish;
                let edit = move |desk: &Desk| desk.publish_journey(&asked, on, if_match.as_deref());
                let what = if on { "published" } else { "unpublished" };
                (what, self.at_desk(edit).await?)
            }
            _ => {
                let read = move |desk: &Desk| desk.read(FileKind::Journey, asked.as_str());
                return Ok(Edited::kept(self.at_desk(read).await?).reply());
            }
        };
        caller.did(what, "journey", id.as_str());
        Ok(Edited::kept(shown).reply())
    }

    async fn try_out(&self, action: Action, exchange: &mut Exchange<'_>) -> Result<Reply, Refused> {
        let ask: Ask = body(exchange).await?;
        let subject = self.at_desk(move |desk| desk.subject(&ask)).await?;
        let answer = match action {
            Action::Test => Box::pin(self.bench.test(&subject)).await,
            _ => self.bench.preview(subject).await,
        };
        Ok(ok(&answer))
    }
}

// === impl Caller ===

impl Caller {
    /// Leaves a line in the log of who changed what.
    fn did(&self, what: &str, kind: &str, id: &str) {
        let from = self.from.map(|from| from.to_string()).unwrap_or_default();
        tracing::info!(
            audit = true,
            by = &*self.name,
            role = self.role.as_str(),
            from,
            id,
            "{kind} `{id}` was {what} by `{}`",
            self.name
        );
    }
}

// === impl Edited ===

impl Edited {
    fn made(kind: &str, id: &str, shown: Shown) -> Self {
        Self {
            status: StatusCode::CREATED,
            path: format!("/admin/v1/{kind}/{id}"),
            shown,
        }
    }

    fn kept(shown: Shown) -> Self {
        Self {
            status: StatusCode::OK,
            path: String::new(),
            shown,
        }
    }

    fn reply(self) -> Reply {
        let etag = HeaderValue::from_str(&self.shown.etag).expect("hexadecimal in quotes");
        let mut reply = json_reply(self.status, &self.shown.json).with(header::ETAG, etag);
        if !self.path.is_empty() {
            let place = HeaderValue::from_str(&self.path).expect("an id is plain");
            reply = reply.with(header::LOCATION, place);
        }
        reply
    }
}

fn webhook(id: Option<&str>) -> Result<WebhookId, Refused> {
    let id = id.unwrap_or_default();
    WebhookId::new(id).map_err(|_| refuse::not_found(format!("there is no webhook `{id}`")))
}

fn journey(id: Option<&str>) -> Result<JourneyId, Refused> {
    let id = id.unwrap_or_default();
    JourneyId::new(id).map_err(|_| refuse::not_found(format!("there is no journey `{id}`")))
}

fn if_match(exchange: &Exchange<'_>) -> Option<String> {
    let said = exchange.head().headers.get(header::IF_MATCH)?;
    Some(String::from_utf8_lossy(said.as_bytes()).into_owned())
}

/// The body of the request, as JSON.
async fn body<T: DeserializeOwned>(exchange: &mut Exchange<'_>) -> Result<T, Refused> {
    let bytes = exchange.body(BODY_LIMIT).await.map_err(|fault| {
        let (status, kind, title) = match fault {
            BodyFault::TooLarge { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
            ),
            BodyFault::Slow { .. } => (
                StatusCode::REQUEST_TIMEOUT,
                "request-timeout",
                "Request too slow",
            ),
            BodyFault::Broken => (StatusCode::BAD_REQUEST, "bad-request", "Bad request"),
        };
        refuse::problem(status, kind, title, fault.to_string())
    })?;
    // What serde says can quote what came, a secret perhaps; where it is says enough.
    serde_json::from_slice(&bytes).map_err(|fault| {
        let (line, column) = (fault.line(), fault.column());
        let what = if fault.is_data() {
            "a value of another type than is expected"
        } else {
            "no JSON"
        };
        refuse::bad_request(format!(
            "the body has {what} at line {line}, column {column}; expected a JSON object"
        ))
    })
}

fn ok(json: &Json) -> Reply {
    json_reply(StatusCode::OK, json)
}

fn json_reply(status: StatusCode, json: &impl serde::Serialize) -> Reply {
    let body = serde_json::to_vec(json).expect("JSON serializes");
    // Nothing here is for a cache.
    Reply::json(status, body).fresh()
}

fn no_content() -> Reply {
    Reply::json(StatusCode::NO_CONTENT, "")
}
