//! Test Connection and preview: a draft and sample data, and the request that they come to; sent
//! once for real, or only shown.
//!
//! What is sent goes the way that every attempt goes: guard, credential, deadline. Secrets come back
//! from neither: not in the request, and not in an answer that repeats them.

use super::desk::Desk;
use super::refuse::{self, Refused};
use super::webhooks::{Drafted, webhook_id};
use crate::auth::Authenticator;
use crate::config::{FileKind, Found, Live, Text};
use crate::delivery;
use crate::egress::{Egress, Response};
use crate::model::json::quote;
use crate::model::{Request, Step, Target, Timing, WebhookId};
use crate::pipeline::{self, Trial};
use crate::plan::PlanFault;
use crate::telemetry::Telemetry;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use std::time::Duration;

/// The id of a draft that has none.
const UNNAMED: &str = "draft";

/// A secret that is shorter is not looked for in an answer: it would be found everywhere.
const SHORTEST: usize = 4;

/// Where drafts are tried out.
#[derive(Debug)]
pub(super) struct Bench {
    live: Live,
    auth: Authenticator,
    egress: Egress,
}

/// What is to be tried: a draft, or the webhook of a file.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    webhook: Option<Map<String, Json>>,
    id: Option<Json>,
    /// As it was written: numbers keep their text.
    sample: Option<Box<RawValue>>,
}

/// A draft and a step for it.
pub(super) struct Subject {
    found: Found,
    step: Step,
    fingerprint: String,
}

// === impl Desk ===

impl Desk {
    /// What `ask` means, judged as it would be when it is saved.
    pub(super) fn subject(&self, ask: &Ask) -> Result<Subject, Refused> {
        let (id, drafted, prefix) = match (&ask.webhook, &ask.id) {
            (Some(draft), _) => {
                let (id, drafted) = self.of_draft(draft)?;
                (id, drafted, "/webhook")
            }
            (None, Some(id)) => {
                let id = webhook_id(Some(id), "/id")?;
                let text = self.text(FileKind::Webhook, id.as_str())?;
                let drafted = Drafted::of(&self.files, &id, text.0);
                (id, drafted, "")
            }
            (None, None) => {
                return Err(refuse::bad_request(
                    "expected `webhook`, a draft, or `id`, that of a webhook",
                ));
            }
        };
        let webhook = drafted.webhook(prefix)?.clone();
        let sample = ask.sample.as_ref().map_or("{}", |sample| sample.get());
        let step = pipeline::sample(&Target::Webhook(id), sample).map_err(|fault| {
            let pointer = format!("/sample{}", fault.pointer);
            refuse::unfit("sample-invalid", pointer, fault.detail)
        })?;
        Ok(Subject {
            found: Found {
                webhook,
                place: None,
            },
            step,
            fingerprint: drafted.draft.fingerprint.unwrap_or_default(),
        })
    }

    fn of_draft(&self, draft: &Map<String, Json>) -> Result<(WebhookId, Drafted), Refused> {
        let named = draft.get("id").filter(|id| !id.is_null());
        let id = match named {
            Some(id) => webhook_id(Some(id), "/webhook/id")?,
            None => webhook_id(Some(&UNNAMED.into()), "/webhook/id")?,
        };
        let old: Option<Text> = match named {
            Some(_) => {
                let read = self.files.read(FileKind::Webhook, id.as_str());
                read.map_err(|fault| refuse::file(&fault))?
            }
            None => None,
        };
        let mut members = draft.clone();
        members.shift_remove("id");
        let drafted = self.draft_webhook(&id, old.as_ref(), &members, "/webhook")?;
        Ok((id, drafted))
    }
}

// === impl Bench ===

impl Bench {
    /// A bench whose connections are its own.
    pub(super) fn new(live: Live, egress: Egress) -> Self {
        Self {
            live,
            // What is tried is not counted.
            auth: Authenticator::new(egress.clone(), Telemetry::default()),
            egress,
        }
    }

    /// The request that `subject` comes to, not sent. Rendered where no other request waits for it:
    /// what a template may spend is bounded, and is still a while.
    pub(super) async fn preview(&self, subject: Subject) -> Json {
        let gateway = self.live.get().gateway.clone();
        let preview = move || {
            let Subject { found, step, .. } = &subject;
            match pipeline::shown(found, &gateway, step) {
                Ok(request) => json!({ "request": shown(&request) }),
                Err(fault) => unplanned(&fault),
            }
        };
        let previewed = tokio::task::spawn_blocking(preview).await;
        previewed.expect("a rendering does not panic")
    }

