//! Lists that are made of what is read have a bound: an item of a few bytes, such as `{}`, can take hundreds in memory.

use super::{JsonError, Reader, Result};

/// How many bytes all lists of a reader may have, beside what is in proportion to the text.
const BASE: usize = 704 << 10;
/// How many bytes they may have for each byte of the text.
const PER_BYTE: usize = 7;

impl Reader<'_> {
    /// Puts an item at the end of a list.
    ///
    /// # Errors
    /// All lists of this reader together would take too much memory for the text. Lists of real objects
    /// never do: each of their items has a name.
    #[inline]
    pub fn keep<T>(&mut self, list: &mut Vec<T>, item: T) -> Result<()> {
        if list.len() == list.capacity() {
            self.grow(list)?;
        }
        list.push(item);
        Ok(())
    }

    /// Makes room for as many items again. While they are moved, the old list and the new one are both there.
    #[cold]
    fn grow<T>(&mut self, list: &mut Vec<T>) -> Result<()> {
        let more = list.capacity().max(4);
        self.hold(more * size_of::<T>(), list.capacity() * size_of::<T>())?;
        list.reserve_exact(more);
        Ok(())
    }

    /// Accounts for bytes that are kept, and for those that are needed for a moment on top of them.
    ///
    /// # Errors
    /// They are too many for the text.
    pub fn hold(&mut self, kept: usize, meanwhile: usize) -> Result<()> {
        self.held += kept;
        if self.held + meanwhile > PER_BYTE * self.text.len() + BASE {
            return Err(JsonError::new("more small items than an object of this size can have"));
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
        assert!(read(&of(5_000, "{}")).is_err_and(|e| e.to_string().contains("more small items")));
        let large = format!("\"{}\"", "x".repeat(300));
        assert_eq!(read(&of(5_000, &large)).map(|list| list.len()), Ok(5_000));
    }
}
