//! A bound on the memory of the lists that are made while reading: an item of a few bytes, such as `{}`, can take hundreds of
//! bytes in memory.

use super::error::JsonError;
use super::reader::{Reader, Result};

/// The bytes that all lists of a reader may take, in addition to what is in proportion to the text.
const BASE: usize = 704 << 10;
/// The bytes of the first items of a list.
const FIRST: usize = 512;
/// The bytes of a list up to which it grows fourfold.
const FEW: usize = 2 << 10;
/// The bytes that they may take for each byte of the text.
const PER_BYTE: usize = 7;

impl Reader<'_> {
    /// Appends an item to a list.
    ///
    /// # Errors
    /// All lists of this reader together would take too much memory for the text. Lists of real objects never do, because
    /// each of their items has a name.
    #[inline(always)]
    pub fn keep<T>(&mut self, list: &mut Vec<T>, item: T) -> Result<()> {
        if list.len() == list.capacity() {
            self.grow(list)?;
        }
        list.push(item);
        Ok(())
    }

    /// Multiplies the capacity of a list. While its items are moved, the old list and the new one are both in memory.
    #[cold]
    fn grow<T>(&mut self, list: &mut Vec<T>) -> Result<()> {
        // The first items come with room for more of them, because each growth is an allocation and a copy.
        let more = match list.capacity() {
            0 => (FIRST / size_of::<T>().max(1)).clamp(4, 16),
            few if few * size_of::<T>() < FEW => 3 * few,
            many => many,
        };
        self.hold(more * size_of::<T>(), list.capacity() * size_of::<T>())?;
        list.reserve_exact(more);
        Ok(())
    }

    /// Accounts for `kept` bytes that stay in memory, and for `transient` bytes that are needed at the same moment.
    ///
    /// # Errors
    /// They are too many for the text.
    pub fn hold(&mut self, kept: usize, transient: usize) -> Result<()> {
        self.held += kept;
        if self.held + transient > PER_BYTE * self.text_length() + BASE {
            return Err(JsonError::new("too many items for an object of this size"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<[u8; 400]>> {
        let (mut reader, mut list) = (Reader::of(text), Vec::new());
        reader.array(|r, _| {
            r.skip()?;
            r.keep(&mut list, [0; 400])
        })?;
        Ok(list)
    }

    #[test]
    fn small_items_are_bounded_by_their_number_and_large_ones_by_their_text() {
        let of = |count: usize, item: &str| format!("[{}]", vec![item; count].join(","));
        assert_eq!(read(&of(500, "{}")).map(|list| list.len()), Ok(500));
        assert!(read(&of(5_000, "{}")).is_err_and(|e| e.to_string().contains("too many items for an object")));
        let large = format!("\"{}\"", "x".repeat(300));
        assert_eq!(read(&of(5_000, &large)).map(|list| list.len()), Ok(5_000));
    }
}
