//! What becomes of an answer's body: kept, or read away.
//!
//! The body of an answer other than 2xx is kept as far as it comes in good time: what the answer
//! means is in its head, and nothing that the body does can change it.

use super::EgressError;
use super::pool::Pool;
use bytes::{Bytes, BytesMut};
use std::time::Duration;
use tokio::time::timeout;

/// Most of an unwanted body that is read away, so that its connection can serve again.
const UNWANTED_BYTES: u64 = 64 * 1024;

/// Longest that is waited for a body that no verdict needs.
const UNWANTED_TIME: Duration = Duration::from_secs(1);

/// A body that is still on its way.
pub(super) trait Body: Send {
    /// The length that the head gives it, if there is any of it to come.
    fn declared(&mut self) -> Option<u64>;

    /// The next of it; none at its end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, EgressError>> + Send;
}

/// The whole body of a 2xx; of any other answer what comes of it, within `limit`.
///
/// # Errors
/// Of a 2xx: [`EgressError::BodyTooLarge`], and whatever loses or breaks it.
pub(super) async fn capture(
    body: &mut impl Body,
    limit: usize,
    status: u16,
) -> Result<Bytes, EgressError> {
    let mut kept = BytesMut::new();
    let filled = fill(body, limit, status, &mut kept);
    if (200..300).contains(&status) {
        filled.await?;
    } else {
        drop(timeout(UNWANTED_TIME, filled).await);
    }
    Ok(kept.freeze())
}

async fn fill(
    body: &mut impl Body,
    limit: usize,
    status: u16,
    kept: &mut BytesMut,
) -> Result<(), EgressError> {
    let too_large = EgressError::BodyTooLarge { limit, status };
    if body.declared().is_some_and(|length| length > limit as u64) {
        return Err(too_large);
    }
    while let Some(chunk) = body.next().await? {
        if kept.len() + chunk.len() > limit {
            return Err(too_large);
        }
        kept.extend_from_slice(&chunk);
    }
    Ok(())
}

/// Reads a body to its end, or as far as is worth the while.
pub(super) async fn read_away(body: &mut impl Body) {
    if body
        .declared()
        .is_some_and(|length| length > UNWANTED_BYTES)
    {
        return;
    }
    let read = async {
        let mut seen = 0;
        while let Ok(Some(chunk)) = body.next().await {
            seen += chunk.len() as u64;
            if seen > UNWANTED_BYTES {
                return;
            }
        }
    };
    // Whether it came to its end shows when its connection is asked to serve again.
    drop(timeout(UNWANTED_TIME, read).await);
}

/// Runs `work` as far as it goes at once, and the rest of it beside the caller: if there is room
/// for one more, else it is dropped, and its connection with it.
pub(super) async fn finish_apart(pool: &Pool, work: impl Future<Output = ()> + Send + 'static) {
    let mut work = Box::pin(work);
    if futures_util::poll!(work.as_mut()).is_ready() {
        return;
    }
    if let Some(place) = pool.linger() {
        tokio::spawn(async move {
            work.await;
            drop(place);
        });
    }
}
