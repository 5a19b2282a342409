//! Stores that misbehave, and a gate that lets everyone through.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use stepgate::model::{StepId, Target, TileRef};
use stepgate::schedule::{
    Admission, Claims, Cursor, FencingToken, Gate, Health, Keep, Kept, Lane, Page, Reading,
    Scheduled, Store, StoreError, Tally, Waiting,
};

/// A store that cannot be asked. It may know any step whose id begins with `known`.
#[derive(Debug)]
pub(crate) struct DownStore;

/// Lets everyone through.
#[derive(Debug)]
pub(crate) struct Open;

impl Gate for Open {
    fn admit(&self, _lane: &Lane) -> Admission {
        Admission::Room(64)
    }

    fn backlog(&self, _lane: &Lane, _due: usize) {}
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for DownStore {
    async fn schedule(&self, _: Scheduled) -> Answer<()> {
        Err(StoreError::Down)
    }

    async fn schedule_claimed(&self, _: Scheduled, _: Duration) -> Answer<FencingToken> {
        Err(StoreError::Down)
    }

    async fn claim_due(&self, _: usize, _: Duration, _: Arc<dyn Gate>) -> Answer<Claims> {
        Err(StoreError::Down)
    }

    async fn earlier(&self) {
        std::future::pending().await
    }

    async fn extend(&self, _: FencingToken, _: Duration) -> Answer<()> {
        Err(StoreError::Down)
    }

    async fn reschedule(&self, _: FencingToken, _: Scheduled) -> Answer<()> {
        Err(StoreError::Down)
    }

    async fn complete(&self, _: FencingToken, _: Bytes) -> Answer<()> {
        Err(StoreError::Down)
    }

    async fn cancel(&self, _: &StepId) -> Answer<bool> {
        Err(StoreError::Down)
    }

    fn may_know(&self, id: &StepId) -> bool {
        id.as_str().starts_with("known")
    }

    async fn find(&self, _: &StepId) -> Answer<Option<Kept>> {
        Err(StoreError::Down)
    }

    async fn waiting(&self, _: Option<Target>, _: usize) -> Answer<Vec<Waiting>> {
        Err(StoreError::Down)
    }

    async fn tallies(&self) -> Answer<Vec<Tally>> {
        Err(StoreError::Down)
    }

    async fn read_outcomes(&self, _: Reading) -> Answer<Page> {
        Err(StoreError::Down)
    }

    async fn ack_outcomes(&self, _: &str, _: &Cursor) -> Answer<()> {
        Err(StoreError::Down)
    }

    async fn trim(&self, _: Keep) -> Answer<()> {
        Err(StoreError::Down)
    }

    async fn mark_slot(&self, _: &TileRef, _: Timestamp) -> Answer<()> {
        Err(StoreError::Down)
    }

    async fn slots(&self) -> Answer<Vec<(TileRef, Timestamp)>> {
        Err(StoreError::Down)
    }

    fn health(&self) -> Health {
        Health::default()
    }
}
