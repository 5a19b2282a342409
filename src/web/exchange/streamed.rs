//! An answer that is sent piece by piece, while the request's body may still come.

use super::{BodyFault, Exchange, Session, Unwritten};
use crate::web;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use pingora_http::ResponseHeader;
use std::time::Duration;

/// The client does not take the answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

// === impl Exchange ===

impl Exchange<'_> {
    /// Answers 200, with a body that follows in pieces.
    ///
    /// # Errors
    /// [`Gone`].
    pub async fn open(
        &mut self,
        content_type: &'static str,
        more: Option<(HeaderName, HeaderValue)>,
    ) -> Result<(), Gone> {
        let within = self.patience.answer;
        taken(within, self.write_open_head(content_type, more)).await
    }

    async fn write_open_head(
        &mut self,
        content_type: &'static str,
        more: Option<(HeaderName, HeaderValue)>,
    ) -> Result<(), Unwritten> {
        self.continue_if_asked().await?;
        let session = match &mut self.session {
            Session::Http1(session) => return Ok(session.open(content_type, more).await?),
            Session::Http2(session) => session,
        };
        let mut head = ResponseHeader::build_no_case(StatusCode::OK, Some(6))?;
        head.insert_header(header::CONTENT_TYPE, HeaderValue::from_static(content_type))?;
        if let Some((name, value)) = more {
            head.insert_header(name, value)?;
        }
        session.write_response_header(Box::new(head)).await?;
        Ok(())
    }

    /// The next piece of the body; none at its end. May be dropped at any time.
    ///
    /// # Errors
    /// A [`BodyFault`]; there is nothing more to read after it.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, BodyFault> {
        let within = self.patience.idle;
        let piece = web::within(within, self.session.piece()).await;
        piece.unwrap_or(Err(BodyFault::Slow { within }))
    }

    /// Sends a piece of an answer that was opened. Not to be dropped half way, unless nothing is
    /// sent after it.
    ///
    /// # Errors
    /// [`Gone`], also when the client has not taken it `within` that time.
    pub async fn send(&mut self, piece: Bytes, within: Duration) -> Result<(), Gone> {
        taken(within, self.write_piece(piece)).await
    }

    async fn write_piece(&mut self, piece: Bytes) -> Result<(), Unwritten> {
        match &mut self.session {
            Session::Http1(session) => session.send(&piece).await?,
            Session::Http2(session) => session.write_response_body(piece, false).await?,
        }
        Ok(())
    }

    /// Ends an answer that was opened.
    pub async fn close(&mut self) {
        let within = self.patience.answer;
        self.answered = taken(within, self.write_end()).await.is_ok();
        if self.closing.has_changed().unwrap_or(true) {
            self.close_after();
        }
    }

    async fn write_end(&mut self) -> Result<(), Unwritten> {
        match &mut self.session {
            Session::Http1(session) => session.close().await?,
            Session::Http2(session) => session.write_response_body(Bytes::new(), true).await?,
        }
        Ok(())
    }

    /// Ends the connection, or the stream of an h2 connection, at once: the client sees that the
    /// answer is not whole.
    pub async fn abandon(&mut self) {
        self.session.shutdown().await;
    }
}

/// Waits until what is written has been taken, `within` that time.
async fn taken(
    within: Duration,
    written: impl Future<Output = Result<(), Unwritten>>,
) -> Result<(), Gone> {
    match web::within(within, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Unwritten)) | Err(_) => Err(Gone),
    }
}
