//! The words of the domain, below everyone: no I/O, no configuration, no clock of their own.
//!
//! Not here: what any of it leads to. A stage owns each verb.

pub mod address;
mod health;
mod ids;
pub mod json;
mod outcome;
mod request;
mod secret;
mod step;
mod time;
pub mod url;

pub use health::Health;
pub use ids::{IdFault, JourneyId, StepId, TileRef, WebhookId};
pub use outcome::{
    Branch, Capture, Captured, Cause, ExitReason, Outcome, PendingReason, Progress, Sent,
    StepWarning, Verdict,
};
pub use request::{Method, Origin, Request, Scheme, Timing};
pub use secret::{Secret, authorization};
pub use step::{Parts, Step, StepFault, Target};
pub use time::rfc3339;
