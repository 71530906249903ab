//! A pull reader over JSON text that skips what nobody asks for, and writers for what we say ourselves.
//!
//! What is asked for is read by RFC 8259 and borrowed; the rest is skipped by its brackets and strings, without recursion:
//! nesting costs one bit a level.
#![allow(clippy::inline_always)] // each of the small functions runs for every token; as calls they cost a tenth of a review

mod error;
mod held;
mod nesting;
mod string;

use std::borrow::Cow;

pub use error::JsonError;
use nesting::Nesting;
use string::{escape_length, next_special, unescape};
pub use string::{escaped_length, write_escaped, write_string};

/// Reads one JSON text from front to back.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether the string that was passed over last has escapes.
    escaped: bool,
    /// The bytes of all lists that were made of what was read.
    held: usize,
}

/// What a reader has passed over counts as work, a step each byte.
#[cfg(debug_assertions)]
impl Drop for Reader<'_> {
    fn drop(&mut self) {
        crate::work::step(self.at);
    }
}

type Result<T> = std::result::Result<T, JsonError>;

/// A map of texts, in the order of the text.
pub type TextMap<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Which fields of an object were there: a second one of the same name is refused.
#[derive(Debug, Default)]
pub struct FieldSet(u64);

impl FieldSet {
    /// Takes note of a field by its number below 64.
    ///
    /// # Errors
    /// It was there before.
    pub fn insert(&mut self, field: u32) -> Result<()> {
        let bit = 1 << field;
        if self.0 & bit != 0 {
            return Err(JsonError::new("a field stands there twice"));
        }
        self.0 |= bit;
        Ok(())
    }
}

