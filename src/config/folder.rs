//! The state of a configuration folder: what its files say, what of them serves.
//!
//! A [`Folder`] is looked at again and again; each look that finds something new makes one
//! [`Snapshot`]. Nobody else decides what serves.

use super::fault::{Fault, Faults, Severity};
use super::file::{self, Contents};
use super::judge;
use super::read::{self, ReadJourney, ReadWebhook, Reading, Sheet};
use super::served::{Copies, Keeper};
use super::shelf::{self, Depends, Entry, Kind, Shelf, has_changed, stamped};
use super::{Gateway, Snapshot};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything known of one configuration folder.
#[derive(Debug)]
pub(super) struct Folder {
    /// `gateway.toml`, as it was named.
    file: PathBuf,
    /// Its folder: where relative paths start.
    base: PathBuf,
    written: Written,
    /// The settings in force.
    running: Arc<Gateway>,
    webhooks: Shelf<ReadWebhook>,
    journeys: Shelf<ReadJourney>,
    /// Keeps copies of what serves. None where nothing is remembered, as for `check`.
    keeper: Option<Keeper>,
    /// Of the latest snapshot.
    faults: Arc<[Fault]>,
    refusals: u64,
    version: u64,
    links: Vec<PathBuf>,
}

/// `gateway.toml` as it was last read.
#[derive(Debug)]
struct Written {
    text: Arc<str>,
    gateway: Option<Arc<Gateway>>,
    faults: Vec<Fault>,
    depends: Depends,
}

/// How much of the folder a look takes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Each file is compared with what is known of it: with ten thousand that takes 30 ms.
    Everything,
    /// Only these of webhooks and journeys, and `gateway.toml`.
    Files(HashSet<PathBuf>),
}

/// What a look at the folder came to.
#[derive(Debug)]
pub(super) struct Look {
    /// Set where something is another than before.
    pub(super) snapshot: Option<Arc<Snapshot>>,
    /// Whether a file changed while it was read, so that another look is due soon.
    pub(super) unsettled: bool,
}

// === impl Folder ===

impl Folder {
    /// Reads everything for the first time. `path` is `gateway.toml`, or the folder that holds it.
    /// The data folder is left alone: another process may be at work there.
    ///
    /// # Errors
    /// Every error of the folder, where `gateway.toml` is not valid. Else what is wrong with other
    /// files is in the snapshot.
    pub(super) fn read(path: &Path) -> Result<Self, Faults> {
        let file = if path.is_dir() {
            path.join("gateway.toml")
        } else {
            path.to_owned()
        };
        let base = file.parent().map(Path::to_owned).unwrap_or_default();
        let written = Written::read(&file, &base, None)
            .unwrap_or_else(|| Written::failed(&file, "is being written".into()));
        // Without settings nothing starts, but what is wrong with the other files is said too.
        let running = written.gateway.clone().unwrap_or_default();
        let mut folder = Self {
            webhooks: Shelf::new(&base),
            journeys: Shelf::new(&base),
            file,
            base,
            written,
            running,
            keeper: None,
            faults: Arc::default(),
            refusals: 0,
            version: 0,
            links: Vec::new(),
        };
        folder.scan_until_settled();
        if folder.written.gateway.is_none() {
            let snapshot = folder.judge();
            let error = |fault: &&Fault| fault.severity == Severity::Error;
            return Err(Faults(
                snapshot.faults.iter().filter(error).cloned().collect(),
            ));
        }
        Ok(folder)
    }

    /// Remembers: what served before this start serves, for the rules of a reload to judge, and
    /// what serves from now on is kept in the data folder. To be told before anything is judged.
    ///
    /// # Errors
    /// A data folder that cannot be used.
    pub(super) fn remember(&mut self) -> Result<(), Faults> {
        let unusable = |error| unusable(&self.file, &self.running, &error);
        let kinds = [ReadWebhook::FOLDER, ReadJourney::FOLDER];
        let copies = Copies::open(&self.running.store.folder, kinds).map_err(unusable)?;
        recall(&mut self.webhooks, &copies, &self.base);
        recall(&mut self.journeys, &copies, &self.base);
        self.keeper = Some(Keeper::start(copies).map_err(unusable)?);
        Ok(())
    }

