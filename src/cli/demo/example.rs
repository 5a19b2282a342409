//! The steps that the demonstration sends: a user on the way through the Welcome Sequence.

use serde_json::Value;

/// One step, and what must come of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Example {
    pub(super) title: &'static str,
    /// The body of `POST /v1/steps`.
    pub(super) step: &'static str,
    /// What the outcome must hold at least, as a JSON object.
    pub(super) expected: &'static str,
}

/// The steps of `conf/journeys/welcome.toml`, in the order that they are sent.
pub(super) const EXAMPLES: [Example; 7] = [
    Example {
        title: "A POST with the data that triggered the journey",
        step: r#"{"tile":"welcome/trigger","email":"test.user@example.com","dataFields":{"promotionId":123,"color":"red"}}"#,
        expected: CONTINUE,
    },
    Example {
        title: "A PUT with two fields of the user's profile",
        step: r#"{"tile":"welcome/profile-sync","email":"user@example.com","profile":{"city":"San Francisco","state":"California"},"dataFields":{"promotionId":123,"color":"red"}}"#,
        expected: CONTINUE,
    },
    Example {
        title: "A User Profile tile: a GET whose answer updates the profile",
        step: r#"{"tile":"welcome/enrich","email":"user@example.com"}"#,
        expected: r#"{"outcome":"continue","status":200,"profile":{"firstName":"Test","lastName":"User"}}"#,
    },
    Example {
        title: "A button click, told to an attribution platform",
        step: r#"{"tile":"welcome/attribution","email":"test.user@example.com","dataFields":{"promotionId":123,"color":"red","buttonName":"Claim offer","buttonUrl":"https://example.com/spring-sale"}}"#,
        expected: CONTINUE,
    },
    Example {
        title: "The same click, with a custom body merged in",
        step: r#"{"tile":"welcome/claim-offer","email":"test.user@example.com","dataFields":{"promotionId":123,"color":"red","buttonName":"Claim offer","buttonUrl":"https://example.com/spring-sale"}}"#,
        expected: CONTINUE,
    },
    Example {
        title: "A webhook with OAuth 2.0: first the token, then the request",
        step: r#"{"tile":"welcome/crm","email":"test.user@example.com","dataFields":{"promotionId":123}}"#,
        expected: CONTINUE,
    },
    Example {
        title: "A Live Data tile: fields of the answer go into the journey",
        step: r#"{"tile":"welcome/live-offer","email":"test.user@example.com","dataFields":{"promotionId":123}}"#,
        expected: r#"{"outcome":"continue","status":200,"path":"success"}"#,
    },
];

const CONTINUE: &str = r#"{"outcome":"continue","status":200}"#;

// === impl Example ===

impl Example {
    /// Whether `outcome`, the JSON that answered, holds what was expected.
    pub(super) fn is_met_by(&self, outcome: &[u8]) -> bool {
        let expected: Value = serde_json::from_str(self.expected).expect("JSON: a test reads it");
        let Ok(outcome) = serde_json::from_slice::<Value>(outcome) else {
            return false;
        };
        let members = expected.as_object().into_iter().flatten();
        members
            .into_iter()
            .all(|(key, value)| outcome.get(key) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Step;

    #[test]
    fn every_example_is_a_step_and_expects_an_object() {
        for example in EXAMPLES {
            let step = Step::parse(example.step.into());
            assert_eq!(step.map(|step| step.named), Ok(false), "{}", example.title);
            let expected = serde_json::from_str::<Value>(example.expected).unwrap();
            assert!(expected.is_object(), "{}", example.title);
        }
    }

    #[test]
    fn an_outcome_may_say_more_than_expected_but_not_other() {
        let example = Example {
            title: "",
            step: "",
            expected: CONTINUE,
        };
        for (outcome, met) in [
            (
                r#"{"id":"1","outcome":"continue","status":200,"attempts":1}"#,
                true,
            ),
            (r#"{"outcome":"continue","status":201}"#, false),
            (r#"{"outcome":"continue"}"#, false),
            (r#"{"type":"unknown-tile","status":404}"#, false),
            ("", false),
        ] {
            assert_eq!(example.is_met_by(outcome.as_bytes()), met, "{outcome}");
        }
    }
}
