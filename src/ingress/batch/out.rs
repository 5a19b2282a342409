//! Outcomes on their way back to the client of a batch.

use super::window::Window;
use crate::web::{Exchange, Gone};
use bytes::BytesMut;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::pin::pin;
use std::time::Duration;

/// A client that reads nothing for so long ends its batch.
const READS_NOTHING: Duration = Duration::from_secs(10);

/// Most bytes that are sent at once. A client has read something once the next are taken.
const PIECE: usize = 16 * 1024;

/// What is done, and not taken by the client yet.
#[derive(Debug)]
pub(super) struct Out {
    bytes: BytesMut,
    pub(super) window: Window,
}

// === impl Out ===

impl Out {
    pub(super) fn new() -> Self {
        Self {
            bytes: BytesMut::new(),
            window: Window::new(),
        }
    }

    pub(super) fn put(&mut self, line: &[u8]) {
        self.window.done();
        self.bytes.extend_from_slice(line);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether more may be begun.
    pub(super) fn has_room(&self) -> bool {
        self.bytes.len() < PIECE
    }

    /// Sends a piece. What is `running` goes on meanwhile.
    pub(super) async fn send<F: Future<Output = Vec<u8>>>(
        &mut self,
        exchange: &mut Exchange<'_>,
        running: &mut FuturesUnordered<F>,
    ) -> Result<(), Gone> {
        let piece = self.bytes.split_to(self.bytes.len().min(PIECE)).freeze();
        let mut sent = pin!(exchange.send(piece, READS_NOTHING));
        loop {
            tokio::select! {
                biased;
                sent = &mut sent => return sent,
                Some(done) = running.next() => self.put(&done),
            }
        }
    }
}