    /// Looks again. Files in `held` are being written: they stay as they are known.
    pub(super) fn look(&mut self, scope: &Scope, held: &HashSet<PathBuf>) -> Look {
        let gateway = self.look_at_gateway(held);
        let named = match scope {
            Scope::Everything => None,
            Scope::Files(named) => self.scan_named(held, named),
        };
        let scan = named.unwrap_or_else(|| self.scan(held));
        Look {
            snapshot: (gateway.changed || scan.changed).then(|| self.judge()),
            unsettled: gateway.unsettled || scan.unsettled,
        }
    }

    /// `gateway.toml`.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The folder that holds everything.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// The folders of webhooks and journeys.
    pub(super) fn parts(&self) -> [PathBuf; 2] {
        [ReadWebhook::FOLDER, ReadJourney::FOLDER].map(|part| self.base.join(part))
    }

    /// Files outside the folder, or reached by a link, whose changes matter.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &Path> {
        let own = self.written.depends.iter().map(|(path, _)| path.as_path());
        own.chain(self.webhooks.depends())
            .chain(self.links.iter().map(PathBuf::as_path))
    }

    /// How many texts of webhooks and journeys were parsed since the beginning.
    #[cfg(test)]
    pub(super) fn parsed(&self) -> usize {
        self.webhooks.parsed + self.journeys.parsed
    }

    fn look_at_gateway(&mut self, held: &HashSet<PathBuf>) -> shelf::Scan {
        let mut scan = shelf::Scan::default();
        if held.contains(&self.file) {
            return scan;
        }
        let Some(written) = Written::read(&self.file, &self.base, Some(&self.written)) else {
            scan.unsettled = true;
            return scan;
        };
        scan.changed = written.gateway != self.written.gateway
            || written.faults != self.written.faults
            || has_changed(&self.written.depends);
        self.written = written;
        scan
    }

    fn scan(&mut self, held: &HashSet<PathBuf>) -> shelf::Scan {
        let webhooks = self.webhooks.scan(&self.base, held);
        let journeys = self.journeys.scan(&self.base, held);
        let mut scan = webhooks.and(journeys);
        self.links = std::mem::take(&mut scan.links);
        scan
    }

    /// As [`Self::scan`], of these files only; none where that would not tell all.
    fn scan_named(
        &mut self,
        held: &HashSet<PathBuf>,
        named: &HashSet<PathBuf>,
    ) -> Option<shelf::Scan> {
        let webhooks = self.webhooks.scan_named(&self.base, held, named)?;
        let journeys = self.journeys.scan_named(&self.base, held, named)?;
        Some(webhooks.and(journeys))
    }

    /// As at a start, where there is no version to fall back on while a file is written.
    fn scan_until_settled(&mut self) {
        for _ in 0..10 {
            if !self.scan(&HashSet::new()).unsettled {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// What is in force.
    pub(super) fn running(&self) -> &Gateway {
        &self.running
    }

    /// Decides what serves now.
    pub(super) fn judge(&mut self) -> Arc<Snapshot> {
        let mut faults = self.written.faults.clone();
        if let Some(written) = &self.written.gateway {
            let (running, waiting) = judge::merged(&self.running, written);
            for section in waiting {
                let message = "changed; a restart puts it in force".into();
                let mut fault = file::fault(&self.file, read::Place::START, message);
                fault.key = section.into();
                fault.severity = Severity::Warning;
                faults.push(fault);
            }
            self.running = Arc::new(running);
        }
        let journeys = judge::journeys(&mut self.journeys);
        let locks = judge::locks(&self.journeys);
        let webhooks = judge::webhooks(&mut self.webhooks, &locks, &mut faults);
        if let Some(keeper) = &self.keeper {
            let journeys = changes::<ReadJourney>(journeys);
            keeper.keep(journeys.chain(changes::<ReadWebhook>(webhooks)).collect());
        }
        judge::judge_webhooks(&self.webhooks, &self.running, &mut faults);
        judge::judge_journeys(&self.journeys, &self.webhooks, &mut faults);
        faults.extend_from_slice(&self.webhooks.strays);
        faults.extend_from_slice(&self.journeys.strays);
        faults.sort();
        self.announce(&faults);
        self.faults = faults.into();
        self.version += 1;
        Arc::new(Snapshot {
            gateway: self.running.clone(),
            webhooks: services(&self.webhooks, judge::webhook_service),
            journeys: services(&self.journeys, judge::journey_service),
            faults: self.faults.clone(),
            refusals: self.refusals,
            version: self.version,
        })
    }

    /// Logs and counts what was not wrong before. A folder without memory is only looked at by
    /// somebody who shows its faults.
    fn announce(&mut self, faults: &[Fault]) {
        let known: HashSet<_> = self.faults.iter().collect();
        for fault in faults.iter().filter(|fault| !known.contains(fault)) {
            match fault.severity {
                Severity::Error => self.refusals += 1,
                Severity::Warning => {}
            }
            if self.keeper.is_some() {
                log(fault);
            }
        }
    }
}

/// Writes `fault` into the log.
fn log(fault: &Fault) {
    match fault.severity {
        Severity::Error => tracing::error!(file = fault.file, "{fault}"),
        Severity::Warning => tracing::warn!(file = fault.file, "{fault}"),
    }
}

// === impl Written ===

impl Written {
    /// Reads `gateway.toml`; none if somebody is writing it. Parses it only if it is not as `known`.
    fn read(file: &Path, base: &Path, known: Option<&Self>) -> Option<Self> {
        match file::read(file) {
            Contents::Text(text, _) => match known {
                Some(known) if known.text == text && !has_changed(&known.depends) => {
                    Some(known.again())
                }
                Some(_) | None => Some(Self::parse(file, base, text)),
            },
            Contents::Unreadable(fault, _) => Some(Self {
                text: "".into(),
                gateway: None,
                faults: vec![fault],
                depends: Vec::new(),
            }),
            Contents::Gone => Some(Self::failed(file, "there is no such file".into())),
            Contents::Changing => None,
        }
    }

    fn parse(file: &Path, base: &Path, text: Arc<str>) -> Self {
        let name = file.display().to_string();
        let Reading {
            value,
            is_valid,
            faults,
            depends,
        } = Sheet::read(&name, &text, base, read::gateway);
        Self {
            text,
            gateway: value.filter(|_| is_valid).map(Arc::new),
            faults,
            depends: stamped(depends),
        }
    }

    fn failed(file: &Path, message: String) -> Self {
        Self {
            text: "".into(),
            gateway: None,
            faults: vec![file::fault(file, read::Place::START, message)],
            depends: Vec::new(),
        }
    }

    fn again(&self) -> Self {
        Self {
            text: self.text.clone(),
            gateway: self.gateway.clone(),
            faults: self.faults.clone(),
            depends: self.depends.clone(),
        }
    }
}

/// What is said of a data folder in which nothing can be kept.
fn unusable(file: &Path, gateway: &Gateway, error: &std::io::Error) -> Faults {
    let folder = gateway.store.folder.display();
    let message = format!("`{folder}` cannot be made or used: {error}");
    let mut fault = file::fault(file, read::Place::START, message);
    fault.key = "store.folder".into();
    Faults(vec![fault])
}

/// Puts the copies of a kind on its shelf. A copy that is no longer valid counts as not there.
fn recall<K: Kind>(shelf: &mut Shelf<K>, copies: &Copies, base: &Path) {
    for (stem, text) in copies.read(K::FOLDER) {
        let Some(id) = K::id(&stem) else { continue };
        let path = shelf.path(&id);
        let entry = shelf.entries.entry(id.clone()).or_insert(Entry {
            disk: None,
            served: None,
        });
        let on_disk = entry.disk.as_ref().filter(|disk| disk.text == text);
        entry.served = match on_disk {
            Some(disk) => disk.version.clone(),
            None => shelf::parse::<K>(&id, &path, text, None, base).version,
        };
    }
}

fn changes<K: Kind>(
    changes: Vec<(K::Id, Option<Arc<str>>)>,
) -> impl Iterator<Item = ((&'static str, String), Option<Arc<str>>)> {
    let one = |(id, text): (K::Id, _)| ((K::FOLDER, id.to_string()), text);
    changes.into_iter().map(one)
}

fn services<K: Kind, T>(
    shelf: &Shelf<K>,
    service: impl Fn(&Entry<K>) -> super::Service<T>,
) -> super::ById<K::Id, super::Service<T>>
where
    K::Id: std::hash::Hash,
{
    let one = |(id, entry): (&K::Id, &Entry<K>)| (id.clone(), service(entry));
    shelf.entries.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
