//! Insertions and deletions at byte offsets of a text.

use super::lines;
use super::tree::Id;

/// Writes the changes of the node with this number.
pub(super) type Descend<'f> = dyn FnMut(Id, &mut Splices<'_>) -> Option<()> + 'f;

/// The changes of a text.
#[derive(Debug)]
pub(super) struct Splices<'t> {
    text: &'t str,
    newline: &'static str,
    all: Vec<Splice>,
}

#[derive(Debug)]
struct Splice {
    start: usize,
    end: usize,
    text: String,
}

impl<'t> Splices<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
        Splices { text, newline: if crlf { "\r\n" } else { "\n" }, all: Vec::new() }
    }

    /// Replaces the text between two offsets.
    pub(super) fn replace(&mut self, start: usize, end: usize, text: &str) {
        let text = if self.newline == "\n" { text.to_owned() } else { text.replace('\n', self.newline) };
        self.all.push(Splice { start, end, text });
    }

    pub(super) fn insert(&mut self, at: usize, text: &str) {
        self.replace(at, at, text);
    }

    /// Inserts whole lines after the line of an offset. If the last line of the text has no line end, that stays so.
    pub(super) fn insert_lines(&mut self, after: usize, lines: &str) {
        let at = lines::line_end(self.text, after);
        if self.text[..at].ends_with('\n') {
            self.insert(at, lines);
        } else {
            self.insert(at, &format!("\n{}", lines.strip_suffix('\n').unwrap_or(lines)));
        }
    }

    /// Removes whole lines: from the one of `start` to the one of `end`.
    pub(super) fn remove_lines(&mut self, start: usize, end: usize) {
        self.replace(lines::line_start(self.text, start), lines::line_end(self.text, end), "");
    }

    /// The text after all changes. Changes at one offset are applied in the order of their calls.
    pub(super) fn apply(mut self) -> String {
        self.all.sort_by_key(|splice| splice.start);
        self.join_removals();
        let mut out = String::with_capacity(self.text.len() + self.all.iter().map(|s| s.text.len()).sum::<usize>());
        let mut at = 0;
        for splice in &self.all {
            out.push_str(&self.text[at..splice.start.max(at)]);
            out.push_str(&splice.text);
            at = splice.end.max(at);
        }
        out.push_str(&self.text[at..]);
        out
    }

    /// Joins adjacent removals. If the last lines of a text without a final line end are removed, the line end before them is
    /// removed as well, so that the text ends as it did before they were added.
    fn join_removals(&mut self) {
        let mut joined: Vec<Splice> = Vec::with_capacity(self.all.len());
        for splice in self.all.drain(..) {
            match joined.last_mut() {
                Some(last) if last.text.is_empty() && splice.text.is_empty() && splice.start <= last.end => {
                    last.end = last.end.max(splice.end);
                }
                _ => joined.push(splice),
            }
        }
        if let Some(last) = joined.last_mut()
            && last.text.is_empty()
            && last.end == self.text.len()
            && !self.text.ends_with('\n')
        {
            let before = &self.text[..last.start];
            last.start = before.strip_suffix('\n').map_or(before, |b| b.strip_suffix('\r').unwrap_or(b)).len();
        }
        self.all = joined;
    }
}
