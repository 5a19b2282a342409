//! What waits on the schedule and why, as `GET /admin/v1/schedule` answers and `stepgate pending`
//! prints: counts of each tile, and the steps without their data.

use crate::model::{PendingReason, Progress, Target, TileRef, WebhookId, rfc3339};
use crate::schedule::{Health, Store, StoreError, Tally, Waiting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Steps that are listed unless another number is asked for.
pub const USUAL_STEPS: usize = 100;

/// Most steps that are listed at once.
pub const MOST_STEPS: usize = 1000;

/// What to tell of the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The steps and counts of this one alone.
    pub target: Option<Target>,
    /// How many steps are listed, at most [`MOST_STEPS`].
    pub limit: usize,
}

/// Why a query is no question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum QueryFault {
    #[error("`tile` is neither a tile, `<journey id>/<tile id>`, nor the id of a webhook")]
    Tile,
    #[error("`limit` is not a number from 0 to {MOST_STEPS}")]
    Limit,
}

/// The schedule at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// All steps on the schedule, whatever was asked for.
    pub pending: usize,
    /// The earliest moment that one is due which is not under way. RFC 3339, like all times here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_due: Option<String>,
    /// Bytes that the disk has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// Whether new steps are taken.
    pub accepts: bool,
    /// Those with the most steps first.
    pub tiles: Vec<Count>,
    /// In the order that they are due, as many as were asked for.
    pub steps: Vec<Line>,
}

/// A tile, or a webhook that is called without one. One of the two is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// How many steps of one target wait, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    #[serde(flatten)]
    pub place: Place,
    pub pending: usize,
    /// By the `reason` of their outcomes.
    pub reasons: BTreeMap<String, usize>,
}

/// A step that waits, without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    pub id: String,
    #[serde(flatten)]
    pub place: Place,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Of the last whole answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub attempts: u32,
    /// When its next attempt is expected.
    pub due_at: String,
    /// Whether an attempt may be under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub running: bool,
}

// === impl Question ===

impl Question {
    /// Reads `tile=` and `limit=` of a query; what else stands there is not for us.
    ///
    /// # Errors
    /// A [`QueryFault`].
    pub(super) fn parse(query: &str) -> Result<Self, QueryFault> {
        let mut question = Self {
            target: None,
            limit: USUAL_STEPS,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "tile" => question.target = Some(target(&value)?),
                "limit" => question.limit = limit(&value)?,
                _ => {}
            }
        }
        Ok(question)
    }

    /// The query that asks this.
    pub fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(target) = &self.target {
            query.append_pair("tile", &target.to_string());
        }
        query.append_pair("limit", &self.limit.to_string());
        query.finish()
    }
}

// === impl Report ===

impl Report {
    /// What `store` says to `question`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn of(store: &dyn Store, question: &Question) -> Result<Self, StoreError> {
        let Question { target, limit } = question;
        let tallies = store.tallies().await?;
        let wanted = |tally: &Tally| target.as_ref().is_none_or(|target| tally.target == *target);
        let tiles = counts(tallies.into_iter().filter(wanted));
        // Nothing is asked of the disk where nothing is listed.
        let steps = match limit {
            0 => Vec::new(),
            _ => store.waiting(target.clone(), *limit).await?,
        };
        let Health {
            pending,
            oldest_due,
            free_bytes,
            accepts,
        } = store.health();
        Ok(Self {
            pending,
            oldest_due: oldest_due.map(rfc3339),
            free_bytes,
            accepts,
            tiles,
            steps: steps.into_iter().map(Line::from).collect(),
        })
    }
}

// === impl Place ===

impl Place {
    /// Its name, as a step says it.
    pub fn name(&self) -> &str {
        let name = self.tile.as_ref().or(self.webhook.as_ref());
        name.map_or("", |name| name)
    }
}

impl From<&Target> for Place {
    fn from(target: &Target) -> Self {
        match target {
            Target::Tile(tile) => Self {
                tile: Some(tile.to_string()),
                webhook: None,
            },
            Target::Webhook(webhook) => Self {
                tile: None,
                webhook: Some(webhook.to_string()),
            },
        }
    }
}

