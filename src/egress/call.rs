//! What the parts of one exchange share.

use super::pool::Pool;
use super::{BodyUse, EgressError};
use crate::model::Request;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

/// One request on its way.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) body: BodyUse,
    pub(super) pool: Pool,
    begun: &'a AtomicBool,
}

/// Why a connection brought no answer.
pub(super) enum Failure {
    /// The endpoint at this address has not processed the request, by proof: it may go out once
    /// more.
    Unseen(SocketAddr),
    Final(EgressError),
}

// === impl Call ===

impl<'a> Call<'a> {
    /// `begun` outlives the call, so that a deadline that drops it can still be judged.
    pub(super) fn new(
        request: &'a Request,
        body: BodyUse,
        pool: Pool,
        begun: &'a AtomicBool,
    ) -> Self {
        Self {
            request,
            body,
            pool,
            begun,
        }
    }

    /// From now on the endpoint can have seen the request.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    /// The endpoint has not seen it after all.
    pub(super) fn unbegin(&self) {
        self.begun.store(false, Ordering::Relaxed);
    }
}

// === impl Failure ===

impl Failure {
    /// What is left to say when the request goes out no more.
    pub(super) fn into_error(self) -> EgressError {
        match self {
            Self::Unseen(peer) => EgressError::Connect {
                peer,
                source: io::Error::new(
                    io::ErrorKind::ConnectionRefused,
                    "the endpoint does not take the request",
                ),
            },
            Self::Final(error) => error,
        }
    }
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Self {
        Self::Final(error)
    }
}
