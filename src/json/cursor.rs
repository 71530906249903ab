//! A position in JSON text and the tokens that can start there (RFC 8259). The cursor keeps no tree and does not recurse.

use super::blocks::Block;
use super::error::{Expected, JsonError};
use super::number::number_end;
use super::string::{escape_length, next_special};

type Result<T> = std::result::Result<T, JsonError>;

/// A position in a text.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Whether the string that was read last contains escapes.
    escaped: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Cursor { text, at: 0, escaped: false }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The byte offset of the cursor.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text after the cursor.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Moves past some bytes, which the caller has read.
    #[inline(always)]
    pub(super) fn pass(&mut self, length: usize) {
        self.at += length;
    }

    /// The text from an earlier offset up to the cursor.
    pub(super) fn text_since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// The text from one offset to another.
    pub(super) fn text_between(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    /// Moves past a comma, or past the closing bracket. Returns whether another member or item follows.
    #[inline(always)]
    pub(super) fn goes_on(&mut self, closing: u8) -> Result<bool> {
        match self.text.as_bytes().get(self.at) {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if *byte == closing => {
                self.at += 1;
                Ok(false)
            }
            _ if self.take(closing) => Ok(false),
            _ => self.expect(b',').map(|()| true),
        }
    }

    /// Whether the string that [`Self::string`] returned last contains escapes.
    pub(super) fn has_escapes(&self) -> bool {
        self.escaped
    }

    /// Moves past white space and returns the next byte.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at) {
            // API servers write no white space.
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.peek_after_space(),
        }
    }

    fn peek_after_space(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    /// Moves past a byte if it is the next one.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Moves past a byte that must be the next one.
    #[inline(always)]
    pub(super) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(self.missing(byte)) }
    }

    /// Moves past `null` if it is next.
    #[inline]
    pub(super) fn null(&mut self) -> Result<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.literal("null").map(|()| true)
    }

    /// Moves past a string and returns its text as it is written, without the quotes.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<&'a str> {
        let start = self.at + 1;
        let end = self.pass_string()?;
        Ok(&self.text[start..end])
    }

    pub(super) fn literal(&mut self, word: &str) -> Result<()> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("invalid JSON: unexpected character"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Skips a value of any depth.
    #[inline]
    pub(super) fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(),
            _ => self.skip_scalar(),
        }
    }

    /// Skips an object or an array by its brackets and strings, a block at a time. What is inside is neither read nor
    /// echoed, so tokens are not parsed, and only the outermost brackets must be of one kind.
    #[inline(never)]
    fn skip_nested(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        // Many objects are empty, and the brackets of one kind are two apart.
        if bytes.get(start + 1) == Some(&(bytes[start] + 2)) {
            self.at = start + 2;
            return Ok(());
        }
        let (mut block, mut depth) = (Block::default(), 0);
        let mut at = start;
        let end = loop {
            block.read(&bytes[at..]);
            if let Some(end) = block.end_of_nested(&mut depth) {
                break end;
            }
            self.reject(block.invalid)?;
            at += Block::LENGTH;
            if at >= bytes.len() {
                return Err(self.ended());
            }
        };
        self.reject(block.invalid & ((1 << end) - 1))?;
        let end = at + end as usize;
        if bytes[end] != bytes[start] + 2 {
            return Err(self.error("invalid JSON: unmatched bracket"));
        }
        self.at = end + 1;
        Ok(())
    }

    #[inline(always)]
    fn reject(&self, invalid: u64) -> Result<()> {
        if invalid == 0 { Ok(()) } else { Err(self.error("invalid JSON: unexpected character")) }
    }

    #[inline]
    fn skip_scalar(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'"') => self.pass_string().map(|_| ()),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.error("invalid JSON: unexpected character")),
            None => Err(self.ended()),
        }
    }

    /// Moves past a string and returns the offset of its closing quote.
    #[inline(always)]
    pub(super) fn pass_string(&mut self) -> Result<usize> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return Err(self.expected(Expected::String));
        }
        let end = next_special(bytes, self.at + 1);
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            self.escaped = false;
            return Ok(end);
        }
        self.pass_escaped(end)
    }

    /// Continues with a string at its first escape, control character, or the end of the text.
    #[inline(never)]
    fn pass_escaped(&mut self, mut at: usize) -> Result<usize> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    at += escape_length(&bytes[at..])
                        .ok_or_else(|| self.error("invalid JSON: unknown escape in a string"))?;
                }
                Some(_) => return Err(self.error("invalid JSON: control character in a string")),
                None => return Err(self.ended()),
            }
            at = next_special(bytes, at);
        }
        self.at = at + 1;
        self.escaped = true;
        Ok(at)
    }

    #[inline]
    fn number(&mut self) -> Result<()> {
        self.at =
            number_end(self.text.as_bytes(), self.at).ok_or_else(|| self.error("invalid JSON: invalid number"))?;
        Ok(())
    }

    #[cold]
    fn missing(&mut self, byte: u8) -> JsonError {
        if self.peek().is_none() {
            return self.ended();
        }
        JsonError::new(format!("invalid JSON: missing `{}`", char::from(byte))).at(self.at)
    }

    #[cold]
    fn ended(&self) -> JsonError {
        self.error("invalid JSON: unexpected end")
    }

    /// An error at the cursor.
    #[cold]
    pub(super) fn error(&self, message: &'static str) -> JsonError {
        JsonError::new(message).at(self.at)
    }

    /// An error at the cursor: the value there has another type.
    #[cold]
    pub(super) fn expected(&self, expected: Expected) -> JsonError {
        JsonError::expected(expected).at(self.at)
    }
}
