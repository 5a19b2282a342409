//! An answer that is sent piece by piece, while the request's body may still come.

use super::{BodyFault, Exchange};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, Version, header};
use pingora_core::protocols::http::ServerSession;
use pingora_http::ResponseHeader;
use pingora_timeout::timeout;
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
    ) -> pingora_core::Result<()> {
        self.continue_if_asked().await?;
        let is_old = self.head().version == Version::HTTP_10;
        let mut head = ResponseHeader::build_no_case(StatusCode::OK, Some(6))?;
        head.insert_header(header::CONTENT_TYPE, HeaderValue::from_static(content_type))?;
        if let Some((name, value)) = more {
            head.insert_header(name, value)?;
        }
        if is_old {
            // The end of the answer is the end of the connection.
            self.close_after();
        }
        if let ServerSession::H1(session) = &mut self.session.0 {
            // The body comes beside the answer, which is no reason to end the connection.
            session.set_close_on_response_before_downstream_finish(false);
            if !is_old {
                let chunked = HeaderValue::from_static("chunked");
                head.insert_header(header::TRANSFER_ENCODING, chunked)?;
            }
        }
        self.session.0.write_response_header(Box::new(head)).await
    }

    /// The next piece of the body; none at its end. May be dropped at any time.
    ///
    /// # Errors
    /// A [`BodyFault`]; there is nothing more to read after it.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, BodyFault> {
        let within = self.patience.idle;
        match timeout(within, self.session.0.read_request_body()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(_)) => Err(BodyFault::Broken),
            Err(_) => Err(BodyFault::Slow { within }),
        }
    }

    /// Sends a piece of an answer that was opened. Not to be dropped half way, unless nothing is
    /// sent after it.
    ///
    /// # Errors
    /// [`Gone`], also when the client has not taken it `within` that time.
    pub async fn send(&mut self, piece: Bytes, within: Duration) -> Result<(), Gone> {
        taken(within, self.session.0.write_response_body(piece, false)).await
    }

    /// Ends an answer that was opened.
    pub async fn close(&mut self) {
        let within = self.patience.answer;
        let end = self.session.0.write_response_body(Bytes::new(), true);
        self.answered = taken(within, end).await.is_ok();
        if self.closing.has_changed().unwrap_or(true) {
            self.close_after();
        }
    }

    /// Ends the connection, or the stream of an h2 connection, at once: the client sees that the
    /// answer is not whole.
    pub async fn abandon(&mut self) {
        self.session.0.shutdown().await;
    }
}

/// Waits until what is written has been taken, `within` that time.
async fn taken(
    within: Duration,
    written: impl Future<Output = pingora_core::Result<()>>,
) -> Result<(), Gone> {
    match timeout(within, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}
