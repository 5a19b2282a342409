//! The outcome log: numbered entries, each group's place in it, and what may go.
//!
//! Three marks, each only moves on: `last`, the number given last; `floor`, up to which no read
//! sees an entry, since every group has it or it was kept long enough; `from`, where what memory
//! knows begins. An entry goes when it is behind both `floor` and `from`.

use super::apply::Applied;
use super::encode;
use super::file::{FINISHED_STEP, id_of, remember, remembered};
use super::known::{Filling, Known, Spot};
use super::words::{Erase, Found, Wanted};
use crate::schedule::{Cursor, Keep, StoreError};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::time::Duration;

/// Entries that are looked at in one go.
const CHUNK: i64 = 4096;

/// Bytes of a page of the log, about, at most.
const PAGE: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct Log {
    last: i64,
    floor: i64,
    from: i64,
    /// How many finished steps memory knows.
    remembered: usize,
    groups: BTreeMap<String, i64>,
    keep: Keep,
}

/// A place in some log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// After this entry of ours.
    Here(i64),
    /// In the log of another file.
    Elsewhere,
}

/// What a look through the log met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Swept {
    /// Whether there may be more.
    pub more: bool,
    /// Entries that some group has not acknowledged, and that no read sees any more.
    pub dropped: u64,
}

// === impl Log ===

