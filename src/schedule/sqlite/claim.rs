//! Handing out due steps, lane by lane.

use super::claims::Held;
use super::encode::Place;
use super::known::Key;
use super::state::{FROM, State};
use super::words::{Ask, Claimed, Row};
use crate::schedule::Admission;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::HashMap;
use std::time::Duration;

/// Steps of one lane before the others have their turn.
const CHUNK: usize = 64;

/// Bytes that are handed out at once, about.
const MOST_BYTES: usize = 16 << 20;

/// One round of handing out.
struct Round<'a> {
    ask: &'a Ask,
    now: i64,
    /// End of the leases.
    end: i64,
    /// Bytes handed out.
    bytes: usize,
    claimed: Claimed,
}

// === impl State ===

impl State {
    /// What it costs follows what is handed out and how many lanes are asked, not what waits.
    pub(super) fn claim_due(&mut self, db: &Connection, ask: &Ask) -> rusqlite::Result<Claimed> {
        self.end_leases();
        let now = self.now();
        self.lanes.recheck(now);
        let mut round = Round {
            ask,
            now,
            end: self.lease_end(ask.lease),
            bytes: 0,
            claimed: Claimed::default(),
        };
        let ended = self.visit(db, &mut round);
        self.lanes.resume();
        let mut claimed = round.claimed;
        if let Err(error) = ended {
            self.hand_back(&claimed);
            return Err(error);
        }
        claimed.again = self.promise();
        Ok(claimed)
    }

    fn visit(&mut self, db: &Connection, round: &mut Round<'_>) -> rusqlite::Result<()> {
        // A gate is asked once for each lane: what it lets through it has not seen yet.
        let mut rooms: HashMap<u32, usize> = HashMap::new();
        let mut left = round.ask.max;
        while left > 0 && round.bytes < MOST_BYTES {
            let Some(lane) = self.lanes.next_due(round.now) else {
                break;
            };
            let room = match rooms.get(&lane) {
                Some(room) => *room,
                None => match self.admit(db, round, lane)? {
                    Some(room) => room,
                    None => continue,
                },
            };
            let taken = self.take(db, round, lane, room.min(CHUNK).min(left))?;
            left -= taken;
            rooms.insert(lane, room - taken);
            if room == taken {
                self.lanes.put_aside(lane);
            }
        }
        Ok(())
    }

    /// How many steps of the lane may go; none where it is held back.
    fn admit(
        &mut self,
        db: &Connection,
        round: &Round<'_>,
        id: u32,
    ) -> rusqlite::Result<Option<usize>> {
        let Some(lane) = self.lanes.get(id).cloned() else {
            self.lanes.set_head(id, None);
            return Ok(None);
        };
        let gate = &round.ask.gate;
        match gate.admit(&lane) {
            Admission::Room(room) => {
                self.lanes.admitted(id);
                Ok(Some(room.max(1)))
            }
            Admission::Lane { wait, count } => {
                gate.backlog(&lane, self.count_due(db, id, round.now, count)?);
                self.lanes.hold(id, later(round.now, wait));
                Ok(None)
            }
            Admission::Host { origin, wait } => {
                self.lanes.hold_host(id, origin, later(round.now, wait));
                Ok(None)
            }
        }
    }

    /// Claims up to `most` due steps of a lane, and finds its next one. How many there were.
    fn take(
        &mut self,
        db: &Connection,
        round: &mut Round<'_>,
        id: u32,
        most: usize,
    ) -> rusqlite::Result<usize> {
        let (Some(head), Some(lane)) = (self.lanes.head(id), self.lanes.get(id).cloned()) else {
            return Ok(0);
        };
        let mut line = db.prepare_cached(FROM)?;
        let mut rows = line.query((id, head.0, head.1))?;
        let (mut taken, mut next) = (0, None);
        while let Some(row) = rows.next()? {
            self.looked += 1;
            let (due, seq) = (row.get(0)?, row.get(1)?);
            if self.claims.of(seq).is_some() {
                continue;
            }
            if due > round.now || taken == most || round.bytes >= MOST_BYTES {
                next = Some((due, seq));
                break;
            }
            let place: Vec<u8> = row.get(2)?;
            let Some((hash, reason)) = Place::peek(&place) else {
                // It was said when the file was opened.
                continue;
            };
            let payload = payload(db, seq)?;
            round.bytes += payload.len();
            let key = Key { lane: id, due, seq };
            let end = round.end;
            let token = self.claims.claim(Held {
                key,
                hash,
                reason,
                end,
            });
            let lane = lane.clone();
            round.claimed.rows.push(Row {
                key,
                lane,
                place,
                payload,
                token,
            });
            taken += 1;
        }
        drop(rows);
        drop(line);
        self.lanes.set_head(id, next);
        Ok(taken)
    }

    /// What was claimed never reached its asker.
    pub(super) fn hand_back(&mut self, claimed: &Claimed) {
        for row in &claimed.rows {
            if self.claims.release(row.token).is_some() {
                self.lanes.joined(row.key.lane, (row.key.due, row.key.seq));
            }
        }
        self.claims.settle();
    }

    fn count_due(
        &self,
        db: &Connection,
        lane: u32,
        now: i64,
        most: usize,
    ) -> rusqlite::Result<usize> {
        let Some((due, seq)) = self.lanes.head(lane) else {
            return Ok(0);
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let count: i64 = db
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM queue
                    WHERE lane = ?1 AND (due, seq) >= (?2, ?3) AND due <= ?4
                    ORDER BY due, seq LIMIT ?5)",
            )?
            .query_row((lane, due, seq, now, most), |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}

/// A step's payload; empty where there is none, which reads as damaged.
fn payload(db: &Connection, seq: i64) -> rusqlite::Result<Bytes> {
    let payload: Option<Vec<u8>> = db
        .prepare_cached("SELECT payload FROM steps WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    Ok(payload.map(Bytes::from).unwrap_or_default())
}

/// `wait` after `now`, and a moment at least: else the same lane would be asked without end.
fn later(now: i64, wait: Duration) -> i64 {
    let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    now.saturating_add(wait.max(1))
}
