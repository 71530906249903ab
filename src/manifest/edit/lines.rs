//! Offsets in a text: lines, and the text between tokens.

/// The start of the line of an offset.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The end of the line of an offset, after its line end.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The column of an offset, counted from zero; a byte order mark has none.
pub(super) fn column(text: &str, at: usize) -> usize {
    text[line_start(text, at)..at].trim_start_matches('\u{feff}').chars().count()
}

/// The indentation of the line of an offset.
pub(super) fn indentation(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether only blanks are before an offset in its line.
pub(super) fn is_first(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].trim_start_matches('\u{feff}').bytes().all(|b| b == b' ' || b == b'\t')
}

/// Whether only blanks and a comment are after an offset in its line.
pub(super) fn is_last(text: &str, at: usize) -> bool {
    let rest = text[at..line_end(text, at)].trim_end_matches(['\n', '\r']);
    let content = rest.trim_start_matches([' ', '\t']);
    content.is_empty() || (content.starts_with('#') && (content.len() < rest.len() || is_first(text, at)))
}

/// The offset of the next token: blanks, line ends and comments are skipped.
pub(super) fn skip_trivia(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
            Some(b'#') if at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b'{') => {
                at = line_end(text, at);
            }
            _ => return at,
        }
    }
}

/// The offset after the anchor and the tag of a value.
pub(super) fn skip_properties(text: &str, from: usize) -> usize {
    let mut end = from;
    loop {
        let at = skip_trivia(text, end);
        if !text[at..].starts_with(['&', '!']) {
            return end;
        }
        let token = &text[at..];
        let length = token.find([' ', '\t', '\n', '\r', ',', '[', ']', '{', '}']).unwrap_or(token.len());
        end = at + length;
    }
}

/// The end of a block scalar: after the text of its last line, before the line end. `from` is the start of the value, and
/// `parent` is the column of its collection.
pub(super) fn block_scalar_end(text: &str, from: usize, parent: usize) -> Option<usize> {
    let header = skip_trivia(text, skip_properties(text, from));
    let marks = text[header..].strip_prefix(['|', '>'])?;
    let marks = &marks[..marks.find([' ', '\t', '\n', '\r']).unwrap_or(marks.len())];
    let keeps = marks.contains('+');
    let explicit = marks.chars().find_map(|c| c.to_digit(10)).and_then(|d| usize::try_from(d).ok());
    let mut indent = explicit.map(|digit| parent + digit);
    let first = line_end(text, header);
    let (mut end, mut at) = (text[..first].trim_end_matches(['\n', '\r']).len(), first);
    while at < text.len() {
        let next = line_end(text, at);
        let line = text[at..next].trim_end_matches(['\n', '\r']);
        let blanks = line.len() - line.trim_start_matches(' ').len();
        let empty = blanks == line.len();
        match indent {
            None if empty => {}
            None if blanks > parent => indent = Some(blanks),
            Some(indent) if !empty && blanks >= indent => {}
            Some(_) if empty => {}
            _ => break,
        }
        if !empty || keeps || indent.is_some_and(|indent| blanks > indent) {
            end = at + line.len();
        }
        at = next;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_scalar_ends_with_its_last_line() {
        let end = |text: &str| {
            let end = block_scalar_end(text, text.find(':').unwrap() + 1, 0).unwrap();
            text[..end].to_owned()
        };
        assert_eq!(end("a: |\n  x\n\n  y\n\nb: 1\n"), "a: |\n  x\n\n  y");
        assert_eq!(end("a: |+ # c\n  x\n\nb: 1\n"), "a: |+ # c\n  x\n");
        assert_eq!(end("a: !t &x >-\r\n  x\r\n # c\r\n"), "a: !t &x >-\r\n  x");
        assert_eq!(end("a: |2\n    x\n  y\n# c\n"), "a: |2\n    x\n  y");
        assert_eq!(end("a: |\n\n  x"), "a: |\n\n  x");
        assert_eq!(end("a: |\nb: 1\n"), "a: |");
    }

    #[test]
    fn comments_and_properties_are_skipped() {
        let text = "  # a: b\n  &x !!str # c\n  v";
        assert_eq!(&text[skip_properties(text, 0)..], " # c\n  v");
        assert_eq!(&text[skip_trivia(text, skip_properties(text, 0))..], "v");
        assert!(is_last("a: 1 # c\n", 4) && !is_last("a: 1# c\n", 4) && is_last("a: 1\r\n", 4));
    }
}
