//! A position in JSON text and the tokens that can start there (RFC 8259). The cursor keeps no tree and does not recurse.

use super::blocks::Block;
use super::error::{Expected, JsonError};
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

    /// The text from an earlier offset up to the cursor.
    pub(super) fn text_since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
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

    /// Moves past a string and returns its bytes as they are written, without the quotes.
    #[inline(always)]
    pub(super) fn string_bytes(&mut self) -> Result<&'a [u8]> {
        let start = self.at + 1;
        let end = self.pass_string()?;
        Ok(&self.text.as_bytes()[start..end])
    }

    /// Moves past two strings with these texts before the first, between them and after the second, and returns the first
    /// one. `None`, and the cursor stays where it is, if something else is next or if the first string contains escapes.
    #[inline(always)]
    pub(super) fn pair(&mut self, [before, between, after]: [&str; 3]) -> Option<&'a str> {
        let start = self.at;
        let mut read = || {
            self.prefix(before)?;
            let first = self.string().ok().filter(|_| !self.escaped)?;
            self.prefix(between)?;
            self.pass_string().ok()?;
            self.prefix(after).map(|()| first)
        };
        let first = read();
        if first.is_none() {
            self.at = start;
        }
        first
    }

    #[inline(always)]
    fn prefix(&mut self, text: &str) -> Option<()> {
        let is_next = self.text.as_bytes().get(self.at..)?.starts_with(text.as_bytes());
        self.at += if is_next { text.len() } else { 0 };
        is_next.then_some(())
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
        // `{` and `}`, and `[` and `]`, are two apart.
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
    fn pass_string(&mut self) -> Result<usize> {
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

    fn number(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let invalid = || self.error("invalid JSON: invalid number");
        let digits = |mut at: usize| {
            let start = at;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            (at > start).then_some(at)
        };
        let mut at = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        let whole = if bytes.get(at) == Some(&b'0') { Some(at + 1) } else { digits(at) };
        at = whole.ok_or_else(invalid)?;
        if bytes.get(at) == Some(&b'.') {
            at = digits(at + 1).ok_or_else(invalid)?;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            at = digits(at + 1 + sign).ok_or_else(invalid)?;
        }
        self.at = at;
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
