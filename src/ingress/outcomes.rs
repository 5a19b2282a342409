//! Reading the outcome log, and acknowledging what was read.

use super::attend::turned;
use super::media::{Media, media};
use super::refuse::{self, Refused};
use crate::schedule::{Cursor, Page, Reading, Store, StoreError};
use crate::web::{Exchange, Occupancy, Reply};
use ::http::StatusCode;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// The group of a reader that names none.
const GROUP: &str = "default";

/// Entries on a page, where the reader does not say, and at most.
const USUAL_LIMIT: usize = 100;
const MOST_LIMIT: usize = 1000;

/// Longest that an empty page is waited on, in seconds.
const MOST_WAIT: u64 = 60;

/// Readers that wait at once, on each thread.
const MOST_WAITING: usize = 1000;

/// Longest cursor; those of the stores here are shorter.
const CURSOR_LENGTH: usize = 256;

/// Most bytes of an acknowledgement.
const BODY_LIMIT: usize = 64 * 1024;

/// The outcome log, as readers see it.
#[derive(Debug)]
pub(super) struct OutcomeLog {
    store: Arc<dyn Store>,
    /// Those who wait for an entry: no steps, and not counted as such.
    waiting: Occupancy,
}

// === impl OutcomeLog ===

impl OutcomeLog {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            waiting: Occupancy::default(),
        }
    }

    /// A page of the log.
    pub(super) async fn read(&self, exchange: &mut Exchange<'_>) -> Result<Reply, Refused> {
        let reading = reading(exchange.head().uri.query().unwrap_or_default())?;
        let page = if reading.wait.is_zero() {
            self.store.read_outcomes(reading).await
        } else {
            self.poll(exchange, reading).await?
        };
        let page = page.map_err(|error| fault(error, None))?;
        Ok(Reply::json(StatusCode::OK, json(&page)))
    }

    /// Waits for an entry no longer than anyone is served by it: not past the begin of the end,
    /// nor for a client that is gone.
    async fn poll(
        &self,
        exchange: &mut Exchange<'_>,
        reading: Reading,
    ) -> Result<Result<Page, StoreError>, Refused> {
        let waiting = self.waiting.enter_below(MOST_WAITING);
        let _waiting = waiting.ok_or_else(|| refuse::too_many_readers(MOST_WAITING))?;
        let at_once = Reading {
            wait: Duration::ZERO,
            ..reading.clone()
        };
        let closing = exchange.closing();
        tokio::select! {
            biased;
            page = self.store.read_outcomes(reading) => Ok(page),
            () = turned(closing) => Ok(self.store.read_outcomes(at_once.clone()).await),
            () = exchange.hung_up() => Ok(self.store.read_outcomes(at_once.clone()).await),
        }
    }

    /// Moves a group's place.
    pub(super) async fn ack(&self, exchange: &mut Exchange<'_>) -> Result<Reply, Refused> {
        if media(&exchange.head().headers) != Media::Json {
            let accepted = "an acknowledgement comes as `Content-Type: application/json`";
            return Err(refuse::media_type(accepted).into());
        }
        let body = exchange.body(BODY_LIMIT).await.map_err(refuse::body)?;
        let Ok(Value::Object(members)) = serde_json::from_slice(&body) else {
            let problem = refuse::invalid_request("the body is not a JSON object");
            return Err(problem.at("").into());
        };
        let group = match text(&members, "group")? {
            None => GROUP,
            Some(group) if is_group(group) => group,
            Some(_) => return Err(refuse::invalid_request(BAD_GROUP).at("/group").into()),
        };
        let Some(text) = text(&members, "cursor")? else {
            let problem = refuse::invalid_request("`cursor` is missing");
            return Err(problem.at("/cursor").into());
        };
        let cursor = cursor(text).map_err(|error| fault(error, Some("/cursor")))?;
        let acknowledged = self.store.ack_outcomes(group, &cursor).await;
        acknowledged.map_err(|error| fault(error, Some("/cursor")))?;
        Ok(Reply::text(StatusCode::NO_CONTENT, ""))
    }
}

const BAD_GROUP: &str = "`group` is 1 to 128 characters of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`";

/// What a query asks for. Keys that are not known here are none of our business.
fn reading(query: &str) -> Result<Reading, Refused> {
    let mut reading = Reading {
        group: GROUP.to_owned(),
        after: None,
        limit: USUAL_LIMIT,
        wait: Duration::ZERO,
    };
    let mut seen = HashSet::new();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "group" if is_group(&value) => reading.group = value.into_owned(),
            "group" => return Err(refuse::invalid_request(BAD_GROUP).into()),
            "after" => reading.after = Some(cursor(&value).map_err(|error| fault(error, None))?),
            "limit" => match whole("limit", &value)? {
                0 => return Err(refuse::invalid_request("`limit` is at least 1").into()),
                limit => reading.limit = usize::try_from(limit).map_or(MOST_LIMIT, most),
            },
            "wait" => {
                let seconds = whole("wait", &value)?.min(MOST_WAIT);
                reading.wait = Duration::from_secs(seconds);
            }
            _ => continue,
        }
        if let Some(twice) = seen.replace(key) {
            let detail = format!("`{twice}` is given twice");
            return Err(refuse::invalid_request(detail).into());
        }
    }
    Ok(reading)
}

fn most(limit: usize) -> usize {
    limit.min(MOST_LIMIT)
}

/// A whole number; one that is too large to count is as large as can be.
fn whole(name: &str, text: &str) -> Result<u64, Refused> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        let detail = format!("`{name}` is a whole number");
        return Err(refuse::invalid_request(detail).into());
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

fn is_group(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(known)
}

/// A cursor, if it can be one.
fn cursor(text: &str) -> Result<Cursor, StoreError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if (1..=CURSOR_LENGTH).contains(&text.len()) && text.bytes().all(known) {
        Ok(Cursor(text.to_owned()))
    } else {
        Err(StoreError::BadCursor)
    }
}

/// A member that is text, where it is there.
fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refused> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => {
            let problem = refuse::invalid_request(format!("`{name}` is not a string"));
            Err(problem.at(format!("/{name}")).into())
        }
    }
}

fn fault(error: StoreError, pointer: Option<&'static str>) -> Refused {
    match error {
        StoreError::BadCursor => {
            let problem = refuse::invalid_cursor();
            match pointer {
                Some(pointer) => problem.at(pointer).into(),
                None => problem.into(),
            }
        }
        StoreError::Full | StoreError::Down | StoreError::Unknown | StoreError::LostLease => {
            refuse::store(error)
        }
    }
}

/// A page on the wire: the outcomes stand in it as they are in the log.
fn json(page: &Page) -> Vec<u8> {
    let length: usize = page.outcomes.iter().map(|outcome| outcome.len() + 1).sum();
    let mut out = Vec::with_capacity(length + page.cursor.0.len() + 32);
    out.extend_from_slice(br#"{"outcomes":["#);
    for (at, outcome) in page.outcomes.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(outcome);
    }
    out.extend_from_slice(br#"],"cursor":""#);
    out.extend_from_slice(page.cursor.0.as_bytes());
    out.extend_from_slice(br#""}"#);
    out
}
