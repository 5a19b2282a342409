//! Keeps what is in force up to date with the files, in a thread of its own.
//!
//! Whatever the kernel tells is only a reason to look: what changed is found by comparing the
//! files with what is known of them: at first those that the kernel named, since thousands of others
//! take long, and all of them once it has been quiet. Looks wait until writing has paused, and a file that somebody
//! has written to and not closed is left as it is known for a while longer, so that half of it is
//! never served. Where the kernel cannot tell (its limits are reached), the folder is looked at
//! every so often instead.

mod eyes;

use super::folder::{Folder, Scope};
use super::{Live, Snapshot};
use eyes::{Eyes, Seen};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::time::Instant;

/// A look follows when nothing was written for so long …
const QUIET: Duration = Duration::from_millis(100);

/// … or, while writing goes on, so long after it began.
const PATIENCE: Duration = Duration::from_millis(400);

/// How long a file that is open for writing is left alone after the last write to it.
const HELD: Duration = Duration::from_millis(600);

/// How often to look where the kernel does not tell.
const POLL: Duration = Duration::from_millis(500);

/// How long after a change to look at everything, and to see whether the steps under way have let go
/// of what served before.
const LATER: Duration = Duration::from_secs(2);

/// How much the thread gives way to those that deliver: as much as there is (`nice`).
const NICE: i32 = 19;

/// The watching thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// Asks the watching thread for a look. Clones ask the same.
#[derive(Debug, Clone)]
pub struct Looking(Sender<Message>);

/// What the thread is told.
#[derive(Debug)]
enum Message {
    Seen(Seen),
    /// Look now, and say when it is done.
    Look(Sender<()>),
    Stop,
}

/// The thread's state.
struct Watcher {
    folder: Folder,
    live: Live,
    eyes: Eyes,
    /// When the first and the last write came that no look has followed yet.
    writes: Option<(Instant, Instant)>,
    /// What they were writes to.
    scope: Scope,
    /// Files that were written to and not closed, with the last write.
    open: HashMap<PathBuf, Instant>,
    /// When to look again, whatever is seen until then.
    again: Option<Instant>,
    /// What served before and steps under way still hold. It is let go of here, and not by the
    /// last of them: with many webhooks that takes milliseconds, in which no step would move.
    retired: Vec<Arc<Snapshot>>,
}

// === impl Watch ===

impl Watch {
    pub(super) fn start(folder: Folder, live: Live) -> Self {
        Self::through(folder, live, |messages| {
            Eyes::open(move |seen| {
                // The inbox is gone only when the thread is ending.
                let _ = messages.send(Message::Seen(seen));
            })
        })
    }

    fn through(
        folder: Folder,
        live: Live,
        eyes: impl FnOnce(Sender<Message>) -> Eyes + Send + 'static,
    ) -> Self {
        let (messages, inbox) = channel();
        let to_self = messages.clone();
        let run = move || {
            give_way();
            Watcher::new(folder, live, eyes(to_self)).run(&inbox);
        };
        let thread = std::thread::Builder::new().name("config".into()).spawn(run);
        let thread = match thread {
            Ok(thread) => Some(thread),
            Err(error) => {
                tracing::error!("cannot watch the configuration, changes need a restart: {error}");
                None
            }
        };
        Self { messages, thread }
    }

    /// Where a look can be asked for.
    pub fn looking(&self) -> Looking {
        Looking(self.messages.clone())
    }

    /// Looks at the files at once, and returns when what they say is in force. Blocks.
    pub fn look(&self) {
        self.looking().look();
    }
}

// === impl Looking ===

impl Looking {
    /// As [`Watch::look`].
    pub fn look(&self) {
        let (done, wait) = channel();
        if self.0.send(Message::Look(done)).is_ok() {
            // The thread ended without an answer: there is nothing to wait for.
            let _ = wait.recv();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by its thread.
            let _ = thread.join();
        }
    }
}

// === impl Watcher ===

impl Watcher {
    fn new(folder: Folder, live: Live, eyes: Eyes) -> Self {
        Self {
            folder,
            live,
            eyes,
            writes: None,
            scope: Scope::Everything,
            open: HashMap::new(),
            again: None,
            retired: Vec::new(),
        }
    }

    fn run(mut self, inbox: &Receiver<Message>) {
        // Between loading and now anything may have changed.
        self.look(&Scope::Everything);
        loop {
            match self.next(inbox) {
                Some(Message::Seen(seen)) => self.note(seen),
                Some(Message::Look(done)) => {
                    self.look(&Scope::Everything);
                    let _ = done.send(());
                }
                Some(Message::Stop) => return,
                None => {
                    let scope = self.due();
                    self.look(&scope);
                }
            }
        }
    }

