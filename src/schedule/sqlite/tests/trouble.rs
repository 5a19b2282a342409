//! Damaged files, disks that fail, and lines that are very long.

use super::*;
use rusqlite::Connection;
use tokio::sync::oneshot::error::TryRecvError;

/// The store without its thread: what is asked is done at once.
struct Desk {
    folder: TempDir,
    clock: Clock,
    writer: Writer,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Clock::manual(Timestamp::from_second(1_000_000).unwrap());
        let settings = settings(folder.path());
        let (writer, _) = Writer::open(&settings, clock.clone(), Telemetry::default()).unwrap();
        Self {
            folder,
            clock,
            writer,
        }
    }

    fn write(&mut self, writes: Vec<Write>) -> Vec<Result<u64, StoreError>> {
        let (sent, said): (Vec<_>, Vec<_>) = writes
            .into_iter()
            .map(|write| {
                let (answer, said) = oneshot::channel();
                ((write, answer), said)
            })
            .unzip();
        self.writer.write(sent);
        said.into_iter()
            .map(|mut said| said.try_recv().unwrap())
            .collect()
    }

    fn schedule(&self, name: &str, tile: &str) -> Write {
        Write::Schedule(Entry::new(&step(name, tile, self.clock.now())))
    }

    fn claim(&mut self, max: usize, gate: &Arc<Rules>) -> Vec<u64> {
        let (answer, mut said) = oneshot::channel();
        let gate = gate.clone();
        let ask = Ask {
            max,
            lease: LEASE,
            gate,
        };
        self.writer.read(vec![Read::Claim(ask, answer)]);
        let claimed = said.try_recv().unwrap().unwrap_or_default();
        claimed.rows.iter().map(|row| row.token).collect()
    }

    fn sql(&self, sql: &str) {
        let db = self.writer.db.as_ref().unwrap();
        db.execute_batch(sql).unwrap();
    }

    /// Opens the file again now, though it is to be left alone for a while.
    fn reopen(&mut self) {
        self.writer.failed = None;
        self.writer.work();
        assert!(self.writer.db.is_some());
    }

    fn pending(&self) -> usize {
        self.writer.state.lanes.pending()
    }
}

#[test]
fn a_hundred_thousand_steps_that_are_held_back_cost_a_claim_nothing() {
    let mut desk = Desk::new();
    let gate = Rules::open();
    let origin = encode::origin("https://dead.example").unwrap();
    let wait = Duration::from_secs(5);
    for tile in 0..100 {
        let origin = origin.clone();
        gate.hold(&format!("dead-{tile}"), Admission::Host { origin, wait });
    }
    let dead = (0..100_000).map(|n| desk.schedule(&format!("d{n}"), &format!("dead-{}", n % 100)));
    desk.write(dead.collect());
    desk.write(
        (0..10)
            .map(|n| desk.schedule(&format!("s{n}"), "free"))
            .collect(),
    );

    assert_eq!(desk.claim(5, &gate).len(), 5);
    assert_eq!(gate.asked().len(), 101);
    assert_eq!(desk.writer.state.looked, 6);

    assert_eq!(desk.claim(9, &gate).len(), 5);
    assert_eq!(gate.asked(), ["welcome/free"]);
    assert_eq!(desk.writer.state.looked, 11);
}

