//! Names of members.

use super::error::JsonError;
use super::string::unescape;

/// The name of a member as it is written, between its quotes. Most names are compared as bytes: making text of each would check
/// where its characters begin and end.
#[derive(Clone, Copy)]
pub(super) struct MemberKey<'a> {
    /// The offset of the first byte.
    pub(super) start: usize,
    pub(super) bytes: &'a [u8],
    /// See [`prefix`].
    pub(super) prefix: u64,
    pub(super) escaped: bool,
}

#[cold]
pub(super) fn in_member(error: JsonError, key: &str) -> JsonError {
    error.in_member(&unescape(key).unwrap_or_default())
}

/// The first 8 bytes of a name as a number, zeros after a shorter one. `first` are its first bytes and some that follow.
#[inline(always)]
pub(super) fn prefix(first: &[u8; 16], length: usize) -> u64 {
    let low = first.first_chunk().map_or(0, |low| u64::from_le_bytes(*low));
    if length < 8 { low & ((1 << (8 * length)) - 1) } else { low }
}

/// The first 16 bytes of a name, zeros after a shorter one.
pub(super) fn first_of(name: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.iter_mut().zip(name).for_each(|(first, byte)| *first = *byte);
    first
}
