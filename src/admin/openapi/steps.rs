//! The steps' door, as the document has it: on other addresses than the rest.

use super::{Answer, content, content_of_problem, reference, responses};
use crate::config::Listen;
use serde_json::{Map, Value as Json, json};

/// Its paths.
pub(super) fn paths(listen: &Listen) -> Map<String, Json> {
    let servers = listen.http.iter();
    let servers: Vec<_> = servers
        .map(|at| json!({ "url": format!("http://{at}") }))
        .collect();
    let security = match listen.token {
        Some(_) => json!([{ "bearer": [] }]),
        None => json!([]),
    };
    let id = json!({
        "name": "id", "in": "path", "required": true,
        "schema": { "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" },
    });
    let mut paths = Map::new();
    let mut path = |at: &str, mut operations: Json| {
        operations["servers"] = servers.clone().into();
        for name in ["get", "post", "delete"] {
            if let Some(operation) = operations.get_mut(name) {
                operation["security"] = security.clone();
            }
        }
        paths.insert(at.to_owned(), operations);
    };
    path("/v1/steps", json!({ "post": step() }));
    path(
        "/v1/steps/{id}",
        json!({
            "parameters": [id],
            "get": {
                "operationId": "State",
                "summary": "What is known of a step",
                "responses": responses(200, &Answer::Json("outcome")),
            },
            "delete": {
                "operationId": "Forget",
                "summary": "Cancel a step that waits, and forget it",
                "responses": responses(204, &Answer::Nothing),
            },
        }),
    );
    path("/v1/outcomes", json!({ "get": outcomes() }));
    path(
        "/v1/outcomes/ack",
        json!({
            "post": {
                "operationId": "Ack",
                "summary": "Acknowledge outcomes up to a cursor",
                "requestBody": { "required": true, "content": content("application/json", "Ack") },
                "responses": responses(204, &Answer::Nothing),
            },
        }),
    );
    paths
}

fn step() -> Json {
    let batch = json!({ "schema": { "type": "string", "description": "One step a line." } });
    let mut body = content("application/json", "step");
    body["application/json"]["examples"] = json!({
        "a tile": { "value": {
            "tile": "welcome/trigger", "email": "test.user@example.com",
            "dataFields": { "promotionId": 123, "color": "red" },
        } },
    });
    body["application/x-ndjson"] = batch.clone();
    let outcome = |text: &str| {
        json!({
            "description": text,
            "content": { "application/json": { "schema": reference("outcome") }, "application/x-ndjson": batch.clone() },
        })
    };
    let problem =
        json!({ "description": "Not taken, or not a step", "content": content_of_problem() });
    json!({
        "operationId": "Step",
        "summary": "Take a step, or a batch of steps, one a line",
        "parameters": [{
            "name": "Prefer", "in": "header",
            "description": "`respond-async`, or `wait=N` seconds (RFC 7240).",
            "schema": { "type": "string" },
        }],
        "requestBody": { "required": true, "content": body },
        "responses": {
            "200": outcome("Its final outcome; or, of a batch, outcomes as they finish"),
            "202": outcome("It waits, or goes on"),
            "4XX": problem,
            "5XX": problem,
        },
    })
}

fn outcomes() -> Json {
    let parameter =
        |name: &str, schema: Json| json!({ "name": name, "in": "query", "schema": schema });
    json!({
        "operationId": "Outcomes",
        "summary": "Final outcomes of steps that were made durable, oldest first",
        "parameters": [
            parameter("group", json!({ "type": "string" })),
            parameter("after", json!({ "type": "string" })),
            parameter("limit", json!({ "type": "integer", "minimum": 1, "maximum": 1000 })),
            parameter("wait", json!({ "type": "integer", "minimum": 0, "maximum": 60 })),
        ],
        "responses": responses(200, &Answer::Json("Outcomes")),
    })
}
