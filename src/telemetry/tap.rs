//! Outcomes as they come, for whoever reads along.
//!
//! A step pays for readers only while there are any, and never waits for one: a reader that does
//! not keep up loses events, and is told how many. What is told is what the log line says; the
//! text is made by the first reader, not by the step, and read by all.

use super::Telemetry;
use crate::model::{Cause, Outcome, StepId, Target, rfc3339};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender};

/// Events that wait for the slowest reader.
const ROOM: usize = 1024;

/// Where outcomes are told.
#[derive(Debug)]
pub(super) struct Tap {
    sender: Sender<Arc<Event>>,
    /// Asked for each step: the channel's own count is behind its lock.
    readers: Arc<AtomicUsize>,
}

/// One outcome, without anything of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub at: Timestamp,
    pub id: StepId,
    pub target: Target,
    /// In the words of the wire, as `reason` and `cause` are.
    pub outcome: &'static str,
    pub reason: Option<&'static str>,
    pub cause: Option<&'static str>,
    pub status: Option<u16>,
    pub attempts: u32,
    pub elapsed: Duration,
    /// Itself as JSON, once somebody has read it.
    json: OnceLock<String>,
}

/// What a reader hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Event(Arc<Event>),
    /// So many events came and went unread.
    Lost(u64),
}

/// A reader. Dropping it is leaving.
#[derive(Debug)]
pub struct Tail {
    receiver: Receiver<Arc<Event>>,
    readers: Arc<AtomicUsize>,
}

/// An event as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    at: String,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<&'a str>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    attempts: u32,
    elapsed_ms: u64,
}

// === impl Telemetry ===

impl Telemetry {
    /// Reads along from now on.
    pub fn tail(&self) -> Tail {
        let tap = &self.0.tap;
        let receiver = tap.sender.subscribe();
        tap.readers.fetch_add(1, Ordering::Relaxed);
        Tail {
            receiver,
            readers: tap.readers.clone(),
        }
    }
}

// === impl Tap ===

impl Default for Tap {
    fn default() -> Self {
        Self {
            sender: Sender::new(ROOM),
            readers: Arc::default(),
        }
    }
}

impl Tap {
    /// Tells `outcome` to the readers.
    pub(super) fn tell(&self, outcome: &Outcome) {
        if self.readers.load(Ordering::Relaxed) > 0 {
            self.tell_readers(outcome);
        }
    }

    #[cold]
    fn tell_readers(&self, outcome: &Outcome) {
        let event = Event::of(outcome, Timestamp::now());
        // It fails when the last reader has just left.
        let _ = self.sender.send(Arc::new(event));
    }
}

// === impl Event ===

impl Event {
    fn of(outcome: &Outcome, at: Timestamp) -> Self {
        let verdict = &outcome.verdict;
        Self {
            at,
            id: outcome.id.clone(),
            target: outcome.target.clone(),
            outcome: verdict.as_str(),
            reason: verdict.reason(),
            cause: verdict.cause().map(Cause::as_str),
            status: outcome.status,
            attempts: outcome.attempts,
            elapsed: outcome.elapsed,
            json: OnceLock::new(),
        }
    }

    /// One JSON object on one line, without a newline.
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| self.to_json())
    }

    fn to_json(&self) -> String {
        let (tile, webhook) = match &self.target {
            Target::Tile(tile) => (Some(tile.as_str()), None),
            Target::Webhook(webhook) => (None, Some(webhook.as_str())),
        };
        let line = Line {
            at: rfc3339(self.at),
            id: self.id.as_str(),
            tile,
            webhook,
            outcome: self.outcome,
            reason: self.reason,
            cause: self.cause,
            status: self.status,
            attempts: self.attempts,
            elapsed_ms: u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        serde_json::to_string(&line).expect("strings and numbers serialize")
    }
}

// === impl Tail ===

impl Tail {
    /// Waits for what comes next; none when nothing more can come. May be dropped at any time.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.receiver.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(RecvError::Lagged(count)) => Some(Heard::Lost(count)),
            Err(RecvError::Closed) => None,
        }
    }

    /// What has come already, if anything has.
    pub fn at_once(&mut self) -> Option<Heard> {
        match self.receiver.try_recv() {
            Ok(event) => Some(Heard::Event(event)),
            Err(TryRecvError::Lagged(count)) => Some(Heard::Lost(count)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PendingReason, TileRef, Verdict, WebhookId};

    fn outcome(id: &str, target: Target, verdict: Verdict) -> Outcome {
        Outcome {
            id: StepId::new(id).unwrap(),
            target,
            verdict,
            status: None,
            attempts: 2,
            elapsed: Duration::from_micros(12_900),
            sent: None,
            message: "Said to the caller alone.".to_owned(),
            captured: None,
            branch: None,
            failure: None,
            warnings: Vec::new(),
        }
    }

    fn continued(id: &str) -> Outcome {
        let hook = Target::Webhook(WebhookId::new("hook").unwrap());
        outcome(id, hook, Verdict::Continue)
    }

    /// The ids that a reader hears, or how many it has lost.
    fn heard(tail: &mut Tail) -> Vec<Result<String, u64>> {
        std::iter::from_fn(|| tail.at_once())
            .map(|heard| match heard {
                Heard::Event(event) => Ok(event.id.to_string()),
                Heard::Lost(count) => Err(count),
            })
            .collect()
    }

    #[test]
    fn an_event_is_one_line_of_json_without_message_or_data() {
        let at = "2026-11-23T10:03:00.5Z".parse().unwrap();
        let tile = Target::Tile(TileRef::new("welcome/offer").unwrap());
        let retried = Verdict::Pending {
            reason: PendingReason::Retry(Some(Cause::Timeout)),
            due: None,
        };
        let mut answered = continued("s-2");
        answered.status = Some(204);

        let lines = [outcome("s-1", tile, retried), answered].map(|o| Event::of(&o, at).to_json());

        assert_eq!(
            lines,
            [
                concat!(
                    r#"{"at":"2026-11-23T10:03:00.500Z","id":"s-1","tile":"welcome/offer","#,
                    r#""outcome":"pending","reason":"retry","cause":"timeout","attempts":2,"#,
                    r#""elapsedMs":12}"#
                ),
                concat!(
                    r#"{"at":"2026-11-23T10:03:00.500Z","id":"s-2","webhook":"hook","#,
                    r#""outcome":"continue","status":204,"attempts":2,"elapsedMs":12}"#
                ),
            ]
        );
    }

    #[test]
    fn readers_hear_what_comes_while_they_read() {
        let telemetry = Telemetry::default();
        telemetry.record(&continued("before"));
        let (mut stays, leaves) = (telemetry.tail(), telemetry.tail());
        telemetry.record(&continued("a"));

        drop(leaves);
        telemetry.record(&continued("b"));

        assert_eq!(heard(&mut stays), [Ok("a".to_owned()), Ok("b".to_owned())]);
        drop(stays);
        assert_eq!(telemetry.0.tap.readers.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_reader_that_does_not_keep_up_is_told_how_many_it_lost() {
        let telemetry = Telemetry::default();
        let mut slow = telemetry.tail();
        for n in 0..ROOM + 7 {
            telemetry.record(&continued(&n.to_string()));
        }

        let heard = heard(&mut slow);

        assert_eq!((heard.len(), &heard[0]), (1 + ROOM, &Err(7)));
        assert_eq!(heard.last(), Some(&Ok((ROOM + 6).to_string())));
    }
}
