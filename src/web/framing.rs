//! Where the body of an HTTP/1.1 message ends, and how it is read up to there: the same for the
//! requests that come in and for the answers to those that go out.
//!
//! Nothing is set aside for a message before it is there: most of a connection's life is waiting.

mod chunks;

use chunks::{Chunks, Piece};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::ready;
use tokio::io::{AsyncRead, ReadBuf};

/// Most bytes that are read at once.
const READ: usize = 16 * 1024;

/// What is left of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest(Left);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Length(u64),
    Chunks(Chunks),
    /// All that comes before the connection ends.
    Close,
}

/// A body that is not framed as its head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFraming;

// === impl Rest ===

impl Rest {
    /// A body that ends with the connection.
    pub const CLOSE: Self = Self(Left::Close);

    /// A body in chunks.
    pub const CHUNKED: Self = Self(Left::Chunks(Chunks::Size));

    /// A body of so many bytes.
    pub const fn of(length: u64) -> Self {
        Self(Left::Length(length))
    }

    /// Whether the body has been taken to its end; one that ends with the connection never has.
    pub fn is_done(self) -> bool {
        matches!(self.0, Left::Length(0) | Left::Chunks(Chunks::End))
    }

    /// Whether the body ends with the connection.
    pub fn is_close(self) -> bool {
        self.0 == Left::Close
    }

    /// How many bytes are to come, if that was said.
    pub fn length(self) -> Option<u64> {
        match self.0 {
            Left::Length(length) => Some(length),
            Left::Chunks(_) | Left::Close => None,
        }
    }

    /// How many of the bytes that `came` are the next of the body. They count as taken, and what
    /// stood before them is gone; at 0 more must come, or the body is done.
    ///
    /// # Errors
    /// [`BadFraming`].
    pub fn take(&mut self, came: &mut Vec<u8>) -> Result<usize, BadFraming> {
        loop {
            let here = came.len();
            return match &mut self.0 {
                Left::Close => Ok(here),
                Left::Length(left) => {
                    let length = usize::try_from(*left).map_or(here, |left| left.min(here));
                    *left -= length as u64;
                    Ok(length)
                }
                Left::Chunks(Chunks::End) => Ok(0),
                Left::Chunks(chunks) => match chunks.next(came)? {
                    Piece::Skip(length) => {
                        came.drain(..length);
                        continue;
                    }
                    Piece::Data(length) => Ok(length),
                    Piece::More => Ok(0),
                },
            };
        }
    }
}

/// Waits until more has come on `stream`, and adds it to what `came`; 0 bytes at its end. May be
/// dropped at any time.
///
/// # Errors
/// Those of the stream.
pub async fn more(
    stream: &mut (impl AsyncRead + Unpin + ?Sized),
    came: &mut Vec<u8>,
) -> io::Result<usize> {
    poll_fn(|context| {
        let mut room = [MaybeUninit::uninit(); READ];
        let mut room = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut room))?;
        came.extend_from_slice(room.filled());
        Ok(room.filled().len()).into()
    })
    .await
}

/// Whether an empty line, which ends a head, stands in `bytes`, of which those before `seen` have
/// been looked at.
pub fn has_empty_line(bytes: &[u8], seen: usize) -> bool {
    // It may have begun before.
    let mut rest = &bytes[seen.saturating_sub(3)..];
    while let Some(end) = memchr::memchr(b'\n', rest) {
        rest = &rest[end + 1..];
        if rest.starts_with(b"\n") || rest.starts_with(b"\r\n") {
            return true;
        }
    }
    false
}

/// The parts of a header value that is a list.
pub fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// A number of digits and nothing else.
pub fn digits(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| str::from_utf8(text).ok()?.parse().ok())?
}

/// One length, however often `value` says it beside what was `said` before.
///
/// # Errors
/// [`BadFraming`] where it is no number, or another one.
pub fn one_length(said: &mut Option<u64>, value: &[u8]) -> Result<(), BadFraming> {
    for part in parts(value) {
        let length = digits(part).ok_or(BadFraming)?;
        if said.is_some_and(|other| other != length) {
            return Err(BadFraming);
        }
        *said = Some(length);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_is_found_wherever_the_last_look_ended() {
        for (text, is_there) in [
            ("A: 1\r\nB: 2\r\n\r\nbody", true),
            ("A: 1\n\nbody", true),
            ("A: 1\r\nB: 2\r\n", false),
            ("A: 1\r\nB: 2\r\n\r", false),
            ("", false),
        ] {
            assert_eq!(has_empty_line(text.as_bytes(), 0), is_there, "{text:?}");
            for seen in 0..text.len() {
                let found_before = has_empty_line(&text.as_bytes()[..seen], 0);
                let found = found_before || has_empty_line(text.as_bytes(), seen);
                assert_eq!(found, is_there, "{text:?} from {seen}");
            }
        }
    }
}
