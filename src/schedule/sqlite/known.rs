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

/// Many ids on their way to [`Known`]: part by part, so that the memory a part takes stays near
/// while it is filled. One by one, each id waits for memory twice.
#[derive(Debug)]
pub(super) struct Filling {
    known: Known,
    parts: Vec<Vec<(u64, Packed)>>,
}

/// Ids of one part that are put in together.
const TOGETHER: usize = 1024;

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

    /// One of the same key to be filled, with room for `ids`.
    pub(super) fn empty(&self, ids: usize) -> Filling {
        let new = Self::new(self.key);
        // A little more than its part, since hashes do not spread evenly.
        let part = ids / SHARDS + ids / SHARDS / 32;
        for shard in &new.shards {
            shard.write().reserve(part);
        }
        Filling {
            known: new,
            parts: (0..SHARDS).map(|_| Vec::with_capacity(TOGETHER)).collect(),
        }
    }

    // The map takes its buckets from the low bits, so the shard is of others.
    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        &self.shards[part(hash)]
    }
}

fn part(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

// === impl Filling ===

impl Filling {
    /// Of two with one hash, the later counts.
    pub(super) fn set(&mut self, hash: u64, spot: Spot) {
        let at = part(hash);
        let ids = &mut self.parts[at];
        ids.push((hash, Packed::new(spot)));
        if ids.len() >= TOGETHER {
            self.known.shards[at].write().extend(ids.drain(..));
        }
    }

    pub(super) fn filled(self) -> Known {
        for (shard, ids) in self.known.shards.iter().zip(self.parts) {
            shard.write().extend(ids);
        }
        self.known
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
    fn what_is_filled_in_is_known_and_the_later_counts() {
        let known = Known::new([7; 16]);
        let mut filling = known.empty(10);
        for n in 0..200_000 {
            let hash = known.hash(&(n % 150_000).to_string());
            filling.set(hash, Spot::Finished(n));
        }
        known.become_of(filling.filled());
        for n in 0..200_000 {
            let last = if n < 50_000 { n + 150_000 } else { n };
            let found = known.get(known.hash(&n.to_string()));
            assert_eq!(found, (n < 150_000).then_some(Spot::Finished(last)), "{n}");
        }
    }

    #[test]
    fn another_key_gives_another_hash() {
        let hash = |key| Known::new([key; 16]).hash("order-1");
        assert_ne!(hash(1), hash(2));
    }
}