#[tokio::test]
async fn a_damaged_step_stops_no_other_and_its_bytes_are_set_aside() {
    let mut bench = Bench::new();
    for id in ["a", "damaged", "lost", "z"] {
        bench.schedule(id, "offer", bench.now()).await;
    }
    bench.store = None;
    let file = bench.folder.path().join("schedule.db");
    let db = Connection::open(&file).unwrap();
    db.execute_batch(
        "UPDATE steps SET payload = substr(payload, 1, 60) WHERE seq = 2;
         DELETE FROM steps WHERE seq = 3",
    )
    .unwrap();
    drop(db);

    bench.restart();
    assert_eq!(ids(&bench.claim(9).await), ["a", "z"]);
    bench.restart();
    assert_eq!(ids(&bench.claim(9).await), ["a", "z"]);

    assert_eq!(bench.store().health().pending, 2);
    bench.schedule("damaged", "offer", bench.now()).await;
    assert_eq!(ids(&bench.claim(9).await), ["damaged"]);
    bench.store = None;
    let db = Connection::open(&file).unwrap();
    let aside = "SELECT count(*), sum(length(payload)) FROM aside";
    let aside = db.query_row(aside, [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(aside, Ok((2, 60)));
}

#[tokio::test]
async fn a_file_of_a_newer_format_and_one_of_another_program_are_refused() {
    let mut bench = Bench::new();
    bench.store = None;
    let file = bench.folder.path().join("schedule.db");
    let refused = |sql: &str| {
        Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        open(bench.folder.path(), &bench.clock)
            .unwrap_err()
            .to_string()
    };
    let name = file.display();
    assert_eq!(
        refused("PRAGMA user_version = 2"),
        format!("{name} was written by a newer stepgate: it has format 2, this version knows 1")
    );
    assert_eq!(
        refused("PRAGMA application_id = 7"),
        format!("{name} is no schedule of stepgate")
    );
}

#[test]
fn a_full_disk_takes_no_step_and_loses_none_and_what_makes_room_goes_on() {
    let mut desk = Desk::new();
    let few = (0..50).map(|n| desk.schedule(&format!("s{n}"), "offer"));
    desk.write(few.collect());
    let tokens = desk.claim(10, &Rules::open());
    let pages = file::number(desk.writer.db.as_ref().unwrap(), "page_count").unwrap();
    desk.sql(&format!("PRAGMA max_page_count = {pages}"));

    let many = (0..500).map(|n| desk.schedule(&format!("m{n}"), "offer"));
    let mut writes: Vec<_> = many.collect();
    writes.push(Write::Extend(tokens[0], LEASE));
    let said = desk.write(writes);
    assert!(
        said[..500]
            .iter()
            .all(|said| *said == Err(StoreError::Full))
    );
    assert_eq!(desk.pending(), 50);
    assert!(!desk.writer.space.accepts());
    let said = desk.write(vec![desk.schedule("late", "offer")]);
    assert_eq!(said, [Err(StoreError::Full)]);

    std::thread::sleep(Duration::from_millis(1100));
    desk.sql("PRAGMA max_page_count = 1000000");
    desk.writer.rest();
    let said = desk.write(vec![
        desk.schedule("late", "offer"),
        Write::Complete(tokens[0], Bytes::from_static(b"{}")),
    ]);
    assert_eq!(said, [Ok(0), Ok(0)]);
    assert_eq!(desk.pending(), 50);
}

#[test]
fn the_reserve_is_given_up_for_what_makes_room_and_made_again() {
    let mut desk = Desk::new();
    let mut space = space::Space::new(desk.folder.path(), 1 << 20);
    let reserve = desk.folder.path().join("reserve");
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), 1 << 20);
    assert!(space.accepts());

    assert!(space.give_up());
    assert!(!space.accepts() && !space.is_spent() && !reserve.exists());
    assert!(!space.give_up());
    assert!(space.is_spent());

    std::thread::sleep(Duration::from_millis(1100));
    space.check();
    assert!(space.accepts() && !space.is_spent() && reserve.exists());
    desk.writer.space = space;
}

#[test]
fn after_a_fault_of_the_disk_the_file_is_opened_anew_and_claims_go_on() {
    let mut desk = Desk::new();
    desk.write(vec![
        desk.schedule("a", "offer"),
        desk.schedule("b", "offer"),
    ]);
    let tokens = desk.claim(1, &Rules::open());

    desk.sql("PRAGMA query_only = ON");
    let outcome = || Bytes::from_static(b"{}");
    let said = desk.write(vec![
        Write::Complete(tokens[0], outcome()),
        desk.schedule("c", "offer"),
    ]);
    assert_eq!(said, [Err(StoreError::Down), Err(StoreError::Down)]);
    let said = desk.write(vec![desk.schedule("c", "offer")]);
    assert_eq!(said, [Err(StoreError::Down)]);

    desk.reopen();
    assert_eq!(desk.pending(), 2);
    let said = desk.write(vec![
        Write::Complete(tokens[0], outcome()),
        desk.schedule("c", "offer"),
    ]);
    assert_eq!(said, [Ok(0), Ok(0)]);
    assert_eq!(desk.claim(9, &Rules::open()).len(), 2);
}

#[test]
fn a_commit_that_failed_is_unknown_to_all_who_waited_for_it() {
    let mut desk = Desk::new();
    // A row that refers to none is only found out by the commit.
    desk.sql(
        "CREATE TABLE one(id INTEGER PRIMARY KEY);
         CREATE TABLE two(id REFERENCES one DEFERRABLE INITIALLY DEFERRED);
         CREATE TEMP TRIGGER fault AFTER INSERT ON steps BEGIN INSERT INTO two VALUES (1); END;",
    );
    let said = desk.write(vec![desk.schedule("a", "offer")]);
    assert_eq!(said, [Err(StoreError::Unknown)]);

    desk.reopen();
    assert_eq!(desk.pending(), 0);
    assert_eq!(desk.write(vec![desk.schedule("a", "offer")]), [Ok(0)]);
}

#[test]
fn claims_whose_asker_is_gone_are_due_again_at_once() {
    let mut desk = Desk::new();
    desk.write(vec![desk.schedule("a", "offer")]);
    let (answer, mut said) = oneshot::channel();
    assert!(matches!(said.try_recv(), Err(TryRecvError::Empty)));
    drop(said);
    let gate = Rules::open();
    let ask = Ask {
        max: 1,
        lease: LEASE,
        gate: gate.clone(),
    };
    desk.writer.read(vec![Read::Claim(ask, answer)]);
    assert_eq!(desk.claim(1, &gate).len(), 1);
}
