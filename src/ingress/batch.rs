//! A batch: steps come in one a line, their outcomes go back one a line as they finish.
//!
//! One task does it all. What is in flight is bounded, and so is what comes in: nothing is read
//! while there is no room to run it, or while the client does not read what is done.

mod lines;
mod out;
mod window;

use super::Run;
use super::attend::turned;
use super::http::Front;
use super::media::NDJSON;
use super::prefer::When;
use super::refuse::{self, Refused};
use super::steps::{APPLIED, Asked, BODY_LIMIT};
use crate::config::Gateway;
use crate::web::{BodyFault, Exchange, Gone, Presence, Reply};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lines::{Line, Lines};
use out::Out;
use std::io::Write as _;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How soon to look again for a place among the steps in flight, and for how long nothing finishes
/// until there may be more of them.
const PAUSE: Duration = Duration::from_millis(5);

/// What holds for all steps of one batch.
struct Batch {
    asked: Asked,
    /// True once nobody waits for the outcomes any more.
    gone: watch::Receiver<bool>,
}

/// What comes from the client.
enum News {
    Piece(Result<Option<Bytes>, BodyFault>),
    HungUp,
}

/// What holds a line back that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// The process has as many steps in flight as it may.
    ByOthers,
    /// So has the batch; it may have `most`.
    ByWindow { most: usize },
}

// === impl Front ===

impl<P: Run> Front<P> {
    /// Takes a batch, and answers it.
    pub(super) async fn batch(&self, exchange: &mut Exchange<'_>) {
        let (hang_up, gone) = watch::channel(false);
        let batch = Batch {
            asked: Asked::read(&exchange.head().headers),
            gone,
        };
        let prefer = batch.asked.prefer;
        let applied = (prefer.when() != When::Done).then(|| (APPLIED, prefer.applied()));
        if exchange.open(NDJSON, applied).await.is_err() {
            return;
        }
        let mut running = FuturesUnordered::new();
        let begin = |line, held| self.line(line, held, &batch);
        match self.flow(exchange, &mut running, begin, &hang_up).await {
            Ok(()) => exchange.close().await,
            Err(Gone) => {
                // Nobody reads what is still to come: it goes to the log.
                exchange.abandon().await;
                hang_up.send_replace(true);
                while running.next().await.is_some() {}
            }
        }
    }

    /// Lines in and out, until all are answered.
    ///
    /// # Errors
    /// When the client takes no more answers; the steps in `running` still run.
    async fn flow<F: Future<Output = Vec<u8>>>(
        &self,
        exchange: &mut Exchange<'_>,
        running: &mut FuturesUnordered<F>,
        begin: impl Fn(Line, Presence) -> F,
        hang_up: &watch::Sender<bool>,
    ) -> Result<(), Gone> {
        let (mut lines, mut out) = (Lines::new(BODY_LIMIT), Out::new());
        let (mut closing, mut is_closing) = (exchange.closing(), false);
        loop {
            let held = self.begin(&mut lines, &out, running, &begin);
            // Whatever is done goes in one piece; what was begun gets on its way here.
            while let Some(Some(done)) = running.next().now_or_never() {
                out.put(&done);
            }
            if !out.is_empty() {
                out.send(exchange, running).await?;
                continue;
            }
            if lines.is_done() && running.is_empty() {
                return Ok(());
            }
            let has_left = *hang_up.borrow();
            tokio::select! {
                biased;
                Some(done) = running.next() => out.put(&done),
                news = listen(exchange, lines.is_hungry()), if !has_left => match news {
                    News::Piece(Ok(Some(piece))) => lines.feed(piece),
                    News::Piece(Ok(None)) => lines.end(),
                    // A line that was not whole was not taken.
                    News::Piece(Err(fault)) => {
                        lines.cut();
                        hang_up.send_replace(fault == BodyFault::Broken);
                    }
                    News::HungUp => {
                        lines.end();
                        hang_up.send_replace(true);
                    }
                },
                _ = closing.changed(), if !is_closing => {
                    is_closing = true;
                    lines.cut();
                }
                () = sleep(PAUSE), if held.is_some() => {
                    if let Some(Held::ByWindow { most }) = held {
                        out.window.stalled(most);
                    }
                }
            }
        }
    }

    /// Begins steps as far as there is room for them. What holds the next one back, if there is
    /// one.
    fn begin<F>(
        &self,
        lines: &mut Lines,
        out: &Out,
        running: &FuturesUnordered<F>,
        begin: impl Fn(Line, Presence) -> F,
    ) -> Option<Held> {
        let snapshot = self.live.get();
        let most = self.most(&snapshot.gateway);
        let share = share(&snapshot.gateway, most);
        while lines.has_more() && out.has_room() {
            if running.len() >= share.min(out.window.size()) {
                return Some(Held::ByWindow { most: share });
            }
            let Some(place) = self.held.enter_below(most) else {
                return Some(Held::ByOthers);
            };
            if let Some(line) = lines.next() {
                running.push(begin(line, place));
            }
        }
        None
    }

    /// One line to its end: the line that answers it.
    async fn line(&self, line: Line, held: Presence, batch: &Batch) -> Vec<u8> {
        let reply = self.answer_line(line.text, held, batch).await;
        let reply = reply.unwrap_or_else(|refused| {
            self.telemetry.refused(refused.kind);
            *refused.reply
        });
        numbered(line.number, &reply)
    }

    async fn answer_line(
        &self,
        text: Option<Bytes>,
        held: Presence,
        batch: &Batch,
    ) -> Result<Reply, Refused> {
        let at = Instant::now();
        let text = text.ok_or_else(|| refuse::line_too_long(BODY_LIMIT))?;
        let arrival = batch.asked.arrival(text, at)?;
        let snapshot = self.live.get();
        let (gateway, gone) = (&snapshot.gateway, pin!(turned(batch.gone.clone())));
        self.settle(&arrival, batch.asked.prefer, gateway, || Ok(held), gone)
            .await
    }
}

/// The most that one batch may have in flight. One host lets that many through while it is alone,
/// so that a batch does not overflow by itself.
fn share(gateway: &Gateway, most: usize) -> usize {
    let per_host = gateway.delivery.max_in_flight_per_host;
    per_host.min(most / 2).max(1)
}

/// What comes next: of the body where one `wants` it, else the end of the connection.
async fn listen(exchange: &mut Exchange<'_>, wants: bool) -> News {
    if wants {
        return News::Piece(exchange.piece().await);
    }
    exchange.hung_up().await;
    News::HungUp
}

/// The line that answers the line with this `number`: an outcome, or what was wrong.
fn numbered(number: u64, reply: &Reply) -> Vec<u8> {
    let mut line = Vec::with_capacity(reply.body.len() + 40);
    let _ = write!(line, "{{\"line\":{number},");
    if reply.status.is_success() {
        line.extend_from_slice(reply.body.strip_prefix(b"{").unwrap_or(&reply.body));
    } else {
        line.extend_from_slice(b"\"error\":");
        line.extend_from_slice(&reply.body);
        line.push(b'}');
    }
    line.push(b'\n');
    line
}
