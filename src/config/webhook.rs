//! `webhooks/<id>.toml`, checked: what to call.

use crate::model::{Method, Origin, Secret, WebhookId};
use crate::template::Template;
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

/// One journey webhook.
#[derive(Debug)]
pub struct Webhook {
    pub id: WebhookId,
    /// Display name.
    pub name: String,
    pub destination: Destination,
    pub method: Method,
    /// Rendered in place [`Url`](crate::template::Place::Url).
    pub endpoint: Template,
    /// Where all of its requests go; none where that is for a step's values to say.
    pub origin: Option<Origin>,
    pub include_email_and_workflow_id: bool,
    /// Overrides `[retry] ambiguous`.
    pub ambiguous: Option<Ambiguous>,
    pub user_fields: Vec<String>,
    pub auth: Auth,
    pub headers: Vec<Header>,
    pub body: Body,
    /// Members that a JSON payload gets after `body`, whose values must not be shown: Inkit's
    /// `api_token`. Empty otherwise.
    pub secret_fields: Vec<(String, Secret)>,
    pub data_retrieval: Option<Arc<DataRetrieval>>,
}

/// Who the webhook talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    Custom,
    Inkit,
}

/// What to do when a request was sent and its answer is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ambiguous {
    Retry,
    Exit,
}

/// The credential in `Authorization`.
#[derive(Debug, Clone)]
pub enum Auth {
    None,
    /// `Basic <token>`, the token as given: the whole value, sensitive.
    Basic(HeaderValue),
    Oauth2(Arc<Oauth2Client>),
}

/// OAuth 2.0 client credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Oauth2Client {
    pub client_id: String,
    pub client_secret: Secret,
    pub token_url: String,
    pub scope: Option<String>,
    /// Statuses that mean "fetch a new token"; 401 unless told otherwise.
    pub refresh_statuses: Vec<u16>,
}

/// One custom header.
#[derive(Debug)]
pub struct Header {
    pub name: HeaderName,
    pub value: HeaderContent,
}

/// What a custom header says.
#[derive(Debug)]
pub enum HeaderContent {
    /// Rendered in place [`Header`](crate::template::Place::Header).
    Template(Template),
    Secret(Secret),
}

/// How the payload is written, and what the custom body adds to it.
#[derive(Debug)]
pub enum Body {
    /// One JSON object; a template in place [`JsonBody`](crate::template::Place::JsonBody) adds to it.
    Json(Option<Template>),
    /// `application/x-www-form-urlencoded`; names and templates in place
    /// [`FormValue`](crate::template::Place::FormValue), in the order of the file.
    Form(Vec<(String, Template)>),
}

/// What a Live Data tile keeps of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRetrieval {
    /// `{{liveData.<object>.<field>}}`.
    pub object: String,
    /// 1 to 10.
    pub fields: Vec<LiveField>,
}

/// One field of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveField {
    pub name: Arc<str>,
    /// RFC 6901.
    pub pointer: String,
    pub expected: LiveType,
}

/// What a field must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveType {
    String,
    Number,
    Boolean,
    Object,
    Array,
}

// === impl LiveType ===

impl LiveType {
    /// As in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }
}
