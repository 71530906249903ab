//! A server that may not know the newest companions.

use std::fmt;

/// A server of which a watch fails, so that it may not know the newest companions. Then it suggests no other names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale {
    /// For how long the watch has received nothing, in seconds.
    pub seconds: u64,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds;
        write!(f, "this replica of podgraft has received no updates from the API server for {seconds} s")
    }
}
