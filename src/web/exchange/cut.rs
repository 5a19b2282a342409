//! A body of which only the beginning is kept.

use super::{BodyFault, Exchange, Unwritten};
use crate::web;
use bytes::Bytes;

/// The beginning of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    pub bytes: Bytes,
    /// Whether there was more.
    pub is_cut: bool,
}

// === impl Exchange ===

impl Exchange<'_> {
    /// The first `limit` bytes of the body. What follows is read too, so that the client has sent
    /// all before it is answered, and let go.
    ///
    /// # Errors
    /// A [`BodyFault`] when the whole did not come in time; the answer to it is the last of its
    /// connection.
    pub async fn beginning(&mut self, limit: usize) -> Result<Beginning, BodyFault> {
        let within = self.patience.body;
        let beginning = web::within(within, self.read_beginning(limit))
            .await
            .unwrap_or(Err(BodyFault::Slow { within }));
        if beginning.is_err() {
            self.close_after();
        }
        beginning
    }

    async fn read_beginning(&mut self, limit: usize) -> Result<Beginning, BodyFault> {
        let told = self.continue_if_asked().await;
        told.map_err(|Unwritten| BodyFault::Broken)?;
        let (mut bytes, mut is_cut) = (Vec::new(), false);
        while let Some(piece) = self.session.piece().await? {
            let room = limit - bytes.len();
            is_cut |= piece.len() > room;
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        // Without the room that it grew into: it is going to be kept.
        let bytes = bytes.into_boxed_slice().into();
        Ok(Beginning { bytes, is_cut })
    }
}
