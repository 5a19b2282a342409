//! How many steps of one batch may be in flight, by how fast they finish.
//!
//! A fast endpoint needs few at a time to be kept busy: more would only cost it connections, and
//! this process memory. A slow one needs many. So there is room for more as long as nothing
//! finishes for a while, and for less the more finishes.

/// Steps that may always be in flight, where limits allow it.
const LEAST: usize = 64;

/// How many more, each time that nothing finished for a while.
const MORE: usize = 64;

#[derive(Debug)]
pub(super) struct Window(usize);

// === impl Window ===

impl Window {
    pub(super) fn new() -> Self {
        Self(LEAST)
    }

    /// How many may be in flight.
    pub(super) fn size(&self) -> usize {
        self.0
    }

    /// A step has finished.
    pub(super) fn done(&mut self) {
        self.0 = (self.0 - 1).max(LEAST);
    }

    /// All that may be in flight are, and none has finished for a while. Never more than `most`.
    pub(super) fn stalled(&mut self, most: usize) {
        self.0 = (self.0 + MORE).min(most).max(LEAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_while_nothing_finishes_and_closes_again() {
        let mut window = Window::new();
        let stall = |window: &mut Window| {
            window.stalled(200);
            window.size()
        };

        let sizes = [(); 4].map(|()| stall(&mut window));
        for _ in 0..1000 {
            window.done();
        }

        assert_eq!((sizes, window.size()), ([128, 192, 200, 200], 64));
    }
}
