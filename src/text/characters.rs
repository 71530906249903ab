//! Invisible characters that change how the text around them is read.

/// Whether a character is a control character or a Unicode line separator: YAML 1.1 and JavaScript read U+2028 and U+2029 as
/// line breaks, and a value must be one line for every reader.
#[must_use]
pub fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character changes the direction in which the text after it is displayed: marks, embeddings, overrides, isolates.
#[must_use]
pub fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
