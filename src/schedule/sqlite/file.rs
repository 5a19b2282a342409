//! The database file: its format, and a connection to it.
//!
//! Settings: WAL with a full sync at each commit; exclusive locking, so that no shared memory is
//! needed; freed pages are zeroed, so that nothing erased stays behind.

use super::OpenFault;
use super::encode;
use super::folder::Folder;
use rusqlite::{Connection, OptionalExtension as _};
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Marks the file as a schedule: "Step".
const APPLICATION: i32 = 0x5374_6570;

/// The format that is written; an older one is brought up to it, a newer one is refused.
const FORMAT: i32 = 1;

/// Statements that are kept prepared: all there are.
const STATEMENTS: usize = 64;

/// Bytes of a page, as below.
const PAGE: u64 = 8192;

/// Pages of the WAL: 512 KiB to 32 MiB.
const LEAST_WAL: i64 = 64;
const MOST_WAL: i64 = 4000;

const SETTINGS: &str = "
    PRAGMA page_size = 8192;
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -16000;
    PRAGMA temp_store = MEMORY;";

const TABLES: &str = "
    CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE lanes(lane INTEGER PRIMARY KEY, target TEXT NOT NULL, origin TEXT);
    CREATE TABLE queue(lane INTEGER, due INTEGER, seq INTEGER, place BLOB NOT NULL,
        PRIMARY KEY (lane, due, seq)) WITHOUT ROWID;
    CREATE TABLE steps(seq INTEGER PRIMARY KEY, payload BLOB NOT NULL);
    CREATE TABLE aside(seq INTEGER PRIMARY KEY, hash INTEGER NOT NULL, place BLOB, payload BLOB);
    CREATE TABLE outcomes(n INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash INTEGER NOT NULL,
        entry BLOB NOT NULL);
    CREATE TABLE groups(name TEXT PRIMARY KEY, acked INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE slots(tile TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;";

/// Opens the database in `folder`, and makes it where there is none.
pub(super) fn open(folder: &Folder, reserve: u64) -> Result<Connection, OpenFault> {
    let path = folder.database();
    let fault = |source| OpenFault::Database {
        file: folder.database(),
        source,
    };
    let unusable = |source| OpenFault::Folder {
        folder: folder.path().to_owned(),
        source,
    };
    if !path.exists() {
        let draft = draft(folder).map_err(unusable)?;
        write(&draft).map_err(fault)?;
        name(folder, &draft).map_err(unusable)?;
    }
    let db = Connection::open(&path).map_err(fault)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Before anything is read: a reader of a WAL would make shared memory first.
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE")
        .map_err(fault)?;
    check(&db, &path)?;
    db.execute_batch(SETTINGS).map_err(fault)?;
    db.pragma_update(None, "wal_autocheckpoint", wal_pages(reserve))
        .map_err(fault)?;
    if number(&db, "user_version").map_err(fault)? == 0 {
        make(&db).map_err(fault)?;
    }
    Ok(db)
}

/// When the WAL is taken into the database: of the reserve, on which a full disk is worked off,
/// it and the database's growth by it take a quarter at most.
fn wal_pages(reserve: u64) -> i64 {
    i64::try_from(reserve / 8 / PAGE).map_or(MOST_WAL, |pages| pages.clamp(LEAST_WAL, MOST_WAL))
}

/// An empty file for a database to be, which has its name only once it is whole: one that a crash
/// left half made would be none of ours.
fn draft(folder: &Folder) -> std::io::Result<PathBuf> {
    let draft = folder.path().join("schedule.db.new");
    let wal = folder.path().join("schedule.db.new-wal");
    let old = folder.path().join("schedule.db-wal");
    // A WAL without its database is of no use, and would be taken for the new one's.
    for left in [&draft, &wal, &old] {
        match std::fs::remove_file(left) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    private(&draft)?;
    Ok(draft)
}

fn write(draft: &Path) -> rusqlite::Result<()> {
    let db = Connection::open(draft)?;
    db.execute_batch(SETTINGS)?;
    make(&db)?;
    checkpoint(&db)?;
    db.close().map_err(|(_, error)| error)
}

fn name(folder: &Folder, draft: &Path) -> std::io::Result<()> {
    File::open(draft)?.sync_all()?;
    std::fs::rename(draft, folder.database())?;
    File::open(folder.path())?.sync_all()
}

/// Steps are users' data: the file is the owner's alone, and the WAL takes its mode after it.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false);
    options.mode(0o600).open(path).map(drop)
}

/// Whether the file is one that this version may write.
fn check(db: &Connection, path: &Path) -> Result<(), OpenFault> {
    let fault = |source| OpenFault::Database {
        file: path.to_owned(),
        source,
    };
    let format = number(db, "user_version").map_err(fault)?;
    let application = number(db, "application_id").map_err(fault)?;
    let tables = "SELECT count(*) FROM sqlite_master";
    let tables: i64 = db.query_row(tables, [], |row| row.get(0)).map_err(fault)?;
    // A file that is empty may be ours: made, and no further.
    let is_new = application == 0 && tables == 0;
    if application != APPLICATION && !is_new {
        return Err(OpenFault::Foreign {
            file: path.to_owned(),
        });
    }
    if format > FORMAT {
        return Err(OpenFault::Newer {
            file: path.to_owned(),
            format,
            known: FORMAT,
        });
    }
    Ok(())
}

fn make(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    db.execute_batch(TABLES)?;
    // Random from the system, for the process's own tables as well.
    let random = || RandomState::new().hash_one(std::process::id());
    let key = [random().to_le_bytes(), random().to_le_bytes()].concat();
    remember(db, "key", key)?;
    remember(db, "tag", format!("{:016x}", random()))?;
    db.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT"
    ))
}

/// The value of a pragma that is a number.
pub(super) fn number(db: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    db.pragma_query_value(None, pragma, |row| row.get(0))
}

/// Keeps one value of the store's own.
pub(super) fn remember(
    db: &Connection,
    name: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?
        .execute((name, value))?;
    Ok(())
}

/// One value of the store's own.
pub(super) fn remembered<T: rusqlite::types::FromSql>(
    db: &Connection,
    name: &str,
) -> rusqlite::Result<Option<T>> {
    db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// Asks for the bytes that hold the id of a step on the schedule …
pub(super) const STEP: &str = "SELECT substr(payload, 1, ?2) FROM steps WHERE seq = ?1";

/// … of one that leaves it by that …
pub(super) const LEAVING_STEP: &str =
    "DELETE FROM steps WHERE seq = ?1 RETURNING substr(payload, 1, ?2)";

/// … and of one in the outcome log.
pub(super) const FINISHED_STEP: &str = "SELECT substr(entry, 1, ?2) FROM outcomes WHERE n = ?1";

/// The id of the step that `asked`, one of the three above, finds by `number`; none where there
/// is no such row, or it is damaged.
pub(super) fn id_of(db: &Connection, asked: &str, number: i64) -> rusqlite::Result<Option<String>> {
    let head: Option<Vec<u8>> = db
        .prepare_cached(asked)?
        .query_row((number, encode::ID_WITHIN as i64), |row| row.get(0))
        .optional()?;
    let id = head.as_deref().and_then(encode::id_of);
    Ok(id.map(ToOwned::to_owned))
}

/// Takes all of the WAL into the database and empties it.
pub(super) fn checkpoint(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
