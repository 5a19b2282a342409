//! Which steps are handed out, in which order, and to whom.

use super::*;

#[tokio::test]
async fn steps_of_a_lane_go_in_the_order_they_are_due_and_none_before_its_time() {
    let bench = Bench::new();
    for (id, wait) in [("c", 3), ("a", 1), ("b", 1), ("d", 9)] {
        bench.schedule(id, "offer", bench.after(wait)).await;
    }
    assert_eq!(ids(&bench.claim(9).await), Vec::<&str>::new());

    bench.advance(3);
    let claims = bench.claim(9).await;

    assert_eq!(ids(&claims), ["a", "b", "c"]);
    assert_eq!(claims.again, Some(bench.after(6)));
}

#[tokio::test]
async fn a_claimed_step_is_hidden_until_its_lease_ends_and_then_the_old_token_is_stale() {
    let bench = Bench::new();
    bench.schedule("a", "offer", bench.now()).await;
    let first = bench.claim(9).await;
    let token = first.claims[0].token;
    assert_eq!(ids(&bench.claim(9).await), Vec::<&str>::new());

    bench.advance(29);
    bench.store().extend(token, LEASE).await.unwrap();
    bench.advance(29);
    assert_eq!(ids(&bench.claim(9).await), Vec::<&str>::new());
    bench.advance(1);
    let second = bench.claim(9).await;

    assert_eq!(ids(&second), ["a"]);
    let store = bench.store();
    let (lost, outcome) = (Err(StoreError::LostLease), Bytes::from_static(b"{}"));
    assert_eq!(store.extend(token, LEASE).await, lost);
    let back = step("a", "offer", bench.now());
    assert_eq!(store.reschedule(token, back).await, lost);
    assert_eq!(store.complete(token, outcome.clone()).await, lost);
    let token = second.claims[0].token;
    assert_eq!(store.complete(token, outcome).await, Ok(()));
}

#[tokio::test]
async fn a_step_comes_back_whole_and_a_rescheduled_one_with_what_was_learned() {
    let bench = Bench::new();
    let mut first = step("a", "offer", bench.now());
    first.traceparent = Some(http::HeaderValue::from_static("00-1-2-01"));
    first.origin = encode::origin("https://a.example:8443");
    bench.store().schedule(first.clone()).await.unwrap();

    let claim = bench.claim(1).await.claims.remove(0);
    assert_eq!(format!("{:?}", claim.scheduled), format!("{first:?}"));
    assert_eq!(claim.scheduled.step.body(), first.step.body());

    let second = Scheduled {
        due: bench.after(180),
        expected: bench.after(190),
        reason: PendingReason::Retry(Some(crate::model::Cause::Timeout)),
        origin: None,
        progress: Progress {
            attempts: 2,
            retries: 1,
            ..Progress::default()
        },
        ..claim.scheduled
    };
    bench
        .store()
        .reschedule(claim.token, second.clone())
        .await
        .unwrap();
    bench.advance(180);
    let claim = bench.claim(1).await.claims.remove(0);
    assert_eq!(format!("{:?}", claim.scheduled), format!("{second:?}"));
}

