//! What is remembered of a step, and for how long.

use super::*;
use crate::model::{PendingReason, TileRef, Verdict};
use crate::web::Reply;
use ::http::StatusCode;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn steps(window: Duration, max: usize, memory: u64) -> Steps {
    Steps {
        dedupe_window: window,
        dedupe_max: max,
        dedupe_memory: memory,
    }
}

fn roomy() -> Steps {
    steps(10 * MINUTE, 1_000_000, 256 * 1024 * 1024)
}

fn target() -> Target {
    Target::Tile(TileRef::new("welcome/offer").unwrap())
}

fn id(text: &str) -> StepId {
    StepId::new(text).unwrap()
}

fn outcome(text: &str, verdict: Verdict) -> Outcome {
    Outcome {
        id: id(text),
        target: target(),
        verdict,
        status: None,
        attempts: 1,
        elapsed: Duration::ZERO,
        sent: None,
        message: String::new(),
        captured: None,
        branch: None,
        failure: None,
        warnings: Vec::new(),
    }
}

fn pending() -> Verdict {
    Verdict::Pending {
        reason: PendingReason::Retry(None),
        due: None,
    }
}

fn ok(body: &'static str) -> Reply {
    Reply::json(StatusCode::OK, body)
}

fn claim(dedupe: &Dedupe, text: &str) -> Claim {
    match dedupe.enter(&id(text), &target()) {
        Entry::First(claim) => claim,
        Entry::Finished(_) | Entry::Running(_) => panic!("`{text}` was here before"),
    }
}

fn flight(dedupe: &Dedupe, text: &str) -> Flight {
    match dedupe.enter(&id(text), &target()) {
        Entry::Running(flight) => flight,
        Entry::Finished(_) | Entry::First(_) => panic!("`{text}` is not running"),
    }
}

fn finish(dedupe: &Dedupe, text: &str, body: &'static str, steps: &Steps) {
    claim(dedupe, text).settle(&outcome(text, Verdict::Continue), &ok(body), steps);
}

fn answered(body: &'static str) -> Option<Seen> {
    Some(Seen::Finished(body.into()))
}

#[tokio::test]
async fn those_who_wait_for_a_running_step_get_its_answer() {
    let dedupe = Dedupe::new(&roomy());
    let first = claim(&dedupe, "a");
    let (second, third) = (flight(&dedupe, "a"), flight(&dedupe, "a"));
    assert_eq!(dedupe.look(&id("a")), Some(Seen::Running(target())));

    first.settle(&outcome("a", Verdict::Continue), &ok("{}"), &roomy());

    assert_eq!(second.answer().await, Some(ok("{}")));
    assert_eq!(third.answer().await, Some(ok("{}")));
    assert_eq!(dedupe.look(&id("a")), answered("{}"));
}

#[tokio::test]
async fn a_refused_step_answers_those_who_wait_and_is_free_again() {
    let dedupe = Dedupe::new(&roomy());
    let first = claim(&dedupe, "a");
    let second = flight(&dedupe, "a");
    let refusal = Reply::json(StatusCode::SERVICE_UNAVAILABLE, "{}");

    first.release(&refusal);

    assert_eq!(second.answer().await, Some(refusal));
    claim(&dedupe, "a");
}

#[tokio::test]
async fn a_run_that_falls_frees_the_step_and_wakes_those_who_wait() {
    let dedupe = Dedupe::new(&roomy());
    let first = claim(&dedupe, "a");
    let second = flight(&dedupe, "a");

    drop(first);

    assert_eq!(second.answer().await, None);
    claim(&dedupe, "a");
}

#[tokio::test(start_paused = true)]
async fn a_finished_step_is_kept_for_the_window() {
    let dedupe = Dedupe::new(&roomy());
    finish(&dedupe, "a", "{}", &roomy());

    tokio::time::advance(10 * MINUTE - Duration::from_millis(1)).await;
    assert_eq!(dedupe.look(&id("a")), answered("{}"));

    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(dedupe.look(&id("a")), None);
}

#[tokio::test]
async fn a_pending_step_answers_those_who_wait_and_takes_no_room() {
    let dedupe = Dedupe::new(&roomy());
    let first = claim(&dedupe, "a");
    let second = flight(&dedupe, "a");
    let waits = Reply::json(StatusCode::ACCEPTED, "{}");

    first.settle(&outcome("a", pending()), &waits, &roomy());

    assert_eq!(second.answer().await, Some(waits));
    assert_eq!(dedupe.look(&id("a")), None);
}

#[tokio::test]
async fn the_oldest_goes_when_one_more_is_remembered_than_allowed() {
    let limits = steps(10 * MINUTE, 2, 1024 * 1024);
    let dedupe = Dedupe::new(&limits);

    for text in ["a", "b", "c"] {
        finish(&dedupe, text, "{}", &limits);
    }

    let seen = ["a", "b", "c"].map(|text| dedupe.look(&id(text)));
    assert_eq!(seen, [None, answered("{}"), answered("{}")]);
}

#[tokio::test]
async fn the_oldest_go_when_the_answers_outgrow_their_memory() {
    let limits = steps(10 * MINUTE, 1000, 600);
    let dedupe = Dedupe::new(&limits);

    for text in ["a", "b", "c"] {
        finish(&dedupe, text, "{}", &limits);
    }

    let seen = ["a", "b", "c"].map(|text| dedupe.look(&id(text)));
    assert_eq!(seen, [None, answered("{}"), answered("{}")]);
}

#[tokio::test]
async fn limits_lowered_later_hold_over_all_shards() {
    let dedupe = Dedupe::new(&roomy());
    for n in 0..500 {
        finish(&dedupe, &n.to_string(), "{}", &roomy());
    }

    let tight = steps(10 * MINUTE, 3, 1024 * 1024);
    finish(&dedupe, "last", "{}", &tight);

    let left = (0..500)
        .filter(|n| dedupe.look(&id(&n.to_string())).is_some())
        .count();
    let last = dedupe.look(&id("last"));
    let counted = dedupe.0.finished.load(Ordering::Relaxed);
    assert_eq!((left, last, counted), (2, answered("{}"), 3));
}

#[tokio::test]
async fn a_forgotten_step_is_free_again() {
    let dedupe = Dedupe::new(&roomy());
    finish(&dedupe, "a", "{}", &roomy());

    assert_eq!(
        (dedupe.forget(&id("a")), dedupe.forget(&id("a"))),
        (true, false)
    );

    claim(&dedupe, "a");
}