// === impl Line ===

impl From<Waiting> for Line {
    fn from(waiting: Waiting) -> Self {
        let Waiting {
            id,
            target,
            reason,
            expected,
            progress,
            running,
        } = waiting;
        let Progress {
            attempts, status, ..
        } = progress;
        let cause = match reason {
            PendingReason::Retry(cause) => cause,
            PendingReason::RateLimit
            | PendingReason::Busy
            | PendingReason::Async
            | PendingReason::InFlight => None,
        };
        Self {
            id: id.to_string(),
            place: Place::from(&target),
            reason: reason.as_str().to_owned(),
            cause: cause.map(|cause| cause.as_str().to_owned()),
            status,
            attempts,
            due_at: rfc3339(expected),
            running,
        }
    }
}

/// One count for each target; the most first, then by name.
fn counts(tallies: impl Iterator<Item = Tally>) -> Vec<Count> {
    let mut places: BTreeMap<Place, BTreeMap<String, usize>> = BTreeMap::new();
    for Tally {
        target,
        reason,
        steps,
    } in tallies
    {
        let reasons = places.entry(Place::from(&target)).or_default();
        *reasons.entry(reason.to_owned()).or_default() += steps;
    }
    let count = |(place, reasons): (Place, BTreeMap<String, usize>)| Count {
        place,
        pending: reasons.values().sum(),
        reasons,
    };
    let mut counts: Vec<_> = places.into_iter().map(count).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.pending));
    counts
}

fn target(text: &str) -> Result<Target, QueryFault> {
    let target = if text.contains('/') {
        TileRef::new(text).map(Target::Tile)
    } else {
        WebhookId::new(text).map(Target::Webhook)
    };
    target.map_err(|_| QueryFault::Tile)
}

fn limit(text: &str) -> Result<usize, QueryFault> {
    let limit = text.parse().ok().filter(|limit| *limit <= MOST_STEPS);
    limit.ok_or(QueryFault::Limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_of(text: &str) -> Target {
        target(text).unwrap()
    }

    #[test]
    fn a_query_may_name_a_tile_or_a_webhook_and_how_many_steps() {
        for (query, tile, limit) in [
            ("", None, 100),
            ("tile=welcome%2Foffer&limit=0", Some("welcome/offer"), 0),
            ("limit=1000&tile=hook&page=2", Some("hook"), 1000),
        ] {
            let question = Question {
                target: tile.map(target_of),
                limit,
            };
            assert_eq!(Question::parse(query), Ok(question), "{query}");
        }
        for (query, fault) in [
            ("tile=", QueryFault::Tile),
            ("tile=a/b/c", QueryFault::Tile),
            ("limit=1001", QueryFault::Limit),
            ("limit=-1", QueryFault::Limit),
            ("limit=all", QueryFault::Limit),
        ] {
            assert_eq!(Question::parse(query), Err(fault), "{query}");
        }
    }

    #[test]
    fn a_question_is_the_query_that_asks_it() {
        let question = Question {
            target: Some(target_of("welcome/offer")),
            limit: 7,
        };
        assert_eq!(Question::parse(&question.query()), Ok(question));
    }

    #[test]
    fn counts_are_one_for_each_target_and_the_most_come_first() {
        let tally = |target: &str, reason, steps| Tally {
            target: target_of(target),
            reason,
            steps,
        };
        let tallies = [
            tally("a/b", "retry", 1),
            tally("c", "async", 3),
            tally("a/b", "rate_limit", 1),
            tally("a/c", "busy", 3),
        ];

        let counted: Vec<_> = counts(tallies.into_iter())
            .into_iter()
            .map(|count| {
                (
                    count.place.name().to_owned(),
                    count.pending,
                    count.reasons.len(),
                )
            })
            .collect();

        assert_eq!(
            counted,
            [("c", 3, 1), ("a/c", 3, 1), ("a/b", 2, 2)].map(|(n, p, r)| (n.to_owned(), p, r))
        );
    }
}
