//! A step's rows as bytes: the payload, which is written once, and the place in line, which is
//! small and written again at each reschedule.
//!
//! Each row begins with the version of its own shape. What is kept is what came in: no rendered
//! request, so no secret. Numbers are LEB128 varints.

use crate::model::{Cause, Origin, PendingReason, Progress, Sent, Step, StepId, Target};
use crate::model::{TileRef, WebhookId, url};
use crate::schedule::{Lane, Scheduled};
use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;

/// The shape of a payload.
const PAYLOAD: u8 = 1;

/// The shape of a place in line.
const PLACE: u8 = 1;

/// Bytes of a payload that surely hold the step's id.
pub(super) const ID_WITHIN: usize = 160;

/// What a place in line says beside lane, due and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Of the step's id.
    pub hash: u64,
    pub reason: PendingReason,
    pub expected: Timestamp,
    pub progress: Progress,
}

/// A row that is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the row is damaged")]
pub(super) struct Damaged;

/// `time` in whole milliseconds since 1970, rounded up: nothing is due before its time.
pub(super) fn millis_up(time: Timestamp) -> i64 {
    let millis = time.as_millisecond();
    let part = time.subsec_nanosecond().rem_euclid(1_000_000);
    (millis + i64::from(part > 0)).max(0)
}

/// The moment `millis` after 1970.
pub(super) fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

// === impl Place ===

impl Place {
    pub(super) fn bytes(&self, due: i64) -> Vec<u8> {
        let (reason, cause) = numbered(self.reason);
        let progress = &self.progress;
        let mut out = Vec::with_capacity(24);
        out.extend_from_slice(&self.hash.to_le_bytes());
        out.push(PLACE);
        out.push(reason << 4 | cause);
        let status = u64::from(progress.status.unwrap_or(0));
        let sent = match progress.sent {
            None => 0,
            Some(Sent::No) => 1,
            Some(Sent::Unknown) => 2,
        };
        let wait = millis_up(self.expected).saturating_sub(due).max(0);
        put(&mut out, wait.unsigned_abs());
        for number in [progress.attempts, progress.retries, progress.refreshes] {
            put(&mut out, u64::from(number));
        }
        put(&mut out, status << 2 | sent);
        out
    }

    pub(super) fn read(bytes: &[u8], due: i64) -> Result<Self, Damaged> {
        let (hash, mut rest) = bytes.split_first_chunk::<8>().ok_or(Damaged)?;
        if take_byte(&mut rest)? != PLACE {
            return Err(Damaged);
        }
        let byte = take_byte(&mut rest)?;
        let reason = reason(byte).ok_or(Damaged)?;
        let mut number = || take(&mut rest);
        let wait = i64::try_from(number()?).map_err(|_| Damaged)?;
        let mut small = || u32::try_from(number()?).map_err(|_| Damaged);
        let (attempts, retries, refreshes, last) = (small()?, small()?, small()?, small()?);
        let status = u16::try_from(last >> 2).map_err(|_| Damaged)?;
        Ok(Self {
            hash: u64::from_le_bytes(*hash),
            reason,
            expected: moment(due.saturating_add(wait)),
            progress: Progress {
                attempts,
                retries,
                refreshes,
                status: (status > 0).then_some(status),
                sent: match last & 3 {
                    0 => None,
                    1 => Some(Sent::No),
                    _ => Some(Sent::Unknown),
                },
            },
        })
    }

    /// The hash and the reason alone: what the scan at the start needs.
    pub(super) fn peek(bytes: &[u8]) -> Option<(u64, PendingReason)> {
        let (hash, rest) = bytes.split_first_chunk::<8>()?;
        let known = *rest.first()? == PLACE;
        let reason = reason(*rest.get(1)?).filter(|_| known)?;
        Some((u64::from_le_bytes(*hash), reason))
    }
}

const CAUSES: [Cause; 5] = [
    Cause::Timeout,
    Cause::DnsFailed,
    Cause::ConnectFailed,
    Cause::ConnectionLost,
    Cause::ProtocolError,
];

