//! A frame of lines around text, with sections and columns.

use std::fmt::Write as _;

use crate::text::truncate;

/// The longest cell, in characters: images with digests are longer than a terminal is wide.
const LONGEST_CELL: usize = 60;

/// Lines in a frame.
#[derive(Debug, Default)]
pub(super) struct Frame {
    sections: Vec<Section>,
}

#[derive(Debug, Default)]
struct Section {
    title: String,
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    /// Cells of columns, which have one width each in a section.
    Row { is_added: bool, cells: Vec<String> },
    /// Something about the row above.
    Detail { is_added: bool, text: String },
}

impl Frame {
    /// A frame whose first section has a title.
    pub(super) fn new(title: &str) -> Self {
        let mut frame = Frame::default();
        frame.section(title);
        frame
    }

    /// Begins a section.
    pub(super) fn section(&mut self, title: &str) {
        self.sections.push(Section { title: title.to_owned(), lines: Vec::new() });
    }

    /// Adds a row of cells to the section.
    pub(super) fn row(&mut self, is_added: bool, cells: &[&str]) {
        let cells = cells.iter().map(|cell| truncate(*cell, LONGEST_CELL).into_owned()).collect();
        self.push(Line::Row { is_added, cells });
    }

    /// Adds a line about the row above.
    pub(super) fn detail(&mut self, is_added: bool, text: &str) {
        self.push(Line::Detail { is_added, text: truncate(text, 2 * LONGEST_CELL).into_owned() });
    }

    fn push(&mut self, line: Line) {
        if let Some(section) = self.sections.last_mut() {
            section.lines.push(line);
        }
    }

    /// The whole text; each line ends with a line break.
    pub(super) fn text(&self) -> String {
        let sections: Vec<Vec<String>> = self.sections.iter().map(Section::lines).collect();
        let titles = self.sections.iter().map(|section| section.title.chars().count());
        let widths = sections.iter().flatten().map(|line| line.chars().count());
        let width = widths.chain(titles).max().unwrap_or_default();
        let mut out = String::new();
        for (index, (section, lines)) in self.sections.iter().zip(&sections).enumerate() {
            let (left, right) = if index == 0 { ('┌', '┐') } else { ('├', '┤') };
            let rule = "─".repeat(width - section.title.chars().count());
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{left} {} {rule}{right}", section.title);
            for line in lines {
                let _ = writeln!(out, "│ {line:width$} │");
            }
        }
        out + &format!("└{}┘\n", "─".repeat(width + 2))
    }
}

impl Section {
    /// The lines without the frame.
    fn lines(&self) -> Vec<String> {
        let mut widths = [0; 4];
        for line in &self.lines {
            let Line::Row { cells, .. } = line else { continue };
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mark = |is_added: bool| if is_added { "+ " } else { "  " };
        let lines = self.lines.iter().map(|line| match line {
            Line::Row { is_added, cells } => {
                let cells: Vec<String> =
                    cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
                format!("{}{}", mark(*is_added), cells.join("   ").trim_end())
            }
            Line::Detail { is_added, text } => format!("  {}{text}", mark(*is_added)),
        });
        lines.collect()
    }
}
