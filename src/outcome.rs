//! An outcome on the wire: the JSON that answers a step.

use crate::model::{Captured, Outcome, Verdict, json, rfc3339};
use std::fmt::Write;

/// `outcome` as one JSON object on one line, without a newline.
pub fn to_json(outcome: &Outcome) -> Vec<u8> {
    let mut out = String::with_capacity(256);
    for part in [
        r#"{"id":""#,
        outcome.id.as_str(),
        r#"","outcome":""#,
        outcome.verdict.as_str(),
        "\"",
    ] {
        out.push_str(part);
    }
    let reason = outcome.failure.map(|reason| reason.as_str());
    words(&mut out, "reason", outcome.verdict.reason().or(reason));
    words(
        &mut out,
        "cause",
        outcome.verdict.cause().map(|c| c.as_str()),
    );
    if let Some(status) = outcome.status {
        number(&mut out, "status", status);
    }
    words(&mut out, "sent", outcome.sent.map(|sent| sent.as_str()));
    number(&mut out, "attempts", outcome.attempts);
    match &outcome.verdict {
        Verdict::Continue | Verdict::Exit(_) => {
            number(&mut out, "elapsedMs", outcome.elapsed.as_millis());
        }
        Verdict::Pending { due, .. } => {
            words(&mut out, "dueAt", due.map(rfc3339).as_deref());
        }
    }
    words(&mut out, "path", outcome.branch.map(|b| b.as_str()));
    if let Some(captured) = &outcome.captured {
        let (name, bytes) = match captured {
            Captured::Profile(bytes) => ("profile", bytes),
            Captured::LiveData(bytes) => ("liveData", bytes),
        };
        let text = std::str::from_utf8(bytes).expect("captured as JSON text");
        let _ = write!(out, r#","{name}":{text}"#);
    }
    for (at, warning) in outcome.warnings.iter().enumerate() {
        out.push_str(if at == 0 { r#","warnings":["# } else { "," });
        let (field, message) = (json::quote(&warning.field), json::quote(&warning.message));
        let _ = write!(out, r#"{{"field":{field},"message":{message}}}"#);
    }
    if !outcome.warnings.is_empty() {
        out.push(']');
    }
    out.push_str(r#","message":"#);
    json::quote_into(&mut out, &outcome.message);
    out.push('}');
    out.into_bytes()
}

/// `,"name":"text"`, for text that needs no escape.
fn words(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        for part in [",\"", name, "\":\"", text, "\""] {
            out.push_str(part);
        }
    }
}

fn number(out: &mut String, name: &str, value: impl itoa::Integer) {
    for part in [",\"", name, "\":", itoa::Buffer::new().format(value)] {
        out.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Branch, Cause, ExitReason, PendingReason, Sent, StepId, StepWarning, Target, WebhookId,
    };
    use std::time::Duration;

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome {
            id: StepId::new("01J").unwrap(),
            target: Target::Webhook(WebhookId::new("w").unwrap()),
            verdict,
            status: None,
            attempts: 1,
            elapsed: Duration::from_millis(12),
            sent: None,
            message: "It \"went\".".into(),
            captured: None,
            branch: None,
            failure: None,
            warnings: Vec::new(),
        }
    }

    fn text(outcome: &Outcome) -> String {
        String::from_utf8(to_json(outcome)).unwrap()
    }

    #[test]
    fn a_final_outcome_says_how_long_it_took() {
        let done = Outcome {
            status: Some(200),
            ..outcome(Verdict::Continue)
        };
        assert_eq!(
            text(&done),
            r#"{"id":"01J","outcome":"continue","status":200,"attempts":1,"elapsedMs":12,"message":"It \"went\"."}"#
        );
    }

    #[test]
    fn a_pending_outcome_says_when_it_is_due() {
        let due = Some("2026-11-23T10:03:00.5Z".parse().unwrap());
        let reason = PendingReason::Retry(Some(Cause::Timeout));
        let pending = Outcome {
            sent: Some(Sent::Unknown),
            ..outcome(Verdict::Pending { reason, due })
        };
        assert_eq!(
            text(&pending),
            r#"{"id":"01J","outcome":"pending","reason":"retry","cause":"timeout","sent":"unknown","attempts":1,"dueAt":"2026-11-23T10:03:00.500Z","message":"It \"went\"."}"#
        );
    }

    #[test]
    fn a_live_data_outcome_says_its_path_its_data_and_its_warnings() {
        let live = Outcome {
            captured: Some(Captured::LiveData(r#"{"o":{"p":1.10}}"#.into())),
            branch: Some(Branch::Success),
            warnings: vec![StepWarning {
                field: "q".into(),
                message: "m".into(),
            }],
            ..outcome(Verdict::Continue)
        };
        assert_eq!(
            text(&live),
            r#"{"id":"01J","outcome":"continue","attempts":1,"elapsedMs":12,"path":"success","liveData":{"o":{"p":1.10}},"warnings":[{"field":"q","message":"m"}],"message":"It \"went\"."}"#
        );
    }

    #[test]
    fn a_failure_branch_goes_on_and_says_why() {
        let failed = Outcome {
            branch: Some(Branch::Failure),
            failure: Some(ExitReason::Status),
            status: Some(404),
            ..outcome(Verdict::Continue)
        };
        assert_eq!(
            text(&failed),
            r#"{"id":"01J","outcome":"continue","reason":"status","status":404,"attempts":1,"elapsedMs":12,"path":"failure","message":"It \"went\"."}"#
        );
    }
}
