//! A running step that is made durable: whoever waits for it, it gets one outcome, in the log.

use crate::support::endpoint::{Endpoint, Reply, reply};
use crate::support::gateway::store_in;
use crate::support::process::{at, webhook};
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use stepgate::config::{self, Loaded};
use stepgate::egress::{Egress, OwnListeners};
use stepgate::model::{Outcome, PendingReason, Step, Verdict};
use stepgate::pipeline::{Arrival, Custody, Pipeline};
use stepgate::schedule::{Kept, Reading, Store};
use stepgate::telemetry::Telemetry;
use tempfile::TempDir;
use tokio::time::Instant;

/// A pipeline with a webhook `w`, and the store behind it.
struct Bench {
    pipeline: Pipeline,
    store: Arc<dyn Store>,
    _loaded: Loaded,
    _folder: TempDir,
}

// === impl Bench ===

impl Bench {
    fn new(endpoint: &Endpoint) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("conf");
        fs::create_dir_all(conf.join("webhooks")).unwrap();
        let data = folder.path().join("data");
        let gateway = format!(
            "egress.allow_http = true\negress.allow_addresses = ['127.0.0.0/8']\n\
            store.folder = {data:?}\n"
        );
        fs::write(conf.join("gateway.toml"), gateway).unwrap();
        let text = webhook("POST", &at(endpoint, "/"), "");
        fs::write(conf.join("webhooks/w.toml"), text).unwrap();
        let loaded = config::load(&conf.join("gateway.toml")).unwrap();
        let live = loaded.live();
        let gateway = live.get().gateway.clone();
        let store: Arc<dyn Store> = store_in(&data);
        let egress = Egress::new(OwnListeners::from(&gateway.listen));
        let pipeline = Pipeline::new(live, egress, store.clone(), Telemetry::default());
        Self {
            pipeline,
            store,
            _loaded: loaded,
            _folder: folder,
        }
    }

    /// Runs a step and makes it durable once it is at the endpoint: what was answered then, and
    /// what in the end.
    async fn kept(&self, endpoint: &Endpoint) -> (Outcome, Outcome) {
        let (arrival, custody) = (arrival(), Custody::default());
        let running = self.pipeline.run(arrival.clone(), &custody);
        let keeping = async {
            while endpoint.requests().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let pending = self.pipeline.keep(&arrival, &custody).await.unwrap();
            self.pipeline.keep(&arrival, &custody).await.unwrap();
            pending
        };
        let (last, first) = tokio::join!(running, keeping);
        (first, last.unwrap())
    }

    async fn log(&self) -> Vec<Value> {
        let reading = Reading {
            group: "default".into(),
            after: None,
            limit: 10,
            wait: Duration::ZERO,
        };
        let page = self.store.read_outcomes(reading).await.unwrap();
        let read = |outcome: &bytes::Bytes| serde_json::from_slice(outcome).unwrap();
        page.outcomes.iter().map(read).collect()
    }
}

fn arrival() -> Arrival {
    let text = r#"{"id":"s","webhook":"w"}"#;
    Arrival {
        step: Step::parse(text.into()).unwrap(),
        at: Instant::now(),
        traceparent: None,
    }
}

fn slow(status: u16) -> Endpoint {
    Endpoint::replying([reply(status).after(Duration::from_millis(200))])
}

#[tokio::test]
async fn a_step_that_is_made_durable_while_it_runs_has_one_outcome_in_the_log() {
    let endpoint = slow(200);
    let bench = Bench::new(&endpoint);

    let (first, last) = bench.kept(&endpoint).await;

    let Verdict::Pending { reason, .. } = first.verdict else {
        panic!("{first:?}");
    };
    assert_eq!((reason, first.attempts), (PendingReason::Async, 1));
    assert_eq!(last.verdict, Verdict::Continue);
    let log = bench.log().await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0]["id"], &log[0]["status"]),
        (&"s".into(), &200.into())
    );
    assert_eq!(bench.store.health().pending, 0);
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn a_step_that_is_made_durable_and_fails_waits_for_its_retry_once() {
    let endpoint = slow(503);
    let bench = Bench::new(&endpoint);

    let (_, last) = bench.kept(&endpoint).await;

    let Verdict::Pending { reason, .. } = last.verdict else {
        panic!("{last:?}");
    };
    assert_eq!(reason, PendingReason::Retry(None));
    let Some(Kept::Waiting(waiting)) = bench.store.find(&last.id).await.unwrap() else {
        panic!("the step does not wait");
    };
    assert_eq!((waiting.reason, waiting.running), (reason, false));
    assert_eq!(
        (waiting.progress.attempts, waiting.progress.retries),
        (1, 1)
    );
    assert_eq!(bench.store.health().pending, 1);
    assert_eq!(bench.log().await.len(), 0);
}

#[tokio::test]
async fn a_step_that_has_ended_is_not_made_durable() {
    let endpoint = Endpoint::replying([reply(200)]);
    let bench = Bench::new(&endpoint);
    let (arrival, custody) = (arrival(), Custody::default());

    bench.pipeline.run(arrival.clone(), &custody).await.unwrap();
    let kept = bench.pipeline.keep(&arrival, &custody).await;

    assert!(kept.is_none());
    assert_eq!(bench.store.health().pending, 0);
}

#[tokio::test]
async fn a_durable_step_that_is_deleted_while_it_runs_is_answered_and_not_logged() {
    let endpoint = slow(200);
    let bench = Bench::new(&endpoint);
    let (arrival, custody) = (arrival(), Custody::default());

    let (last, ()) = tokio::join!(bench.pipeline.run(arrival.clone(), &custody), async {
        bench.pipeline.keep(&arrival, &custody).await.unwrap();
        assert!(bench.store.cancel(&arrival.step.id).await.unwrap());
    });

    assert_eq!(last.unwrap().verdict, Verdict::Continue);
    assert_eq!(bench.log().await.len(), 0);
}

#[tokio::test]
async fn an_accepted_step_is_on_the_schedule_and_not_sent_yet() {
    let endpoint = Endpoint::replying([Reply::silent()]);
    let bench = Bench::new(&endpoint);

    let outcome = bench.pipeline.accept(arrival()).await.unwrap();

    let Verdict::Pending { reason, .. } = outcome.verdict else {
        panic!("{outcome:?}");
    };
    assert_eq!((reason, outcome.attempts), (PendingReason::Async, 0));
    assert_eq!(bench.store.health().pending, 1);
    assert_eq!(endpoint.requests().len(), 0);
}
