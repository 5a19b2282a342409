//! What the journey engine does next with a user, and why.

use super::{StepId, Target};
use bytes::Bytes;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The answer to one step.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub id: StepId,
    pub target: Target,
    pub verdict: Verdict,
    /// The status of the last whole answer, if one came.
    pub status: Option<u16>,
    /// HTTP exchanges begun for this step, 401 rounds included, token fetches not.
    pub attempts: u32,
    /// From the step's arrival here to its outcome.
    pub elapsed: Duration,
    /// Said when the last attempt got no whole answer.
    pub sent: Option<Sent>,
    /// One plain sentence; names no user, URL or secret.
    pub message: String,
    pub captured: Option<Captured>,
    pub branch: Option<Branch>,
    /// Why a Live Data tile goes on by its failure branch.
    pub failure: Option<ExitReason>,
    pub warnings: Vec<StepWarning>,
}

/// What happens to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Continue,
    /// Final: the user leaves the journey here.
    Exit(ExitReason),
    /// Not decided yet.
    Pending {
        reason: PendingReason,
        /// When the next attempt is due; known for what waits on the schedule.
        due: Option<Timestamp>,
    },
}

/// Why a user exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitReason {
    Status,
    Timeout,
    ConnectionLost,
    TlsError,
    InvalidUrl,
    BlockedAddress,
    TokenFetchFailed,
    Unauthorized,
    InvalidResponse,
    ResponseTooLarge,
    TemplateError,
    UnknownTile,
    UnknownWebhook,
    Expired,
    /// With the cause of the last failure, where it was no status.
    RetriesExhausted(Option<Cause>),
}

/// Why a step waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PendingReason {
    /// With the cause of the failure, where it was no status.
    Retry(Option<Cause>),
    RateLimit,
    Busy,
    Async,
    InFlight,
}

/// Why an attempt that may be retried got no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    Timeout,
    DnsFailed,
    ConnectFailed,
    ConnectionLost,
    ProtocolError,
}

/// Whether the endpoint can have seen a request that got no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sent {
    /// It cannot have reached the endpoint.
    No,
    /// It may have.
    Unknown,
}

/// Which way a Live Data tile's journey goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Branch {
    Success,
    Failure,
}

/// What a tile keeps of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured {
    /// A User Profile tile: the answer's JSON object, as it came.
    Profile(Bytes),
    /// A Live Data tile: `{"<object>":{"<field>":…}}`, values as they came.
    LiveData(Bytes),
}

/// What the tile keeps of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    Nothing,
    /// The whole JSON object.
    Profile,
    /// The fields of the webhook's `data_retrieval`.
    LiveData,
}

/// How far a step has come; what a later attempt needs to know of the ones before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// HTTP exchanges begun.
    pub attempts: u32,
    /// Delayed retries used.
    pub retries: u32,
    /// Tokens fetched because of a 401.
    pub refreshes: u32,
    /// The status of the last whole answer.
    pub status: Option<u16>,
    /// Said when the last attempt got no whole answer.
    pub sent: Option<Sent>,
}

/// Something about a step that its outcome does not depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWarning {
    /// The field it is about.
    pub field: Arc<str>,
    pub message: String,
}

// === impl ExitReason ===

impl ExitReason {
    /// The `reason` on the wire, in logs and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::TlsError => "tls_error",
            Self::InvalidUrl => "invalid_url",
            Self::BlockedAddress => "blocked_address",
            Self::TokenFetchFailed => "token_fetch_failed",
            Self::Unauthorized => "unauthorized",
            Self::InvalidResponse => "invalid_response",
            Self::ResponseTooLarge => "response_too_large",
            Self::TemplateError => "template_error",
            Self::UnknownTile => "unknown_tile",
            Self::UnknownWebhook => "unknown_webhook",
            Self::Expired => "expired",
            Self::RetriesExhausted(_) => "retries_exhausted",
        }
    }
}

// === impl PendingReason ===

impl PendingReason {
    /// The `reason` on the wire, in logs and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry(_) => "retry",
            Self::RateLimit => "rate_limit",
            Self::Busy => "busy",
            Self::Async => "async",
            Self::InFlight => "in_flight",
        }
    }
}

// === impl Cause ===

impl Cause {
    /// The `cause` on the wire, in logs and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::DnsFailed => "dns_failed",
            Self::ConnectFailed => "connect_failed",
            Self::ConnectionLost => "connection_lost",
            Self::ProtocolError => "protocol_error",
        }
    }
}

// === impl Sent ===

impl Sent {
    /// The `sent` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

// === impl Branch ===

impl Branch {
    /// The `path` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// The `outcome` on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Exit(_) => "exit",
            Self::Pending { .. } => "pending",
        }
    }

    /// The `reason` on the wire: always with exit and pending.
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Continue => None,
            Self::Exit(reason) => Some(reason.as_str()),
            Self::Pending { reason, .. } => Some(reason.as_str()),
        }
    }

    /// The `cause` on the wire, beside `retry` and `retries_exhausted`.
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Exit(ExitReason::RetriesExhausted(cause))
            | Self::Pending {
                reason: PendingReason::Retry(cause),
                ..
            } => *cause,
            Self::Continue | Self::Exit(_) | Self::Pending { .. } => None,
        }
    }

    /// Whether this is the last word on the step.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending { .. })
    }
}
