//! The lines of all tiles, found by tile; those of idle tiles are forgotten.

use super::line::Line;
use super::pacer::Tile;
use crate::model::TileRef;
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Locks that tiles are spread over, so that threads seldom meet at one.
const SHARDS: usize = 16;

/// How often idle lines are looked for.
const SWEEP: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Lines {
    /// When the process began.
    begin: Instant,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug)]
struct Shard {
    tiles: HashMap<TileRef, Arc<Tile>, RandomState>,
    swept: Instant,
}

// === impl Lines ===

impl Lines {
    pub(super) fn new(begin: Instant) -> Self {
        let shard = |_| {
            Mutex::new(Shard {
                tiles: HashMap::default(),
                swept: begin,
            })
        };
        Self {
            begin,
            hasher: RandomState::default(),
            shards: std::array::from_fn(shard),
        }
    }

    /// The line of `tile`.
    pub(super) fn of(&self, tile: &TileRef, now: Instant) -> Arc<Tile> {
        let mut shard = self.shard(tile).lock();
        shard.sweep(now);
        if let Some(found) = shard.tiles.get(tile) {
            return found.clone();
        }
        let line = Line::new(self.begin, None);
        let made = Arc::new(Tile::new(tile.clone(), line));
        shard.tiles.insert(tile.clone(), made.clone());
        made
    }

    /// The latest slot of `tile` was at `last`.
    pub(super) fn restore(&self, tile: &TileRef, last: Instant) {
        let line = Line::new(self.begin, Some(last));
        let made = Arc::new(Tile::new(tile.clone(), line));
        self.shard(tile).lock().tiles.insert(tile.clone(), made);
    }

    fn shard(&self, tile: &TileRef) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(tile) as usize % SHARDS]
    }
}

// === impl Shard ===

impl Shard {
    fn sweep(&mut self, now: Instant) {
        if now < self.swept + SWEEP {
            return;
        }
        self.swept = now;
        // Only here can somebody get at a line: one that nobody has now stays without anybody.
        self.tiles
            .retain(|_, tile| Arc::strong_count(tile) > 1 || !tile.state.lock().line.is_idle(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::rate::pace::Pace;

    fn tile(number: usize) -> TileRef {
        TileRef::new(&format!("j/t{number}")).unwrap()
    }

    fn held(lines: &Lines) -> usize {
        let count = |shard: &Mutex<Shard>| shard.lock().tiles.len();
        lines.shards.iter().map(count).sum()
    }

    #[test]
    fn lines_of_idle_tiles_are_forgotten_and_others_are_not() {
        let begin = Instant::now();
        let lines = Lines::new(begin);
        for number in 0..1000 {
            let tile = lines.of(&tile(number), begin);
            tile.state.lock().line.set_pace(Pace::FREE);
        }
        let in_use = lines.of(&tile(7), begin);
        lines.restore(&tile(8), begin);

        let later = begin + SWEEP;
        for number in 0..1000 {
            lines.of(&tile(number), later);
        }
        // Each shard was swept when it was first asked; what was asked for since is there anew.
        let again = lines.of(&tile(7), later);
        assert!(Arc::ptr_eq(&in_use, &again));
        for shard in &lines.shards {
            shard.lock().sweep(later + SWEEP);
        }

        // The one in use, and the one whose next slot is in an hour.
        assert_eq!(held(&lines), 2);
        let last = later + Duration::from_secs(4000);
        drop((in_use, again));
        for shard in &lines.shards {
            shard.lock().sweep(last);
        }
        assert_eq!(held(&lines), 0);
    }
}
