//! An answer, read from its connection as it comes.

use super::head::Head;
use crate::egress::EgressError;
use crate::egress::body::Body;
use crate::egress::socket::Socket;
use crate::web::{self, BadFraming, Rest};
use bytes::Bytes;

/// Most bytes of a head.
const MOST_HEAD: usize = 128 * 1024;

/// Interim answers that are skipped; a server that sends more is not heading anywhere.
const MOST_INTERIM: usize = 16;

/// An answer that is on its way.
pub(super) struct Answer {
    socket: Box<Socket>,
    /// What came and is not taken yet.
    came: Vec<u8>,
    body: Rest,
}

// === impl Answer ===

impl Answer {
    /// The answer that comes next on `socket`.
    pub(super) fn on(socket: Box<Socket>) -> Self {
        Self {
            socket,
            came: Vec::new(),
            body: Rest::CLOSE,
        }
    }

    /// The head of the final answer. Its fields are kept where they are `wanted`.
    ///
    /// # Errors
    /// [`EgressError::Lost`], [`EgressError::Protocol`].
    pub(super) async fn head(&mut self, wanted: impl Fn(u16) -> bool) -> Result<Head, EgressError> {
        for _ in 0..=MOST_INTERIM {
            let head = self.next_head(&wanted).await?;
            match head.status {
                // Nobody asked for another protocol.
                101 => return Err(EgressError::Protocol),
                100..=199 => {}
                _ => {
                    self.body = head.body;
                    return Ok(head);
                }
            }
        }
        Err(EgressError::Protocol)
    }

    async fn next_head(&mut self, wanted: impl Fn(u16) -> bool) -> Result<Head, EgressError> {
        let (mut looked_at, mut seen) = (0, 0);
        loop {
            // A head that comes in crumbs is looked at again when there is twice as much of it.
            let is_over = self.came.len() > seen && web::has_empty_line(&self.came, seen);
            seen = self.came.len();
            if is_over || self.came.len() > 2 * looked_at {
                looked_at = self.came.len();
                if let Some((head, length)) = Head::parse(&self.came, &wanted)? {
                    self.came.drain(..length);
                    return Ok(head);
                }
            }
            if self.came.len() > MOST_HEAD {
                return Err(EgressError::Protocol);
            }
            if self.more().await? == 0 {
                // Cut short, unless it was none.
                Head::parse(&self.came, &wanted)?;
                return Err(EgressError::Lost);
            }
        }
    }

    /// Takes what has come of the body, unkept. Whether that was all of it.
    pub(super) fn pass_over(&mut self) -> bool {
        while let Ok(length @ 1..) = self.body.take(&mut self.came) {
            self.came.drain(..length);
        }
        self.body.is_done()
    }

    /// The connection, if there is nothing left on it.
    pub(super) fn into_socket(self) -> Option<Box<Socket>> {
        (self.body.is_done() && self.came.is_empty()).then_some(self.socket)
    }

    /// Waits for more of the answer; 0 bytes at its end.
    async fn more(&mut self) -> Result<usize, EgressError> {
        let more = web::more(&mut *self.socket, &mut self.came).await;
        more.map_err(|_| EgressError::Lost)
    }
}

impl Body for Answer {
    fn declared(&mut self) -> Option<u64> {
        self.body.length().filter(|length| *length > 0)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        loop {
            let taken = self.body.take(&mut self.came);
            let length = taken.map_err(|BadFraming| EgressError::Protocol)?;
            if length > 0 {
                return Ok(Some(self.came.drain(..length).collect()));
            }
            if self.body.is_done() {
                return Ok(None);
            }
            if self.more().await? == 0 {
                return match self.body.is_close() {
                    true => Ok(None),
                    false => Err(EgressError::Lost),
                };
            }
        }
    }
}
