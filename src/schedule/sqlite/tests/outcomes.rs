//! The outcome log.

use super::*;

const KEEP: Keep = Keep {
    outcomes: Duration::from_secs(100),
    remembered: Duration::from_secs(50),
    most_remembered: 1000,
};

impl Bench {
    /// Has the step `id` finished.
    async fn finish(&self, id: &str) {
        let step = step(id, "offer", self.now());
        let token = self.store().schedule_claimed(step, LEASE).await.unwrap();
        let outcome = Bytes::from(format!(r#"{{"id":"{id}"}}"#));
        self.store().complete(token, outcome).await.unwrap();
    }

    async fn read(&self, group: &str, after: Option<&Cursor>) -> Page {
        let reading = Reading {
            group: group.to_owned(),
            after: after.cloned(),
            limit: 2,
            wait: Duration::ZERO,
        };
        self.store().read_outcomes(reading).await.unwrap()
    }

    async fn knows(&self, name: &str) -> bool {
        let found = self.store().find(&id(name)).await.unwrap();
        assert_eq!(self.store().may_know(&id(name)), found.is_some(), "{name}");
        found.is_some()
    }
}

fn names(page: &Page) -> Vec<String> {
    let outcomes = page.outcomes.iter();
    outcomes
        .map(|json| {
            String::from_utf8_lossy(json)
                .split('"')
                .nth(3)
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn outcomes_are_read_in_order_and_a_group_goes_on_where_it_acknowledged() {
    let bench = Bench::new();
    for id in ["a", "b", "c"] {
        bench.finish(id).await;
    }
    let first = bench.read("one", None).await;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(bench.read("one", None).await, first);
    let second = bench.read("one", Some(&first.cursor)).await;
    assert_eq!(names(&second), ["c"]);
    let end = bench.read("one", Some(&second.cursor)).await;
    assert_eq!((names(&end), end.cursor), (vec![], second.cursor.clone()));

    let store = bench.store();
    store.ack_outcomes("one", &second.cursor).await.unwrap();
    store.ack_outcomes("one", &first.cursor).await.unwrap();
    assert_eq!(names(&bench.read("one", None).await), Vec::<String>::new());
}

#[tokio::test]
async fn an_entry_goes_when_every_group_has_it_and_its_id_stays_known_for_a_while() {
    let mut bench = Bench::new();
    bench.store().trim(KEEP).await.unwrap();
    for id in ["a", "b", "c"] {
        bench.finish(id).await;
    }
    let page = bench.read("one", None).await;
    bench
        .store()
        .ack_outcomes("two", &bench.start())
        .await
        .unwrap();
    bench
        .store()
        .ack_outcomes("one", &page.cursor)
        .await
        .unwrap();
    assert_eq!(names(&bench.read("new", None).await), ["a", "b"]);

    bench
        .store()
        .ack_outcomes("two", &page.cursor)
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(names(&bench.read("new", None).await), ["c"]);
        assert!(bench.knows("a").await);
        bench.restart();
    }

    bench.advance(51);
    bench.store().trim(KEEP).await.unwrap();
    assert!(!bench.knows("a").await);
    assert_eq!(names(&bench.read("new", None).await), ["c"]);
}

#[tokio::test]
async fn an_entry_that_nobody_acknowledged_goes_after_its_time_and_is_counted() {
    let bench = Bench::new();
    bench.finish("a").await;
    bench.advance(60);
    bench.finish("b").await;
    bench.advance(41);
    bench.store().trim(KEEP).await.unwrap();

    assert_eq!(names(&bench.read("one", None).await), ["b"]);
    assert!(!bench.knows("a").await);
    assert!(bench.knows("b").await);
    let metrics = bench.telemetry.metrics();
    let dropped = metrics
        .lines()
        .find(|line| line.contains("outcomes_dropped_total "));
    assert_eq!(dropped, Some("stepgate_outcomes_dropped_total 1"));
}

#[tokio::test]
async fn no_number_is_given_twice_though_the_log_is_empty_at_a_restart() {
    let mut bench = Bench::new();
    bench.finish("a").await;
    let before = bench.read("one", None).await.cursor;
    bench.advance(101);
    bench.store().trim(KEEP).await.unwrap();
    bench.restart();
    bench.finish("b").await;
    assert_eq!(names(&bench.read("one", Some(&before)).await), ["b"]);
    assert_eq!(bench.store().cancel(&id("b")).await, Ok(true));
    bench.restart();
    bench.finish("c").await;
    assert_eq!(names(&bench.read("one", Some(&before)).await), ["c"]);
}

#[tokio::test]
async fn only_so_many_finished_ids_are_remembered_and_the_oldest_are_forgotten_first() {
    let mut bench = Bench::new();
    for n in 0..5 {
        bench.finish(&format!("s{n}")).await;
    }
    let few = Keep {
        most_remembered: 2,
        ..KEEP
    };
    bench.store().trim(few).await.unwrap();
    for _ in 0..2 {
        for n in 0..5 {
            assert_eq!(bench.knows(&format!("s{n}")).await, n >= 3, "s{n}");
        }
        bench.restart();
    }
    // Its entry is still in the log: erased all the same.
    assert_eq!(bench.store().cancel(&id("s0")).await, Ok(true));
    assert_eq!(names(&bench.read("one", None).await), ["s1", "s2"]);
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_refused_and_one_of_another_file_reads_from_the_start() {
    let bench = Bench::new();
    bench.finish("a").await;
    let given = bench.read("one", None).await.cursor;
    let unheard = Cursor(given.0.replace("-1", "-2"));
    let read = |cursor: &Cursor| Reading {
        group: "one".into(),
        after: Some(cursor.clone()),
        limit: 9,
        wait: Duration::ZERO,
    };
    let bad = [
        "",
        "-",
        "1",
        "-1",
        "x-",
        "x-+1",
        "ü-1",
        "x-99999999999999999999",
    ];
    for cursor in bad.map(|bad| Cursor(bad.into())).iter().chain([&unheard]) {
        let store = bench.store();
        let refused = Err(StoreError::BadCursor);
        assert_eq!(
            store.read_outcomes(read(cursor)).await,
            refused,
            "{cursor:?}"
        );
        let refused = Err(StoreError::BadCursor);
        assert_eq!(
            store.ack_outcomes("one", cursor).await,
            refused,
            "{cursor:?}"
        );
    }

    let other = Cursor("0123456789abcdef-7".into());
    assert_eq!(names(&bench.read("one", Some(&other)).await), ["a"]);
    let refused = bench.store().ack_outcomes("one", &other).await;
    assert_eq!(refused, Err(StoreError::BadCursor));
}

#[tokio::test]
async fn an_empty_page_is_waited_on_until_there_is_an_outcome() {
    let bench = Bench::new();
    let reading = Reading {
        group: "one".into(),
        after: None,
        limit: 9,
        wait: Duration::from_secs(60),
    };
    let (page, ()) = tokio::join!(bench.store().read_outcomes(reading), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        bench.finish("a").await;
    });
    assert_eq!(names(&page.unwrap()), ["a"]);
}

impl Bench {
    /// The cursor of the log's beginning.
    fn start(&self) -> Cursor {
        self.store().cursor(0)
    }
}
