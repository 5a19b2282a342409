//! What the demonstration prints: for people, coloured only where they look at a terminal.

use super::example::Example;
use crate::cli::wire::Message;
use std::io::{self, Write};

/// Where it is printed.
pub(super) struct Page<W> {
    out: W,
    ink: Ink,
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Coloured,
}

/// SGR codes: what is a heading, what the eye may pass over, what went wrong.
const HEADING: &str = "1;36";
const LABEL: &str = "2";
const WRONG: &str = "1;31";

// === impl Page ===

impl<W: Write> Page<W> {
    pub(super) fn new(out: W, ink: Ink) -> Self {
        Self { out, ink }
    }

    /// A line of plain text.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// The heading of the `number`th of `count` examples, and its step.
    pub(super) fn step(
        &mut self,
        number: usize,
        count: usize,
        example: &Example,
    ) -> io::Result<()> {
        let heading = self.ink(HEADING, &format!("{number}/{count}  {}", example.title));
        writeln!(self.out, "\n{heading}")?;
        self.label("the step")?;
        self.say(&format!("  {}", example.step))
    }

    /// One request.
    pub(super) fn request(&mut self, request: &Message) -> io::Result<()> {
        self.label("the request, as the endpoint received it")?;
        writeln!(self.out, "  {}", request.start)?;
        for (name, value) in &request.headers {
            writeln!(self.out, "  {name}: {value}")?;
        }
        if !request.body.is_empty() {
            writeln!(self.out, "\n  {}", String::from_utf8_lossy(&request.body))?;
        }
        self.out.flush()
    }

    /// What answered the step.
    pub(super) fn outcome(&mut self, answer: &Message) -> io::Result<()> {
        self.label("the outcome")?;
        let status = answer
            .start
            .split_once(' ')
            .map_or("", |(_, status)| status);
        self.say(&format!(
            "  {status}  {}",
            String::from_utf8_lossy(&answer.body)
        ))
    }

    /// Something that is not as it should be.
    pub(super) fn wrong(&mut self, text: &str) -> io::Result<()> {
        let text = self.ink(WRONG, text);
        self.say(&text)
    }

    fn label(&mut self, text: &str) -> io::Result<()> {
        let text = self.ink(LABEL, text);
        writeln!(self.out, "{text}")
    }

    fn ink(&self, code: &str, text: &str) -> String {
        match self.ink {
            Ink::Plain => text.to_owned(),
            Ink::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(ink: Ink) -> String {
        let mut out = Vec::new();
        let mut page = Page::new(&mut out, ink);
        let example = Example {
            title: "A POST",
            step: r#"{"tile":"a/b"}"#,
            expected: "{}",
        };
        page.step(1, 7, &example).unwrap();
        page.request(&Message {
            start: "POST /a HTTP/1.1".into(),
            headers: vec![("Host".into(), "a".into())],
            body: b"{}".into(),
        })
        .unwrap();
        page.outcome(&Message {
            start: "HTTP/1.1 200 OK".into(),
            headers: Vec::new(),
            body: br#"{"outcome":"continue"}"#.into(),
        })
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_block_shows_step_request_and_outcome_as_they_were() {
        assert_eq!(
            printed(Ink::Plain),
            r#"
1/7  A POST
the step
  {"tile":"a/b"}
the request, as the endpoint received it
  POST /a HTTP/1.1
  Host: a

  {}
the outcome
  200 OK  {"outcome":"continue"}
"#
        );
    }

    #[test]
    fn colour_adds_nothing_but_codes() {
        let plain = ["\x1b[1;36m", "\x1b[2m", "\x1b[0m"]
            .iter()
            .fold(printed(Ink::Coloured), |text, code| text.replace(code, ""));
        assert_eq!(plain, printed(Ink::Plain));
    }
}
