//! A store in memory: what waits is lost with the process.

use super::{
    Admission, Claim, Claims, Cursor, FencingToken, Gate, Health, Keep, Kept, Page, Reading,
    Scheduled, Store, StoreError, Tally, Waiting, later,
};
use crate::model::{StepId, Target, TileRef};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Steps in memory, by when they are due.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    earlier: Notify,
    logged: Notify,
}

#[derive(Debug, Default)]
struct State {
    steps: BTreeMap<(Timestamp, u64), (Scheduled, Option<FencingToken>)>,
    log: Vec<(StepId, Bytes)>,
    groups: HashMap<String, usize>,
    next: u64,
}

impl State {
    fn place(&self, id: &StepId) -> Option<(Timestamp, u64)> {
        let mut steps = self.steps.iter();
        Some(*steps.find(|(_, (step, _))| step.step.id == *id)?.0)
    }

    fn claimed(&self, token: FencingToken) -> Result<(Timestamp, u64), StoreError> {
        let mut steps = self.steps.iter();
        let found = steps.find(|(_, (_, held))| *held == Some(token));
        found.map(|(place, _)| *place).ok_or(StoreError::LostLease)
    }

    fn insert(&mut self, step: Scheduled, claim: bool) -> FencingToken {
        self.next += 1;
        let token = FencingToken(self.next);
        let held = claim.then_some(token);
        self.steps.insert((step.due, self.next), (step, held));
        token
    }
}

