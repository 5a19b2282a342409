//! Lets due steps through as far as tiles and hosts have room for them.
//!
//! Of a host's places those are taken at once that the steps let through will need, so that none of
//! them comes in vain: [`Turnstile::take`] hands them out. A step of a paced tile gets none: it
//! waits in its tile's line first.

use super::{Pipeline, pace};
use crate::config::{Delivery, Rate, Snapshot};
use crate::limits::{HostLimits, HostPermit, RateLimits};
use crate::model::{Origin, Target, TileRef};
use crate::schedule::{Admission, Gate, Lane};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Most steps of one lane that are let through at once.
const AT_ONCE: usize = 64;

/// When to ask again for a host, or a tile's line, that is full.
const PAUSE: Duration = Duration::from_millis(10);

/// The gate of one look at what is due. All it decides holds for the snapshot it was made in.
#[derive(Debug)]
pub struct Turnstile {
    snapshot: Arc<Snapshot>,
    rates: RateLimits,
    hosts: HostLimits,
    /// Most steps that will be taken.
    most: usize,
    given: Mutex<Given>,
}

/// What was given to steps that may come.
#[derive(Debug, Default)]
struct Given {
    places: HashMap<Lane, Vec<HostPermit>>,
    /// A tile's lanes share the room in its line.
    slots: HashMap<TileRef, Slots>,
}

/// Room in a tile's line.
#[derive(Debug)]
struct Slots {
    /// Not given yet.
    left: usize,
    /// Given, and taken.
    taken: usize,
}

// === impl Pipeline ===

impl Pipeline {
    /// A gate for a look at what is due, by which at most `most` steps will be taken.
    pub fn turnstile(&self, most: usize) -> Turnstile {
        Turnstile {
            snapshot: self.live.get(),
            rates: self.rates.clone(),
            hosts: self.hosts.clone(),
            most: most.clamp(1, AT_ONCE),
            given: Mutex::default(),
        }
    }
}

// === impl Turnstile ===

impl Turnstile {
    /// A step of `lane` comes: the place at its host that was taken for it, if one was.
    pub fn take(&self, lane: &Lane) -> Option<HostPermit> {
        let mut given = self.given.lock();
        if let Target::Tile(tile) = &lane.target
            && let Some(slots) = given.slots.get_mut(tile)
        {
            slots.taken += 1;
        }
        given.places.get_mut(lane)?.pop()
    }

    /// All that come have been taken: gives back the places that are left, and tells the tiles who
    /// is on the way to their lines. To be called before any of them can be there.
    pub fn close(&self) {
        let given = std::mem::take(&mut *self.given.lock());
        for (tile, slots) in &given.slots {
            self.rates.coming(tile, slots.taken);
        }
    }

    fn place(&self, origin: &Origin) -> Option<HostPermit> {
        let delivery = self.delivery();
        let (per_host, in_all) = (delivery.max_in_flight_per_host, delivery.max_in_flight);
        self.hosts.enter_due(origin, per_host, in_all)
    }

    fn delivery(&self) -> &Delivery {
        &self.snapshot.gateway.delivery
    }

    /// To the host, with a place for each.
    fn to_host(&self, lane: &Lane, origin: Origin) -> Admission {
        let places: Vec<_> = std::iter::from_fn(|| self.place(&origin))
            .take(self.most)
            .collect();
        if places.is_empty() {
            return full(origin);
        }
        let room = places.len();
        let mut given = self.given.lock();
        given.places.entry(lane.clone()).or_default().extend(places);
        Admission::Room(room)
    }

    /// To the line of a tile, if the host has a place at all.
    fn to_line(
        &self,
        lane: &Lane,
        tile: &TileRef,
        rate: Rate,
        origin: Option<Origin>,
    ) -> Admission {
        if let Some(origin) = origin
            && self.place(&origin).is_none()
        {
            return full(origin);
        }
        let room = match self.rates.room(tile, rate) {
            Ok(room) => room,
            Err(wait) => return self.line_is_full(rate, wait),
        };
        let mut given = self.given.lock();
        let slots = given.slots.entry(tile.clone()).or_insert(Slots {
            left: room,
            taken: 0,
        });
        let part = match lane.origin {
            // There may be others, for other hosts.
            Some(_) => slots.left.div_ceil(2),
            None => slots.left,
        };
        if part == 0 {
            return self.line_is_full(rate, PAUSE);
        }
        slots.left -= part;
        Admission::Room(part)
    }

    /// Asks for as many of those who wait as a new step could wait for.
    fn line_is_full(&self, rate: Rate, wait: Duration) -> Admission {
        let interval = rate.per / rate.count.get();
        let ahead = self.delivery().inline_wait.as_nanos() / interval.as_nanos().max(1);
        let count = usize::try_from(ahead)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        Admission::Lane { wait, count }
    }
}

impl Gate for Turnstile {
    fn admit(&self, lane: &Lane) -> Admission {
        // What is not in service is not kept: the pipeline finds that out.
        let Ok(found) = self.snapshot.find(&lane.target) else {
            return Admission::Room(AT_ONCE);
        };
        let origin = found.webhook.origin.clone().or_else(|| lane.origin.clone());
        match (pace(&found, &lane.target), origin) {
            (Some((tile, rate)), origin) => self.to_line(lane, tile, rate, origin),
            (None, Some(origin)) => self.to_host(lane, origin),
            (None, None) => Admission::Room(AT_ONCE),
        }
    }

    fn backlog(&self, lane: &Lane, due: usize) {
        if let Ok(found) = self.snapshot.find(&lane.target)
            && let Some((tile, _)) = pace(&found, &lane.target)
        {
            self.rates.backlog(tile, due);
        }
    }
}

fn full(origin: Origin) -> Admission {
    Admission::Host {
        origin,
        wait: PAUSE,
    }
}

#[cfg(test)]
mod tests;
