//! A narrow, borrowed view of a Pod: what a review asks of it, and nothing else.

/// A Pod as far as a review looks at it.
#[derive(Debug)]
pub struct Pod<'a> {
    json: &'a [u8],
}

/// Why bytes are no Pod: what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl<'a> Pod<'a> {
    /// Reads a Pod, or a Pod template, from its JSON.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(json: &'a [u8]) -> Result<Self, Unreadable> {
        Ok(Pod { json })
    }

    /// Its JSON.
    #[must_use]
    pub fn json(&self) -> &'a [u8] {
        self.json
    }
}
