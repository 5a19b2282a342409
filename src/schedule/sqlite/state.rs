//! What the store's thread has in memory, and how that is read from the disk.

use super::claims::{Claims, Held};
use super::encode::{self, Place, moment};
use super::file::{FINISHED_STEP, STEP, id_of, number};
use super::known::{Filling, Key, Known, Spot};
use super::lanes::Lanes;
use super::log::Log;
use crate::model::{PendingReason, StepId};
use crate::schedule::{Clock, Lane};
use crate::telemetry::Telemetry;
use jiff::Timestamp;
use rusqlite::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Everything in memory. What is on disk is the truth: after a failed write it is read anew.
pub(super) struct State {
    pub clock: Clock,
    pub telemetry: Telemetry,
    pub known: Arc<Known>,
    pub lanes: Lanes,
    pub claims: Claims,
    pub log: Log,
    /// The last number that a step got.
    pub seq: i64,
    /// When the dispatcher was last told to ask again; it is woken for what is due before.
    pub promised: i64,
    pub earlier: Arc<Notify>,
    /// Rows that claims looked at.
    pub looked: u64,
}

// === impl State ===

impl State {
    /// Nothing known; `key` is what ids are hashed with.
    pub(super) fn new(clock: Clock, telemetry: Telemetry, key: [u8; 16]) -> Self {
        Self {
            clock,
            telemetry,
            known: Arc::new(Known::new(key)),
            lanes: Lanes::default(),
            claims: Claims::new(),
            log: Log::new(),
            seq: 0,
            promised: i64::MAX,
            earlier: Arc::default(),
            looked: 0,
        }
    }

    /// Reads all that is not in memory; claims whose steps are still there go on.
    pub(super) fn load(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.lanes = Lanes::default();
        self.load_lanes(db)?;
        let log = Log::load(db)?;
        let mut known = self.known.empty(at_most(db)?);
        self.log.become_of(log);
        // First, so that of a step that is finished and waits again, the latter counts.
        self.log.load_known(db, &mut known)?;
        self.load_queue(db, &mut known)?;
        self.known.become_of(known.filled());
        let last: Option<i64> = db.query_row(
            "SELECT max(seq) FROM (SELECT max(seq) AS seq FROM steps UNION ALL SELECT max(seq) FROM aside)",
            [],
            |row| row.get(0),
        )?;
        self.seq = self.seq.max(last.unwrap_or(0));
        let known = &self.known;
        self.claims
            .retain(|held| known.get(held.hash) == Some(Spot::Waiting(held.key)));
        self.promised = i64::MAX;
        self.earlier.notify_one();
        Ok(())
    }

    fn load_lanes(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut lanes = db.prepare_cached("SELECT lane, target, origin FROM lanes")?;
        let mut rows = lanes.query([])?;
        while let Some(row) = rows.next()? {
            let id: u32 = row.get(0)?;
            let target = encode::target(row.get_ref(1)?.as_str()?);
            let origin: Option<String> = row.get(2)?;
            let origin = origin.as_deref().map(encode::origin);
            match (target, origin) {
                (Some(target), None) => self.lanes.add(
                    id,
                    Lane {
                        target,
                        origin: None,
                    },
                ),
                (Some(target), Some(Some(origin))) => {
                    let origin = Some(origin);
                    self.lanes.add(id, Lane { target, origin });
                }
                (None, _) | (_, Some(None)) => {
                    tracing::error!(
                        lane = id,
                        "a lane of the schedule cannot be read: its steps stay where they are"
                    );
                }
            }
        }
        Ok(())
    }

    /// One pass over the line: the ids, the lanes' first unclaimed steps, and the counts.
    fn load_queue(&mut self, db: &Connection, known: &mut Filling) -> rusqlite::Result<()> {
        let mut queue =
            db.prepare_cached("SELECT lane, due, seq, place FROM queue ORDER BY lane, due, seq")?;
        let mut rows = queue.query([])?;
        let mut current = None;
        // Steps that follow each other mostly share lane and reason: they are counted together.
        let (mut alike, mut steps) = (None, 0);
        while let Some(row) = rows.next()? {
            let key = Key {
                lane: row.get(0)?,
                due: row.get(1)?,
                seq: row.get(2)?,
            };
            let place = row.get_ref(3)?.as_blob()?;
            let Some((hash, reason)) = Place::peek(place) else {
                tracing::error!(
                    seq = key.seq,
                    "a step's place in line cannot be read: it stays where it is"
                );
                continue;
            };
            known.set(hash, Spot::Waiting(key));
            if alike != Some((key.lane, reason)) {
                self.count_run(
                    alike.replace((key.lane, reason)),
                    std::mem::take(&mut steps),
                );
            }
            steps += 1;
            if current != Some(key.lane) && self.claims.of(key.seq).is_none() {
                current = Some(key.lane);
                self.lanes.joined(key.lane, (key.due, key.seq));
            }
        }
        self.count_run(alike, steps);
        Ok(())
    }

