//! A pull reader over JSON text (RFC 8259). Strings that are read are borrowed from the text unless they contain escapes.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::error::{Expected, JsonError};
use super::key::MemberKey;
use super::string::unescape;

/// Reads one JSON text from front to back. `null` counts as absent: each method says what it returns for `null`.
#[derive(Debug)]
pub struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    /// The bytes of all lists that were made of what was read.
    pub(super) held: usize,
}

/// The bytes that a reader has passed count as work, one step each.
#[cfg(debug_assertions)]
impl Drop for Reader<'_> {
    fn drop(&mut self) {
        crate::work::step(self.cursor.at());
    }
}

pub(super) type Result<T> = std::result::Result<T, JsonError>;

/// An object whose values are strings, in the order of the text.
pub type TextMap<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

impl<'a> Reader<'a> {
    /// A reader at the start of a text.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let text = simdutf8::compat::from_utf8(bytes)
            .map_err(|e| JsonError::new("invalid JSON: not UTF-8").at(e.valid_up_to()))?;
        Ok(Reader::of(text))
    }

    /// A reader at the start of a text.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Reader { cursor: Cursor::new(text), held: 0 }
    }

    /// Checks that only white space is left.
    ///
    /// # Errors
    /// Something else is left.
    pub fn end(&mut self) -> Result<()> {
        match self.cursor.peek() {
            None => Ok(()),
            Some(_) => Err(self.cursor.error("invalid JSON: trailing characters")),
        }
    }

    /// Reads an object: `member` is called with each name and must read or skip the value. Names may occur more than once.
    /// Returns whether there was an object: `false` for `null`.
    ///
    /// # Errors
    /// The value is no object, or `member` returned an error.
    #[inline]
    pub fn object(&mut self, mut member: impl FnMut(&mut Self, &str) -> Result<()>) -> Result<bool> {
        self.members(|r, key| {
            let text = r.text_of(key);
            if key.escaped {
                let name = r.decode(text)?;
                member(r, &name).map_err(|e| e.in_member(&name))
            } else {
                member(r, text).map_err(|e| e.in_member(text))
            }
        })
    }

    /// Reads an object whose values are strings or `null`, which counts as the empty string. `None` for `null`.
    ///
    /// # Errors
    /// The value is no object, or one of its values is no string.
    pub fn texts(&mut self) -> Result<Option<TextMap<'a>>> {
        let mut texts = Vec::with_capacity(8);
        let is_object = self.members(|r, key| {
            let text = r.text_of(key);
            let name = if key.escaped { r.decode(text)?.into() } else { Cow::Borrowed(text) };
            let value = r.string().map_err(|e| e.in_member(&name))?;
            r.keep(&mut texts, (name, value.unwrap_or_default()))
        })?;
        Ok(is_object.then_some(texts))
    }

    #[inline]
    pub(super) fn members(&mut self, mut member: impl FnMut(&mut Self, MemberKey<'a>) -> Result<()>) -> Result<bool> {
        if !self.cursor.take(b'{') {
            return if self.cursor.null()? { Ok(false) } else { Err(self.cursor.expected(Expected::Object)) };
        }
        if self.cursor.take(b'}') {
            return Ok(true);
        }
        loop {
            let key = self.cursor.key()?;
            member(self, key)?;
            if !self.cursor.goes_on(b'}')? {
                return Ok(true);
            }
        }
    }

    /// Reads an array: `item` is called with each index and must read or skip the item. Returns whether there was an array:
    /// `false` for `null`.
    ///
    /// # Errors
    /// The value is no array, or `item` returned an error.
    #[inline]
    pub fn array(&mut self, mut item: impl FnMut(&mut Self, usize) -> Result<()>) -> Result<bool> {
        self.items(|r, index| item(r, *index))
    }

    /// Reads an array. `item` reads at least one item, and adds to the index how many more it has read.
    #[inline(always)]
    pub(super) fn items(&mut self, mut item: impl FnMut(&mut Self, &mut usize) -> Result<()>) -> Result<bool> {
        if !self.cursor.take(b'[') {
            return if self.cursor.null()? { Ok(false) } else { Err(self.cursor.expected(Expected::Array)) };
        }
        if self.cursor.take(b']') {
            return Ok(true);
        }
        let mut index = 0;
        loop {
            item(self, &mut index).map_err(|e| e.in_item(index))?;
            if !self.cursor.goes_on(b']')? {
                return Ok(true);
            }
            index += 1;
        }
    }

    /// Reads a string; `None` for `null`.
    ///
    /// # Errors
    /// The value is no string.
    #[inline]
    pub fn string(&mut self) -> Result<Option<Cow<'a, str>>> {
        if self.cursor.peek() == Some(b'"') {
            let text = self.cursor.string()?;
            return Ok(Some(if self.cursor.has_escapes() { self.decode(text)?.into() } else { Cow::Borrowed(text) }));
        }
        if self.cursor.null()? { Ok(None) } else { Err(self.cursor.expected(Expected::String)) }
    }

    /// Reads a string; the empty string for `null`.
    ///
    /// # Errors
    /// The value is no string.
    #[inline]
    pub fn string_or_empty(&mut self) -> Result<Cow<'a, str>> {
        self.string().map(Option::unwrap_or_default)
    }

    /// Reads a boolean; `false` for `null`.
    ///
    /// # Errors
    /// The value is no boolean.
    pub fn boolean(&mut self) -> Result<bool> {
        let word = match self.cursor.peek() {
            Some(b't') => "true",
            Some(b'f') => "false",
            Some(b'n') => "null",
            _ => return Err(self.cursor.expected(Expected::Boolean)),
        };
        self.cursor.literal(word)?;
        Ok(word == "true")
    }

    /// Reads an integer; `None` for `null`.
    ///
    /// # Errors
    /// The value is no integer of 64 bits.
    pub fn integer(&mut self) -> Result<Option<i64>> {
        if self.cursor.null()? {
            return Ok(None);
        }
        let raw = self.raw()?;
        raw.parse().map(Some).map_err(|_| self.cursor.expected(Expected::Integer))
    }

    /// Moves past an object or an array if it is next in exactly this text.
    #[inline]
    pub fn take(&mut self, value: &'static str) -> bool {
        let is_next = self.cursor.rest().starts_with(value.as_bytes());
        if is_next {
            self.cursor.pass(value.len());
        }
        is_next
    }

    /// Whether the next value is a number.
    pub fn number_is_next(&mut self) -> bool {
        matches!(self.cursor.peek(), Some(b'-' | b'0'..=b'9'))
    }

    /// Whether the next value is an object.
    pub fn object_is_next(&mut self) -> bool {
        self.cursor.peek() == Some(b'{')
    }

    /// Whether the next value is an array.
    pub fn array_is_next(&mut self) -> bool {
        self.cursor.peek() == Some(b'[')
    }

    /// Reads a value by `read` and returns its text as well.
    ///
    /// # Errors
    /// `read` returned an error.
    pub fn with_text<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, &'a str)> {
        self.cursor.peek();
        let start = self.cursor.at();
        let value = read(self)?;
        Ok((value, self.cursor.text_since(start)))
    }

    /// Skips a value and returns its text.
    ///
    /// # Errors
    /// The brackets or strings of the value are not those of JSON.
    pub fn raw(&mut self) -> Result<&'a str> {
        self.with_text(Self::skip).map(|((), text)| text)
    }

    /// Skips a value and returns its text; `None` for `null`.
    ///
    /// # Errors
    /// The brackets or strings of the value are not those of JSON.
    pub fn raw_unless_null(&mut self) -> Result<Option<&'a str>> {
        self.raw().map(|text| Some(text).filter(|text| *text != "null"))
    }

    /// Skips an object and returns the text of a value in it, by the names of the fields on the way. `None` if the value or an
    /// object on the way is absent or `null`; of a name that occurs twice, the last one counts.
    ///
    /// # Errors
    /// A value on the way is no object.
    pub fn raw_at(&mut self, path: &[&str]) -> Result<Option<&'a str>> {
        let Some((name, rest)) = path.split_first() else { return self.raw_unless_null() };
        let mut found = None;
        self.object(|r, key| if key == *name { r.raw_at(rest).map(|text| found = text) } else { r.skip() })?;
        Ok(found)
    }

    /// Skips a value of any depth. Tokens inside of objects and arrays are not parsed.
    ///
    /// # Errors
    /// The brackets or strings of the value are not those of JSON.
    #[inline]
    pub fn skip(&mut self) -> Result<()> {
        self.cursor.skip()
    }

    /// The length of the whole text in bytes.
    pub(super) fn text_length(&self) -> usize {
        self.cursor.text().len()
    }

    /// The name of a member as it is written.
    pub(super) fn text_of(&self, key: MemberKey<'a>) -> &'a str {
        self.cursor.text_between(key.start, key.start + key.bytes.len())
    }

    #[cold]
    pub(super) fn decode(&self, text: &str) -> Result<String> {
        unescape(text).ok_or_else(|| self.cursor.error("invalid JSON: unpaired surrogate in a string"))
    }
}
