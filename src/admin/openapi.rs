//! `GET /openapi.json`: both doors as OpenAPI 3.1, made of the list that routes requests and of the
//! schemas that `stepgate schema` prints.

mod steps;

use super::routes::{Action, ROUTES, Route};
use crate::config::Listen;
use crate::schema::{Kind, schema};
use serde_json::{Map, Value as Json, json};

/// What an operation takes and gives: names of schemas.
struct Shape {
    body: Option<&'static str>,
    status: u16,
    answer: Answer,
    query: &'static [&'static str],
}

enum Answer {
    Json(&'static str),
    Text,
    /// Server-sent events.
    Events,
    Nothing,
}

/// The document.
pub(super) fn document(listen: &Listen) -> Json {
    let mut paths = Map::new();
    for route in &ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation(route);
    }
    paths.extend(steps::paths(listen));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Stepgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Journey steps in, webhook requests out, outcomes back; and the door \
                            for people, on the admin listener.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": format!("http://{}", listen.admin) }],
        "security": [{ "bearer": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "stepgate_session" },
            },
        },
    })
}

fn operation(route: &Route) -> Json {
    let Shape {
        body,
        status,
        answer,
        query,
    } = shape(route.action);
    let mut operation = json!({
        "operationId": format!("{:?}", route.action),
        "summary": route.summary,
        "responses": responses(status, &answer),
    });
    let id = route.path.contains("{id}").then(
        || json!({ "name": "id", "in": "path", "required": true, "schema": reference("Id") }),
    );
    let query = query
        .iter()
        .map(|name| json!({ "name": name, "in": "query", "schema": query_schema(name) }));
    let parameters: Vec<_> = id.into_iter().chain(query).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(name) = body {
        operation["requestBody"] =
            json!({ "required": true, "content": content("application/json", name) });
    }
    if route.role.is_none() {
        operation["security"] = json!([]);
    }
    operation
}

fn shape(action: Action) -> Shape {
    let gives = |answer| Shape {
        body: None,
        status: 200,
        answer,
        query: &[],
    };
    let takes = |body, status, answer| Shape {
        body: Some(body),
        status,
        answer: Answer::Json(answer),
        query: &[],
    };
    let nothing = |body| Shape {
        body,
        status: 204,
        answer: Answer::Nothing,
        query: &[],
    };
    match action {
        Action::Metrics => gives(Answer::Text),
        Action::OpenApi => gives(Answer::Json("OpenApi")),
        Action::SignIn => nothing(Some("SignIn")),
        Action::SignOut | Action::DeleteWebhook | Action::DeleteJourney => nothing(None),
        Action::WhoAmI => gives(Answer::Json("Caller")),
        Action::Webhooks => gives(Answer::Json("Webhooks")),
        Action::Webhook => gives(Answer::Json("WebhookShown")),
        Action::CreateWebhook => takes("Webhook", 201, "WebhookShown"),
        Action::ReplaceWebhook => takes("Webhook", 200, "WebhookShown"),
        Action::CopyWebhook => takes("Copy", 201, "WebhookShown"),
        Action::WebhookTiles => gives(Answer::Json("Tiles")),
        Action::Preview => takes("Ask", 200, "Preview"),
        Action::Test => takes("Ask", 200, "Trial"),
        Action::Journeys => gives(Answer::Json("Journeys")),
        Action::CreateJourney => takes("Journey", 201, "JourneyShown"),
        Action::ReplaceJourney => takes("Journey", 200, "JourneyShown"),
        Action::Journey | Action::Publish | Action::Unpublish => {
            gives(Answer::Json("JourneyShown"))
        }
        Action::ConfigErrors => gives(Answer::Json("ConfigErrors")),
        Action::Events => Shape {
            query: &["tile", "webhook", "outcome"],
            ..gives(Answer::Events)
        },
        Action::Stats => gives(Answer::Json("Stats")),
        Action::Inspect => Shape {
            status: 201,
            ..gives(Answer::Json("Inspector"))
        },
        Action::Inspected => gives(Answer::Json("Inspected")),
        Action::EndInspect => nothing(None),
        Action::Schedule => Shape {
            query: &["tile", "limit"],
            ..gives(Answer::Json("Schedule"))
        },
    }
}

fn query_schema(name: &str) -> Json {
    match name {
        "limit" => json!({ "type": "integer", "minimum": 0, "maximum": 1000 }),
        _ => json!({ "type": "string" }),
    }
}

/// The answer where all is well; any other is a problem.
fn responses(status: u16, answer: &Answer) -> Json {
    let content = match answer {
        Answer::Json(name) => Some(content("application/json", name)),
        Answer::Text => Some(json!({ "text/plain": { "schema": { "type": "string" } } })),
        Answer::Events => Some(json!({ "text/event-stream": { "schema": { "type": "string" } } })),
        Answer::Nothing => None,
    };
    let mut good = json!({ "description": "Done" });
    if let Some(content) = content {
        good["content"] = content;
    }
    let problem = json!({
        "description": "What went wrong",
        "content": content_of_problem(),
    });
    json!({ status.to_string(): good, "4XX": problem, "5XX": problem })
}

fn content_of_problem() -> Json {
    content("application/problem+json", "Problem")
}

fn content(media: &str, name: &str) -> Json {
    json!({ media: { "schema": reference(name) } })
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Every schema by its name.
fn schemas() -> Map<String, Json> {
    let mut all = parsed(include_str!("openapi/schemas.json"));
    for kind in [Kind::Step, Kind::Outcome] {
        all.insert(
            kind.as_str().to_owned(),
            of_file(kind, kind.as_str()).into(),
        );
    }
    all.insert(
        "Webhook".to_owned(),
        written(Kind::Webhook, "Webhook").into(),
    );
    all.insert(
        "Journey".to_owned(),
        written(Kind::Journey, "Journey").into(),
    );
    all
}

/// A file's schema under another name, its references with it.
fn of_file(kind: Kind, name: &str) -> Map<String, Json> {
    let own = format!("\"#/components/schemas/{name}/$defs/");
    let text = schema(kind).replace("\"#/$defs/", &own);
    let mut schema = parsed(&text);
    schema.shift_remove("$schema");
    schema.shift_remove("$id");
    schema
}

/// A file as the API takes it: with its id, and secrets as text or as what they are.
fn written(kind: Kind, name: &str) -> Map<String, Json> {
    let mut schema = of_file(kind, name);
    schema["properties"]["id"] = reference("Id");
    if let Some(secret) = schema["$defs"].get_mut("secret") {
        *secret = json!({
            "description": "Text; or, for one that is set already and stays, where it is set.",
            "oneOf": [
                { "type": "string", "minLength": 1 },
                {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["set"],
                    "properties": { "set": { "enum": ["literal", "env", "file"] } },
                },
            ],
        });
    }
    schema
}

fn parsed(text: &str) -> Map<String, Json> {
    serde_json::from_str(text).expect("a document of this program's own")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Gateway;

    /// Every `$ref` of `json`.
    fn references(json: &Json, found: &mut Vec<String>) {
        match json {
            Json::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value) {
                        ("$ref", Json::String(to)) => found.push(to.clone()),
                        _ => references(value, found),
                    }
                }
            }
            Json::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_route_is_described() {
        let document = document(&Gateway::default().listen);
        let mut found = Vec::new();
        references(&document, &mut found);
        for to in &found {
            let pointer = to.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{to}");
        }
        for route in &ROUTES {
            let method = route.method.as_str().to_lowercase();
            assert!(
                document["paths"][route.path][method].is_object(),
                "{}",
                route.path
            );
        }
    }
}
