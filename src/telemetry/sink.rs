//! Where log lines go: a buffer that a thread of its own empties to stderr.
//!
//! A step must not wait for whoever reads the log. Lines that nobody takes in time are dropped and
//! counted, and the count is the first line that is written afterwards.

use parking_lot::{Condvar, Mutex};
use std::io::{self, Write};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Most bytes that wait to be written.
const ROOM: usize = 8 * 1024 * 1024;

/// How long lines are gathered for one write.
const GATHER: Duration = Duration::from_millis(2);

/// Takes log lines. Clones share the buffer.
#[derive(Debug, Clone, Default)]
pub(super) struct Sink(Arc<Shared>);

/// The thread that writes; dropping it writes what is left.
#[derive(Debug)]
pub(super) struct Writing {
    sink: Sink,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    closed: bool,
}

// === impl Sink ===

impl Sink {
    /// Begins to write what comes in to `out`.
    pub(super) fn write_to(&self, out: impl Write + Send + 'static) -> io::Result<Writing> {
        let shared = self.0.clone();
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_all_to(out))?;
        Ok(Writing {
            sink: self.clone(),
            thread: Some(thread),
        })
    }

    /// What waits to be written.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.waiting.lock().lines.clone()).unwrap()
    }

    fn take(&self, line: &[u8]) {
        let mut waiting = self.0.waiting.lock();
        if waiting.lines.len() + line.len() > ROOM {
            waiting.dropped += 1;
            return;
        }
        let first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if first {
            self.0.more.notify_one();
        }
    }
}

impl Write for &Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.take(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

// === impl Writing ===

impl Drop for Writing {
    fn drop(&mut self) {
        self.sink.0.waiting.lock().closed = true;
        self.sink.0.more.notify_one();
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked in a way that leaves more to do here.
            let _ = thread.join();
        }
    }
}

// === impl Shared ===

impl Shared {
    fn write_all_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut waiting = self.waiting.lock();
            self.more.wait_while(&mut waiting, |waiting| {
                waiting.lines.is_empty() && !waiting.closed
            });
            if waiting.lines.is_empty() {
                return;
            }
            if !waiting.closed {
                drop(waiting);
                thread::sleep(GATHER);
                waiting = self.waiting.lock();
            }
            std::mem::swap(&mut lines, &mut waiting.lines);
            let dropped = std::mem::take(&mut waiting.dropped);
            drop(waiting);
            // There is no better place to say that the log cannot be written.
            let _ = out.write_all(&lines);
            if dropped > 0 {
                let _ = writeln!(out, "{{\"level\":\"WARN\",\"dropped\":{dropped}}}");
            }
            lines.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_before_the_end() {
        let (sink, page) = (Sink::default(), Page::default());
        let writing = sink.write_to(page.clone()).unwrap();

        for n in 0..1000 {
            writeln!(&sink, "{n}").unwrap();
        }
        drop(writing);

        let all: String = (0..1000).map(|n| format!("{n}\n")).collect();
        assert_eq!(String::from_utf8(page.0.lock().clone()).unwrap(), all);
    }

    #[test]
    fn lines_beyond_the_room_are_dropped_and_counted() {
        let (sink, page) = (Sink::default(), Page::default());
        sink.take(&vec![b'x'; ROOM]);
        sink.take(b"one too many\n");

        drop(sink.write_to(page.clone()).unwrap());

        let page = page.0.lock();
        assert_eq!(&page[ROOM..], b"{\"level\":\"WARN\",\"dropped\":1}\n");
    }
}
