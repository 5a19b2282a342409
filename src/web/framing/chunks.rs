//! A chunked body, taken apart as it comes (RFC 9112, 7.1).

use super::BadFraming;
use httparse::Status;

/// Most bytes of a line between two chunks, and of all trailers.
const MOST_BETWEEN: usize = 16 * 1024;

/// How far a chunked body has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// Before the size of a chunk.
    Size,
    /// In a chunk, with so many bytes to come.
    Data(u64),
    /// Behind the data of a chunk, before its line break.
    Break,
    /// Behind the last chunk, after so many bytes of trailers.
    Trailers(usize),
    End,
}

/// What lies next in the bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many bytes that are not of the body.
    Skip(usize),
    /// So many bytes of the body.
    Data(usize),
    /// The rest of it has to come first.
    More,
}

// === impl Chunks ===

impl Chunks {
    /// What `bytes`, which follow what was read so far, begin with. It counts as read then.
    ///
    /// # Errors
    /// [`BadFraming`].
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Piece, BadFraming> {
        match *self {
            // The parser takes a line without a size for the last one.
            Self::Size if bytes.first().is_some_and(|it| !it.is_ascii_hexdigit()) => {
                Err(BadFraming)
            }
            Self::Size => match httparse::parse_chunk_size(bytes) {
                Ok(Status::Complete((length, size))) => {
                    *self = match size {
                        0 => Self::Trailers(0),
                        size => Self::Data(size),
                    };
                    Ok(Piece::Skip(length))
                }
                Ok(Status::Partial) if bytes.len() <= MOST_BETWEEN => Ok(Piece::More),
                Ok(Status::Partial) | Err(_) => Err(BadFraming),
            },
            Self::Data(_) if bytes.is_empty() => Ok(Piece::More),
            Self::Data(left) => {
                let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *self = match left - here as u64 {
                    0 => Self::Break,
                    left => Self::Data(left),
                };
                Ok(Piece::Data(here))
            }
            Self::Break => match bytes {
                [b'\r', b'\n', ..] => {
                    *self = Self::Size;
                    Ok(Piece::Skip(2))
                }
                [] | [b'\r'] => Ok(Piece::More),
                _ => Err(BadFraming),
            },
            Self::Trailers(seen) => self.trailer(bytes, seen),
            Self::End => Ok(Piece::Skip(0)),
        }
    }

    /// Trailers say nothing here that counts: they are passed over, line by line.
    fn trailer(&mut self, bytes: &[u8], seen: usize) -> Result<Piece, BadFraming> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            return match seen + bytes.len() <= MOST_BETWEEN {
                true => Ok(Piece::More),
                false => Err(BadFraming),
            };
        };
        *self = match &bytes[..end] {
            [] | [b'\r'] => Self::End,
            _ if seen + end >= MOST_BETWEEN => return Err(BadFraming),
            _ => Self::Trailers(seen + end + 1),
        };
        Ok(Piece::Skip(end + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A body, and what is left behind its end.
    type Body = (Vec<u8>, Vec<u8>);

    /// The body; none before its end.
    fn read(pieces: &[&[u8]]) -> Result<Option<Body>, BadFraming> {
        let (mut chunks, mut body, mut came) = (Chunks::Size, Vec::new(), Vec::new());
        for piece in pieces {
            came.extend_from_slice(piece);
            while chunks != Chunks::End {
                match chunks.next(&came)? {
                    Piece::Skip(length) => drop(came.drain(..length)),
                    Piece::Data(length) => body.extend(came.drain(..length)),
                    Piece::More => break,
                }
            }
        }
        Ok((chunks == Chunks::End).then_some((body, came)))
    }

    #[test]
    fn a_body_ends_behind_its_last_chunk_and_its_trailers() {
        let text = b"3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nX: 1\r\nY: 2\r\n\r\nHTTP";
        let (body, rest) = read(&[text]).unwrap().unwrap();
        assert_eq!(
            (&body[..], &rest[..]),
            (&b"abc0123456789"[..], &b"HTTP"[..])
        );
    }

    #[test]
    fn what_is_no_chunk_is_not_http() {
        for text in [
            "x\r\n",
            "\r\n",
            ";\r\n",
            "-1\r\n",
            "3\r\nabcd\r\n",
            "10000000000000000\r\n",
            "1\r\na\n0\r\n\r\n",
        ] {
            let read = read(&[text.as_bytes()]);
            assert!(matches!(read, Err(BadFraming)), "{text:?}: {read:?}");
        }
    }

    #[test]
    fn lines_and_trailers_without_end_are_not_waited_for() {
        let line = format!("1;{}", "x".repeat(MOST_BETWEEN));
        let trailers = format!("0\r\n{}", "A: b\r\n".repeat(MOST_BETWEEN));
        let trailer = format!("0\r\nA: {}", "x".repeat(MOST_BETWEEN));
        for text in [line, trailers, trailer] {
            assert!(matches!(read(&[text.as_bytes()]), Err(BadFraming)));
        }
    }

    proptest! {
        #[test]
        fn a_body_is_the_same_however_it_comes(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            sizes in proptest::collection::vec(1..60_usize, 1..20),
            cuts in proptest::collection::vec(1..40_usize, 1..40),
        ) {
            let mut text = Vec::new();
            let (mut rest, mut sizes) = (&body[..], sizes.into_iter().cycle());
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                text.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                text.extend(chunk);
                text.extend(b"\r\n");
                rest = after;
            }
            text.extend(b"0\r\n\r\n");
            let (mut pieces, mut rest, mut cuts) = (Vec::new(), &text[..], cuts.into_iter().cycle());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            let (read, left) = read(&pieces).unwrap().unwrap();
            prop_assert_eq!((read, left), (body, Vec::new()));
        }
    }
}
