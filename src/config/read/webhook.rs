//! `webhooks/<id>.toml`.

mod auth;
mod content;
mod endpoint;
mod headers;
mod retrieval;

use super::field::Field;
use super::gateway::AMBIGUOUS;
use super::inkit;
use super::place::Place as FilePlace;
use super::table::Table;
use crate::config::fingerprint::Shape;
use crate::config::{Auth, Body, DataRetrieval, Destination, Webhook};
use crate::model::{Method, Secret, WebhookId};
use crate::template::{Place, Template};
pub(in crate::config) use endpoint::Literal;
use std::sync::Arc;

/// A webhook, and what the judgement of the whole folder needs of its text.
#[derive(Debug)]
pub(in crate::config) struct ReadWebhook {
    pub(in crate::config) webhook: Arc<Webhook>,
    pub(in crate::config) fingerprint: String,
    /// For a webhook with `data_retrieval`: where the text says that it was tested, or should.
    pub(in crate::config) untested: Option<Untested>,
    /// URLs that are literal as far as their host goes.
    pub(in crate::config) urls: Vec<Literal>,
}

/// A webhook whose recorded test is not of its current text.
#[derive(Debug)]
pub(in crate::config) struct Untested {
    pub(in crate::config) place: FilePlace,
    /// Whether a test of another text is recorded.
    pub(in crate::config) outdated: bool,
}

/// Method, endpoint and body: what a destination decides.
struct Target {
    method: Method,
    endpoint: Template,
    body: Body,
    secret_fields: Vec<(String, Secret)>,
    /// The endpoint as far as it is literal.
    literal: Option<Literal>,
}

/// Reads the whole file.
pub(in crate::config) fn read(id: &WebhookId, root: &Table<'_>) -> Option<ReadWebhook> {
    let mut shape = Shape {
        body: "json",
        ..Shape::default()
    };
    let name = root.need("name", "a name", Field::name);
    let destination = root.get("destination", |field| {
        field.choice(&[
            ("custom", Destination::Custom),
            ("inkit", Destination::Inkit),
        ])
    });
    let destination = destination.unwrap_or(Destination::Custom);
    let include = root.get("include_email_and_workflow_id", Field::boolean);
    let ambiguous = root.get("ambiguous", |field| field.choice(&AMBIGUOUS));
    let user_fields = root.get("user_fields", |field| field.list(|item| item.name_owned()));
    let (auth, token_url) = root.section("auth", |table| auth::read(table, &mut shape));
    let headers = root.get("headers", |field| {
        Some(headers::read(field, &auth, &mut shape))
    });
    let (headers, secret_header) = headers.unwrap_or_default();
    shape.include_email_and_workflow_id = include.unwrap_or(true);
    shape.user_fields = user_fields.clone().unwrap_or_default();
    let guarded = secret_header || is_credential(&auth);
    let target = match destination {
        Destination::Custom => custom(root, guarded, &mut shape),
        Destination::Inkit => letter(root, &mut shape),
    };
    let fingerprint = shape.fingerprint();
    let retrieval = root.get("data_retrieval", |field| {
        retrieval::read(&field, &fingerprint)
    });
    let (data_retrieval, untested) = retrieval.unzip();
    let Target {
        method,
        endpoint,
        body,
        secret_fields,
        literal,
    } = target?;
    Some(ReadWebhook {
        webhook: Arc::new(Webhook {
            id: id.clone(),
            name: name?.to_owned(),
            destination,
            method,
            origin: endpoint::always(&endpoint),
            endpoint,
            include_email_and_workflow_id: include.unwrap_or(true),
            ambiguous,
            user_fields: user_fields.unwrap_or_default(),
            auth,
            headers,
            body,
            secret_fields,
            data_retrieval: data_retrieval.map(Arc::<DataRetrieval>::new),
        }),
        fingerprint,
        untested: untested.flatten(),
        urls: literal.into_iter().chain(token_url).collect(),
    })
}

/// `method`, `endpoint` and `[body]` as they are written.
fn custom(root: &Table<'_>, guarded: bool, shape: &mut Shape) -> Option<Target> {
    if let Some(inkit) = root.field("inkit") {
        inkit.error("found with destination \"custom\"; expected `destination = \"inkit\"`");
    }
    let accepted = "one of \"GET\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\"";
    let methods = Method::ALL.map(|method| (method.as_str(), method));
    let method = root.need("method", accepted, |field| field.choice(&methods));
    let endpoint = root.need("endpoint", "a URL", |field| endpoint::read(field, guarded));
    let body = root.get("body", |field| content::read(field, shape));
    if method == Some(Method::Get) {
        for name in ["user_fields", "body"] {
            if let Some(field) = root.field(name).filter(|field| !field.is_empty_list()) {
                field.error("a GET sends no body; expected no such key");
            }
        }
    }
    let (endpoint, literal) = endpoint?;
    let method = method?;
    shape.method = method.as_str();
    shape.endpoint = endpoint.source().to_owned();
    Some(Target {
        method,
        endpoint,
        body: body.unwrap_or(Body::Json(None)),
        secret_fields: Vec::new(),
        literal,
    })
}

/// `[inkit]` as the request that it stands for.
fn letter(root: &Table<'_>, shape: &mut Shape) -> Option<Target> {
    for name in ["method", "endpoint", "body"] {
        if let Some(field) = root.field(name) {
            field.error("`[inkit]` takes its place; expected no such key");
        }
    }
    let letter = root.need("inkit", "a table: `[inkit]`", |field| {
        field.table(inkit::read)
    })?;
    shape.method = Method::Post.as_str();
    shape.endpoint = inkit::ENDPOINT.to_owned();
    shape.body = "inkit";
    shape.content = vec![
        (String::new(), letter.body.source().to_owned()),
        ("api_token".into(), letter.api_token.origin),
    ];
    let endpoint =
        Template::parse(inkit::ENDPOINT, Place::Url).expect("a literal URL parses as a template");
    Some(Target {
        method: Method::Post,
        endpoint,
        body: Body::Json(Some(letter.body)),
        secret_fields: vec![("api_token".into(), letter.api_token.secret)],
        literal: None,
    })
}

/// Whether a request with it must not be sent where a value says.
fn is_credential(auth: &Auth) -> bool {
    match auth {
        Auth::None => false,
        Auth::Basic(_) | Auth::Oauth2(_) => true,
    }
}
