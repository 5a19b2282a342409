//! Reading the files that may have changed, on more than one thread where there are many.

use super::disk::{Disk, parse};
use super::kind::Kind;
use crate::config::file::{self, Contents, Stamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file to be read, or read.
pub(super) struct Job<K: Kind> {
    pub(super) id: K::Id,
    pub(super) path: PathBuf,
    /// The text as it is known, if nothing else speaks for parsing it anew.
    pub(super) known: Option<Arc<str>>,
}

/// What came of a [`Job`].
pub(super) enum Done<K> {
    Parsed(Disk<K>),
    /// The text is what it was.
    Same(Option<Stamp>),
    /// To be looked at again.
    Changing,
    Gone,
}

/// Does all jobs, on more than one thread where there are many.
pub(super) fn run<K: Kind>(jobs: Vec<Job<K>>, base: &Path) -> Results<K> {
    const FEW: usize = 256;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4));
    let do_all = |jobs: Vec<Job<K>>| -> Results<K> {
        let one = |job: Job<K>| {
            let done = work(&job, base);
            (job.id, done)
        };
        jobs.into_iter().map(one).collect()
    };
    if jobs.len() <= FEW || threads == 1 {
        return do_all(jobs);
    }
    let share = jobs.len().div_ceil(threads);
    let mut jobs = jobs.into_iter();
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..threads {
            let part: Vec<_> = jobs.by_ref().take(share).collect();
            workers.push(scope.spawn(move || do_all(part)));
        }
        let results = workers.into_iter().map(|worker| match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.flatten().collect()
    })
}

/// Files and what came of them.
pub(super) type Results<K> = Vec<(<K as Kind>::Id, Done<K>)>;

fn work<K: Kind>(job: &Job<K>, base: &Path) -> Done<K> {
    match file::read(&job.path) {
        Contents::Text(text, stamp) if job.known.as_ref() == Some(&text) => Done::Same(stamp),
        Contents::Text(text, stamp) => {
            Done::Parsed(parse::<K>(&job.id, &job.path, text, stamp, base))
        }
        Contents::Unreadable(fault, stamp) => Done::Parsed(Disk::unusable(fault, stamp)),
        Contents::Changing => Done::Changing,
        Contents::Gone => Done::Gone,
    }
}
