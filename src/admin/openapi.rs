//! `GET /openapi.json`: both doors as OpenAPI 3.1, made of the list that routes requests and of the
//! schemas that `stepgate schema` prints.
//!
//! It says of each operation every status that it can answer, and no other: `tests/it/openapi.rs`
//! holds it to that. Not in it: the console's files and what is sent to an inspector, which are for
//! browsers and for webhooks, and health, which answers in plain text.

mod answers;
mod nulls;
mod schemas;
mod shape;
mod steps;

use super::routes::{ROUTES, Route};
use crate::config::Listen;
use answers::responses;
use schemas::parsed;
use serde_json::{Map, Value as Json, json};
use shape::{Shape, gate, shape};

const DESCRIPTION: &str = "Journey steps in, webhook requests out, outcomes back; and the door for \
    people, on the admin listener. What goes wrong is said as a problem (RFC 9457), whose `type` is \
    a bare name. Before any operation has its say, what is no HTTP request is answered 400, one \
    whose head does not come in time 408, one whose head is too large 431; a path takes no other \
    methods than it has here (405, with `Allow`), and HEAD wherever it takes GET.";

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
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": format!("http://{}", listen.admin) }],
        "security": [{ "bearer": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "parameters": parsed(include_str!("openapi/parameters.json")),
            "headers": parsed(include_str!("openapi/headers.json")),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "stepgate_session" },
            },
        },
    })
}

fn operation(route: &Route) -> Json {
    let Shape {
        takes,
        parameters,
        good,
        refusals,
    } = shape(route.action);
    let own = refusals.iter().copied().flatten();
    let mut operation = json!({
        "operationId": format!("{:?}", route.action),
        "summary": route.summary,
        "responses": responses(&good, gate(route).chain(own)),
    });
    if !parameters.is_empty() {
        operation["parameters"] = referred(parameters);
    }
    if let Some(name) = takes {
        operation["requestBody"] =
            json!({ "required": true, "content": content("application/json", name) });
    }
    if route.role.is_none() {
        operation["security"] = json!([]);
    }
    operation
}

/// Parameters, by their names in `parameters.json`.
fn referred(names: &[&str]) -> Json {
    let parameter = |name: &&str| json!({ "$ref": format!("#/components/parameters/{name}") });
    names.iter().map(parameter).collect()
}

fn content(media: &str, name: &str) -> Json {
    json!({ media: { "schema": reference(name) } })
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[cfg(test)]
mod tests {
    use super::super::routes::{self, Asked};
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

    /// The parameters of `operation`, by their references.
    fn parameters<'d>(
        document: &'d Json,
        operation: &'d Json,
    ) -> impl Iterator<Item = &'d Json> + 'd {
        let referred = operation["parameters"].as_array().into_iter().flatten();
        referred.map(|it| {
            let pointer = it["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
            document.pointer(pointer).unwrap()
        })
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
            let operation = &document["paths"][route.path][&method];
            assert!(operation.is_object(), "{}", route.path);
            let in_path = parameters(&document, operation).filter(|it| it["in"] == "path");
            let names: Vec<_> = in_path.map(|it| it["name"].clone()).collect();
            let expected: &[&str] = match route.path.contains("{id}") {
                true => &["id"],
                false => &[],
            };
            assert_eq!(names, expected, "{}", route.path);
        }
    }

    #[test]
    fn nothing_of_the_admin_door_is_described_that_its_router_does_not_know() {
        let listen = Gateway::default().listen;
        let document = document(&listen);
        let of_steps = steps::paths(&listen);
        for (path, operations) in document["paths"].as_object().unwrap() {
            if of_steps.contains_key(path) {
                continue;
            }
            for method in operations.as_object().unwrap().keys() {
                let method = method.to_uppercase().parse().unwrap();
                let asked = routes::find(&method, path);
                let Asked::Route(route, _) = asked else {
                    panic!("{method} {path} is no route");
                };
                assert_eq!(route.path, path, "{method}");
            }
        }
    }
}
