//! The end of a process: what is in flight is finished, and nothing else is begun.

use super::limits::until;
use super::{STEP, client, running};
use crate::support::client::{Client, get, post};
use crate::support::gateway::{Running, Scripted, Setup, continued, outcome};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use stepgate::model::{PendingReason, Verdict};
use tokio::sync::Semaphore;
use tokio::time::Instant;

fn ready(gateway: &Running) -> u16 {
    Client::to(gateway.admin).ask(get("/readyz", "")).status
}

#[test]
fn a_step_in_flight_is_finished_and_no_other_is_begun() {
    let (runs, leave) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (begun, go) = (runs.clone(), leave.clone());
    let gateway = Setup::new(Scripted::new(move |arrival| {
        let (begun, go) = (begun.clone(), go.clone());
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            go.acquire().await.unwrap().forget();
            Ok(continued(&arrival))
        }
    }))
    .start();
    let (mut busy, mut idle) = (client(&gateway), client(&gateway));
    assert_eq!(idle.ask(get("/", "")).status, 404);
    busy.send(post(STEP));
    until(|| runs.load(Ordering::SeqCst) == 1);
    assert_eq!(ready(&gateway), 200);

    gateway.stop();

    until(|| ready(&gateway) == 503);
    assert!(idle.is_closed());
    until(|| TcpStream::connect(gateway.http).is_err());
    assert!(!gateway.stopped());
    leave.add_permits(1);
    let answer = busy.answer();
    assert_eq!(
        (answer.status, answer.header("connection"), busy.is_closed()),
        (200, Some("close"), true)
    );
    until(|| gateway.stopped());
}

#[test]
fn an_idle_gateway_stops_at_once() {
    let gateway = running();
    let _idle = client(&gateway);
    assert_eq!(client(&gateway).ask(post(STEP)).status, 200);
    let asked = Instant::now();

    gateway.stop();

    until(|| gateway.stopped());
    // Its grace is 15 s.
    assert!(asked.elapsed() < Duration::from_secs(5), "{asked:?}");
}

#[test]
fn the_grace_ends_the_wait_for_steps_that_do_not() {
    let mut setup = Setup::new(Scripted::new(|_| std::future::pending()));
    setup.gateway.shutdown.grace = Duration::from_millis(100);
    let gateway = setup.start();
    let mut stuck = client(&gateway);
    stuck.send(post(STEP));

    gateway.stop();

    until(|| gateway.stopped());
}

#[test]
fn a_step_that_outlasts_the_grace_may_become_pending_and_is_answered() {
    let mut setup = Setup::new(Scripted::continuing());
    setup.gateway.shutdown.grace = Duration::from_millis(100);
    let runs = Arc::new(AtomicUsize::new(0));
    let begun = runs.clone();
    let gateway = setup.start_with(|ending| {
        let overdue = ending.overdue.subscribe();
        Scripted::new(move |arrival| {
            begun.fetch_add(1, Ordering::SeqCst);
            let mut overdue = overdue.clone();
            async move {
                overdue.changed().await.unwrap();
                let pending = Verdict::Pending {
                    reason: PendingReason::InFlight,
                    due: None,
                };
                Ok(outcome(&arrival.step.id, &arrival.step.target, pending))
            }
        })
    });
    let mut stuck = client(&gateway);
    stuck.send(post(STEP));
    until(|| runs.load(Ordering::SeqCst) == 1);

    gateway.stop();

    assert_eq!(stuck.answer().status, 202);
    until(|| gateway.stopped());
}
