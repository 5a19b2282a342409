//! `GET /admin/v1/stats`: the last hour in numbers, and the task that takes them.

use crate::schedule::Store;
use crate::telemetry::{INTERVAL, Telemetry};
use crate::web::{Occupancy, Reply};
use futures_util::future::BoxFuture;
use http::StatusCode;
use jiff::Timestamp;
use std::sync::Arc;

/// Samples the last hour's statistics for as long as it runs; `held` counts the steps in flight.
pub fn sampling(
    telemetry: Telemetry,
    store: Arc<dyn Store>,
    held: Occupancy,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        loop {
            telemetry.in_flight(held.count());
            telemetry.schedule(store.health());
            telemetry.sample(Timestamp::now());
            tokio::time::sleep(INTERVAL).await;
        }
    })
}

/// The last hour, as it was sampled.
pub(super) fn answer(telemetry: &Telemetry) -> Reply {
    let stats = telemetry.stats(Timestamp::now());
    let body = serde_json::to_vec(&stats).expect("strings and numbers serialize");
    Reply::json(StatusCode::OK, body).fresh()
}
