//! What the inspector keeps, and for how long: bounded in endpoints, requests, bytes and age.

use crate::admin::chance;
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Most endpoints at once; the one that was not used for the longest goes.
const MOST_ENDPOINTS: usize = 100;

/// Most requests of one endpoint; the oldest goes.
const MOST_REQUESTS: usize = 100;

/// Most bytes of a request's body that are kept.
pub(super) const MOST_BODY: usize = 64 * 1024;

/// Most bytes of all requests; the oldest of all go.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How long after its last use an endpoint goes.
const AGE: Duration = Duration::from_secs(60 * 60);

/// What a text or a request costs beside its bytes.
const OVERHEAD: usize = 64;

/// Who knows it may send to the endpoint. Not to be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Id([u8; 16]);

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) at: Timestamp,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    /// At most [`MOST_BODY`] of it.
    pub(super) body: Bytes,
    pub(super) truncated: bool,
}

/// All endpoints.
#[derive(Debug, Default)]
pub(super) struct Kept {
    endpoints: HashMap<Id, Endpoint>,
    /// Of all requests together.
    bytes: usize,
    /// Of the next request.
    number: u64,
}

#[derive(Debug)]
struct Endpoint {
    used: Instant,
    /// Numbered in the order that they came in, over all endpoints.
    requests: VecDeque<(u64, Arc<Recorded>)>,
}

// === impl Id ===

impl Id {
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn fresh() -> io::Result<Self> {
        chance::bytes().map(Self)
    }

    /// The id that is written so, if any is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(plain) {
            return None;
        }
        let number = u128::from_str_radix(text, 16).ok()?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Id {
    /// Not the id: a log is no place for what opens something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

// === impl Recorded ===

impl Recorded {
    /// About how many bytes it takes.
    fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len() + OVERHEAD);
        OVERHEAD + self.url.len() + self.body.len() + headers.sum::<usize>()
    }
}

// === impl Kept ===

impl Kept {
    /// Opens an endpoint.
    pub(super) fn create(&mut self, id: Id, now: Instant) {
        self.forget(now);
        if self.endpoints.len() >= MOST_ENDPOINTS {
            let oldest = self.endpoints.iter().min_by_key(|(_, it)| it.used);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.remove(oldest);
            }
        }
        let endpoint = Endpoint {
            used: now,
            requests: VecDeque::new(),
        };
        self.endpoints.insert(id, endpoint);
    }

    /// Whether there is such an endpoint.
    pub(super) fn has(&mut self, id: Id, now: Instant) -> bool {
        self.used(id, now).is_some()
    }

    /// Keeps a request. False: there is no such endpoint.
    pub(super) fn record(&mut self, id: Id, request: Recorded, now: Instant) -> bool {
        let (number, size) = (self.number, request.size());
        let Some(endpoint) = self.used(id, now) else {
            return false;
        };
        endpoint.requests.push_back((number, Arc::new(request)));
        let gone = match endpoint.requests.len() > MOST_REQUESTS {
            true => endpoint.requests.pop_front(),
            false => None,
        };
        self.number += 1;
        self.bytes += size;
        self.bytes -= gone.map_or(0, |(_, request)| request.size());
        self.make_room();
        true
    }

    /// What an endpoint was sent, oldest first; none when there is no such endpoint.
    pub(super) fn list(&mut self, id: Id, now: Instant) -> Option<Vec<Arc<Recorded>>> {
        let endpoint = self.used(id, now)?;
        let requests = endpoint.requests.iter();
        Some(requests.map(|(_, request)| request.clone()).collect())
    }

    /// Closes an endpoint. False: there is no such endpoint.
    pub(super) fn delete(&mut self, id: Id, now: Instant) -> bool {
        self.forget(now);
        self.remove(id)
    }

    /// The endpoint, which is used by that.
    fn used(&mut self, id: Id, now: Instant) -> Option<&mut Endpoint> {
        self.forget(now);
        let endpoint = self.endpoints.get_mut(&id)?;
        endpoint.used = now;
        Some(endpoint)
    }

    /// Drops endpoints that nobody used for long.
    fn forget(&mut self, now: Instant) {
        let old = |it: &Endpoint| now.saturating_duration_since(it.used) >= AGE;
        let endpoints = self.endpoints.iter();
        let gone: Vec<Id> = endpoints
            .filter(|(_, it)| old(it))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: Id) -> bool {
        let Some(endpoint) = self.endpoints.remove(&id) else {
            return false;
        };
        let requests = endpoint.requests.iter();
        self.bytes -= requests.map(|(_, it)| it.size()).sum::<usize>();
        true
    }

    /// Drops the oldest requests until the rest is not too much.
    fn make_room(&mut self) {
        while self.bytes > MOST_BYTES {
            let first = |it: &Endpoint| it.requests.front().map(|(number, _)| *number);
            let endpoints = self.endpoints.values_mut();
            let filled = endpoints.filter_map(|it| Some((first(it)?, it)));
            let oldest = filled.min_by_key(|(number, _)| *number);
            let Some((_, request)) = oldest.and_then(|(_, it)| it.requests.pop_front()) else {
                return;
            };
            self.bytes -= request.size();
        }
    }
}

#[cfg(test)]
mod tests;
