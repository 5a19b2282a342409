//! How a client wants its answer: `Prefer` (RFC 7240).

use ::http::{HeaderMap, HeaderValue};
use std::time::Duration;

const RESPOND_ASYNC: &str = "respond-async";
const WAIT: &str = "wait";

/// What a request's `Prefer` headers ask for, of what is known here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prefer {
    respond_async: bool,
    wait: Option<u32>,
}

/// When a step is answered that takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// When it is done, or has to wait.
    Done,
    /// So long after it came, at the latest.
    Within(Duration),
    /// Once it is durable.
    Taken,
}

// === impl Prefer ===

impl Prefer {
    /// Reads all of the headers: of a preference that is given twice the first counts, and one
    /// that is unknown, or makes no sense, is as if it was not there.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let (mut respond_async, mut wait) = (None, None);
        for header in headers.get_all("prefer") {
            let text = header.to_str().unwrap_or_default();
            for preference in split(text, ',') {
                let word = split(preference, ';').next().unwrap_or_default();
                let (name, value) = word.split_once('=').unwrap_or((word, ""));
                let (name, value) = (name.trim(), unquoted(value.trim()));
                if name.eq_ignore_ascii_case(RESPOND_ASYNC) {
                    respond_async.get_or_insert(value.is_empty());
                } else if name.eq_ignore_ascii_case(WAIT) {
                    wait.get_or_insert_with(|| seconds(&value));
                }
            }
        }
        Self {
            respond_async: respond_async.unwrap_or(false),
            wait: wait.flatten(),
        }
    }

    /// When to answer. With both preferences the wait comes first (RFC 7240, 4.3).
    pub(super) fn when(self) -> When {
        match self.wait {
            Some(0) => When::Taken,
            Some(wait) => When::Within(Duration::from_secs(wait.into())),
            None if self.respond_async => When::Taken,
            None => When::Done,
        }
    }

    /// `Preference-Applied` of an answer that came before its step was done.
    pub(super) fn applied(self) -> HeaderValue {
        let respond = self.respond_async.then(|| RESPOND_ASYNC.to_owned());
        let wait = self.wait.map(|wait| format!("{WAIT}={wait}"));
        let both: Vec<_> = respond.into_iter().chain(wait).collect();
        HeaderValue::try_from(both.join(", ")).expect("words and a number")
    }
}

/// The parts of `text` between each `mark` that stands in no quotes.
fn split(text: &str, mark: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let plain = !std::mem::take(&mut escaped);
        match c {
            '"' if plain => quoted = !quoted,
            '\\' if plain && quoted => escaped = true,
            _ => {}
        }
        c == mark && !quoted
    })
}

/// A value without the quotes around it.
fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value).replace('\\', "")
}

/// Whole seconds; more than can be counted is as long as can be.
fn seconds(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&'static str]) -> Prefer {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append("prefer", HeaderValue::from_static(header));
        }
        Prefer::read(&map)
    }

    #[test]
    fn preferences_are_read_in_every_form_they_may_have() {
        let within = |seconds| When::Within(Duration::from_secs(seconds));
        for (headers, when) in [
            (&[][..], When::Done),
            (&["respond-async"], When::Taken),
            (&["Respond-Async"], When::Taken),
            (&["respond-async=\"\"; x=1"], When::Taken),
            (&["return=minimal, respond-async"], When::Taken),
            (&["return=minimal", "respond-async"], When::Taken),
            (&["handling=lenient; a=\"x, respond-async\""], When::Done),
            (&["a=\"\\\", respond-async, \""], When::Done),
            (&["respond-async-not"], When::Done),
            (&["wait=10"], within(10)),
            (&["WAIT = \"10\" ; p"], within(10)),
            (&["wait=1, wait=2"], within(1)),
            (&["wait=1", "wait=2"], within(1)),
            (&["wait=99999999999"], within(u32::MAX.into())),
            (&["wait=0"], When::Taken),
            (&["respond-async, wait=5"], within(5)),
            (&["respond-async, wait=x"], When::Taken),
            (&["wait=x, wait=5"], When::Done),
            (&["wait"], When::Done),
            (&["wait=-1"], When::Done),
            (&["wait=1.5"], When::Done),
            (&["wait=+1"], When::Done),
            (&[",,;=,\""], When::Done),
        ] {
            assert_eq!(read(headers).when(), when, "{headers:?}");
        }
    }

    #[test]
    fn what_was_applied_is_said_in_the_same_words() {
        for (headers, applied) in [
            (&["Respond-Async"][..], "respond-async"),
            (&["x, WAIT=\"7\""], "wait=7"),
            (&["wait=7", "respond-async"], "respond-async, wait=7"),
        ] {
            assert_eq!(read(headers).applied(), applied, "{headers:?}");
        }
    }
}
