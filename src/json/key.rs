//! Names of members, as the bytes between their quotes: making text of each would check where its characters begin and end.

use super::error::JsonError;
use super::string::unescape;

/// The text of a key, whose bytes are between two quotes of a text.
pub(super) fn text(key: &[u8]) -> &str {
    std::str::from_utf8(key).unwrap_or_default()
}

#[cold]
pub(super) fn in_member(error: JsonError, key: &[u8]) -> JsonError {
    error.in_member(&unescape(text(key)).unwrap_or_default())
}
