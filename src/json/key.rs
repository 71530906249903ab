//! Names of members.

use super::cursor::Cursor;
use super::error::JsonError;
use super::string::{first_special, unescape};

type Result<T> = std::result::Result<T, JsonError>;

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

impl<'a> Cursor<'a> {
    /// Moves past the name of a member and the colon after it.
    #[inline(always)]
    pub(super) fn key(&mut self) -> Result<MemberKey<'a>> {
        // API servers write no white space, and nearly all names are short.
        if let [b'"', rest @ ..] = self.rest()
            && let Some(window) = rest.first_chunk()
            && let Some(first) = window.first_chunk()
            && let length = first_special(window)
            && length < window.len()
            && let Some([b'"', b':', ..]) = rest.get(length..)
        {
            let start = self.at() + 1;
            self.pass(length + 3);
            return Ok(MemberKey { start, bytes: &rest[..length], prefix: prefix(first, length), escaped: false });
        }
        self.long_key()
    }

    #[inline(never)]
    fn long_key(&mut self) -> Result<MemberKey<'a>> {
        self.peek();
        let start = self.at() + 1;
        let end = self.pass_string()?;
        let escaped = self.has_escapes();
        self.expect(b':')?;
        let bytes = self.text_between(start, end).as_bytes();
        let prefix =
            bytes.first_chunk().map_or_else(|| prefix(&first_of(bytes), bytes.len()), |first| prefix(first, 16));
        Ok(MemberKey { start, bytes, prefix, escaped })
    }
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
