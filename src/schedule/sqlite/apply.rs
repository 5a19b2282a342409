//! Writes, each within the group's transaction.
//!
//! The outer error is the disk's: the whole group is rolled back and memory read anew. The inner
//! one is the asker's.

use super::claims::Held;
use super::encode::{self, Place};
use super::file::{LEAVING_STEP, id_of};
use super::known::{Key, Spot};
use super::state::{Collision, State};
use super::words::{Entry, Write};
use crate::model::{StepId, TileRef};
use crate::schedule::{Lane, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use std::time::Duration;

/// What came of a write.
pub(super) type Applied = rusqlite::Result<Result<u64, StoreError>>;

// === impl State ===

impl State {
    pub(super) fn apply(&mut self, db: &Connection, write: &Write) -> Applied {
        match write {
            Write::Schedule(entry) => self.schedule(db, entry),
            Write::ScheduleClaimed(entry, lease) => self.schedule_claimed(db, entry, *lease),
            Write::Extend(token, lease) => {
                let end = self.lease_end(*lease);
                let extended = self.claims.extend(*token, end);
                Ok(if extended {
                    Ok(0)
                } else {
                    Err(StoreError::LostLease)
                })
            }
            Write::Reschedule(token, entry) => self.reschedule(db, *token, entry),
            Write::Complete(token, outcome) => self.complete(db, *token, outcome),
            Write::Cancel(id) => self.cancel(db, id),
            Write::Ack(group, n) => self.log.ack(db, group, *n),
            Write::Slot(tile, at) => mark_slot(db, tile, *at),
            Write::SetAside(token) => self.set_aside(db, *token),
        }
    }

    fn schedule(&mut self, db: &Connection, entry: &Entry) -> Applied {
        let hash = self.known.hash(entry.id.as_str());
        match self.spot(db, &entry.id, hash)? {
            Err(Collision) => return Ok(Err(StoreError::Down)),
            Ok(Some(_)) => return Ok(Ok(0)),
            Ok(None) => {}
        }
        let key = self.insert(db, entry, hash)?;
        self.lanes.joined(key.lane, (key.due, key.seq));
        Ok(Ok(0))
    }

    /// A step that is here already is claimed for the asker, unless someone has it.
    fn schedule_claimed(&mut self, db: &Connection, entry: &Entry, lease: Duration) -> Applied {
        let hash = self.known.hash(entry.id.as_str());
        let (key, reason) = match self.spot(db, &entry.id, hash)? {
            Err(Collision) => return Ok(Err(StoreError::Down)),
            Ok(Some(Spot::Finished(_))) => return Ok(Err(StoreError::LostLease)),
            Ok(Some(Spot::Waiting(key))) => match self.place(db, key)? {
                Some(place) if self.claims.of(key.seq).is_none() => (key, place.reason),
                Some(_) | None => return Ok(Err(StoreError::LostLease)),
            },
            Ok(None) => (self.insert(db, entry, hash)?, entry.reason),
        };
        let end = self.lease_end(lease);
        let token = self.claims.claim(Held {
            key,
            hash,
            reason,
            end,
        });
        self.leave_head(db, key)?;
        Ok(Ok(token))
    }

    fn reschedule(&mut self, db: &Connection, token: u64, entry: &Entry) -> Applied {
        let Some(held) = self.claims.release(token) else {
            return Ok(Err(StoreError::LostLease));
        };
        self.take_out(db, held.key)?;
        self.lanes.uncount(held.key.lane, held.reason);
        let key = self.line_up(db, entry, held.hash, held.key.seq)?;
        self.lanes.joined(key.lane, (key.due, key.seq));
        Ok(Ok(0))
    }

    fn complete(&mut self, db: &Connection, token: u64, outcome: &[u8]) -> Applied {
        let Some(held) = self.claims.release(token) else {
            return Ok(Err(StoreError::LostLease));
        };
        self.take_out(db, held.key)?;
        self.lanes.uncount(held.key.lane, held.reason);
        let id = id_of(db, LEAVING_STEP, held.key.seq)?.unwrap_or_default();
        let now = self.now();
        let n = self
            .log
            .append(db, now, held.hash, &encode::entry(&id, outcome))?;
        self.known.set(held.hash, Spot::Finished(n));
        Ok(Ok(0))
    }

    fn cancel(&mut self, db: &Connection, id: &StepId) -> Applied {
        let hash = self.known.hash(id.as_str());
        let aside = db
            .prepare_cached("DELETE FROM aside WHERE hash = ?1")?
            .execute([hash.cast_signed()])?;
        let Ok(Some(spot)) = self.spot(db, id, hash)? else {
            return Ok(Ok(aside as u64));
        };
        match spot {
            Spot::Waiting(key) => self.remove(db, key)?,
            Spot::Finished(n) => self.log.erase(db, n)?,
        }
        self.known.forget(hash, spot);
        Ok(Ok(1))
    }

    /// Takes a step, claimed or not, off the disk; its token becomes stale.
    fn remove(&mut self, db: &Connection, key: Key) -> rusqlite::Result<()> {
        let place = self.place(db, key)?;
        self.take_out(db, key)?;
        drop_payload(db, key.seq)?;
        let held = self
            .claims
            .of(key.seq)
            .and_then(|token| self.claims.release(token));
        if let Some(reason) = held
            .map(|held| held.reason)
            .or(place.map(|place| place.reason))
        {
            self.lanes.uncount(key.lane, reason);
        }
        self.leave_head(db, key)
    }

    fn set_aside(&mut self, db: &Connection, token: u64) -> Applied {
        let Some(held) = self.claims.release(token) else {
            return Ok(Err(StoreError::LostLease));
        };
        let Key { lane, due, seq } = held.key;
        db.prepare_cached(
            "INSERT OR REPLACE INTO aside SELECT seq, ?4, place,
                (SELECT payload FROM steps WHERE steps.seq = queue.seq)
             FROM queue WHERE lane = ?1 AND due = ?2 AND seq = ?3",
        )?
        .execute((lane, due, seq, held.hash.cast_signed()))?;
        self.take_out(db, held.key)?;
        drop_payload(db, seq)?;
        self.lanes.uncount(lane, held.reason);
        self.known.forget(held.hash, Spot::Waiting(held.key));
        Ok(Ok(0))
    }

    fn insert(&mut self, db: &Connection, entry: &Entry, hash: u64) -> rusqlite::Result<Key> {
        self.seq += 1;
        let seq = self.seq;
        db.prepare_cached("INSERT INTO steps VALUES (?1, ?2)")?
            .execute((seq, &entry.payload))?;
        self.line_up(db, entry, hash, seq)
    }

    /// Writes a step's place in line.
    fn line_up(
        &mut self,
        db: &Connection,
        entry: &Entry,
        hash: u64,
        seq: i64,
    ) -> rusqlite::Result<Key> {
        let lane = self.lane(db, &entry.lane)?;
        let due = entry.due;
        db.prepare_cached("INSERT INTO queue VALUES (?1, ?2, ?3, ?4)")?
            .execute((lane, due, seq, entry.place(hash)))?;
        let key = Key { lane, due, seq };
        self.known.set(hash, Spot::Waiting(key));
        self.lanes.count(lane, entry.reason, 1);
        Ok(key)
    }

    fn lane(&mut self, db: &Connection, lane: &Lane) -> rusqlite::Result<u32> {
        if let Some(id) = self.lanes.id(lane) {
            return Ok(id);
        }
        let id = self.lanes.free();
        let origin = lane.origin.as_ref().map(ToString::to_string);
        db.prepare_cached("INSERT INTO lanes VALUES (?1, ?2, ?3)")?
            .execute((id, lane.target.to_string(), origin))?;
        self.lanes.add(id, lane.clone());
        Ok(id)
    }

    fn take_out(&self, db: &Connection, key: Key) -> rusqlite::Result<()> {
        let Key { lane, due, seq } = key;
        db.prepare_cached("DELETE FROM queue WHERE lane = ?1 AND due = ?2 AND seq = ?3")?
            .execute((lane, due, seq))?;
        Ok(())
    }

    /// Where `key` was its lane's first unclaimed step, the next is it now.
    fn leave_head(&mut self, db: &Connection, key: Key) -> rusqlite::Result<()> {
        let at = (key.due, key.seq);
        if self.lanes.head(key.lane) == Some(at) {
            let next = self.first_from(db, key.lane, at)?;
            self.lanes.set_head(key.lane, next);
        }
        Ok(())
    }

    /// What a step's place in line says; none where it cannot be read.
    pub(super) fn place(&self, db: &Connection, key: Key) -> rusqlite::Result<Option<Place>> {
        let Key { lane, due, seq } = key;
        let bytes: Option<Vec<u8>> = db
            .prepare_cached("SELECT place FROM queue WHERE lane = ?1 AND due = ?2 AND seq = ?3")?
            .query_row((lane, due, seq), |row| row.get(0))
            .optional()?;
        Ok(bytes.and_then(|bytes| Place::read(&bytes, due).ok()))
    }
}

fn drop_payload(db: &Connection, seq: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM steps WHERE seq = ?1")?
        .execute([seq])?;
    Ok(())
}

fn mark_slot(db: &Connection, tile: &TileRef, at: Timestamp) -> Applied {
    db.prepare_cached(
        "INSERT INTO slots VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
    )?
    .execute((tile.as_str(), at.as_microsecond()))?;
    Ok(Ok(0))
}