fn waiting((step, held): &(Scheduled, Option<FencingToken>)) -> Waiting {
    Waiting {
        id: step.step.id.clone(),
        target: step.step.target.clone(),
        reason: step.reason,
        expected: step.expected,
        progress: step.progress,
        running: held.is_some(),
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn schedule(&self, step: Scheduled) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if state.place(&step.step.id).is_none() {
            state.insert(step, false);
            self.earlier.notify_one();
        }
        Ok(())
    }

    async fn schedule_claimed(
        &self,
        step: Scheduled,
        _lease: Duration,
    ) -> Result<FencingToken, StoreError> {
        Ok(self.state.lock().insert(step, true))
    }

    async fn claim_due(
        &self,
        max: usize,
        _lease: Duration,
        gate: Arc<dyn Gate>,
    ) -> Result<Claims, StoreError> {
        let now = Timestamp::now();
        let mut state = self.state.lock();
        let mut claims = Claims::default();
        let mut rooms = HashMap::new();
        let mut next = state.next;
        for (place, (step, held)) in state
            .steps
            .iter_mut()
            .filter(|(_, (_, held))| held.is_none())
        {
            if place.0 > now {
                claims.again = Some(claims.again.map_or(place.0, |again| again.min(place.0)));
                break;
            }
            let room = rooms
                .entry(step.lane())
                .or_insert_with_key(|lane| match gate.admit(lane) {
                    Admission::Room(room) => Ok(room),
                    Admission::Lane { wait, .. } | Admission::Host { wait, .. } => {
                        Err(later(now, wait))
                    }
                });
            match room {
                Ok(0) => claims.again = Some(now),
                Ok(room) if claims.claims.len() < max => {
                    *room -= 1;
                    next += 1;
                    let token = FencingToken(next);
                    *held = Some(token);
                    claims.claims.push(Claim {
                        scheduled: step.clone(),
                        token,
                    });
                }
                Ok(_) => claims.again = Some(now),
                Err(again) => claims.again = Some(claims.again.map_or(*again, |a| a.min(*again))),
            }
        }
        state.next = next;
        Ok(claims)
    }

    async fn earlier(&self) {
        self.earlier.notified().await;
    }

    async fn extend(&self, token: FencingToken, _lease: Duration) -> Result<(), StoreError> {
        self.state.lock().claimed(token).map(drop)
    }

    async fn reschedule(&self, token: FencingToken, step: Scheduled) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let place = state.claimed(token)?;
        state.steps.remove(&place);
        state.insert(step, false);
        self.earlier.notify_one();
        Ok(())
    }

    async fn complete(&self, token: FencingToken, outcome: Bytes) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let place = state.claimed(token)?;
        if let Some((step, _)) = state.steps.remove(&place) {
            state.log.push((step.step.id, outcome));
        }
        self.logged.notify_waiters();
        Ok(())
    }

    async fn cancel(&self, id: &StepId) -> Result<bool, StoreError> {
        let mut state = self.state.lock();
        let before = state.log.len();
        state.log.retain(|(logged, _)| logged != id);
        let place = state.place(id);
        let waited = place.is_some_and(|place| state.steps.remove(&place).is_some());
        Ok(waited || state.log.len() < before)
    }

    fn may_know(&self, _id: &StepId) -> bool {
        true
    }

    async fn find(&self, id: &StepId) -> Result<Option<Kept>, StoreError> {
        let state = self.state.lock();
        if let Some(place) = state.place(id) {
            return Ok(Some(Kept::Waiting(waiting(&state.steps[&place]))));
        }
        let logged = state.log.iter().find(|(logged, _)| logged == id);
        Ok(logged.map(|(_, outcome)| Kept::Finished(outcome.clone())))
    }

    async fn waiting(
        &self,
        target: Option<Target>,
        limit: usize,
    ) -> Result<Vec<Waiting>, StoreError> {
        let state = self.state.lock();
        let all = state.steps.values().map(waiting);
        let named = all.filter(|step| target.as_ref().is_none_or(|target| step.target == *target));
        Ok(named.take(limit).collect())
    }

    async fn tallies(&self) -> Result<Vec<Tally>, StoreError> {
        let mut counts = HashMap::new();
        for (step, _) in self.state.lock().steps.values() {
            let key = (step.step.target.clone(), step.reason.as_str());
            *counts.entry(key).or_insert(0) += 1;
        }
        let tally = |((target, reason), steps)| Tally {
            target,
            reason,
            steps,
        };
        Ok(counts.into_iter().map(tally).collect())
    }

    async fn read_outcomes(&self, reading: Reading) -> Result<Page, StoreError> {
        let end = tokio::time::Instant::now() + reading.wait;
        loop {
            let logged = self.logged.notified();
            let page = {
                let state = self.state.lock();
                let from = match &reading.after {
                    Some(cursor) => cursor.0.parse().map_err(|_| StoreError::BadCursor)?,
                    None => state.groups.get(&reading.group).copied().unwrap_or(0),
                };
                let new = state.log.iter().skip(from).take(reading.limit);
                let outcomes: Vec<_> = new.map(|(_, outcome)| outcome.clone()).collect();
                let cursor = Cursor((from + outcomes.len()).to_string());
                Page { outcomes, cursor }
            };
            if !page.outcomes.is_empty() || tokio::time::timeout_at(end, logged).await.is_err() {
                return Ok(page);
            }
        }
    }

    async fn ack_outcomes(&self, group: &str, cursor: &Cursor) -> Result<(), StoreError> {
        let at: usize = cursor.0.parse().map_err(|_| StoreError::BadCursor)?;
        let mut state = self.state.lock();
        let acked = state.groups.entry(group.to_owned()).or_insert(0);
        *acked = at.max(*acked);
        Ok(())
    }

    async fn trim(&self, _keep: Keep) -> Result<(), StoreError> {
        Ok(())
    }

    async fn mark_slot(&self, _tile: &TileRef, _at: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn slots(&self) -> Result<Vec<(TileRef, Timestamp)>, StoreError> {
        Ok(Vec::new())
    }

    fn health(&self) -> Health {
        let state = self.state.lock();
        Health {
            pending: state.steps.len(),
            oldest_due: state.steps.keys().next().map(|(due, _)| *due),
            free_bytes: None,
            accepts: true,
        }
    }
}
