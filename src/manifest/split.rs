//! Cuts a stream of documents at its separators.

use super::position::Position;

/// The text of one document, with separators and comments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StreamPiece<'t> {
    pub(super) text: &'t str,
    /// The line of the file where it starts.
    pub(super) line: usize,
    /// Length in bytes of the part before the first line that a parser needs: byte order mark, comments, blank lines and `...`.
    pub(super) prelude: usize,
    /// Length in bytes of the part that is kept when the content is replaced: the prelude, directives, the separator, and
    /// comments after it.
    pub(super) head: usize,
}

/// Cuts a text at the lines that start or end a document. The pieces, joined, are the text.
///
/// A line that starts with `---`, followed by a blank or the line end, is a separator everywhere, even in a block scalar
/// (YAML 1.2, section 9.1.2).
pub(super) fn pieces(text: &str) -> Vec<StreamPiece<'_>> {
    let mut pieces = Vec::new();
    let mut open = Open::at(0, 1);
    let mark = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let mut offset = mark;
    (open.prelude, open.head) = (mark, mark);
    for (number, raw) in text[mark..].split_inclusive('\n').enumerate() {
        let kind = Line::of(raw.trim_end_matches(['\n', '\r']), open.stage);
        if open.ends_before(kind) {
            pieces.push(open.close(text, offset));
            open = Open::at(offset, number + 1);
        }
        offset += raw.len();
        open.take(kind, offset);
    }
    if open.start < text.len() || pieces.is_empty() {
        pieces.push(open.close(text, text.len()));
    }
    pieces
}

impl StreamPiece<'_> {
    /// The position in the file of the character at an offset.
    pub(super) fn position(&self, offset: usize) -> Position {
        end_of(&self.text[..offset]).after(Position { line: self.line, column: 1 })
    }
}

/// The position after a text.
pub(super) fn end_of(text: &str) -> Position {
    let last = text.rsplit('\n').next().unwrap_or_default();
    Position { line: text.matches('\n').count() + 1, column: last.trim_start_matches('\u{feff}').chars().count() + 1 }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// `---` alone, or with a comment.
    Marker,
    /// `---` with the start of the content.
    MarkerWithContent,
    /// `...`
    End,
    /// A directive such as `%YAML`.
    Directive,
    Blank,
    Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    /// Only blank lines, comments and `...` so far.
    Prelude,
    Directives,
    Marked,
    Content,
}

struct Open {
    start: usize,
    line: usize,
    stage: Stage,
    prelude: usize,
    head: usize,
}

impl Line {
    fn of(line: &str, stage: Stage) -> Line {
        let after =
            |marker| line.strip_prefix(marker).filter(|rest: &&str| rest.is_empty() || rest.starts_with([' ', '\t']));
        if let Some(rest) = after("---") {
            let rest = rest.trim_start();
            return if rest.is_empty() || rest.starts_with('#') { Line::Marker } else { Line::MarkerWithContent };
        }
        if after("...").is_some() {
            return Line::End;
        }
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') {
            Line::Blank
        } else if line.starts_with('%') && stage <= Stage::Directives {
            Line::Directive
        } else {
            Line::Content
        }
    }
}

impl Open {
    fn at(start: usize, line: usize) -> Self {
        Open { start, line, stage: Stage::Prelude, prelude: start, head: start }
    }

    fn ends_before(&self, line: Line) -> bool {
        match line {
            Line::Marker | Line::MarkerWithContent => self.stage >= Stage::Marked,
            Line::End => self.stage > Stage::Prelude,
            _ => false,
        }
    }

    fn take(&mut self, line: Line, end: usize) {
        match line {
            Line::Marker => self.stage = Stage::Marked,
            Line::MarkerWithContent | Line::Content => self.stage = Stage::Content,
            Line::Directive => self.stage = Stage::Directives,
            Line::Blank | Line::End => {}
        }
        if self.stage == Stage::Prelude {
            self.prelude = end;
        }
        if self.stage < Stage::Content {
            self.head = end;
        }
    }

    fn close<'t>(&self, text: &'t str, end: usize) -> StreamPiece<'t> {
        StreamPiece {
            text: &text[self.start..end],
            line: self.line,
            prelude: self.prelude - self.start,
            head: self.head - self.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    fn texts(text: &str) -> Vec<&str> {
        let pieces = pieces(text);
        assert_eq!(pieces.iter().map(|p| p.text).collect::<String>(), text);
        pieces.into_iter().map(|p| p.text).collect()
    }

    #[test]
    fn a_separator_belongs_to_the_document_after_it() {
        assert_eq!(texts("a: 1\n---\nb: 2\n"), ["a: 1\n", "---\nb: 2\n"]);
        assert_eq!(texts("# license\n---\na: 1\n"), ["# license\n---\na: 1\n"]);
        assert_eq!(texts("---\n---\na: 1"), ["---\n", "---\na: 1"]);
        assert_eq!(texts("a: 1\n...\n---\nb: 2\n...\n"), ["a: 1\n", "...\n---\nb: 2\n", "...\n"]);
        assert_eq!(texts("a: |\n  x\n--- # here\nb: 2\n"), ["a: |\n  x\n", "--- # here\nb: 2\n"]);
        assert_eq!(texts("a: 1\n--- {b: 2}\n---x: 1\n"), ["a: 1\n", "--- {b: 2}\n---x: 1\n"]);
        assert_eq!(texts("a: 1\r\n---\r\nb: 2\r\n"), ["a: 1\r\n", "---\r\nb: 2\r\n"]);
        assert_eq!(texts("%YAML 1.1\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n").len(), 2);
        assert_eq!(texts(""), [""]);
        assert_eq!(texts("\u{feff}---\na: 1\n"), ["\u{feff}---\na: 1\n"]);
    }

    #[test]
    fn the_head_is_kept_when_the_content_is_replaced() {
        let head = |text| {
            let piece = pieces(text).pop().unwrap();
            (&text[..piece.prelude], &text[piece.prelude..piece.head])
        };
        assert_eq!(head("\u{feff}# a\n\n---\n# b\nx: 1\n"), ("\u{feff}# a\n\n", "---\n# b\n"));
        assert_eq!(head("%YAML 1.1\n---\nx: 1\n"), ("", "%YAML 1.1\n---\n"));
        assert_eq!(head("--- {x: 1}\n"), ("", ""));
        assert_eq!(head("x: 1\n# c\n"), ("", ""));
        assert_eq!(head("\u{feff}x: 1\n"), ("\u{feff}", ""));
    }
}