impl<'a> Reader<'a> {
    /// Starts at the front of a text.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|e| JsonError::new("not UTF-8").at(e.valid_up_to()))?;
        Ok(Reader::of(text))
    }

    /// Starts at the front of a text.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Reader { text, at: 0, escaped: false, held: 0 }
    }

    /// Makes sure that nothing but white space is left.
    ///
    /// # Errors
    /// Something is left.
    pub fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("trailing text behind the JSON")),
        }
    }

    /// Reads an object, handing each field's name to `field`, which reads or skips its value. `false` for `null`.
    ///
    /// # Errors
    /// It is no object, or what `field` says.
    #[inline]
    pub fn object(&mut self, mut field: impl FnMut(&mut Self, &str) -> Result<()>) -> Result<bool> {
        self.members(|r, key, escaped| {
            if escaped {
                let key = r.decode(key)?;
                field(r, &key).map_err(|e| e.below(&key))
            } else {
                field(r, key).map_err(|e| e.below(key))
            }
        })
    }

    /// Reads an object whose values are texts, in order, where `null` is the empty text; `None` for `null`.
    ///
    /// # Errors
    /// It is no object, or a value is no text.
    pub fn texts(&mut self) -> Result<Option<TextMap<'a>>> {
        let mut texts = Vec::with_capacity(8);
        let there = self.members(|r, key, escaped| {
            let key = if escaped { r.decode(key)?.into() } else { Cow::Borrowed(key) };
            let value = r.string().map_err(|e| e.below(&key))?;
            r.keep(&mut texts, (key, value.unwrap_or_default()))
        })?;
        Ok(there.then_some(texts))
    }

    #[inline]
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a str, bool) -> Result<()>) -> Result<bool> {
        if !self.take(b'{') {
            return if self.null()? { Ok(false) } else { Err(self.fault("not an object")) };
        }
        if self.take(b'}') {
            return Ok(true);
        }
        loop {
            self.peek();
            let key = self.span()?;
            let escaped = self.escaped;
            self.expect(b':')?;
            member(self, key, escaped)?;
            if self.take(b'}') {
                return Ok(true);
            }
            self.expect(b',')?;
        }
    }

    /// Reads an array, calling `item` before each item with its index; `item` reads or skips it. `false` for `null`.
    ///
    /// # Errors
    /// It is no array, or what `item` says.
    #[inline]
    pub fn array(&mut self, mut item: impl FnMut(&mut Self, usize) -> Result<()>) -> Result<bool> {
        if !self.take(b'[') {
            return if self.null()? { Ok(false) } else { Err(self.fault("not an array")) };
        }
        if self.take(b']') {
            return Ok(true);
        }
        for index in 0.. {
            item(self, index).map_err(|e| e.below(&format!("[{index}]")))?;
            if self.take(b']') {
                break;
            }
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// Reads a string; `None` for `null`.
    ///
    /// # Errors
    /// It is no string.
    #[inline]
    pub fn string(&mut self) -> Result<Option<Cow<'a, str>>> {
        if self.peek() == Some(b'"') {
            let text = self.span()?;
            return Ok(Some(if self.escaped { self.decode(text)?.into() } else { Cow::Borrowed(text) }));
        }
        if self.null()? { Ok(None) } else { Err(self.fault("not a string")) }
    }

    /// Reads a boolean; `false` for `null`.
    ///
    /// # Errors
    /// It is no boolean.
    pub fn boolean(&mut self) -> Result<bool> {
        let word = match self.peek() {
            Some(b't') => "true",
            Some(b'f') => "false",
            Some(b'n') => "null",
            _ => return Err(self.fault("not a boolean")),
        };
        self.literal(word)?;
        Ok(word == "true")
    }

    /// Reads a whole number; `None` for `null`.
    ///
    /// # Errors
    /// It is no whole number of 64 bits.
    pub fn integer(&mut self) -> Result<Option<i64>> {
        if self.null()? {
            return Ok(None);
        }
        let raw = self.raw()?;
        raw.parse().map(Some).map_err(|_| self.fault("not a whole number"))
    }

    /// Whether a number comes next.
    pub fn number_is_next(&mut self) -> bool {
        matches!(self.peek(), Some(b'-' | b'0'..=b'9'))
    }

    /// Whether an object comes next.
    pub fn object_is_next(&mut self) -> bool {
        self.peek() == Some(b'{')
    }

    /// Reads a value by `read`, and gives its text too.
    ///
    /// # Errors
    /// What `read` says.
    pub fn with_text<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, &'a str)> {
        self.peek();
        let start = self.at;
        let value = read(self)?;
        Ok((value, &self.text[start..self.at]))
    }

    /// Skips a value and gives its text.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn raw(&mut self) -> Result<&'a str> {
        self.with_text(Self::skip).map(|((), text)| text)
    }

    /// Skips a value of any depth.
    ///
    /// # Errors
    /// It is no JSON.
    #[inline]
    pub fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(),
            _ => self.skip_scalar(),
        }
    }

    /// Skips an object or an array by its brackets and strings. What stands between them is not looked at, but for
    /// bytes that no JSON has there: nobody reads it, and it goes back to nobody.
    fn skip_nested(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let mut open = Nesting::default();
        loop {
            let Some(byte) = bytes.get(self.at) else { return Err(self.fault("the JSON ends too soon")) };
            match byte {
                b'"' => {
                    self.pass_string()?;
                    continue;
                }
                b'{' | b'[' => open.push(*byte == b'{'),
                b'}' | b']' => {
                    if open.top() != Some(*byte == b'}') {
                        return Err(self.fault("a bracket that nothing opened"));
                    }
                    open.pop();
                    if open.top().is_none() {
                        self.at += 1;
                        return Ok(());
                    }
                }
                b',' | b':' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E' | b' ' | b'\n' | b'\t' | b'\r' => {}
                _ => return Err(self.fault("not a JSON value")),
            }
            self.at += 1;
        }
    }

    #[inline]
    fn skip_scalar(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'"') => self.pass_string().map(|_| ()),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.fault("not a JSON value")),
            None => Err(self.fault("the JSON ends too soon")),
        }
    }

    #[inline]
    fn null(&mut self) -> Result<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.literal("null").map(|()| true)
    }

    #[cold]
    fn decode(&self, text: &str) -> Result<String> {
        unescape(text).ok_or_else(|| self.fault("a string with half a surrogate pair"))
    }

    /// Passes over a string, and gives its text as it is written; `escaped` tells whether that has escapes.
    #[inline(always)]
    fn span(&mut self) -> Result<&'a str> {
        let start = self.at + 1;
        let end = self.pass_string()?;
        Ok(&self.text[start..end])
    }

    /// Passes over a string; where its text ends.
    #[inline(always)]
    fn pass_string(&mut self) -> Result<usize> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return Err(self.fault("not a string"));
        }
        let end = next_special(bytes, self.at + 1);
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            self.escaped = false;
            return Ok(end);
        }
        self.pass_escaped(end)
    }

    /// Goes on with a string where it is not simply over.
    #[inline(never)]
    fn pass_escaped(&mut self, mut at: usize) -> Result<usize> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    at += escape_length(&bytes[at..]).ok_or_else(|| self.fault("a string with an unknown escape"))?;
                }
                Some(_) => return Err(self.fault("a string with a control character")),
                None => return Err(self.fault("the JSON ends too soon")),
            }
            at = next_special(bytes, at);
        }
        self.at = at + 1;
        self.escaped = true;
        Ok(at)
    }

    fn number(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            let start = at;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            (at > start).then_some(at)
        };
        let mut at = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        let whole = if bytes.get(at) == Some(&b'0') { Some(at + 1) } else { digits(at) };
        at = whole.ok_or_else(|| self.fault("not a number"))?;
        if bytes.get(at) == Some(&b'.') {
            at = digits(at + 1).ok_or_else(|| self.fault("not a number"))?;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            at = digits(at + 1 + sign).ok_or_else(|| self.fault("not a number"))?;
        }
        self.at = at;
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<()> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault("not a JSON value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes over white space; the byte that comes next.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at) {
            // API servers write none.
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.peek_behind_space(),
        }
    }

    fn peek_behind_space(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    #[inline(always)]
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    #[inline(always)]
    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) { Ok(()) } else { Err(self.missing(byte)) }
    }

    #[cold]
    fn missing(&mut self, byte: u8) -> JsonError {
        let what: Cow<'static, str> = if self.peek().is_none() {
            "the JSON ends too soon".into()
        } else {
            format!("not JSON: `{}` expected", char::from(byte)).into()
        };
        JsonError::new(what).at(self.at)
    }

    #[cold]
    fn fault(&self, what: &'static str) -> JsonError {
        JsonError::new(what).at(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skips(text: &str) -> std::result::Result<(), String> {
        let mut reader = Reader::of(text);
        reader.skip().and_then(|()| reader.end()).map_err(|e| e.to_string())
    }

    #[test]
    fn json_is_skipped_and_what_is_cut_or_mixed_up_is_refused_as_serde_json_does() {
        for text in [
            "{}",
            "[]",
            "null",
            "true",
            "-0.5e+10",
            r#""""#,
            r#" [ 1 , { "a" : [ ] } ] "#,
            r#"{"a":{"b":[1,2,{}]},"c":"\u00e9\n"}"#,
            r#"["12345678\""]"#,
            "\"\u{7f}é🦀\"",
            "",
            "{",
            "[[[[",
            r#"{"a":"#,
            r#"""#,
            r#"{"a":1]"#,
            "[}",
            "1 2",
            "{} {}",
            "01",
            "-",
            "1.",
            "1e",
            "+1",
            ".5",
            "nul",
            "tru",
            r#""\x""#,
            r#"["\u12"]"#,
            "[\"a\nb\"]",
            "\u{feff}{}",
            "[é]",
            "[NaN]",
        ] {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            assert_eq!(skips(text).is_ok(), theirs, "{text:?}: {:?}", skips(text));
        }
    }

    #[test]
    fn between_brackets_and_strings_of_a_skipped_part_nobody_looks() {
        for odd in ["[1,]", r#"{"a"}"#, "{a:1}", "[1 2]", "[nul]"] {
            assert!(skips(odd).is_ok(), "{odd}");
        }
    }

    #[test]
    fn nesting_of_millions_is_skipped_without_recursion() {
        let deep = "[".repeat(3_000_000) + &"]".repeat(3_000_000);
        assert_eq!(skips(&deep), Ok(()));
        let mixed = "[{\"a\":".repeat(1000) + "1" + &"}]".repeat(1000);
        assert_eq!(skips(&mixed), Ok(()));
        assert!(skips(&mixed.replace("}]", "]}")).is_err());
    }

    #[test]
    fn a_string_is_what_serde_json_reads_and_writes() {
        for text in [
            "",
            "plain",
            "with \"quotes\" and \\ and / and \u{8}\u{c}\n\r\t\u{1}\u{1f}",
            "é🦀 beyond eight bytes",
            "\u{2028}",
        ] {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(Reader::of(&json).string().unwrap().unwrap(), text);
            let mut out = Vec::new();
            write_string(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            assert_eq!(escaped_length(text) + 2, out.len());
        }
        assert_eq!(Reader::of("\"\\ud83e\\udd80\\/\"").string().unwrap().unwrap(), "🦀/");
        for lone in ["\"\\ud83e\"", "\"\\udd80\"", "\"\\ud83ex\"", "\"\\ud83e\\u0041\""] {
            assert!(Reader::of(lone).string().is_err(), "{lone}");
            assert!(Reader::of(lone).skip().is_ok(), "{lone} is skipped unread");
        }
    }

    #[test]
    fn a_fault_says_where() {
        let mut reader = Reader::of("{\"spec\":{\"containers\":[{},{\"name\":5}]}}");
        let fault = reader
            .object(|r, _| {
                r.object(|r, _| r.array(|r, _| r.object(|r, _| r.string().map(|_| ())).map(|_| ())).map(|_| ()))
                    .map(|_| ())
            })
            .unwrap_err();
        assert_eq!(fault.to_string(), "not a string in spec.containers[1].name, at byte 34");
    }
}
