//! The document at `/openapi.json` and what answers: each operation is there, its door takes nothing
//! else, and whatever is sent is answered as the document says.

mod schemathesis;

use crate::support::client::{Answer, Client};
use crate::support::endpoint::{Endpoint, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;

/// A gateway that has what the document's examples name: a webhook `crm` and a journey `welcome`.
struct Fixture {
    gateway: Gateway,
    _endpoint: Endpoint,
}

/// One operation of the document.
struct Operation<'a> {
    method: String,
    path: &'a str,
    described: &'a Value,
    is_of_steps: bool,
}

// === impl Fixture ===

impl Fixture {
    fn start() -> Self {
        let endpoint = Endpoint::replying([reply(200)]);
        let gateway = Stage::new()
            .set("admin.token", "'token-of-admin'")
            .set("log.level", "'error'")
            // What the examples call is here, so that nothing is sent anywhere else.
            .set("egress.resolve", "{ 'api.example.com' = '127.0.0.1' }")
            .webhook("crm", webhook("POST", &at(&endpoint, "/crm"), ""))
            .journey(
                "welcome",
                "workflow_id = 7\nname = \"Welcome\"\n\n[[tiles]]\nid = \"crm\"\n\
                 type = \"webhook\"\nwebhook = \"crm\"\n",
            )
            .start();
        Self {
            gateway,
            _endpoint: endpoint,
        }
    }

    fn document(&self) -> Value {
        let answer = self.gateway.admin_with("/openapi.json", "token-of-admin");
        assert_eq!(answer.status, 200);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// What the door of `operation` says to `method`, without a body.
    fn ask(&self, method: &str, path: &str, is_of_steps: bool) -> Answer {
        let door = match is_of_steps {
            true => self.gateway.http,
            false => self.gateway.door,
        };
        Client::to(door).ask(format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\
             Authorization: Bearer token-of-admin\r\n\r\n"
        ))
    }
}

// === impl Operation ===

impl Operation<'_> {
    /// Its path, with the examples of the document in it.
    fn filled(&self, document: &Value) -> String {
        let parameters = self.described["parameters"].as_array();
        let parameters = parameters.into_iter().flatten();
        let resolved = parameters.map(|it| {
            let pointer = it["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
            document.pointer(pointer).unwrap()
        });
        resolved
            .filter(|it| it["in"] == "path")
            .fold(self.path.to_owned(), |path, it| {
                let name = format!("{{{}}}", it["name"].as_str().unwrap());
                path.replace(&name, it["example"].as_str().unwrap())
            })
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let members = item.as_object().unwrap().iter();
        let operations = members.filter(|(name, _)| *name != "servers");
        operations.map(move |(method, described)| Operation {
            method: method.to_uppercase(),
            path,
            described,
            is_of_steps: item.get("servers").is_some(),
        })
    });
    all.collect()
}

#[test]
fn every_operation_of_the_document_is_one_that_its_door_knows() {
    let fixture = Fixture::start();
    let document = fixture.document();

    let operations = operations(&document);
    for operation in &operations {
        let path = operation.filled(&document);
        let answer = fixture.ask(&operation.method, &path, operation.is_of_steps);

        let (case, status) = (format!("{} {path}", operation.method), answer.status);
        let described = &operation.described["responses"][status.to_string()];
        assert!(described.is_object(), "{case}: {status}: {}", answer.body);
        let nothing = "there is nothing at this path";
        assert!(!answer.body.contains(nothing), "{case}: {}", answer.body);
    }
    assert!(operations.len() > 25, "the document is empty");
}

#[test]
fn a_method_that_the_document_does_not_have_is_not_allowed_and_those_that_it_has_are() {
    let fixture = Fixture::start();
    let document = fixture.document();

    let operations = operations(&document);
    for operation in &operations {
        let path = operation.filled(&document);
        let answer = fixture.ask("PATCH", &path, operation.is_of_steps);

        let allowed = answer.header("allow").unwrap_or_default();
        let allowed: BTreeSet<&str> = allowed.split(", ").collect();
        assert_eq!(answer.problem(), (405, "method-not-allowed".to_owned()));
        assert!(
            allowed.contains(&*operation.method),
            "{path}: {} is not among {allowed:?}",
            operation.method
        );
    }
}

#[test]
fn a_sign_in_answers_with_the_cookie_that_the_document_describes() {
    let fixture = Fixture::start();
    let document = fixture.document();
    let body = r#"{"token":"token-of-admin"}"#;

    let answer = Client::to(fixture.gateway.door).ask(format!(
        "POST /admin/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));

    let described = "/components/headers/Set-Cookie/schema/pattern";
    let pattern = document.pointer(described).unwrap().as_str().unwrap();
    let cookie = answer.header("set-cookie").unwrap();
    assert_eq!(answer.status, 204);
    assert!(Regex::new(pattern).unwrap().is_match(cookie), "{cookie}");
}

#[test]
fn whatever_is_sent_to_the_admin_api_is_answered_as_the_document_says() {
    let fixture = Fixture::start();

    let doors = ["--exclude-path-regex", "^/v1/"];
    let found = schemathesis::run("admin.toml", &fixture.gateway, &doors);

    found.unwrap_or_else(|found| panic!("{found}"));
}

#[test]
fn whatever_is_sent_to_the_steps_door_is_answered_as_the_document_says() {
    let fixture = Fixture::start();

    let steps = format!("http://{}", fixture.gateway.http);
    let doors = ["--include-path-regex", "^/v1/", "--url", &steps];
    let found = schemathesis::run("steps.toml", &fixture.gateway, &doors);

    found.unwrap_or_else(|found| panic!("{found}"));
}
