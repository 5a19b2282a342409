//! `GET /admin/v1/events`: outcomes as they come, as server-sent events.
//!
//! A reader costs a step next to nothing: it is woken for what has gathered, not for each event,
//! and one that takes nothing loses events, not the steps their time.

use crate::config::{Live, Service};
use crate::model::{Target, TileRef, WebhookId};
use crate::telemetry::{Event, Heard, Tail, Telemetry};
use crate::web::{Exchange, Gone, Occupancy, Problem, Reply};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

/// Most readers at once.
const MOST_READERS: usize = 64;

/// How often a reader gets a comment, so that whatever stands between does not take the connection
/// for a dead one, and so that a reader that is gone is noticed.
const COMMENT: Duration = Duration::from_secs(15);

/// How long events are gathered for one write: whoever waits for the next one is woken by a step's
/// thread, and that is to be rare.
const GATHER: Duration = Duration::from_millis(20);

/// About as many bytes are written at once.
const PIECE: usize = 64 * 1024;

/// How long a reader may take for what is written.
const PATIENCE: Duration = Duration::from_secs(30);

const CONTENT_TYPE: &str = "text/event-stream";

/// Tells outcomes to those who read along.
#[derive(Debug)]
pub(super) struct Events {
    live: Live,
    telemetry: Telemetry,
    readers: Occupancy,
}

/// Which events a reader wants: those that fit all that it names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    tile: Option<TileRef>,
    /// Called by itself or by a tile.
    webhook: Option<WebhookId>,
    outcome: Option<&'static str>,
}

/// Why a query names no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum QueryFault {
    #[error("`tile` is not a tile, `<journey id>/<tile id>`")]
    Tile,
    #[error("`webhook` is not the id of a webhook")]
    Webhook,
    #[error("`outcome` is not `continue`, `exit` or `pending`")]
    Outcome,
}

// === impl Events ===

impl Events {
    pub(super) fn new(live: Live, telemetry: Telemetry) -> Self {
        Self {
            live,
            telemetry,
            readers: Occupancy::default(),
        }
    }

    /// Writes the whole answer: until the client hangs up, or the process stops.
    pub(super) async fn answer(&self, exchange: &mut Exchange<'_>) {
        let query = exchange.head().uri.query().unwrap_or_default();
        let wanted = match Wanted::parse(query) {
            Ok(wanted) => wanted,
            Err(fault) => return exchange.reply(bad_request(fault)).await,
        };
        if exchange.head().method == Method::HEAD {
            let mut nothing = Reply::text(StatusCode::OK, "");
            nothing.content_type = CONTENT_TYPE;
            return exchange.reply(nothing).await;
        }
        let Some(_presence) = self.readers.enter_below(MOST_READERS) else {
            return exchange.reply(too_many_readers()).await;
        };
        // Before the head of the answer: whoever has that misses nothing.
        let tail = self.telemetry.tail();
        // A client that is gone needs no end of the answer, and its connection serves no one else.
        let _ = self.tell(exchange, tail, &wanted).await;
    }

