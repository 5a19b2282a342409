//! An outcome on the wire: the JSON that answers a step.

use crate::model::Outcome;

/// `outcome` as one JSON object, without a newline.
pub fn to_json(outcome: &Outcome) -> Vec<u8> {
    format!(r#"{{"id":"{}"}}"#, outcome.id).into_bytes()
}