    fn count_run(&mut self, alike: Option<(u32, PendingReason)>, steps: usize) {
        if let Some((lane, reason)) = alike {
            self.lanes.count(lane, reason, steps);
        }
    }

    /// The moment in whole milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// The end of a lease that begins now.
    pub(super) fn lease_end(&self, lease: Duration) -> i64 {
        let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        self.now().saturating_add(lease)
    }

    /// Puts back what was claimed for too long.
    pub(super) fn end_leases(&mut self) {
        for held in self.claims.ended(self.now()) {
            self.put_back(held);
        }
        self.claims.settle();
    }

    fn put_back(&mut self, held: Held) {
        let Key { lane, due, seq } = held.key;
        self.lanes.joined(lane, (due, seq));
    }

    /// Wakes the dispatcher when something is due before it wants to ask again.
    pub(super) fn wake(&mut self) {
        if let Some(again) = self.lanes.again().filter(|again| *again < self.promised) {
            self.promised = again;
            self.earlier.notify_one();
        }
    }

    /// When to ask again.
    pub(super) fn promise(&mut self) -> Option<Timestamp> {
        let again = self.lanes.again();
        self.promised = again.unwrap_or(i64::MAX);
        again.map(moment)
    }

    /// The first unclaimed step of a lane from `from` on.
    pub(super) fn first_from(
        &self,
        db: &Connection,
        lane: u32,
        from: (i64, i64),
    ) -> rusqlite::Result<Option<(i64, i64)>> {
        let mut next = db.prepare_cached(FROM)?;
        let mut rows = next.query((lane, from.0, from.1))?;
        while let Some(row) = rows.next()? {
            let (due, seq) = (row.get(0)?, row.get(1)?);
            if self.claims.of(seq).is_none() {
                return Ok(Some((due, seq)));
            }
        }
        Ok(None)
    }

    /// Where the step `id` stands, if it is known. `Err` where another id has the same hash.
    pub(super) fn spot(
        &self,
        db: &Connection,
        id: &StepId,
        hash: u64,
    ) -> rusqlite::Result<Result<Option<Spot>, Collision>> {
        let Some(spot) = self.known.get(hash) else {
            return Ok(Ok(None));
        };
        let found = match spot {
            Spot::Waiting(key) => id_of(db, STEP, key.seq)?,
            Spot::Finished(n) => id_of(db, FINISHED_STEP, n)?,
        };
        let other = found.filter(|other| *other != id.as_str());
        if other.is_some() {
            tracing::warn!(step = %id, "the id of a step has the same hash as another's: the step is refused");
            return Ok(Err(Collision));
        }
        // A damaged row is taken at its hash's word.
        Ok(Ok(Some(spot)))
    }
}

/// How many steps there may be: from the ends of the tables, since a count reads all of it.
fn at_most(db: &Connection) -> rusqlite::Result<usize> {
    let ends = "SELECT coalesce(max(seq) - (SELECT min(seq) FROM steps) + 1, 0) FROM steps";
    let range: i64 = db.query_row(ends, [], |row| row.get(0))?;
    let pages = i64::from(number(db, "page_count")?);
    Ok(usize::try_from(range.min(pages * PER_PAGE)).unwrap_or(0))
}

/// Places in line on one page, at most.
const PER_PAGE: i64 = 300;

/// Two ids with one hash.
pub(super) struct Collision;

/// A lane's line from one place on.
pub(super) const FROM: &str = "SELECT due, seq, place FROM queue
    WHERE lane = ?1 AND (due, seq) >= (?2, ?3) ORDER BY due, seq";