#[tokio::test]
async fn a_step_that_is_scheduled_again_is_one_step_also_when_it_is_finished() {
    let bench = Bench::new();
    bench.schedule("a", "offer", bench.now()).await;
    bench.schedule("a", "offer", bench.now()).await;
    let claims = bench.claim(9).await;
    assert_eq!(ids(&claims), ["a"]);

    let outcome = Bytes::from_static(br#"{"id":"a"}"#);
    bench
        .store()
        .complete(claims.claims[0].token, outcome.clone())
        .await
        .unwrap();
    bench.schedule("a", "offer", bench.now()).await;

    assert_eq!(ids(&bench.claim(9).await), Vec::<&str>::new());
    let found = bench.store().find(&id("a")).await.unwrap();
    assert!(matches!(found, Some(Kept::Finished(json)) if json == outcome));
}

#[tokio::test]
async fn a_step_that_is_stored_while_it_runs_is_claimed_at_once() {
    let bench = Bench::new();
    let store = bench.store();
    let token = store
        .schedule_claimed(step("a", "offer", bench.now()), LEASE)
        .await
        .unwrap();
    assert_eq!(ids(&bench.claim(9).await), Vec::<&str>::new());
    let found = store.find(&id("a")).await.unwrap();
    assert!(matches!(
        found,
        Some(Kept::Waiting(Waiting { running: true, .. }))
    ));

    store
        .complete(token, Bytes::from_static(b"{}"))
        .await
        .unwrap();
    assert_eq!(store.health().pending, 0);
}

#[tokio::test]
async fn a_lane_that_is_held_back_holds_no_other_and_says_how_many_are_due() {
    let bench = Bench::new();
    let gate = Rules::open();
    let wait = Duration::from_secs(5);
    gate.hold("full", Admission::Lane { wait, count: 2 });
    for n in 0..3 {
        bench
            .schedule(&format!("full-{n}"), "full", bench.now())
            .await;
    }
    bench.schedule("free", "free", bench.now()).await;

    let claims = bench.claim_by(9, &gate).await;
    assert_eq!(ids(&claims), ["free"]);
    assert_eq!(claims.again, Some(bench.after(5)));
    assert_eq!(*gate.backlogs.lock(), [2]);

    gate.asked();
    bench.advance(4);
    bench.claim_by(9, &gate).await;
    assert_eq!(gate.asked(), Vec::<String>::new());
    bench.advance(1);
    gate.free();
    let claims = bench.claim_by(9, &gate).await;
    assert_eq!(ids(&claims), ["full-0", "full-1", "full-2"]);
}

#[tokio::test]
async fn of_the_lanes_behind_a_host_only_the_oldest_asks_again_and_the_others_follow_it() {
    let bench = Bench::new();
    let gate = Rules::open();
    let origin = encode::origin("https://dead.example").unwrap();
    let wait = Duration::from_secs(5);
    for tile in ["one", "two", "three"] {
        let origin = origin.clone();
        gate.hold(tile, Admission::Host { origin, wait });
        bench.schedule(tile, tile, bench.now()).await;
        bench.advance(1);
    }
    bench.schedule("free", "free", bench.now()).await;

    assert_eq!(ids(&bench.claim_by(9, &gate).await), ["free"]);
    assert_eq!(gate.asked().len(), 4);
    bench.advance(5);
    assert_eq!(ids(&bench.claim_by(9, &gate).await), Vec::<&str>::new());
    assert_eq!(gate.asked(), ["welcome/one"]);

    gate.free();
    bench.advance(5);
    let claims = bench.claim_by(9, &gate).await;
    assert_eq!(ids(&claims), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_gate_is_asked_once_for_a_lane_and_its_room_is_kept_to() {
    let bench = Bench::new();
    let gate = Rules::open();
    gate.hold("offer", Admission::Room(100));
    for n in 0..150 {
        bench.schedule(&format!("s{n}"), "offer", bench.now()).await;
    }
    let claims = bench.claim_by(500, &gate).await;
    assert_eq!(
        (claims.claims.len(), claims.again),
        (100, Some(bench.now()))
    );
    assert_eq!(gate.asked().len(), 1);
    assert_eq!(bench.claim_by(500, &gate).await.claims.len(), 50);
}

#[tokio::test]
async fn the_dispatcher_is_woken_for_what_is_due_before_it_wants_to_ask_again() {
    let bench = Bench::new();
    bench.schedule("late", "offer", bench.after(60)).await;
    bench.claim(9).await;
    // What was said before that claim.
    let _ = tokio::time::timeout(Duration::from_millis(50), bench.store().earlier()).await;

    bench.schedule("later", "offer", bench.after(70)).await;
    let silent = tokio::time::timeout(Duration::from_millis(50), bench.store().earlier()).await;
    assert!(silent.is_err());
    bench.schedule("sooner", "offer", bench.after(10)).await;
    bench.store().earlier().await;
}
