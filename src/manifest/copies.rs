//! Bounds the memory that anchors and aliases add to a document.

/// Bytes that they can add to any document. Real manifests repeat a few kilobytes.
const SMALL: usize = 512 << 10;
/// How many times its own length they can add to a large document.
const TIMES: usize = 4;

/// The bytes that can still be copied, and the bound.
pub(super) struct Copies {
    left: usize,
    most: usize,
}

impl Copies {
    /// The bound for a document of `length` bytes.
    pub(super) fn of(length: usize) -> Self {
        let most = SMALL.saturating_add(length.saturating_mul(TIMES));
        Copies { left: most, most }
    }

    /// Counts a copy before it is made.
    ///
    /// # Errors
    /// The bound is exceeded; the message has a remedy.
    pub(super) fn take(&mut self, size: usize) -> Result<(), String> {
        let most = self.most;
        let message = || format!("anchors and aliases add more than {most} bytes; replace aliases by their values");
        self.left = self.left.checked_sub(size).ok_or_else(message)?;
        Ok(())
    }
}
