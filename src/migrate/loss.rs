//! What a companion cannot express.

use super::source_value::SourcePlace;

/// A part of a configuration that was not translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Where it was read.
    pub at: SourcePlace,
    /// The place in the companion that is nearest to it, as an RFC 6901 pointer; empty if there is no companion.
    pub pointer: String,
    /// Why, and how to go on.
    pub message: String,
}
