//! Edits of configuration files that keep what people wrote: comments, order, formatting.
//!
//! A file is written beside its place, synced and exchanged with what stood there, so that nobody ever
//! reads half of it and no edit by hand is lost.

use jiff::Timestamp;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use toml_edit::{DocumentMut, Item, Table, value};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot edit {}: it is no TOML", path.display())]
    Syntax { path: PathBuf },
    #[error("cannot edit {}: it has no table [data_retrieval]", path.display())]
    NoDataRetrieval { path: PathBuf },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} was edited just now and is left as it is; test it again", path.display())]
    Changed { path: PathBuf },
}

/// Writes into the webhook's file `path` that what has `fingerprint` was tested successfully `at`.
///
/// # Errors
/// A [`WriteFault`]; the file is as it was.
pub fn record_test(path: &Path, fingerprint: &str, at: Timestamp) -> Result<(), WriteFault> {
    let read = fs::read_to_string(path);
    let text = read.map_err(|source| WriteFault::Read {
        path: path.to_owned(),
        source,
    })?;
    let edited = with_test(&text, fingerprint, at).map_err(|missing| match missing {
        Missing::Syntax => WriteFault::Syntax { path: path.into() },
        Missing::DataRetrieval => WriteFault::NoDataRetrieval { path: path.into() },
    })?;
    match exchange(path, &text, &edited) {
        Ok(true) => Ok(()),
        Ok(false) => Err(WriteFault::Changed { path: path.into() }),
        Err(source) => Err(WriteFault::Write {
            path: path.to_owned(),
            source,
        }),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Missing {
    Syntax,
    DataRetrieval,
}

fn with_test(text: &str, fingerprint: &str, at: Timestamp) -> Result<String, Missing> {
    let mut document: DocumentMut = text.parse().map_err(|_| Missing::Syntax)?;
    let retrieval = document
        .get_mut("data_retrieval")
        .and_then(Item::as_table_like_mut)
        .ok_or(Missing::DataRetrieval)?;
    let test = retrieval
        .entry("test")
        .or_insert_with(|| Item::Table(Table::new()))
        .as_table_like_mut()
        .ok_or(Missing::Syntax)?;
    let seconds = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for (key, text) in [("fingerprint", fingerprint), ("at", &*seconds)] {
        // Set in place where it is there, so that a comment behind it stays.
        match test.get_mut(key).and_then(Item::as_value_mut) {
            Some(there) => {
                let decor = there.decor().clone();
                *there = text.into();
                *there.decor_mut() = decor;
            }
            None => {
                test.insert(key, value(text));
            }
        }
    }
    Ok(document.to_string())
}

/// Puts `text` where `known` stands at `path`; whether it did, since somebody may be faster. A
/// symbolic link stays one.
///
/// The two change places, so that what stood there is seen. What somebody else has put there goes
/// back, and with it whatever comes meanwhile: the last that others wrote is what stays.
pub(super) fn exchange(path: &Path, known: &str, text: &str) -> io::Result<bool> {
    let path = fs::canonicalize(path)?;
    let beside = beside(&path, text)?;
    let permissions = fs::metadata(&path)?.permissions();
    beside.as_file().set_permissions(permissions)?;
    let swap = || renameat_with(CWD, beside.path(), CWD, &path, RenameFlags::EXCHANGE);
    match swap() {
        Ok(()) => {}
        // Not every file system can.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if fs::read(&path)? != known.as_bytes() {
                return Ok(false);
            }
            beside.persist(&path)?;
            return sync_folder(&path).map(|()| true);
        }
        Err(error) => return Err(error.into()),
    }
    let (mut there, mut expected) = (text.as_bytes().to_vec(), known.as_bytes().to_vec());
    loop {
        let displaced = fs::read(beside.path())?;
        if displaced == expected {
            break;
        }
        swap()?;
        (there, expected) = (displaced, there);
    }
    sync_folder(&path)?;
    Ok(there == text.as_bytes())
}

/// Puts `text` at `path`, where nothing is yet, for its owner alone: it may hold secrets.
///
/// # Errors
/// Of kind `AlreadyExists` where something is there.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    beside(path, text)?.persist_noclobber(path)?;
    sync_folder(path)
}

/// Removes the file at `path` where it is `known`; whether it was, since somebody may be faster. Of a
/// symbolic link, the link.
///
/// It is moved aside, so that what is removed was seen. What somebody else has put there goes back,
/// unless there is something newer by then.
pub(super) fn remove(path: &Path, known: &str) -> io::Result<bool> {
    let aside = format!(".stepgate-{:016x}", fastrand::u64(..));
    let aside = folder_of(path).join(aside);
    fs::rename(path, &aside)?;
    let is_known = fs::read(&aside).is_ok_and(|text| text == known.as_bytes());
    if !is_known {
        match fs::hard_link(&aside, path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // It is never lost: where no link can be made, it goes back over what may be newer.
            Err(_) => return fs::rename(&aside, path).map(|()| false),
        }
    }
    fs::remove_file(&aside)?;
    sync_folder(path)?;
    Ok(is_known)
}

/// A file with `text`, on the disk, in the folder of `path`.
fn beside(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut beside = tempfile::Builder::new()
        .prefix(".stepgate-")
        .tempfile_in(folder_of(path))?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    Ok(beside)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-23T10:00:00.5Z";

    fn edited(text: &str) -> Result<String, Missing> {
        with_test(text, "sha256:new", AT.parse().unwrap())
    }

    #[test]
    fn a_first_record_adds_the_table_and_keeps_every_comment() {
        let text = "name = \"N\" # shown\n\n[data_retrieval] # live\nobject = \"o\"\n\n# why\n[[data_retrieval.fields]]\nname = \"a\"\n";
        let expected = format!(
            "{text}\n[data_retrieval.test]\nfingerprint = \"sha256:new\"\nat = \"2026-11-23T10:00:00Z\"\n"
        );
        assert_eq!(edited(text), Ok(expected));
    }

    #[test]
    fn a_second_record_replaces_the_values_and_nothing_else() {
        let text = "[data_retrieval]\nobject = \"o\"\n[data_retrieval.test]\nfingerprint = \"sha256:old\" # by hand\nat = \"2020-01-01T00:00:00Z\"\n";
        let expected = text
            .replace("sha256:old", "sha256:new")
            .replace("2020-01-01T00", "2026-11-23T10");
        assert_eq!(edited(text), Ok(expected));
    }

    #[test]
    fn a_webhook_without_data_retrieval_has_nothing_to_record() {
        assert_eq!(edited("name = \"N\""), Err(Missing::DataRetrieval));
        assert_eq!(edited("name = "), Err(Missing::Syntax));
    }

    #[test]
    fn a_written_file_keeps_its_mode_and_its_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.toml"), folder.path().join("b.toml"));
        fs::write(&file, "[data_retrieval]\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();

        record_test(&link, "sha256:new", AT.parse().unwrap()).unwrap();

        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&file).unwrap().contains("sha256:new"));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn what_somebody_else_has_written_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "by hand").unwrap();

        assert!(!remove(&file, "known").unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "by hand");
        assert!(remove(&file, "by hand").unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn of_a_link_the_link_is_removed_and_put_back_where_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.toml"), folder.path().join("b.toml"));
        fs::write(&file, "text").unwrap();
        std::os::unix::fs::symlink("a.toml", &link).unwrap();

        assert!(!remove(&link, "known").unwrap());
        assert!(link.is_symlink());
        assert!(remove(&link, "text").unwrap());
        assert!(!link.is_symlink() && file.exists());
    }
}