fn numbered(reason: PendingReason) -> (u8, u8) {
    match reason {
        PendingReason::Retry(None) => (0, 0),
        PendingReason::Retry(Some(cause)) => match cause {
            Cause::Timeout => (0, 1),
            Cause::DnsFailed => (0, 2),
            Cause::ConnectFailed => (0, 3),
            Cause::ConnectionLost => (0, 4),
            Cause::ProtocolError => (0, 5),
        },
        PendingReason::RateLimit => (1, 0),
        PendingReason::Busy => (2, 0),
        PendingReason::Async => (3, 0),
        PendingReason::InFlight => (4, 0),
    }
}

fn reason(byte: u8) -> Option<PendingReason> {
    match (byte >> 4, byte & 15) {
        (0, 0) => Some(PendingReason::Retry(None)),
        (0, cause) => {
            let cause = CAUSES.get(usize::from(cause) - 1)?;
            Some(PendingReason::Retry(Some(*cause)))
        }
        (1, 0) => Some(PendingReason::RateLimit),
        (2, 0) => Some(PendingReason::Busy),
        (3, 0) => Some(PendingReason::Async),
        (4, 0) => Some(PendingReason::InFlight),
        _ => None,
    }
}

/// The payload of a step.
pub(super) fn payload(scheduled: &Scheduled) -> Vec<u8> {
    let id = scheduled.step.id.as_str().as_bytes();
    let trace = scheduled.traceparent.as_ref().map(HeaderValue::as_bytes);
    let trace = trace.unwrap_or_default();
    let body = scheduled.step.body();
    let mut out = Vec::with_capacity(id.len() + trace.len() + body.len() + 16);
    out.push(PAYLOAD);
    put_bytes(&mut out, id);
    out.push(u8::from(scheduled.step.named) | u8::from(!trace.is_empty()) << 1);
    out.extend_from_slice(&scheduled.arrived.as_microsecond().to_le_bytes());
    if !trace.is_empty() {
        put_bytes(&mut out, trace);
    }
    out.extend_from_slice(body);
    out
}

/// The id that a payload, or an entry of the log, begins with.
pub(super) fn id_of(payload: &[u8]) -> Option<&str> {
    let (version, mut rest) = payload.split_first()?;
    if *version != PAYLOAD {
        return None;
    }
    std::str::from_utf8(take_bytes(&mut rest).ok()?).ok()
}

/// The step that the row of `lane` holds.
pub(super) fn restore(
    payload: Bytes,
    lane: &Lane,
    due: i64,
    place: &Place,
) -> Result<Scheduled, Damaged> {
    let id = StepId::new(id_of(&payload).ok_or(Damaged)?).map_err(|_| Damaged)?;
    let mut rest = &payload[1..];
    take_bytes(&mut rest)?;
    let flags = take_byte(&mut rest)?;
    let (arrived, mut rest) = rest.split_first_chunk::<8>().ok_or(Damaged)?;
    let arrived = Timestamp::from_microsecond(i64::from_le_bytes(*arrived));
    let traceparent = if flags & 2 == 2 {
        Some(HeaderValue::from_bytes(take_bytes(&mut rest)?).map_err(|_| Damaged)?)
    } else {
        None
    };
    let body = payload.slice(payload.len() - rest.len()..);
    let step = Step::restore(id, flags & 1 == 1, body).map_err(|_| Damaged)?;
    if step.target != lane.target {
        return Err(Damaged);
    }
    Ok(Scheduled {
        step,
        origin: lane.origin.clone(),
        due: moment(due),
        expected: place.expected,
        reason: place.reason,
        progress: place.progress,
        arrived: arrived.map_err(|_| Damaged)?,
        traceparent,
    })
}

/// An entry of the outcome log.
pub(super) fn entry(id: &str, outcome: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(id.len() + outcome.len() + 3);
    out.push(PAYLOAD);
    put_bytes(&mut out, id.as_bytes());
    out.extend_from_slice(outcome);
    out
}

