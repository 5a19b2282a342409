//! What stays, what goes, and what a restart finds.

use super::*;

#[tokio::test]
async fn all_is_there_after_an_end_in_good_order_and_after_a_crash() {
    let mut bench = Bench::new();
    bench.schedule("done", "offer", bench.now()).await;
    let claim = bench.claim(1).await.claims.remove(0);
    let outcome = Bytes::from_static(br#"{"id":"done"}"#);
    bench
        .store()
        .complete(claim.token, outcome.clone())
        .await
        .unwrap();
    bench.schedule("claimed", "offer", bench.now()).await;
    bench.claim(1).await;
    bench
        .schedule_to("waits", "other", Some("https://a.example"), bench.now())
        .await;
    let tile = TileRef::new("welcome/offer").unwrap();
    bench.store().mark_slot(&tile, bench.now()).await.unwrap();

    let crashed = bench.crashed();
    bench.restart();

    for bench in [&crashed, &bench] {
        let store = bench.store();
        assert_eq!(store.health().pending, 2);
        assert_eq!(ids(&bench.claim(9).await), ["claimed", "waits"]);
        let found = store.find(&id("done")).await.unwrap();
        assert!(matches!(found, Some(Kept::Finished(json)) if json == outcome));
        assert_eq!(store.slots().await.unwrap(), [(tile.clone(), bench.now())]);
        assert!(!store.may_know(&id("never")));
    }
}

#[tokio::test]
async fn a_second_process_is_refused_the_folder_and_told_who_has_it() {
    let bench = Bench::new();
    let refused = open(bench.folder.path(), &bench.clock).unwrap_err();
    let folder = bench.folder.path().display();
    assert_eq!(
        refused.to_string(),
        format!(
            "the data folder {folder} is in use by another stepgate (pid {})",
            std::process::id()
        )
    );
}

#[tokio::test]
async fn a_cancelled_step_leaves_not_a_byte_whether_it_waits_or_is_claimed_or_done() {
    let bench = Bench::new();
    for id in ["waits", "claimed", "done"] {
        bench.schedule(id, id, bench.now()).await;
    }
    let claims = bench.claim(9).await;
    let done = claims
        .claims
        .iter()
        .find(|claim| claim.scheduled.step.id.as_str() == "done");
    let outcome = Bytes::from_static(br#"{"message":"done@secret.example"}"#);
    bench
        .store()
        .complete(done.unwrap().token, outcome)
        .await
        .unwrap();
    bench.schedule("waits-2", "waits", bench.now()).await;

    for name in ["waits", "waits-2", "claimed", "done"] {
        assert_eq!(bench.store().cancel(&id(name)).await, Ok(true), "{name}");
        assert!(!bench.store().may_know(&id(name)), "{name}");
        assert_eq!(bench.store().cancel(&id(name)).await, Ok(false), "{name}");
    }

    for entry in std::fs::read_dir(bench.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(14).any(|bytes| bytes == b"secret.example");
        assert!(!found, "{}", path.display());
    }
}