    /// Sends it once, and tells what came back.
    pub(super) async fn test(&self, subject: &Subject) -> Json {
        let Subject {
            found,
            step,
            fingerprint,
        } = subject;
        let gateway = self.live.get().gateway.clone();
        let request = match pipeline::shown(found, &gateway, step) {
            Ok(request) => shown(&request),
            Err(fault) => return unplanned(&fault),
        };
        let trial = pipeline::try_out(&self.auth, &self.egress, found, &gateway, step).await;
        let secrets = secrets(&trial, found);
        match trial.answer {
            Ok(response) => answered(request, &response, fingerprint, &secrets),
            Err(fault) => json!({
                "request": request,
                "reason": fault.reason,
                "message": fault.message,
            }),
        }
    }
}

fn unplanned(fault: &PlanFault) -> Json {
    json!({ "reason": fault.reason().as_str(), "message": fault.to_string() })
}

fn answered(request: Json, response: &Response, fingerprint: &str, secrets: &[String]) -> Json {
    let is_json = delivery::fields(&response.body).is_some();
    let is_good = (200..300).contains(&response.status) && is_json;
    // Masked first: an example is cut, and a part of a secret is not found any more.
    let body = without(&String::from_utf8_lossy(&response.body), secrets);
    let fields = delivery::fields(body.as_bytes()).unwrap_or_default();
    let fields = fields.into_iter().map(|field| {
        json!({
            "pointer": field.pointer,
            "type": field.field_type.map_or("null", |it| it.as_str()),
            "example": field.example,
        })
    });
    let headers = response.headers.iter();
    let headers =
        headers.map(|(name, value)| [name.as_str().to_owned(), without(&text(value), secrets)]);
    let mut answer = json!({
        "request": request,
        "response": {
            "status": response.status,
            "headers": headers.collect::<Vec<_>>(),
            "body": body,
        },
        "fields": fields.collect::<Vec<_>>(),
        "timing": timing(&response.timing),
    });
    if is_good {
        answer["fingerprint"] = fingerprint.into();
    }
    answer
}

fn timing(timing: &Timing) -> Json {
    let ms = |took: Duration| (took.as_secs_f64() * 1e6).round() / 1e3;
    json!({
        "dns": ms(timing.dns),
        "connect": ms(timing.connect),
        "tls": ms(timing.tls),
        "firstByte": ms(timing.first_byte),
        "body": ms(timing.body),
    })
}

/// A request as JSON; its secrets are masked already.
fn shown(request: &Request) -> Json {
    let header =
        |(name, value): &(HeaderName, HeaderValue)| [name.as_str().to_owned(), text(value)];
    let body = request.body.as_deref();
    json!({
        "method": request.method.as_str(),
        "url": format!("{}{}", request.origin, request.path),
        "headers": request.headers.iter().map(header).collect::<Vec<_>>(),
        "body": body.map(|body| String::from_utf8_lossy(body).into_owned()),
    })
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Every secret that went out.
fn secrets(trial: &Trial, found: &Found) -> Vec<String> {
    let sent = trial.request.iter().flat_map(|request| &request.headers);
    let headers = sent
        .filter(|(_, value)| value.is_sensitive())
        .map(|(_, value)| text(value));
    let own = found.webhook.secret_fields.iter();
    let own = own.map(|(_, secret)| secret.expose().to_owned());
    let client = match &found.webhook.auth {
        crate::config::Auth::Oauth2(client) => Some(Arc::clone(client)),
        _ => None,
    };
    let client = client.map(|client| client.client_secret.expose().to_owned());
    let mut secrets: Vec<String> = headers
        // What stands behind `Basic` and `Bearer` is the secret.
        .map(|value| match value.split_once(' ') {
            Some(("Basic" | "Bearer", token)) => token.to_owned(),
            _ => value,
        })
        .chain(own)
        .chain(client)
        .filter(|secret| secret.len() >= SHORTEST)
        .flat_map(as_repeated)
        .collect();
    // The longest first: one may hold another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

/// The ways in which an answer may repeat `secret`: as it is, and in JSON as different languages
/// write it.
fn as_repeated(secret: String) -> [String; 3] {
    let quoted = quote(&secret);
    let escaped = quoted[1..quoted.len() - 1].to_owned();
    let slashes = escaped.replace('/', "\\/");
    [secret, escaped, slashes]
}

/// `text` with each of `secrets` masked.
fn without(text: &str, secrets: &[String]) -> String {
    let masked = |text: String, secret: &String| text.replace(secret, "***");
    secrets.iter().fold(text.to_owned(), masked)
}