/// The outcome within an entry of the log.
pub(super) fn outcome(entry: Vec<u8>) -> Option<Bytes> {
    let mut rest = &entry[1..];
    take_bytes(&mut rest).ok()?;
    let start = entry.len() - rest.len();
    Some(Bytes::from(entry).slice(start..))
}

/// A target as the text of a column: only a tile's has a slash.
pub(super) fn target(text: &str) -> Option<Target> {
    if text.contains('/') {
        TileRef::new(text).map(Target::Tile).ok()
    } else {
        WebhookId::new(text).map(Target::Webhook).ok()
    }
}

/// An origin as the text of a column.
pub(super) fn origin(text: &str) -> Option<Origin> {
    url::parse(text).map(|(origin, _)| origin).ok()
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, Damaged> {
    let (first, tail) = rest.split_first().ok_or(Damaged)?;
    *rest = tail;
    Ok(*first)
}

fn take(rest: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take_byte(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Damaged)
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Damaged> {
    let length = usize::try_from(take(rest)?).map_err(|_| Damaged)?;
    let (bytes, tail) = rest.split_at_checked(length).ok_or(Damaged)?;
    *rest = tail;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn place(reason: PendingReason) -> Place {
        Place {
            hash: 0xfeed_beef_0102_0304,
            reason,
            expected: moment(5_000),
            progress: Progress {
                attempts: 300,
                retries: 2,
                refreshes: 1,
                status: Some(503),
                sent: Some(Sent::Unknown),
            },
        }
    }

    #[test]
    fn a_place_in_line_comes_back_as_it_was_written() {
        let causes = CAUSES.map(|cause| PendingReason::Retry(Some(cause)));
        let others = [
            PendingReason::Retry(None),
            PendingReason::RateLimit,
            PendingReason::Busy,
            PendingReason::Async,
            PendingReason::InFlight,
        ];
        for reason in causes.into_iter().chain(others) {
            let place = place(reason);
            let bytes = place.bytes(4_000);
            assert_eq!(Place::read(&bytes, 4_000), Ok(place), "{reason:?}");
            assert_eq!(Place::peek(&bytes), Some((place.hash, reason)));
            for end in 0..bytes.len() {
                assert_eq!(Place::read(&bytes[..end], 4_000), Err(Damaged), "{end}");
            }
        }
    }

    #[test]
    fn a_payload_comes_back_as_it_was_written_and_a_damaged_one_does_not() {
        let body = Bytes::from_static(br#"{"tile":"welcome/offer","email":"a@b.example"}"#);
        let id = StepId::new("order-1").unwrap();
        let scheduled = Scheduled {
            step: Step::restore(id, true, body).unwrap(),
            origin: origin("https://a.example:8443"),
            due: moment(4_000),
            expected: moment(5_000),
            reason: PendingReason::Busy,
            progress: place(PendingReason::Busy).progress,
            arrived: Timestamp::UNIX_EPOCH + Duration::from_micros(1_234_567),
            traceparent: Some(HeaderValue::from_static("00-1-2-01")),
        };
        let bytes = payload(&scheduled);
        assert_eq!(id_of(&bytes), Some("order-1"));

        let lane = scheduled.lane();
        let place = place(PendingReason::Busy);
        let read = |bytes: Vec<u8>| restore(bytes.into(), &lane, 4_000, &place);
        assert_eq!(
            format!("{:?}", read(bytes.clone()).unwrap()),
            format!("{scheduled:?}")
        );
        for end in 0..bytes.len() {
            assert_eq!(read(bytes[..end].to_vec()).unwrap_err(), Damaged, "{end}");
        }
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        for (nanos, millis) in [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)] {
            let time = Timestamp::from_nanosecond(nanos).unwrap();
            assert_eq!(millis_up(time), millis, "{nanos}");
        }
        assert_eq!(moment(millis_up(Timestamp::MAX)), Timestamp::MAX);
    }
}
