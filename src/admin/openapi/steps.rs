//! The steps' door, as the document has it: on other addresses than the rest.

mod refusals;

use super::answers::{Body, Good, Refusal, responses};
use super::{content, reference, referred};
use crate::config::Listen;
use refusals::{ACKNOWLEDGING, BODY, DOWN, NOT_TAKEN, READING, STRANGER, UNKNOWN_STEP};
use serde_json::{Map, Value as Json, json};

/// One operation of this door.
struct Operation {
    name: &'static str,
    summary: &'static str,
    parameters: &'static [&'static str],
    /// The name of its body's schema.
    takes: Option<&'static str>,
    good: Good,
    refusals: &'static [&'static [Refusal]],
}

const STEP: Operation = Operation {
    name: "Step",
    summary: "Take a step, or a batch of steps, one a line",
    parameters: &["Prefer"],
    takes: Some("step"),
    good: json_of(200, "outcome"),
    refusals: &[BODY, NOT_TAKEN, DOWN],
};

const STATE: Operation = Operation {
    name: "State",
    summary: "What is known of a step",
    parameters: &["StepId"],
    takes: None,
    good: json_of(200, "outcome"),
    refusals: &[UNKNOWN_STEP, DOWN],
};

const FORGET: Operation = Operation {
    name: "Forget",
    summary: "Cancel a step that waits, and forget it",
    parameters: &["StepId"],
    takes: None,
    good: NOTHING,
    refusals: &[UNKNOWN_STEP, DOWN],
};

const OUTCOMES: Operation = Operation {
    name: "Outcomes",
    summary: "Final outcomes of steps that were made durable, oldest first",
    parameters: &["Group", "After", "PageLimit", "Wait"],
    takes: None,
    good: json_of(200, "Outcomes"),
    refusals: &[READING, DOWN],
};

const ACK: Operation = Operation {
    name: "Ack",
    summary: "Acknowledge outcomes up to a cursor",
    parameters: &[],
    takes: Some("Ack"),
    good: NOTHING,
    refusals: &[BODY, ACKNOWLEDGING, DOWN],
};

const NOTHING: Good = Good {
    status: 204,
    body: Body::Nothing,
    headers: &[],
};

const fn json_of(status: u16, schema: &'static str) -> Good {
    Good {
        status,
        body: Body::Json(schema),
        headers: &[],
    }
}

/// Its paths.
pub(super) fn paths(listen: &Listen) -> Map<String, Json> {
    let servers = listen.http.iter();
    let servers: Vec<_> = servers
        .map(|at| json!({ "url": format!("http://{at}") }))
        .collect();
    let needs_token = listen.token.is_some();
    let path = |operations: &[(&str, Json)]| {
        let mut path = json!({ "servers": servers });
        for (method, operation) in operations {
            path[*method] = operation.clone();
        }
        path
    };
    let one = path(&[
        ("get", STATE.json(needs_token)),
        ("delete", FORGET.json(needs_token)),
    ]);
    Map::from_iter([
        ("/v1/steps".to_owned(), path(&[("post", step(needs_token))])),
        ("/v1/steps/{id}".to_owned(), one),
        (
            "/v1/outcomes".to_owned(),
            path(&[("get", OUTCOMES.json(needs_token))]),
        ),
        (
            "/v1/outcomes/ack".to_owned(),
            path(&[("post", ACK.json(needs_token))]),
        ),
    ])
}

// === impl Operation ===

impl Operation {
    fn json(&self, needs_token: bool) -> Json {
        let gate = needs_token.then_some(STRANGER).into_iter();
        let refusals = gate.chain(self.refusals.iter().copied()).flatten();
        let security = match needs_token {
            true => json!([{ "bearer": [] }]),
            false => json!([]),
        };
        let mut operation = json!({
            "operationId": self.name,
            "summary": self.summary,
            "security": security,
            "responses": responses(&self.good, refusals),
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = referred(self.parameters);
        }
        if let Some(name) = self.takes {
            operation["requestBody"] =
                json!({ "required": true, "content": content("application/json", name) });
        }
        operation
    }
}

/// A step, and what it has besides: batches, and an answer before it is done.
fn step(needs_token: bool) -> Json {
    let mut operation = STEP.json(needs_token);
    let lines = |what: &str, example: &str| // No type: JSON Schema has no word for texts of which each line is one.
        json!({ "schema": { "description": what }, "example": example });
    operation["requestBody"]["content"]["application/x-ndjson"] = lines(
        "One step a line.",
        "{\"webhook\":\"crm\"}\n{\"webhook\":\"crm\"}\n",
    );
    let answers = &mut operation["responses"];
    answers["200"]["description"] =
        "Its final outcome; or, of a batch, outcomes as they finish.".into();
    answers["200"]["content"]["application/x-ndjson"] = lines(
        "One outcome a line, each with its `line`; of a line that is no step, `{\"line\", \"error\"}`.",
        "{\"line\":1,\"id\":\"order-1001\",\"outcome\":\"continue\",\"status\":200}\n",
    );
    let applied = json!({ "$ref": "#/components/headers/Preference-Applied" });
    answers["202"] = json!({
        "description": "It waits, or goes on.",
        "content": { "application/json": { "schema": reference("outcome") } },
        "headers": { "Preference-Applied": applied },
    });
    answers["200"]["headers"] = json!({ "Preference-Applied": applied });
    if let Some(answers) = answers.as_object_mut() {
        answers.sort_keys();
    }
    operation
}