impl Log {
    pub(super) fn new() -> Self {
        Self {
            last: 0,
            floor: 0,
            from: 1,
            remembered: 0,
            groups: BTreeMap::new(),
            // Until someone says how long, all is kept.
            keep: Keep {
                outcomes: Duration::MAX,
                remembered: Duration::MAX,
                most_remembered: usize::MAX,
            },
        }
    }

    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut log = Self::new();
        let last: i64 = remembered(db, "last")?.unwrap_or(0);
        let newest: Option<i64> =
            db.query_row("SELECT max(n) FROM outcomes", [], |row| row.get(0))?;
        log.last = last.max(newest.unwrap_or(0));
        log.floor = remembered(db, "floor")?.unwrap_or(0);
        log.from = remembered(db, "from")?.unwrap_or(1);
        let mut groups = db.prepare_cached("SELECT name, acked FROM groups")?;
        let groups = groups.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        log.groups = groups.collect::<rusqlite::Result<_>>()?;
        Ok(log)
    }

    /// Takes what `other` read from the disk; no number is given twice.
    pub(super) fn become_of(&mut self, other: Self) {
        *self = Self {
            last: self.last.max(other.last),
            keep: self.keep,
            ..other
        };
    }

    /// Makes `known` know the entries that memory is to know.
    pub(super) fn load_known(
        &mut self,
        db: &Connection,
        known: &mut Filling,
    ) -> rusqlite::Result<()> {
        let mut entries = db.prepare_cached("SELECT n, hash FROM outcomes WHERE n >= ?1")?;
        let mut rows = entries.query([self.from])?;
        self.remembered = 0;
        while let Some(row) = rows.next()? {
            let hash = row.get::<_, i64>(1)?.cast_unsigned();
            known.set(hash, Spot::Finished(row.get(0)?));
            self.remembered += 1;
        }
        Ok(())
    }

    /// The number given last.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    pub(super) fn append(
        &mut self,
        db: &Connection,
        now: i64,
        hash: u64,
        entry: &[u8],
    ) -> rusqlite::Result<i64> {
        self.last += 1;
        self.remembered += 1;
        db.prepare_cached("INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4)")?
            .execute((self.last, now, hash.cast_signed(), entry))?;
        Ok(self.last)
    }

    /// Removes one entry; its number is not given again.
    pub(super) fn erase(&mut self, db: &Connection, n: i64) -> rusqlite::Result<()> {
        let gone = db
            .prepare_cached("DELETE FROM outcomes WHERE n = ?1")?
            .execute([n])?;
        if n >= self.from {
            self.remembered = self.remembered.saturating_sub(gone);
        }
        remember(db, "last", self.last)
    }

    pub(super) fn ack(&mut self, db: &Connection, group: &str, n: i64) -> Applied {
        if n > self.last {
            return Ok(Err(StoreError::BadCursor));
        }
        let acked = self.groups.entry(group.to_owned()).or_insert(n);
        *acked = n.max(*acked);
        db.prepare_cached("INSERT OR REPLACE INTO groups VALUES (?1, ?2)")?
            .execute((group, *acked))?;
        let all = self.groups.values().min().copied().unwrap_or(0);
        if all > self.floor {
            self.floor = all;
            remember(db, "floor", all)?;
        }
        Ok(Ok(0))
    }

    pub(super) fn read(
        &self,
        db: &Connection,
        wanted: &Wanted,
    ) -> rusqlite::Result<Result<Found, StoreError>> {
        let acked = || self.groups.get(&wanted.group).copied();
        let after = wanted.after.or_else(acked).unwrap_or(0);
        if after > self.last {
            return Ok(Err(StoreError::BadCursor));
        }
        let mut found = Found {
            outcomes: Vec::new(),
            last: after,
        };
        let mut entries =
            db.prepare_cached("SELECT n, entry FROM outcomes WHERE n > ?1 ORDER BY n LIMIT ?2")?;
        let limit = i64::try_from(wanted.limit).unwrap_or(i64::MAX);
        let mut rows = entries.query((after.max(self.floor), limit))?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            found.last = row.get(0)?;
            let Some(outcome) = encode::outcome(row.get(1)?) else {
                tracing::error!(
                    n = found.last,
                    "an entry of the outcome log cannot be read: it is left out"
                );
                continue;
            };
            bytes += outcome.len();
            found.outcomes.push(outcome);
            if bytes >= PAGE {
                break;
            }
        }
        Ok(Ok(found))
    }

    /// From now on finished steps are kept so long.
    pub(super) fn keep(&mut self, keep: Keep) {
        self.keep = keep;
    }

    /// Whether more is remembered than there may be, by enough to be worth a look.
    pub(super) fn is_over(&self) -> bool {
        let most = self.keep.most_remembered;
        self.remembered > most.saturating_add(most / 16).saturating_add(64)
    }

    /// Moves the marks on and removes what is behind them, one chunk of it.
    pub(super) fn sweep(
        &mut self,
        db: &Connection,
        known: &Known,
        now: i64,
    ) -> rusqlite::Result<Swept> {
        let (floor, from) = (self.floor, self.from);
        let forgot = self.forget(db, known, now)?;
        let dropped = self.drop_old(db, now)?;
        let behind = self.floor.min(self.from - 1);
        let gone = db
            .prepare_cached(
                "DELETE FROM outcomes WHERE n IN
                    (SELECT n FROM outcomes WHERE n <= ?1 ORDER BY n LIMIT ?2)",
            )?
            .execute((behind, CHUNK))?;
        for (name, before, mark) in [("floor", floor, self.floor), ("from", from, self.from)] {
            if mark != before {
                remember(db, name, mark)?;
            }
        }
        if gone > 0 {
            remember(db, "last", self.last)?;
        }
        let gone = i64::try_from(gone).unwrap_or(CHUNK);
        let more = [forgot, dropped, gone].contains(&CHUNK);
        let dropped = dropped.unsigned_abs();
        Ok(Swept { more, dropped })
    }

    /// Memory forgets the finished steps that are too old or too many.
    fn forget(&mut self, db: &Connection, known: &Known, now: i64) -> rusqlite::Result<i64> {
        let oldest = before(now, self.keep.remembered);
        let mut entries = db
            .prepare_cached("SELECT n, hash, at FROM outcomes WHERE n >= ?1 ORDER BY n LIMIT ?2")?;
        let mut rows = entries.query((self.from, CHUNK))?;
        let mut forgot = 0;
        while let Some(row) = rows.next()? {
            let (n, at): (i64, i64) = (row.get(0)?, row.get(2)?);
            if at >= oldest && self.remembered <= self.keep.most_remembered {
                break;
            }
            known.forget(row.get::<_, i64>(1)?.cast_unsigned(), Spot::Finished(n));
            self.remembered = self.remembered.saturating_sub(1);
            self.from = n + 1;
            forgot += 1;
        }
        Ok(forgot)
    }

    /// The log drops what was kept long enough, acknowledged or not.
    fn drop_old(&mut self, db: &Connection, now: i64) -> rusqlite::Result<i64> {
        let oldest = before(now, self.keep.outcomes);
        let mut entries =
            db.prepare_cached("SELECT n, at FROM outcomes WHERE n > ?1 ORDER BY n LIMIT ?2")?;
        let mut rows = entries.query((self.floor, CHUNK))?;
        let mut dropped = 0;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(1)? >= oldest {
                break;
            }
            self.floor = row.get(0)?;
            dropped += 1;
        }
        Ok(dropped)
    }

    /// Looks for entries of one step among those that memory does not know, one chunk of them.
    /// Whether there may be more.
    pub(super) fn look(
        &self,
        db: &Connection,
        known: &Known,
        erase: &mut Erase,
    ) -> rusqlite::Result<bool> {
        let hash = known.hash(erase.id.as_str()).cast_signed();
        let mut entries = db.prepare_cached(
            "SELECT n, hash FROM outcomes WHERE n > ?1 AND n < ?2 ORDER BY n LIMIT ?3",
        )?;
        let mut rows = entries.query((erase.after, self.from, CHUNK))?;
        let (mut looked, mut same) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            erase.after = row.get(0)?;
            looked += 1;
            if row.get::<_, i64>(1)? == hash {
                same.push(erase.after);
            }
        }
        for n in same {
            if id_of(db, FINISHED_STEP, n)?.as_deref() == Some(erase.id.as_str()) {
                db.prepare_cached("DELETE FROM outcomes WHERE n = ?1")?
                    .execute([n])?;
                remember(db, "last", self.last)?;
                erase.met += 1;
            }
        }
        Ok(looked == CHUNK)
    }
}

// === impl At ===

impl At {
    /// Reads a cursor: the tag of its file, a hyphen, and a number.
    pub(super) fn read(cursor: &Cursor, tag: &str) -> Result<Self, StoreError> {
        let (of, n) = cursor.0.rsplit_once('-').ok_or(StoreError::BadCursor)?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let is_tag = !of.is_empty() && of.bytes().all(word);
        let n: Option<i64> = n
            .parse()
            .ok()
            .filter(|_| n.bytes().all(|b| b.is_ascii_digit()));
        match n.filter(|_| is_tag) {
            Some(n) if of == tag => Ok(Self::Here(n)),
            Some(_) => Ok(Self::Elsewhere),
            None => Err(StoreError::BadCursor),
        }
    }
}

fn before(now: i64, age: Duration) -> i64 {
    let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    now.saturating_sub(age)
}
