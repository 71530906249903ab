//! Reading lists of pairs, such as the variables of a container: they are half of a typical Pod.

use super::cursor::Cursor;
use super::reader::{Reader, Result};
use super::string::{first_special, next_special};

/// What is between the name and the value of a pair, quotes included, as API servers write it.
const BETWEEN: &[u8; 11] = br#"","value":""#;
/// What is after the value.
const AFTER: &[u8; 2] = b"\"}";
/// How many bytes are compared at once, from a name on and from its end on: 32, and what is before them.
const WINDOW: usize = 48;

/// The name of a pair, which is text only where it is asked for: that checks where its characters begin and end.
#[derive(Debug, Clone, Copy)]
pub struct PairName<'a> {
    text: &'a str,
    start: usize,
    length: usize,
}

impl<'a> PairName<'a> {
    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.text.get(self.start..self.start + self.length).unwrap_or_default()
    }
}

impl<'a> Reader<'a> {
    /// Reads an array. `pair` is called with the name of each item that is `{"name":"…","value":"…"}` without escapes and white
    /// space, and `item` is called to read each other item, both with `state`. Short items at the end of the text are read by
    /// `item` as well. Returns whether there was an array: `false` for `null`.
    ///
    /// # Errors
    /// The value is no array, or one of the functions returned an error.
    #[inline(always)]
    pub fn pairs<S>(
        &mut self,
        state: &mut S,
        mut pair: impl FnMut(&mut S, PairName<'a>) -> Result<()>,
        mut item: impl FnMut(&mut S, &mut Self) -> Result<()>,
    ) -> Result<bool> {
        self.items(|r, index| {
            let Some(name) = r.cursor.pair(br#"{"name":""#) else { return item(state, r) };
            pair(state, name)?;
            while let Some(name) = r.cursor.pair(br#",{"name":""#) {
                *index += 1;
                pair(state, name)?;
            }
            Ok(())
        })
    }
}

impl<'a> Cursor<'a> {
    /// Moves past a pair with a text before its name. `None`, and the cursor stays where it is, if something else is next.
    #[inline(always)]
    fn pair<const N: usize>(&mut self, before: &[u8; N]) -> Option<PairName<'a>> {
        let rest = self.rest();
        let head: &[u8; WINDOW] = rest.first_chunk()?;
        if head.first_chunk() != Some(before) {
            return None;
        }
        let name_end = plain_end(rest, N, head[N..].first_chunk()?);
        let tail: &[u8; WINDOW] = rest.get(name_end..)?.first_chunk()?;
        if tail.first_chunk() != Some(BETWEEN) {
            return None;
        }
        let end = plain_end(rest, name_end + BETWEEN.len(), tail[BETWEEN.len()..].first_chunk()?);
        if rest.get(end..)?.first_chunk() != Some(AFTER) {
            return None;
        }
        let name = PairName { text: self.text(), start: self.at() + N, length: name_end - N };
        self.pass(end + AFTER.len());
        Some(name)
    }
}

/// The offset of the next quote, backslash or control character. `part` are the bytes at the offset.
#[inline(always)]
fn plain_end(bytes: &[u8], at: usize, part: &[u8; 32]) -> usize {
    match first_special(part) {
        48 => next_special(bytes, at + 32),
        length => at + length,
    }
}
