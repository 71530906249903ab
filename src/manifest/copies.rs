//! How much of a document its anchors and aliases may repeat.

/// How many bytes of memory they may add to a small document. More is an attack, or a mistake.
const SMALL: usize = 512 << 10;
/// How many times its own length they may add to a large one.
const TIMES: usize = 4;

/// How many bytes may still be copied, and how many in all.
pub(super) struct Copies {
    left: usize,
    most: usize,
}

impl Copies {
    /// For a document of so many bytes.
    pub(super) fn of(length: usize) -> Self {
        let most = SMALL.saturating_add(length.saturating_mul(TIMES));
        Copies { left: most, most }
    }

    /// Accounts for a copy before it is made.
    pub(super) fn take(&mut self, size: usize) -> Result<(), String> {
        let most = self.most;
        let message = || format!("anchors and aliases add more than {most} bytes; write them out");
        self.left = self.left.checked_sub(size).ok_or_else(message)?;
        Ok(())
    }
}
