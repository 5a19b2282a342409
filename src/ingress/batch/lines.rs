//! The lines of a body that comes in pieces.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

/// Splits what comes into lines. Holds one piece, and the begin of one line.
#[derive(Debug)]
pub(super) struct Lines {
    limit: usize,
    /// Of the line that is not whole yet.
    begun: BytesMut,
    /// Whether that line is too long already, and no more of it is kept.
    is_over: bool,
    piece: Bytes,
    ended: bool,
    /// The number of the line given last.
    number: u64,
}

/// A line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    /// None where the line is longer than may be.
    pub(super) text: Option<Bytes>,
}

// === impl Lines ===

impl Lines {
    /// Lines of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            begun: BytesMut::new(),
            is_over: false,
            piece: Bytes::new(),
            ended: false,
            number: 0,
        }
    }

    /// Whether all that came has been given out, but for a line that is not whole.
    pub(super) fn is_hungry(&self) -> bool {
        self.piece.is_empty() && !self.ended
    }

    /// Whether there may be a line to give out.
    pub(super) fn has_more(&self) -> bool {
        !self.piece.is_empty() || (self.ended && !self.is_done())
    }

    /// Whether all was given out, and no more will come.
    pub(super) fn is_done(&self) -> bool {
        self.ended && self.piece.is_empty() && self.begun.is_empty() && !self.is_over
    }

    /// Takes the next piece; only where it [is hungry](Self::is_hungry).
    pub(super) fn feed(&mut self, piece: Bytes) {
        self.piece = piece;
    }

    /// No more will come: what was begun is the last line.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Forgets what was not given out. No more will come.
    pub(super) fn cut(&mut self) {
        *self = Self {
            ended: true,
            number: self.number,
            ..Self::new(self.limit)
        };
    }

    /// The next line, if it is here.
    pub(super) fn next(&mut self) -> Option<Line> {
        loop {
            let is_whole = self.gather();
            if !is_whole && !self.ended {
                return None;
            }
            let is_over = std::mem::take(&mut self.is_over);
            let text = std::mem::take(&mut self.begun).freeze();
            if !is_whole && text.is_empty() && !is_over {
                return None;
            }
            self.number += 1;
            if is_over || !text.trim_ascii().is_empty() {
                return Some(Line {
                    number: self.number,
                    text: (!is_over).then_some(text),
                });
            }
        }
    }

    /// Takes from the piece up to the end of the line, if it is there.
    ///
    /// A line is copied: as a part of its piece it would keep all of that for as long as its step
    /// takes.
    fn gather(&mut self) -> bool {
        let end = memchr(b'\n', &self.piece);
        let part = end.unwrap_or(self.piece.len());
        self.is_over |= self.begun.len() + part > self.limit;
        if self.is_over {
            self.begun = BytesMut::new();
        } else {
            self.begun.extend_from_slice(&self.piece[..part]);
        }
        self.piece.advance(part + usize::from(end.is_some()));
        end.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All lines of `text` that comes in pieces of `size` bytes.
    fn split(text: &[u8], size: usize, limit: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = Lines::new(limit);
        let mut found = Vec::new();
        for piece in text.chunks(size) {
            assert!(lines.is_hungry());
            lines.feed(Bytes::copy_from_slice(piece));
            found.extend(std::iter::from_fn(|| lines.next()));
        }
        lines.end();
        found.extend(std::iter::from_fn(|| lines.next()));
        let plain = |line: Line| (line.number, line.text.map(|text| text.to_vec()));
        found.into_iter().map(plain).collect()
    }

    #[test]
    fn a_line_ends_at_its_newline_or_with_the_body() {
        for (text, lines) in [
            ("", vec![]),
            ("a", vec![(1, "a")]),
            ("a\nbc\n", vec![(1, "a"), (2, "bc")]),
            ("a\r\n\n \nbc", vec![(1, "a\r"), (4, "bc")]),
        ] {
            let expected: Vec<_> = lines
                .into_iter()
                .map(|(number, text)| (number, Some(text.as_bytes().to_vec())))
                .collect();
            for size in 1..=4 {
                assert_eq!(split(text.as_bytes(), size, 8), expected, "{text:?} {size}");
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_known_by_its_number() {
        let text = b"1234\n12345\n1\n123456789";
        for size in 1..=9 {
            assert_eq!(
                split(text, size, 4),
                [
                    (1, Some(b"1234".to_vec())),
                    (2, None),
                    (3, Some(b"1".to_vec())),
                    (4, None)
                ]
            );
        }
    }

    #[test]
    fn what_is_cut_off_is_not_given_out() {
        let mut lines = Lines::new(8);
        lines.feed(Bytes::from_static(b"a\nb\nc"));
        assert_eq!(lines.next().unwrap().number, 1);
        lines.cut();
        assert_eq!((lines.next(), lines.is_hungry()), (None, false));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            text in "[ab\n ]{0,60}",
            size in 1..20_usize,
            limit in 1..10_usize,
        ) {
            let expected: Vec<_> = (1..)
                .zip(text.split('\n'))
                .filter(|(_, line)| line.len() > limit || !line.trim().is_empty())
                .map(|(number, line)| {
                    (number, (line.len() <= limit).then(|| line.as_bytes().to_vec()))
                })
                .collect();
            prop_assert_eq!(split(text.as_bytes(), size, limit), expected);
        }
    }
}
