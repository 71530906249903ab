//! Invisible characters that change how the text around them is read.

/// Whether a character is a control character or a Unicode line separator: YAML 1.1 and JavaScript read U+2028 and U+2029 as
/// line breaks, and a value must be one line for every reader.
#[must_use]
pub fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character changes how a terminal shows the text around it.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    breaks_line(c) || is_bidirectional(c)
}

/// A text on one line: white space is a blank, and U+FFFD replaces characters that change how a terminal shows the text.
#[must_use]
pub fn one_line(text: &str) -> String {
    let replaced = |c: char| if is_deceptive(c) { '\u{fffd}' } else { c };
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { replaced(c) }).collect()
}

/// Whether a character changes the direction in which the text after it is displayed: marks, embeddings, overrides, isolates.
#[must_use]
pub fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
