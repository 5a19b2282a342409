//! One outcome: its counters, its place in the histogram, its one log line.

use super::Telemetry;
use super::metrics::Decision;
use crate::model::{Cause, ExitReason, Outcome, Sent, Target, Verdict};
use tracing::info;

// === impl Telemetry ===

impl Telemetry {
    /// Counts `outcome`, tells it to whoever reads along, and writes its one log line. Call it once
    /// for each outcome that is answered or reported.
    pub fn record(&self, outcome: &Outcome) {
        let verdict = &outcome.verdict;
        self.0.metrics.outcomes.inc(&Decision {
            outcome: verdict.as_str(),
            reason: verdict.reason().unwrap_or_default(),
            cause: verdict.cause().map_or("", Cause::as_str),
        });
        if exists(outcome) {
            self.0
                .metrics
                .targets
                .inc(&(outcome.target.clone(), verdict.as_str()));
        }
        self.0.metrics.step_seconds.observe(outcome.elapsed);
        self.0.tap.tell(outcome);
        line(outcome);
    }
}

/// Whether the target is one of the configuration: a caller may make up others without end.
fn exists(outcome: &Outcome) -> bool {
    !matches!(
        outcome.verdict,
        Verdict::Exit(ExitReason::UnknownTile | ExitReason::UnknownWebhook)
    )
}

fn line(outcome: &Outcome) {
    let (tile, webhook) = match &outcome.target {
        Target::Tile(tile) => (Some(tile.as_str()), None),
        Target::Webhook(webhook) => (None, Some(webhook.as_str())),
    };
    let verdict = &outcome.verdict;
    info!(
        // Not the outcome's own message: it can name a host, which a template can make of an email.
        message = match verdict {
            Verdict::Continue => "the user continues",
            Verdict::Exit(_) => "the user exits",
            Verdict::Pending { .. } => "the step waits",
        },
        id = outcome.id.as_str(),
        tile,
        webhook,
        outcome = verdict.as_str(),
        reason = verdict.reason(),
        cause = verdict.cause().map(Cause::as_str),
        status = outcome.status,
        attempts = outcome.attempts,
        elapsed_ms = u64::try_from(outcome.elapsed.as_millis()).unwrap_or(u64::MAX),
        sent = outcome.sent.map(Sent::as_str),
    );
}

#[cfg(test)]
mod tests {
    use super::super::lines::JsonLines;
    use super::super::sink::Sink;
    use super::*;
    use crate::model::{StepId, TileRef, WebhookId};
    use std::time::Duration;
    use tracing_subscriber::fmt;

    fn outcome(target: Target, verdict: Verdict) -> Outcome {
        Outcome {
            id: StepId::new("s-1").unwrap(),
            target,
            verdict,
            status: Some(404),
            attempts: 1,
            elapsed: Duration::from_millis(12),
            sent: None,
            message: "The endpoint answered 404.".to_owned(),
            captured: None,
            branch: None,
            failure: None,
            warnings: Vec::new(),
        }
    }

    fn tile() -> Target {
        Target::Tile(TileRef::new("welcome/offer").unwrap())
    }

    #[test]
    fn an_outcome_is_one_line_of_json() {
        let sink = Sink::default();
        let subscriber = fmt()
            .event_format(JsonLines { timed: false })
            .with_writer(sink.clone())
            .finish();

        tracing::subscriber::with_default(subscriber, || {
            let outcome = outcome(tile(), Verdict::Exit(ExitReason::Status));
            // A test beside this one may have made the line known while nobody listened.
            line(&outcome);
            tracing::callsite::rebuild_interest_cache();
            Telemetry::default().record(&outcome);
        });

        let text = sink.text();
        assert_eq!(
            text.lines().last(),
            Some(concat!(
                r#"{"level":"INFO","message":"the user exits","id":"s-1","#,
                r#""tile":"welcome/offer","outcome":"exit","reason":"status","status":404,"#,
                r#""attempts":1,"elapsed_ms":12,"target":"stepgate::telemetry::record"}"#,
            ))
        );
    }

    #[test]
    fn an_outcome_is_counted_by_decision_and_by_target_unless_the_target_is_made_up() {
        let telemetry = Telemetry::default();
        let webhook = Target::Webhook(WebhookId::new("made-up").unwrap());
        telemetry.record(&outcome(tile(), Verdict::Exit(ExitReason::Status)));
        telemetry.record(&outcome(tile(), Verdict::Exit(ExitReason::Status)));
        telemetry.record(&outcome(webhook, Verdict::Exit(ExitReason::UnknownWebhook)));

        let text = telemetry.metrics();

        let mut samples: Vec<_> = text
            .lines()
            .filter(|l| l.contains("outcomes_total"))
            .collect();
        samples.sort_unstable();
        assert_eq!(
            samples,
            [
                r#"stepgate_outcomes_total{outcome="exit",reason="status",cause=""} 2"#,
                r#"stepgate_outcomes_total{outcome="exit",reason="unknown_webhook",cause=""} 1"#,
                r#"stepgate_target_outcomes_total{target="welcome/offer",outcome="exit"} 2"#,
            ]
        );
        assert!(
            text.contains("stepgate_step_seconds_bucket{le=\"0.025\"} 3\n"),
            "{text}"
        );
        assert!(
            text.contains("stepgate_step_seconds_bucket{le=\"+Inf\"} 3\n"),
            "{text}"
        );
        assert!(text.contains("stepgate_step_seconds_count 3\n"), "{text}");
        assert!(text.contains("stepgate_step_seconds_sum 0.036\n"), "{text}");
    }
}
