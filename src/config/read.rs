//! A file's text, read by hand into checked types, with every fault it has.
//!
//! Serde stops at the first fault and loses the place of most; here a [`Sheet`] holds the text
//! and collects, a [`Table`] hands out its keys and knows which nobody asked for, a [`Field`] is
//! one value that knows its key and place. A reader that gets `None` has nothing to report: the
//! fault is noted where it was found.
//!
//! Not here: what depends on other files (see `judge`), and when a file is read (see `folder`).

mod field;
mod gateway;
mod inkit;
mod journey;
mod mustache;
mod place;
mod reference;
mod sheet;
mod table;
mod units;
mod webhook;

pub(super) use gateway::read as gateway;
pub(super) use journey::{Call, ReadJourney, read as journey};
pub(super) use place::Place;
pub(super) use sheet::{Reading, Sheet};
pub(super) use table::{Table, nearest};
pub(super) use webhook::{Literal, ReadWebhook, read as webhook};

#[cfg(test)]
mod tests;
