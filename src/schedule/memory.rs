//! A store in memory: what waits is lost with the process, and the gateway says so at start.

use super::{Claim, FencingToken, Health, Scheduled, Store, StoreError};
use crate::model::StepId;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Most bytes of steps that wait; past it the store is full.
const CAPACITY_BYTES: usize = 256 * 1024 * 1024;

/// What a step costs beside its body.
const ENTRY_BYTES: usize = 512;

/// Longest that [`Store::due`] sleeps: the wall clock, which `due` is of, may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Steps in memory, by when they are due.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    earlier: Notify,
}

#[derive(Debug, Default)]
struct State {
    by_due: BTreeMap<(Timestamp, u64), StepId>,
    steps: HashMap<StepId, Entry>,
    bytes: usize,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    scheduled: Scheduled,
    /// Its place in `by_due`: when it is due, or when its lease ends.
    place: (Timestamp, u64),
    token: Option<FencingToken>,
}

// === impl MemoryStore ===

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn schedule(&self, step: Scheduled) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.steps.contains_key(&step.step.id) {
            return Ok(());
        }
        if state.bytes + cost(&step) > CAPACITY_BYTES {
            return Err(StoreError::Full);
        }
        state.insert(step);
        drop(state);
        self.earlier.notify_one();
        Ok(())
    }

    async fn due(&self) {
        let first = self.state().by_due.keys().next().map(|(due, _)| *due);
        let wait = first.map_or(LONGEST_SLEEP, |due| {
            let wait = due.duration_since(Timestamp::now());
            Duration::try_from(wait)
                .unwrap_or_default()
                .min(LONGEST_SLEEP)
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.earlier.notified() => {}
        }
    }

    async fn claim_due(&self, max: usize, lease: Duration) -> Result<Vec<Claim>, StoreError> {
        let now = Timestamp::now();
        let mut state = self.state();
        let due = state.by_due.range(..=(now, u64::MAX)).take(max);
        let due: Vec<StepId> = due.map(|(_, id)| id.clone()).collect();
        Ok(due
            .iter()
            .filter_map(|id| state.claim(id, super::later(now, lease)))
            .collect())
    }

    async fn reschedule(&self, token: FencingToken, step: Scheduled) -> Result<(), StoreError> {
        let mut state = self.state();
        state.remove(token, &step.step.id)?;
        state.insert(step);
        drop(state);
        self.earlier.notify_one();
        Ok(())
    }

    async fn complete(
        &self,
        token: FencingToken,
        id: &StepId,
        _outcome: Bytes,
    ) -> Result<(), StoreError> {
        self.state().remove(token, id)
    }

    async fn cancel(&self, id: &StepId) -> Result<bool, StoreError> {
        Ok(self.state().drop_step(id))
    }

    fn health(&self) -> Health {
        let state = self.state();
        Health {
            pending: state.steps.len(),
            oldest_due: state.by_due.keys().next().map(|(due, _)| *due),
        }
    }
}

// === impl State ===

impl State {
    fn insert(&mut self, scheduled: Scheduled) {
        self.next += 1;
        let place = (scheduled.due, self.next);
        self.bytes += cost(&scheduled);
        self.by_due.insert(place, scheduled.step.id.clone());
        let id = scheduled.step.id.clone();
        let entry = Entry {
            scheduled,
            place,
            token: None,
        };
        self.steps.insert(id, entry);
    }

    /// Hides the step until `lease_end`, and makes tokens from before stale.
    fn claim(&mut self, id: &StepId, lease_end: Timestamp) -> Option<Claim> {
        self.next += 1;
        let (token, place) = (FencingToken(self.next), (lease_end, self.next));
        let entry = self.steps.get_mut(id)?;
        self.by_due.remove(&entry.place);
        self.by_due.insert(place, id.clone());
        entry.place = place;
        entry.token = Some(token);
        Some(Claim {
            scheduled: entry.scheduled.clone(),
            token,
        })
    }

    fn remove(&mut self, token: FencingToken, id: &StepId) -> Result<(), StoreError> {
        let held = self.steps.get(id).and_then(|entry| entry.token);
        if held != Some(token) {
            return Err(StoreError::LostLease);
        }
        self.drop_step(id);
        Ok(())
    }

    /// Whether there was one.
    fn drop_step(&mut self, id: &StepId) -> bool {
        let Some(entry) = self.steps.remove(id) else {
            return false;
        };
        self.by_due.remove(&entry.place);
        self.bytes -= cost(&entry.scheduled);
        true
    }
}

fn cost(scheduled: &Scheduled) -> usize {
    ENTRY_BYTES + scheduled.step.body().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PendingReason, Progress, Step};

    fn scheduled(id: &str, due: Timestamp) -> Scheduled {
        let body = format!(r#"{{"id":"{id}","webhook":"w"}}"#);
        Scheduled {
            step: Step::parse(body.into()).unwrap(),
            due,
            reason: PendingReason::Retry(None),
            progress: Progress::default(),
            arrived: Timestamp::UNIX_EPOCH,
            traceparent: None,
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    async fn claimed(store: &MemoryStore, lease: Duration) -> Vec<(String, FencingToken)> {
        let claims = store.claim_due(10, lease).await.unwrap();
        let named = |c: Claim| (c.scheduled.step.id.to_string(), c.token);
        claims.into_iter().map(named).collect()
    }

    #[tokio::test]
    async fn what_is_due_comes_oldest_first_and_what_is_not_stays() {
        let store = MemoryStore::default();
        for (id, due) in [("b", second(2)), ("a", second(1)), ("z", Timestamp::MAX)] {
            store.schedule(scheduled(id, due)).await.unwrap();
        }
        let ids: Vec<_> = claimed(&store, Duration::from_secs(60)).await;
        assert_eq!([&ids[0].0, &ids[1].0], ["a", "b"]);
        assert_eq!(claimed(&store, Duration::from_secs(60)).await, []);
        assert_eq!(store.health().pending, 3);
    }

    #[tokio::test]
    async fn a_lease_that_ended_makes_its_token_stale() {
        let store = MemoryStore::default();
        store.schedule(scheduled("a", second(1))).await.unwrap();
        let slow = claimed(&store, Duration::ZERO).await[0].1;
        let quick = claimed(&store, Duration::ZERO).await[0].1;
        let id = StepId::new("a").unwrap();
        let complete = |token| store.complete(token, &id, Bytes::new());
        assert_eq!(complete(slow).await, Err(StoreError::LostLease));
        assert_eq!(complete(quick).await, Ok(()));
        assert_eq!(store.health(), Health::default());
    }

    #[tokio::test]
    async fn a_cancelled_step_is_gone_and_its_claim_worth_nothing() {
        let store = MemoryStore::default();
        store.schedule(scheduled("a", second(1))).await.unwrap();
        let token = claimed(&store, Duration::from_secs(60)).await[0].1;
        let id = StepId::new("a").unwrap();
        assert_eq!(store.cancel(&id).await, Ok(true));
        assert_eq!(store.cancel(&id).await, Ok(false));
        let completed = store.complete(token, &id, Bytes::new()).await;
        assert_eq!(completed, Err(StoreError::LostLease));
        assert_eq!(store.health(), Health::default());
    }

    #[tokio::test]
    async fn the_same_id_is_taken_once() {
        let store = MemoryStore::default();
        for _ in 0..2 {
            store.schedule(scheduled("a", second(1))).await.unwrap();
        }
        assert_eq!(store.health().pending, 1);
    }
}
