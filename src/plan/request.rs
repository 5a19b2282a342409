//! Renders URL, headers and body, and refuses what is no URL or header afterwards.

use super::payload::Payload;
use super::{PlanFault, Secrets};
use crate::config::{Body, EgressRules, Header, HeaderContent, Tile, TileType, Webhook};
use crate::model::json;
use crate::model::{Method, Request, Scheme, Secret, StepId, url};
use crate::template::{Data, RenderLimits, Template};
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use std::borrow::Cow;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Members of a usual payload beside those of the trigger.
const MORE: usize = 8;

/// Everything that one request is rendered from.
pub(super) struct Rendering<'a> {
    pub(super) webhook: &'a Webhook,
    pub(super) tile: Option<&'a Tile>,
    pub(super) data: &'a Data<'a>,
    pub(super) limits: RenderLimits,
    pub(super) secrets: Secrets,
}

// === impl Rendering ===

impl<'a> Rendering<'a> {
    /// The request, whole but for `Authorization`.
    pub(super) fn request(
        &self,
        id: &StepId,
        rules: &EgressRules,
        traceparent: Option<&HeaderValue>,
    ) -> Result<Request, PlanFault> {
        let text = self.template(&self.webhook.endpoint, || "endpoint".into())?;
        let parsed = match &self.webhook.origin {
            Some(origin) => url::parse_path(&text).map(|path| (origin.clone(), path)),
            None => url::parse(&text),
        };
        let (origin, mut path) = parsed.map_err(|message| PlanFault::Url { message })?;
        // The inspector of this gateway speaks plain HTTP and is for everyone. Whether its path is
        // at its address is judged where the address is known, by the guard.
        let is_refused = origin.scheme == Scheme::Http && !rules.allow_http;
        if is_refused && !url::is_inspector(&path) {
            let message = "scheme http is not allowed while `egress.allow_http` is false";
            return Err(PlanFault::Url { message });
        }
        self.append_parameters(&mut path)?;
        let body = self.body()?;
        let headers = self.headers(id, body.as_ref().map(|(kind, _)| *kind), traceparent)?;
        Ok(Request {
            method: self.webhook.method,
            origin,
            path,
            headers,
            body: body.map(|(_, bytes)| bytes),
        })
    }

    fn template(
        &self,
        template: &'a Template,
        place: impl FnOnce() -> String,
    ) -> Result<String, PlanFault> {
        template
            .render(self.data, self.limits)
            .map_err(|e| PlanFault::Template {
                place: place(),
                message: e.message,
            })
    }

    /// Dynamic Parameters, then what a User Profile tile adds.
    fn append_parameters(&self, path: &mut String) -> Result<(), PlanFault> {
        let Some(tile) = self.tile else {
            return Ok(());
        };
        for (name, template) in &tile.parameters {
            let value = self.template(template, || format!("parameters.{name}"))?;
            url::append_pair(path, name, &value);
        }
        if let (TileType::UserProfile, Some(email)) = (tile.tile_type, self.data.context().email) {
            url::append_pair(path, "email", &json::unquote(email));
        }
        Ok(())
    }

    fn body(&self) -> Result<Option<(&'static str, Bytes)>, PlanFault> {
        if self.webhook.method == Method::Get {
            return Ok(None);
        }
        let context = self.data.context();
        let mut payload = Payload::with_capacity(self.data.data_fields().len() + MORE);
        if !self.webhook.user_fields.is_empty() {
            payload.user_fields(&self.webhook.user_fields, self.data);
        }
        payload.fields(self.data.data_fields());
        if self.webhook.include_email_and_workflow_id {
            let own = [
                ("email", context.email),
                ("workflowId", context.workflow_id),
            ];
            for (name, value) in own {
                if let Some(value) = value {
                    payload.json(Cow::Borrowed(name), value);
                }
            }
        }
        match &self.webhook.body {
            Body::Json(None) => Ok(Some(("application/json", payload.to_json().into()))),
            Body::Json(Some(template)) => {
                let custom = self.template(template, || "body.json".into())?;
                payload.members(&json::members(&custom).map_err(|_| not_an_object())?);
                for (name, secret) in &self.webhook.secret_fields {
                    payload.text(name, self.shown(secret).to_owned());
                }
                Ok(Some(("application/json", payload.to_json().into())))
            }
            Body::Form(fields) => {
                for (name, template) in fields {
                    let value = self.template(template, || format!("body.form.{name}"))?;
                    payload.text(name, value);
                }
                let form = payload.to_form().into();
                Ok(Some(("application/x-www-form-urlencoded", form)))
            }
        }
    }

    /// The gateway's own headers, then the custom ones, then the caller's trace context.
    fn headers(
        &self,
        id: &StepId,
        content_type: Option<&'static str>,
        traceparent: Option<&HeaderValue>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, PlanFault> {
        let custom = &self.webhook.headers;
        let named = |name: &HeaderName| custom.iter().any(|h| h.name == *name);
        let mut headers = Vec::with_capacity(6 + custom.len());
        let mut own = |name: HeaderName, value: HeaderValue| {
            if !named(&name) {
                headers.push((name, value));
            }
        };
        own(
            header::USER_AGENT,
            HeaderValue::from_static(url::USER_AGENT),
        );
        if let Some(kind) = content_type {
            own(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let key = HeaderValue::from_str(id.as_str()).expect("a step id is visible ASCII");
        own(IDEMPOTENCY_KEY, key);
        if let Some(traceparent) = traceparent {
            own(TRACEPARENT, traceparent.clone());
        }
        headers.push((
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        ));
        for header in custom {
            headers.push((header.name.clone(), self.header_value(header)?));
        }
        Ok(headers)
    }

    fn shown<'s>(&self, secret: &'s Secret) -> &'s str {
        match self.secrets {
            Secrets::Plain => secret.expose(),
            Secrets::Masked => "***",
        }
    }

    fn header_value(&self, header: &'a Header) -> Result<HeaderValue, PlanFault> {
        let place = || format!("headers.{}", header.name);
        match &header.value {
            HeaderContent::Template(template) => {
                let text = self.template(template, place)?;
                HeaderValue::from_bytes(text.as_bytes()).map_err(|_| PlanFault::Template {
                    place: place(),
                    message: "the rendered value has a control character".into(),
                })
            }
            HeaderContent::Secret(secret) => Ok(sensitive(self.shown(secret))),
        }
    }
}

/// A header value that is masked wherever a request is shown.
fn sensitive(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_bytes(text.as_bytes())
        .expect("no control character: refused when the secret was read");
    value.set_sensitive(true);
    value
}

fn not_an_object() -> PlanFault {
    PlanFault::Template {
        place: "body.json".into(),
        message: "the rendered body is not a JSON object".into(),
    }
}
