//! Text within a bound. Names from outside can be as long as the request that contains them.

use std::borrow::Cow;
use std::fmt;

/// The text, or its first characters and an ellipsis: at most `longest` characters together, and at least the ellipsis.
#[must_use]
pub fn truncate<'t>(text: impl Into<Cow<'t, str>>, longest: usize) -> Cow<'t, str> {
    let text = text.into();
    // A character has at least one byte, so most texts need not be counted.
    if text.len() <= longest || text.char_indices().nth(longest).is_none() {
        return text;
    }
    let kept = text.char_indices().nth(longest.saturating_sub(1)).map_or(0, |(end, _)| end);
    match text {
        Cow::Borrowed(text) => format!("{}…", &text[..kept]).into(),
        Cow::Owned(mut text) => {
            text.truncate(kept);
            text.push('…');
            text.into()
        }
    }
}

/// Formats at most `longest` characters. What is longer is cut while it is formatted, so that it never takes more memory.
#[must_use]
pub fn format_truncated(longest: usize, arguments: fmt::Arguments<'_>) -> String {
    let mut text = Bounded { text: String::new(), left: longest + 1 };
    // An error means that the bound is reached.
    let _ = fmt::write(&mut text, arguments);
    truncate(text.text, longest).into_owned()
}

/// A text that takes a limited number of characters.
struct Bounded {
    text: String,
    left: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_with_an_ellipsis_within_the_bound() {
        for (longest, text, expected) in [
            (3, "abc", "abc"),
            (3, "abcd", "ab…"),
            (3, "äöü", "äöü"),
            (3, "äöüß", "äö…"),
            (5, "a, b, c", "a, b…"),
            (3, "", ""),
            (0, "", ""),
            (0, "a", "…"),
        ] {
            assert_eq!(truncate(text, longest), expected);
            assert_eq!(truncate(text.to_owned(), longest), expected);
            assert_eq!(format_truncated(longest, format_args!("{text}")), expected);
        }
    }

    #[test]
    fn formatting_takes_no_more_memory_than_the_bound() {
        let long = "x".repeat(1 << 20);
        assert!(format_truncated(256, format_args!("{long}{long}")).capacity() < 2048);
    }
}
