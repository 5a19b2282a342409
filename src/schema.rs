//! What files, steps and outcomes look like, as JSON Schema (draft 2020-12).
//!
//! The schemas are written by hand, for people who read them in an editor; `tests/it/schema.rs`
//! holds them to the contract. They say what one document can say of itself: not whether a tile's
//! webhook exists, a template parses, or an address may be called. `stepgate check` does.

/// What can be described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The process: `conf/gateway.toml`.
    Gateway,
    /// One file of `conf/webhooks`.
    Webhook,
    /// One file of `conf/journeys`.
    Journey,
    /// The body of `POST /v1/steps`.
    Step,
    /// Its answer.
    Outcome,
}

// === impl Kind ===

impl Kind {
    /// All of them, in the order that a reader meets them.
    pub const ALL: [Self; 5] = [
        Self::Gateway,
        Self::Webhook,
        Self::Journey,
        Self::Step,
        Self::Outcome,
    ];

    /// As on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Webhook => "webhook",
            Self::Journey => "journey",
            Self::Step => "step",
            Self::Outcome => "outcome",
        }
    }
}

/// The schema of one kind, as pretty JSON that ends with a newline.
pub const fn schema(kind: Kind) -> &'static str {
    match kind {
        Kind::Gateway => include_str!("schema/gateway.json"),
        Kind::Webhook => include_str!("schema/webhook.json"),
        Kind::Journey => include_str!("schema/journey.json"),
        Kind::Step => include_str!("schema/step.json"),
        Kind::Outcome => include_str!("schema/outcome.json"),
    }
}

/// All schemas in one document: each stands under its name in `$defs`, with an `$id` of its own.
pub fn bundle() -> String {
    let members: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| {
            let schema = schema(*kind).trim_end().replace('\n', "\n    ");
            format!("    \"{}\": {schema}", kind.as_str())
        })
        .collect();
    format!(
        "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \
         \"$id\": \"urn:stepgate:schema\",\n  \"$defs\": {{\n{}\n  }}\n}}\n",
        members.join(",\n")
    )
}
