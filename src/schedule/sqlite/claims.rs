//! Steps that were handed out: in memory only, since a restart ends every claim.

use super::known::Key;
use crate::model::PendingReason;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Who has which step, and until when.
#[derive(Debug)]
pub(super) struct Claims {
    held: HashMap<u64, Held>,
    tokens: HashMap<i64, u64>,
    ends: BTreeSet<(i64, u64)>,
    last: u64,
    /// What was let go since the last commit, so that it can be taken back.
    gone: Vec<(u64, Held)>,
}

/// A claimed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub key: Key,
    pub hash: u64,
    pub reason: PendingReason,
    /// End of the lease, in milliseconds since 1970.
    pub end: i64,
}

// === impl Claims ===

impl Claims {
    pub(super) fn new() -> Self {
        Self {
            held: HashMap::new(),
            tokens: HashMap::new(),
            ends: BTreeSet::new(),
            last: 0,
            gone: Vec::new(),
        }
    }

    pub(super) fn claim(&mut self, held: Held) -> u64 {
        self.last += 1;
        self.put(self.last, held);
        self.last
    }

    pub(super) fn of(&self, seq: i64) -> Option<u64> {
        self.tokens.get(&seq).copied()
    }

    /// The lanes that have claimed steps.
    pub(super) fn lanes(&self) -> HashSet<u32> {
        self.held.values().map(|held| held.key.lane).collect()
    }

    pub(super) fn extend(&mut self, token: u64, end: i64) -> bool {
        let Some(held) = self.held.get_mut(&token) else {
            return false;
        };
        self.ends.remove(&(held.end, token));
        held.end = end;
        self.ends.insert((end, token))
    }

    pub(super) fn release(&mut self, token: u64) -> Option<Held> {
        let held = self.held.remove(&token)?;
        self.tokens.remove(&held.key.seq);
        self.ends.remove(&(held.end, token));
        self.gone.push((token, held));
        Some(held)
    }

    /// The claims whose lease has ended, let go.
    pub(super) fn ended(&mut self, now: i64) -> Vec<Held> {
        let mut ended = Vec::new();
        while let Some((_, token)) = self.ends.first().copied().filter(|(end, _)| *end <= now) {
            ended.extend(self.release(token));
        }
        ended
    }

    /// What was let go is on disk now.
    pub(super) fn settle(&mut self) {
        self.gone.clear();
    }

    /// What was let go since the last commit was not: it is claimed as before.
    pub(super) fn undo(&mut self) {
        for (token, held) in std::mem::take(&mut self.gone) {
            self.put(token, held);
        }
    }

    /// Keeps the claims whose step is still where it was claimed.
    pub(super) fn retain(&mut self, stands: impl Fn(&Held) -> bool) {
        let gone: Vec<u64> = self
            .held
            .iter()
            .filter(|(_, held)| !stands(held))
            .map(|(token, _)| *token)
            .collect();
        for token in gone {
            self.release(token);
        }
        self.settle();
    }

    fn put(&mut self, token: u64, held: Held) {
        self.tokens.insert(held.key.seq, token);
        self.ends.insert((held.end, token));
        self.held.insert(token, held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(seq: i64, end: i64) -> Held {
        let key = Key {
            lane: 1,
            due: 0,
            seq,
        };
        Held {
            key,
            hash: 9,
            reason: PendingReason::Busy,
            end,
        }
    }

    #[test]
    fn a_lease_ends_when_it_was_last_told_to() {
        let mut claims = Claims::new();
        let token = claims.claim(held(1, 10));
        assert!(claims.extend(token, 20));
        assert_eq!(claims.ended(19), []);
        assert_eq!(claims.ended(20), [held(1, 20)]);
        assert_eq!((claims.of(1), claims.lanes().len()), (None, 0));
        assert!(!claims.extend(token, 30));
    }

    #[test]
    fn what_was_let_go_and_not_committed_is_held_again_by_the_same_token() {
        let mut claims = Claims::new();
        let (first, second) = (claims.claim(held(1, 10)), claims.claim(held(2, 10)));
        claims.release(first);
        claims.settle();
        claims.release(second);
        claims.undo();
        assert_eq!((claims.of(1), claims.of(2)), (None, Some(second)));
        assert_eq!(claims.release(second), Some(held(2, 10)));
        assert_eq!(claims.release(first), None);
    }
}
