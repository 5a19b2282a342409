//! The words of the domain, below everyone: no I/O, no configuration, no clock of their own.
//!
//! Not here: what any of it leads to. A stage owns each verb.

pub mod address;
mod ids;
mod outcome;
mod request;
mod secret;
mod step;

pub use ids::{IdFault, JourneyId, StepId, TileRef, WebhookId};
pub use outcome::{
    Branch, Captured, Cause, ExitReason, Outcome, PendingReason, Sent, StepWarning, Verdict,
};
pub use request::{Method, Origin, Request, Scheme};
pub use secret::Secret;
pub use step::{Step, StepFault, Target};
