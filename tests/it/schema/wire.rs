//! What goes over the wire: steps and outcomes.

use super::check::faults;
use super::read;
use serde_json::json;
use stepgate::model::{Cause, ExitReason, PendingReason};
use stepgate::schema::Kind;

#[test]
fn a_step_names_a_tile_or_a_webhook_and_null_is_as_absent() {
    let schema = read(Kind::Step);
    let whole = json!({"id": "01J", "tile": "welcome/claim-offer", "email": "test.user@example.com",
        "userId": "u1", "profile": {"city": "San Francisco"}, "dataFields": {"promotionId": 123},
        "liveData": {"offer": {"price": 12}}, "workflowId": 1, "expiresAt": null, "other": []});
    for good in [
        whole,
        json!({"webhook": "attribution", "tile": null}),
        json!({"tile": "a/b", "webhook": null, "profile": null}),
    ] {
        assert_eq!(faults(&schema, &good), [""; 0], "{good}");
    }
    for (bad, fault) in [
        (json!([]), vec![": type", ": oneOf"]),
        (json!({}), vec![": oneOf"]),
        (json!({"tile": "a/b", "webhook": "c"}), vec![": oneOf"]),
        (json!({"tile": "a"}), vec!["/tile: pattern"]),
        (json!({"tile": "a/b", "id": "a b"}), vec!["/id: pattern"]),
        (
            json!({"tile": "a/b", "profile": []}),
            vec!["/profile: type"],
        ),
    ] {
        assert_eq!(faults(&schema, &bad), fault, "{bad}");
    }
}

#[test]
fn an_outcome_has_a_reason_unless_it_is_continue() {
    let schema = read(Kind::Outcome);
    for good in [
        json!({"id": "01J", "outcome": "continue", "status": 200, "attempts": 1, "elapsedMs": 12}),
        json!({"id": "01J", "outcome": "exit", "reason": "status", "status": 404, "attempts": 1}),
        json!({"id": "01J", "outcome": "pending", "reason": "retry", "cause": "timeout",
            "dueAt": "2026-11-23T10:03:00.000Z", "sent": "unknown"}),
        json!({"id": "01J", "outcome": "continue", "path": "success",
            "liveData": {"offer": {"price": 12}}, "warnings": [{"field": "a", "message": "b"}]}),
    ] {
        assert_eq!(faults(&schema, &good), [""; 0], "{good}");
    }
    for bad in [
        json!({"id": "01J", "outcome": "continue", "reason": "status"}),
        json!({"id": "01J", "outcome": "exit"}),
        json!({"id": "01J", "outcome": "exit", "reason": "retry"}),
        json!({"id": "01J", "outcome": "pending", "reason": "expired"}),
    ] {
        assert_eq!(faults(&schema, &bad), [": oneOf"], "{bad}");
    }
}

#[test]
fn every_reason_and_cause_of_an_outcome_is_in_its_schema() {
    let schema = read(Kind::Outcome);
    let exit = [
        ExitReason::Status,
        ExitReason::Timeout,
        ExitReason::ConnectionLost,
        ExitReason::TlsError,
        ExitReason::InvalidUrl,
        ExitReason::BlockedAddress,
        ExitReason::TokenFetchFailed,
        ExitReason::Unauthorized,
        ExitReason::InvalidResponse,
        ExitReason::ResponseTooLarge,
        ExitReason::TemplateError,
        ExitReason::UnknownTile,
        ExitReason::UnknownWebhook,
        ExitReason::Expired,
        ExitReason::RetriesExhausted(None),
    ]
    .map(ExitReason::as_str);
    let pending = [
        PendingReason::Retry(None),
        PendingReason::RateLimit,
        PendingReason::Busy,
        PendingReason::Async,
        PendingReason::InFlight,
    ]
    .map(PendingReason::as_str);
    let cause = [
        Cause::Timeout,
        Cause::DnsFailed,
        Cause::ConnectFailed,
        Cause::ConnectionLost,
        Cause::ProtocolError,
    ]
    .map(Cause::as_str);

    assert_eq!(
        schema["oneOf"][1]["properties"]["reason"]["enum"],
        json!(exit)
    );
    assert_eq!(
        schema["oneOf"][2]["properties"]["reason"]["enum"],
        json!(pending)
    );
    assert_eq!(schema["properties"]["cause"]["enum"], json!(cause));
}
