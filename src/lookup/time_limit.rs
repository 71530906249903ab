//! The end of work that waits for nothing, and therefore cannot be canceled.

use std::cell::Cell;

use tokio::time::Instant;

/// A time limit that is checked before each item.
#[derive(Debug)]
pub(super) struct TimeLimit<F> {
    is_late: F,
    was_reached: Cell<bool>,
}

/// The limit at a deadline.
pub(super) fn until(deadline: Instant) -> TimeLimit<impl Fn() -> bool> {
    TimeLimit::new(move || Instant::now() >= deadline)
}

impl<F: Fn() -> bool> TimeLimit<F> {
    pub(super) fn new(is_late: F) -> Self {
        TimeLimit { is_late, was_reached: Cell::new(false) }
    }

    /// The items until the limit is reached.
    pub(super) fn items<'i, T>(&'i self, all: &'i [T]) -> impl Iterator<Item = &'i T> {
        all.iter().take_while(|_| !self.is_reached())
    }

    /// Whether items were left out.
    pub(super) fn was_reached(&self) -> bool {
        self.was_reached.get()
    }

    fn is_reached(&self) -> bool {
        if !self.was_reached.get() {
            self.was_reached.set((self.is_late)());
        }
        self.was_reached.get()
    }
}
