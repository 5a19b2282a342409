//! Reads, each after the writes that came with it are durable.

use super::encode::{self, Place};
use super::file::{STEP, id_of};
use super::known::{Key, Spot};
use super::state::State;
use super::words::Read;
use crate::model::{StepId, Target, TileRef};
use crate::schedule::{Kept, StoreError, Waiting};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::BinaryHeap;

// === impl State ===

impl State {
    /// Answers `read`. An asker that is gone needs no answer.
    pub(super) fn answer(&mut self, db: &Connection, read: Read) {
        match read {
            Read::Claim(ask, said) => {
                let claimed = self.claim_due(db, &ask);
                if let Err(Ok(claimed)) = said.send(plain(claimed)) {
                    // Nobody has them: they are due again at once.
                    self.hand_back(&claimed);
                }
            }
            Read::Find(id, said) => drop(said.send(plain(self.find(db, &id)))),
            Read::Waiting(target, limit, said) => {
                drop(said.send(plain(self.waiting(db, target.as_ref(), limit))));
            }
            Read::Tallies(said) => drop(said.send(Ok(self.lanes.tallies()))),
            Read::Outcomes(wanted, said) => {
                let found = plain(self.log.read(db, &wanted));
                drop(said.send(found.and_then(|found| found)));
            }
            Read::Slots(said) => drop(said.send(plain(slots(db)))),
        }
    }

    fn find(&self, db: &Connection, id: &StepId) -> rusqlite::Result<Option<Kept>> {
        let hash = self.known.hash(id.as_str());
        match self.spot(db, id, hash)? {
            Ok(Some(Spot::Waiting(key))) => {
                let place = self.place(db, key)?;
                Ok(place
                    .and_then(|place| self.described(id.clone(), key, &place))
                    .map(Kept::Waiting))
            }
            Ok(Some(Spot::Finished(n))) => {
                let entry = db
                    .prepare_cached("SELECT entry FROM outcomes WHERE n = ?1")?
                    .query_row([n], |row| row.get(0))
                    .optional()?;
                Ok(entry.and_then(encode::outcome).map(Kept::Finished))
            }
            Ok(None) | Err(_) => Ok(None),
        }
    }

    fn described(&self, id: StepId, key: Key, place: &Place) -> Option<Waiting> {
        Some(Waiting {
            id,
            target: self.lanes.get(key.lane)?.target.clone(),
            reason: place.reason,
            expected: place.expected,
            progress: place.progress,
            running: self.claims.of(key.seq).is_some(),
        })
    }

    /// The `limit` steps that are due first, over all lanes that are meant.
    fn waiting(
        &self,
        db: &Connection,
        target: Option<&Target>,
        limit: usize,
    ) -> rusqlite::Result<Vec<Waiting>> {
        let mut first: BinaryHeap<(i64, i64, u32)> = BinaryHeap::new();
        let mut lanes = self.lanes.of(target);
        // What is claimed may be due before the head: such lanes are looked at first.
        let claimed = self.claims.lanes();
        lanes.sort_unstable_by_key(|(id, head)| (!claimed.contains(id), *head));
        for (lane, head) in lanes {
            let full = first.len() >= limit;
            let last = first.peek().map(|(due, seq, _)| (*due, *seq));
            if full && !claimed.contains(&lane) && head >= last {
                break;
            }
            let mut line = db.prepare_cached(
                "SELECT due, seq FROM queue WHERE lane = ?1 ORDER BY due, seq LIMIT ?2",
            )?;
            let most = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = line.query((lane, most))?;
            while let Some(row) = rows.next()? {
                let place = (row.get(0)?, row.get(1)?, lane);
                if first.len() >= limit {
                    if first.peek().is_none_or(|last| place >= *last) {
                        break;
                    }
                    first.pop();
                }
                first.push(place);
            }
        }
        let mut waiting = Vec::new();
        for (due, seq, lane) in first.into_sorted_vec() {
            let key = Key { lane, due, seq };
            let id = id_of(db, STEP, seq)?.and_then(|id| StepId::new(&id).ok());
            let (Some(id), Some(place)) = (id, self.place(db, key)?) else {
                continue;
            };
            waiting.extend(self.described(id, key, &place));
        }
        Ok(waiting)
    }
}

fn slots(db: &Connection) -> rusqlite::Result<Vec<(TileRef, Timestamp)>> {
    let mut slots = db.prepare_cached("SELECT tile, at FROM slots")?;
    let rows = slots.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut marked = Vec::new();
    for row in rows {
        let (tile, at) = row?;
        if let (Ok(tile), Ok(at)) = (TileRef::new(&tile), Timestamp::from_microsecond(at)) {
            marked.push((tile, at));
        }
    }
    Ok(marked)
}

/// The disk's word as the store says it.
fn plain<T>(read: rusqlite::Result<T>) -> Result<T, StoreError> {
    read.map_err(|error| {
        tracing::error!("the schedule cannot be read: {error}");
        StoreError::Down
    })
}
