//! What JSON is written to: text, a length that is only counted, and the inside of a string of other JSON.

use std::fmt;

use super::string::{escape, escaped_length, is_plain};

/// What JSON is written to.
pub trait Sink {
    /// Appends JSON as it is.
    fn text(&mut self, json: &str);

    /// Appends JSON without quotes and backslashes, such as the name of a field or a bracket.
    #[inline]
    fn plain(&mut self, json: &str) {
        debug_assert!(is_plain(json), "{json} needs escapes");
        self.text(json);
    }

    /// Appends the quote before or after a JSON string.
    #[inline]
    fn quote(&mut self) {
        self.text("\"");
    }

    /// Appends a JSON string, quotes included.
    #[inline]
    fn string(&mut self, text: &str) {
        self.quote();
        self.escaped(text);
        self.quote();
    }

    /// Appends the inside of a JSON string.
    #[inline]
    fn escaped(&mut self, text: &str) {
        escape(text, |part| self.text(part));
    }

    /// Appends a number. Through `fmt` it would cost five times as much.
    #[inline]
    fn number(&mut self, number: usize) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = number;
        while at > 0 {
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.plain(std::str::from_utf8(&digits[at..]).unwrap_or_default());
    }

    /// Appends any other value that displays as JSON.
    fn display(&mut self, value: impl fmt::Display)
    where
        Self: Sized,
    {
        // The sink itself never fails.
        let _ = fmt::write(&mut Displayed(self), format_args!("{value}"));
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn text(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

impl Sink for String {
    #[inline]
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Counts the bytes that would be written, and needs no memory for them.
#[derive(Debug, Default)]
pub struct Length(pub usize);

impl Sink for Length {
    fn text(&mut self, text: &str) {
        self.0 += text.len();
    }

    fn escaped(&mut self, text: &str) {
        self.0 += escaped_length(text);
    }
}

/// A sink for JSON that becomes the inside of a JSON string of another sink.
#[derive(Debug)]
pub struct Nested<'s, S>(pub &'s mut S);

impl<S: Sink> Sink for Nested<'_, S> {
    #[inline]
    fn text(&mut self, json: &str) {
        self.0.escaped(json);
    }

    #[inline]
    fn plain(&mut self, json: &str) {
        self.0.plain(json);
    }

    #[inline]
    fn quote(&mut self) {
        self.0.text(r#"\""#);
    }

    #[inline]
    fn escaped(&mut self, text: &str) {
        if is_plain(text) {
            return self.0.text(text);
        }
        escape(text, |part| self.0.escaped(part));
    }
}

/// Passes what is formatted to a sink.
struct Displayed<'s, S>(&'s mut S);

impl<S: Sink> fmt::Write for Displayed<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.text(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_rust_formats_them() {
        for number in [0, 7, 10, 99, 100, 8080, 65_535, usize::MAX - 1, usize::MAX] {
            let mut text = String::new();
            text.number(number);
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn nested_json_is_the_inside_of_a_string_that_holds_it() {
        for name in ["", "plain", "quo\"te", "back\\slash", "\u{1}line\n", "\u{e9}\u{1f980}", "\\\""] {
            let mut inner = String::new();
            inner.string(name);
            inner.text(r#",{"raw":"\\\"","n":7}"#);
            let mut outer = String::from("\"");
            let mut nested = Nested(&mut outer);
            nested.string(name);
            nested.plain(",");
            nested.text(r#"{"raw":"\\\"","n":"#);
            nested.number(7);
            nested.display("}");
            outer.push('"');
            assert_eq!(serde_json::from_str::<String>(&outer).unwrap(), inner);
        }
    }
}