    async fn tell(
        &self,
        exchange: &mut Exchange<'_>,
        mut tail: Tail,
        wanted: &Wanted,
    ) -> Result<(), Gone> {
        let fresh = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        exchange.open(CONTENT_TYPE, Some(fresh)).await?;
        let mut closing = exchange.closing();
        let mut comments = interval_at(Instant::now() + COMMENT, COMMENT);
        comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let heard = tokio::select! {
                biased;
                () = async { drop(closing.wait_for(|closing| *closing).await) } => break,
                () = exchange.hung_up() => return Err(Gone),
                _ = comments.tick() => {
                    exchange.send(Bytes::from_static(b":\n\n"), PATIENCE).await?;
                    continue;
                }
                heard = tail.next() => heard,
            };
            let Some(first) = heard else { break };
            sleep(GATHER).await;
            let piece = self.gathered(first, &mut tail, wanted);
            if !piece.is_empty() {
                exchange.send(piece.into(), PATIENCE).await?;
            }
        }
        exchange.close().await;
        Ok(())
    }

    /// What has come by now and is wanted, or so much of it as is written at once.
    fn gathered(&self, first: Heard, tail: &mut Tail, wanted: &Wanted) -> String {
        /// Of events that are not wanted, so many are passed over before others have their turn.
        const MOST: usize = 1024;
        let mut piece = String::new();
        let mut next = Some(first);
        for _ in 0..MOST {
            match next {
                Some(Heard::Event(event)) if self.fits(&event, wanted) => {
                    push(&mut piece, "outcome", event.json());
                }
                Some(Heard::Event(_)) => {}
                Some(Heard::Lost(count)) => {
                    push(&mut piece, "lost", &format!("{{\"count\":{count}}}"));
                }
                None => break,
            }
            if piece.len() >= PIECE {
                break;
            }
            next = tail.at_once();
        }
        piece
    }

    fn fits(&self, event: &Event, wanted: &Wanted) -> bool {
        let Wanted {
            tile,
            webhook,
            outcome,
        } = wanted;
        let is_tile = |tile: &TileRef| matches!(&event.target, Target::Tile(it) if it == tile);
        outcome.is_none_or(|outcome| outcome == event.outcome)
            && tile.as_ref().is_none_or(is_tile)
            && webhook
                .as_ref()
                .is_none_or(|webhook| self.calls(&event.target, webhook))
    }

    /// Whether a step for `target` calls `webhook`, by the configuration in force.
    fn calls(&self, target: &Target, webhook: &WebhookId) -> bool {
        let tile = match target {
            Target::Webhook(it) => return it == webhook,
            Target::Tile(tile) => tile,
        };
        match self.live.get().journeys.get(tile.journey()) {
            Some(Service::Up(journey)) => journey
                .tiles
                .get(tile.tile())
                .is_some_and(|tile| tile.webhook == *webhook),
            Some(Service::Invalid | Service::Untested) | None => false,
        }
    }
}

// === impl Wanted ===

impl Wanted {
    /// Reads `tile=`, `webhook=` and `outcome=` of a query; what else stands there is not for us.
    fn parse(query: &str) -> Result<Self, QueryFault> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "tile" => wanted.tile = Some(TileRef::new(&value).map_err(|_| QueryFault::Tile)?),
                "webhook" => {
                    let webhook = WebhookId::new(&value).map_err(|_| QueryFault::Webhook)?;
                    wanted.webhook = Some(webhook);
                }
                "outcome" => {
                    let known = ["continue", "exit", "pending"];
                    let outcome = known.into_iter().find(|it| *it == value);
                    wanted.outcome = Some(outcome.ok_or(QueryFault::Outcome)?);
                }
                _ => {}
            }
        }
        Ok(wanted)
    }
}

/// One server-sent event. JSON has no line break that would end its data.
fn push(piece: &mut String, event: &str, json: &str) {
    for part in ["event: ", event, "\ndata: ", json, "\n\n"] {
        piece.push_str(part);
    }
}

fn bad_request(fault: QueryFault) -> Reply {
    let (status, title) = (StatusCode::BAD_REQUEST, "Bad request");
    Problem::new(status, "bad-request", title, fault.to_string()).reply()
}

fn too_many_readers() -> Reply {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too-many-readers",
        "Too many readers",
        format!("{MOST_READERS} read the events already"),
    )
    .reply()
    .with(header::RETRY_AFTER, HeaderValue::from_static("10"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_what_is_wanted() {
        let tile = TileRef::new("welcome/offer").ok();
        let webhook = WebhookId::new("hook").ok();
        for (query, wanted) in [
            ("", Ok(Wanted::default())),
            (
                "tile=welcome%2Foffer&webhook=hook&outcome=exit&x=1",
                Ok(Wanted {
                    tile,
                    webhook,
                    outcome: Some("exit"),
                }),
            ),
            ("tile=hook", Err(QueryFault::Tile)),
            ("webhook=a/b", Err(QueryFault::Webhook)),
            ("outcome=Exit", Err(QueryFault::Outcome)),
            ("outcome=", Err(QueryFault::Outcome)),
        ] {
            assert_eq!(Wanted::parse(query), wanted, "{query}");
        }
    }
}
