//! Which ids the store knows, and where each stands: in memory, by a keyed hash of the id.
//!
//! An index on disk would dirty a page for every step, since ids come in no order. A hash is not
//! the id: who finds one looks at the id in the row before it believes it.

use parking_lot::RwLock;
use siphasher::sip::SipHasher13;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Parts that are locked on their own.
const SHARDS: usize = 64;

/// All ids that are pending, or finished and remembered.
#[derive(Debug)]
pub(super) struct Known {
    key: [u8; 16],
    shards: Box<[RwLock<Shard>]>,
}

type Shard = HashMap<u64, Packed, BuildHasherDefault<Identity>>;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    Waiting(Key),
    /// The number of its entry in the outcome log.
    Finished(i64),
}

/// The primary key of a step's place in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub lane: u32,
    /// Milliseconds since 1970.
    pub due: i64,
    pub seq: i64,
}

/// A [`Spot`] in 16 bytes, since there are millions: `due` and `seq` in 48 bits each.
#[derive(Debug, Clone, Copy)]
struct Packed(u64, u64);

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Identity(u64);

// === impl Known ===

impl Known {
    pub(super) fn new(key: [u8; 16]) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self { key, shards }
    }

    pub(super) fn hash(&self, id: &str) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(id.as_bytes());
        hasher.finish()
    }

    pub(super) fn get(&self, hash: u64) -> Option<Spot> {
        self.shard(hash).read().get(&hash).map(|spot| spot.open())
    }

    pub(super) fn set(&self, hash: u64, spot: Spot) {
        self.shard(hash).write().insert(hash, Packed::new(spot));
    }

    /// Forgets `hash`, if it still stands at `spot`.
    pub(super) fn forget(&self, hash: u64, spot: Spot) -> bool {
        let mut shard = self.shard(hash).write();
        let is = shard.get(&hash).is_some_and(|packed| packed.open() == spot);
        is && shard.remove(&hash).is_some()
    }

    /// Takes the place of `self` in one go for each part, so that nothing known is ever missing.
    pub(super) fn become_of(&self, other: Self) {
        let others = other.shards.into_iter();
        for (shard, new) in self.shards.iter().zip(others) {
            *shard.write() = new.into_inner();
        }
    }

    /// One of the same key, with room for `ids`.
    pub(super) fn empty(&self, ids: usize) -> Self {
        let new = Self::new(self.key);
        // A little more than its part, since hashes do not spread evenly.
        let part = ids / SHARDS + ids / SHARDS / 32;
        for shard in &new.shards {
            shard.write().reserve(part);
        }
        new
    }

    // The map takes its buckets from the low bits, so the shard is of others.
    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        &self.shards[(hash >> 40) as usize % SHARDS]
    }
}

// === impl Packed ===

impl Packed {
    fn new(spot: Spot) -> Self {
        match spot {
            Spot::Waiting(Key { lane, due, seq }) => {
                let (due, seq) = (due.unsigned_abs(), seq.unsigned_abs());
                let lane = u64::from(lane);
                Self(due << 16 | lane >> 16, seq << 16 | lane & 0xffff)
            }
            // No lane has all bits set.
            Spot::Finished(n) => Self(u64::MAX, n.unsigned_abs()),
        }
    }

    fn open(self) -> Spot {
        let Self(first, second) = self;
        if first == u64::MAX {
            return Spot::Finished(second.cast_signed());
        }
        let lane = (first & 0xffff) << 16 | second & 0xffff;
        Spot::Waiting(Key {
            lane: u32::try_from(lane).expect("two times 16 bits"),
            due: (first >> 16).cast_signed(),
            seq: (second >> 16).cast_signed(),
        })
    }
}

// === impl Identity ===

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_comes_back_as_it_was_set() {
        let known = Known::new([7; 16]);
        let last = Key {
            lane: u32::MAX - 1,
            due: jiff::Timestamp::MAX.as_millisecond(),
            seq: (1 << 48) - 1,
        };
        let first = Key {
            lane: 0,
            due: 0,
            seq: 0,
        };
        for spot in [
            Spot::Waiting(first),
            Spot::Waiting(last),
            Spot::Finished(0),
            Spot::Finished(i64::MAX),
        ] {
            let hash = known.hash("order-1");
            known.set(hash, spot);
            assert_eq!(known.get(hash), Some(spot));
        }
    }

    #[test]
    fn what_moved_on_meanwhile_is_not_forgotten() {
        let known = Known::new([7; 16]);
        let hash = known.hash("order-1");
        known.set(hash, Spot::Finished(2));
        assert!(!known.forget(hash, Spot::Finished(1)));
        assert_eq!(known.get(hash), Some(Spot::Finished(2)));
        assert!(known.forget(hash, Spot::Finished(2)));
        assert_eq!(known.get(hash), None);
    }

    #[test]
    fn another_key_gives_another_hash() {
        let hash = |key| Known::new([key; 16]).hash("order-1");
        assert_ne!(hash(1), hash(2));
    }
}
