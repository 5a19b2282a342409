//! A step with a caller-made id is delivered once.

use super::limits::until;
use super::{STEP, ask, client, named};
use crate::support::client::{get, post};
use crate::support::gateway::{Running, Scripted, Setup, continued, outcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use stepgate::model::{PendingReason, Verdict};
use stepgate::pipeline::Refusal;
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
fn a_pending_step_answers_with_its_state() {
    let runs = Arc::new(AtomicUsize::new(0));
    let begun = runs.clone();
    let gateway = Setup::new(Scripted::new(move |arrival| {
        begun.fetch_add(1, Ordering::SeqCst);
        async move {
            let pending = Verdict::Pending {
                reason: PendingReason::Retry(None),
                due: None,
            };
            Ok(outcome(&arrival.step.id, &arrival.step.target, pending))
        }
    }))
    .start();

    let first = ask(&gateway, &post(&named("later")));
    let again = ask(&gateway, &post(&named("later")));
    let state = ask(&gateway, &get("/v1/steps/later", ""));

    assert_eq!((first.status, again.status, state.status), (202, 202, 200));
    assert_eq!((&first.body, &first.body), (&again.body, &state.body));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
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
