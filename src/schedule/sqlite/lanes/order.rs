//! In which order lanes are visited, and who waits for whom.

use super::Head;
use crate::model::Origin;
use std::collections::{BTreeSet, HashMap};

/// Where each lane stands.
#[derive(Debug, Default)]
pub(super) struct Order {
    places: HashMap<u32, Place>,
    ready: BTreeSet<(Head, u32)>,
    /// Lanes held back alone, by until when.
    held: BTreeSet<(i64, u32)>,
    hosts: HashMap<Origin, Host>,
    /// Hosts that are waited for, by until when.
    waits: BTreeSet<(i64, u64)>,
    numbers: HashMap<u64, Origin>,
    last: u64,
    aside: Vec<u32>,
}

#[derive(Debug, Default)]
struct Place {
    head: Option<Head>,
    hold: Hold,
}

#[derive(Debug, Default, Clone)]
enum Hold {
    #[default]
    No,
    Until(i64),
    /// Behind a host.
    Behind(Origin),
    /// Behind a host, and sent ahead to ask whether the host may be called again.
    Asks(Origin),
    Aside,
}

/// Lanes that all go to one host, which is not to be called for now.
#[derive(Debug)]
struct Host {
    number: u64,
    /// None while a lane is asking.
    until: Option<i64>,
    lanes: BTreeSet<(Head, u32)>,
}

// === impl Host ===

impl Host {
    fn new(number: u64) -> Self {
        Self {
            number,
            until: None,
            lanes: BTreeSet::new(),
        }
    }
}

// === impl Order ===

impl Order {
    /// The lane's first step stands at `head` now; none: nothing of it waits.
    pub(super) fn place(&mut self, id: u32, head: Option<Head>) {
        self.leave(id);
        let place = self.places.entry(id).or_default();
        place.head = head;
        match (&place.hold, head) {
            // It cannot ask for the others any more.
            (Hold::Asks(origin), None) => {
                let origin = origin.clone();
                place.hold = Hold::No;
                self.send_next(&origin);
            }
            // The others may be through when it is back: it asks for itself.
            (Hold::Behind(_), None) => place.hold = Hold::No,
            _ => {}
        }
        self.enter(id);
    }

    pub(super) fn recheck(&mut self, now: i64) {
        while let Some((_, id)) = self
            .held
            .first()
            .copied()
            .filter(|(until, _)| *until <= now)
        {
            self.turn(id, Hold::No);
        }
        while self.waits.first().is_some_and(|(until, _)| *until <= now) {
            let wait = self.waits.pop_first();
            let origin = wait.and_then(|(_, number)| self.numbers.get(&number).cloned());
            if let Some(origin) = origin {
                self.send_next(&origin);
            }
        }
    }

    pub(super) fn first(&self) -> Option<(Head, u32)> {
        self.ready.first().copied()
    }

    pub(super) fn admitted(&mut self, id: u32) {
        if let Some(Hold::Asks(origin)) = self.places.get(&id).map(|place| place.hold.clone()) {
            self.turn(id, Hold::No);
            self.send_next(&origin);
        }
    }

    pub(super) fn hold(&mut self, id: u32, until: i64) {
        self.admitted(id);
        self.turn(id, Hold::Until(until));
    }

    pub(super) fn hold_host(&mut self, id: u32, origin: Origin, until: i64) {
        match self.places.get(&id).map(|place| place.hold.clone()) {
            Some(Hold::Asks(asked)) if asked != origin => self.admitted(id),
            _ => {}
        }
        let host = self.hosts.entry(origin.clone()).or_insert_with(|| {
            self.last += 1;
            self.numbers.insert(self.last, origin.clone());
            Host::new(self.last)
        });
        if let Some(old) = host.until.replace(until) {
            self.waits.remove(&(old, host.number));
        }
        self.waits.insert((until, host.number));
        self.turn(id, Hold::Behind(origin));
    }

    pub(super) fn put_aside(&mut self, id: u32) {
        self.admitted(id);
        self.turn(id, Hold::Aside);
        self.aside.push(id);
    }

    pub(super) fn resume(&mut self) {
        for id in std::mem::take(&mut self.aside) {
            self.turn(id, Hold::No);
        }
    }

    pub(super) fn again(&self) -> Option<i64> {
        let ready = self.ready.first().map(|((due, _), _)| *due);
        let held = self.held.first().map(|(until, _)| *until);
        let host = self.waits.first().map(|(until, _)| *until);
        [ready, held, host].into_iter().flatten().min()
    }

    pub(super) fn drop(&mut self, id: u32) {
        self.place(id, None);
        self.places.remove(&id);
    }

    /// Sends the oldest of those behind `origin` ahead to ask.
    fn send_next(&mut self, origin: &Origin) {
        let Some(host) = self.hosts.get_mut(origin) else {
            return;
        };
        if let Some(until) = host.until.take() {
            self.waits.remove(&(until, host.number));
        }
        match host.lanes.first().copied() {
            Some((_, id)) => self.turn(id, Hold::Asks(origin.clone())),
            None => {
                self.numbers.remove(&host.number);
                self.hosts.remove(origin);
            }
        }
    }

    fn turn(&mut self, id: u32, hold: Hold) {
        self.leave(id);
        self.places.entry(id).or_default().hold = hold;
        self.enter(id);
    }

    fn enter(&mut self, id: u32) {
        self.stand(id, true);
    }

    fn leave(&mut self, id: u32) {
        self.stand(id, false);
    }

    /// Puts a lane where its hold says, or takes it away from there.
    fn stand(&mut self, id: u32, there: bool) {
        let Some(Place {
            head: Some(head),
            hold,
        }) = self.places.get(&id)
        else {
            return;
        };
        match hold {
            Hold::No | Hold::Asks(_) => put(&mut self.ready, (*head, id), there),
            Hold::Until(until) => put(&mut self.held, (*until, id), there),
            Hold::Behind(origin) => {
                if let Some(host) = self.hosts.get_mut(origin) {
                    put(&mut host.lanes, (*head, id), there);
                }
            }
            Hold::Aside => {}
        }
    }
}

/// Puts `entry` into `set`, or takes it out.
fn put<T: Ord>(set: &mut BTreeSet<T>, entry: T, there: bool) {
    if there {
        set.insert(entry);
    } else {
        set.remove(&entry);
    }
}
