//! A step with a caller-made id is delivered once.

use super::limits::until;
use super::{STEP, ask, client, named};
use crate::support::client::{get, post};
use crate::support::gateway::{Running, Scripted, Setup, continued, store_in, waits};
use crate::support::stores::{DownStore, Open};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stepgate::model::{PendingReason, Progress};
use stepgate::pipeline::Refusal;
use stepgate::schedule::{Scheduled, SqliteStore, Store};
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// A gateway whose steps wait for leave, the number that began, and the leave.
fn waiting() -> (Running, Arc<AtomicUsize>, Arc<Semaphore>) {
    let (runs, leave) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (begun, go) = (runs.clone(), leave.clone());
    let gateway = Setup::new(Scripted::new(move |arrival| {
        let (begun, go) = (begun.clone(), go.clone());
        async move {
            let run = begun.fetch_add(1, Ordering::SeqCst);
            go.acquire().await.unwrap().forget();
            let mut outcome = continued(&arrival);
            // So that no two runs have the same answer.
            outcome.attempts = u32::try_from(run).unwrap();
            Ok(outcome)
        }
    }))
    .start();
    (gateway, runs, leave)
}

const FINISHED: &str = r#"{"id":"later","outcome":"continue"}"#;

/// A gateway whose steps all have to wait, the number that began, and where they wait.
fn storing() -> (Running, Arc<AtomicUsize>, Arc<SqliteStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (runs, store) = (Arc::new(AtomicUsize::new(0)), store_in(folder.path()));
    let (begun, taking) = (runs.clone(), store.clone());
    let mut setup = Setup::new(Scripted::new(move |arrival| {
        begun.fetch_add(1, Ordering::SeqCst);
        let taking = taking.clone();
        async move {
            let reason = PendingReason::Retry(None);
            let pending = waits(&arrival, reason);
            let now = Timestamp::now();
            let step = Scheduled {
                step: arrival.step,
                origin: None,
                due: now,
                expected: now,
                reason,
                progress: Progress::default(),
                arrived: now,
                traceparent: None,
            };
            taking.schedule(step).await.unwrap();
            Ok(pending)
        }
    }));
    setup.store = store.clone();
    (setup.start(), runs, store, folder)
}

/// Finishes the one step that waits.
fn finish(store: &SqliteStore) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let minute = Duration::from_secs(60);
        let due = store.claim_due(1, minute, Arc::new(Open)).await.unwrap();
        let token = due.claims[0].token;
        store.complete(token, FINISHED.into()).await.unwrap();
    });
}

#[test]
fn a_step_that_comes_twice_at_once_runs_once_and_answers_both() {
    let (gateway, runs, leave) = waiting();
    let mut clients = [client(&gateway), client(&gateway), client(&gateway)];
    for client in &mut clients {
        client.send(post(&named("twin")));
    }
    until(|| runs.load(Ordering::SeqCst) == 1);

    leave.add_permits(3);

    let [first, second, third] = clients.map(|mut client| client.answer());
    assert_eq!((first.status, &first.body), (200, &second.body));
    assert_eq!((third.status, &third.body), (200, &first.body));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_finished_step_is_remembered_and_one_without_an_id_is_not() {
    let (gateway, runs, leave) = waiting();
    leave.add_permits(10);

    let [first, again] = [(); 2].map(|()| ask(&gateway, &post(&named("once"))));
    let [fresh, other] = [(); 2].map(|()| ask(&gateway, &post(STEP)));

    assert_eq!((first.status, &first.body), (200, &again.body));
    assert_ne!(fresh.body, other.body);
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    let state = ask(&gateway, &get("/v1/steps/once", ""));
    assert_eq!((state.status, state.body), (200, first.body));
}

#[test]
fn the_state_of_a_step_is_found_however_its_id_is_written_in_the_path() {
    let (gateway, _, leave) = waiting();
    leave.add_permits(1);
    let first = ask(&gateway, &post(&named("a:b")));

    for path in ["/v1/steps/a:b", "/v1/steps/a%3Ab", "/v1/steps/a%3ab?x=y"] {
        assert_eq!(ask(&gateway, &get(path, "")).body, first.body, "{path}");
    }
}

#[test]
fn a_step_that_the_store_knows_is_answered_from_there_and_not_run() {
    let (gateway, runs, store, _folder) = storing();
    let first = ask(&gateway, &post(&named("later")));

    let waiting = [
        post(&named("later")),
        get("/v1/steps/later", ""),
        post(&named("later")),
    ]
    .map(|request| ask(&gateway, &request));
    finish(&store);
    let finished =
        [post(&named("later")), get("/v1/steps/later", "")].map(|request| ask(&gateway, &request));

    assert_eq!(first.status, 202);
    assert_eq!(
        waiting.each_ref().map(|answer| answer.status),
        [202, 200, 202]
    );
    for answer in &waiting {
        let state = r#""outcome":"pending","reason":"retry""#;
        assert!(answer.body.contains(state), "{}", answer.body);
    }
    for answer in &finished {
        assert_eq!((answer.status, &*answer.body), (200, FINISHED));
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_step_that_waits_is_cancelled_and_forgotten() {
    let (gateway, runs, _, _folder) = storing();
    let path = "/v1/steps/later";
    let delete = get(path, "").replacen("GET", "DELETE", 1);
    ask(&gateway, &post(&named("later")));

    let statuses = [&delete, &delete, &get(path, "")].map(|request| ask(&gateway, request).status);

    assert_eq!(statuses, [204, 404, 404]);
    assert_eq!(ask(&gateway, &post(&named("later"))).status, 202);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[test]
fn a_step_is_not_taken_while_nobody_can_say_whether_it_was_here() {
    let runs = Arc::new(AtomicUsize::new(0));
    let begun = runs.clone();
    let mut setup = Setup::new(Scripted::new(move |arrival| {
        begun.fetch_add(1, Ordering::SeqCst);
        async move { Ok(continued(&arrival)) }
    }));
    setup.store = Arc::new(DownStore);
    let gateway = setup.start();
    let path = "/v1/steps/known";

    for request in [
        post(&named("known")),
        post(&named("known")),
        get(path, ""),
        get(path, "").replacen("GET", "DELETE", 1),
    ] {
        let answer = ask(&gateway, &request);
        assert_eq!(
            (answer.problem(), answer.header("retry-after")),
            ((503, "schedule-down".to_owned()), Some("10")),
            "{request}"
        );
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    // One that the store cannot know is run all the same.
    assert_eq!(ask(&gateway, &post(&named("new"))).status, 200);
    assert_eq!(ask(&gateway, &post(STEP)).status, 200);
}

#[test]
fn a_refused_step_is_not_remembered() {
    let runs = Arc::new(AtomicUsize::new(0));
    let begun = runs.clone();
    let gateway = Setup::new(Scripted::new(move |arrival| {
        let run = begun.fetch_add(1, Ordering::SeqCst);
        async move {
            match run {
                0 => Err(Refusal::ScheduleFull),
                _ => Ok(continued(&arrival)),
            }
        }
    }))
    .start();

    let statuses = [(); 2].map(|()| ask(&gateway, &post(&named("again"))).status);

    assert_eq!(statuses, [503, 200]);
}

#[test]
fn a_running_step_says_that_it_is_running() {
    let (gateway, runs, leave) = waiting();
    let mut running = client(&gateway);
    running.send(post(&named("slow")));
    until(|| runs.load(Ordering::SeqCst) == 1);

    let state = ask(&gateway, &get("/v1/steps/slow", ""));
    leave.add_permits(1);

    assert_eq!((state.status, running.answer().status), (200, 200));
}