    /// The next message; none when it is time to look.
    fn next(&self, inbox: &Receiver<Message>) -> Option<Message> {
        let poll = || self.eyes.are_shut().then_some(POLL);
        let Some(wait) = self.wait().or_else(poll) else {
            return Some(inbox.recv().unwrap_or(Message::Stop));
        };
        match inbox.recv_timeout(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::Stop),
        }
    }

    /// How long until the next look; none if nothing calls for one.
    fn wait(&self) -> Option<Duration> {
        let quiet = |(first, last)| Instant::min(last + QUIET, first + PATIENCE);
        let due = self.writes.map(quiet).into_iter().chain(self.again).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// What to look at now that it is time: what was written to, unless a look at all is due.
    fn due(&self) -> Scope {
        let is_due = |at| at <= Instant::now();
        if self.writes.is_none() || self.again.is_some_and(is_due) {
            return Scope::Everything;
        }
        self.scope.clone()
    }

    fn note(&mut self, seen: Seen) {
        let now = Instant::now();
        match seen {
            Seen::Written(path) => {
                self.name(&path);
                self.open.insert(path, now);
            }
            Seen::Closed(path) => {
                self.name(&path);
                self.open.remove(&path);
            }
            Seen::Touched(path) => self.name(&path),
            Seen::Other => self.scope = Scope::Everything,
        }
        let first = self.writes.map_or(now, |(first, _)| first);
        self.writes = Some((first, now));
    }

    /// `path` is to be looked at: by itself, if it is a file of webhooks or journeys.
    fn name(&mut self, path: &Path) {
        let Scope::Files(files) = &mut self.scope else {
            return;
        };
        let own = named(&self.folder, path);
        match own.filter(|own| {
            self.folder
                .parts()
                .iter()
                .any(|part| own.parent() == Some(part))
        }) {
            Some(own) => {
                files.insert(own);
            }
            None => self.scope = Scope::Everything,
        }
    }

    fn look(&mut self, scope: &Scope) {
        self.writes = None;
        self.scope = Scope::Files(HashSet::new());
        let now = Instant::now();
        self.open.retain(|_, last| now - *last < HELD);
        let open = self.open.keys();
        let held = open.filter_map(|path| named(&self.folder, path));
        let look = self.folder.look(scope, &held.collect());
        if let Some(snapshot) = look.snapshot {
            let version = snapshot.version;
            self.retired.push(self.live.set(snapshot));
            tracing::info!(version, "configuration version {version} is in force");
        }
        self.retired.retain(|held| Arc::strong_count(held) > 1);
        let found_more = self.eyes.follow(&self.folder);
        let unheld = self.open.values().min().map(|last| *last + HELD);
        let soon = (look.unsettled || found_more).then(|| Instant::now() + QUIET);
        let later = !self.retired.is_empty() || *scope != Scope::Everything;
        let later = later.then(|| Instant::now() + LATER);
        self.again = unheld.into_iter().chain(soon).chain(later).min();
    }
}

/// A path as the kernel names it, as `folder` does.
fn named(folder: &Folder, path: &Path) -> Option<PathBuf> {
    let base = folder.base();
    let here = if base.as_os_str().is_empty() {
        Path::new(".")
    } else {
        base
    };
    let absolute = std::path::absolute(here).ok()?;
    Some(base.join(path.strip_prefix(absolute).ok()?))
}

/// To look at thousands of files and put them together takes long, and nobody waits for it.
fn give_way() {
    // On Linux it is the calling thread that is meant. Where it may not, it goes on as it is.
    let _ = rustix::process::setpriority_process(None, NICE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn where_the_kernel_does_not_tell_the_folder_is_looked_at_every_so_often() {
        let conf = tempfile::TempDir::new().unwrap();
        let gateway = conf.path().join("gateway.toml");
        fs::write(&gateway, "[retry]\nmax_retries = 1\n").unwrap();
        let mut folder = Folder::read(conf.path()).unwrap();
        let snapshot = folder.judge();
        let live = Live::of(snapshot);
        let _watch = Watch::through(folder, live.clone(), |_| Eyes::shut());

        fs::write(&gateway, "[retry]\nmax_retries = 2\n").unwrap();

        let start = Instant::now();
        while live.get().gateway.retry.max_retries != 2 {
            assert!(start.elapsed() < Duration::from_secs(10), "it never was");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
