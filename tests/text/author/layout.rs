//! How an author lays out collections: in blocks, in flows, with anchors, comments and blank lines.

use std::fmt::Write as _;

use serde_json::Value;

use super::Author;

impl Author<'_> {
    pub(super) fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Comments and blank lines between lines.
    pub(super) fn trivia(&mut self, indent: usize) {
        match self.one_of(12) {
            0 => self.out.push('\n'),
            1 => {
                self.pad(indent);
                self.out += "# why, and {what}: [this]\n";
            }
            2 => self.out += "# at the margin\n",
            _ => {}
        }
    }

    pub(super) fn end_of_line(&mut self) {
        let end = if self.one_of(9) == 0 { "  # here\n" } else { "\n" };
        self.put(end);
    }

    /// Members on lines of their own; the first one continues the line that is open.
    pub(super) fn mapping(&mut self, value: &Value, indent: usize) {
        for (index, (key, value)) in value.as_object().unwrap().iter().enumerate() {
            if index > 0 {
                self.trivia(indent);
                self.pad(indent);
            }
            match self.one_of(8) {
                0 => drop(write!(self.out, "\"{key}\":")),
                1 => drop(write!(self.out, "'{key}':")),
                _ => drop(write!(self.out, "{key}:")),
            }
            self.value(value, indent, Some(self.list));
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.trivia(indent);
                self.pad(indent);
            }
            self.out.push('-');
            self.value(item, indent, None);
        }
    }

    /// A value after a colon (`list` is how much deeper the dashes of a list are), or after a dash.
    fn value(&mut self, value: &Value, indent: usize, list: Option<usize>) {
        let is_filled =
            value.as_object().is_some_and(|m| !m.is_empty()) || value.as_array().is_some_and(|a| !a.is_empty());
        if is_filled && !self.plain {
            if let Some((name, _)) = self.anchors.iter().find(|(_, known)| known == value)
                && self.choices.next().is_some_and(|c| c.is_multiple_of(3))
            {
                let _ = write!(self.out, " *{name}");
                self.opened = true;
                return self.end_of_line();
            }
            if self.one_of(7) == 0 {
                let name = format!("a{}", self.anchors.len());
                let _ = write!(self.out, " &{name}");
                self.anchors.push((name, value.clone()));
                // The entries of an anchored list of one dash continue on the next line.
                if list.is_none() {
                    self.out.push('\n');
                    self.pad(indent + 2);
                    return self.filled(value, indent + 2, indent + 2);
                }
            } else if self.one_of(5) == 0 {
                self.out.push(' ');
                self.flow(value);
                self.opened = true;
                return self.end_of_line();
            }
        }
        if is_filled && let Some(list) = list {
            self.end_of_line();
            let deeper = if value.is_array() { indent + list } else { indent + self.step };
            self.trivia(deeper);
            self.pad(deeper);
            return self.filled(value, deeper, deeper);
        }
        if is_filled {
            let gap = if self.step == 4 && self.one_of(3) == 0 { 3 } else { 1 };
            self.pad(gap);
            return self.filled(value, indent + 1 + gap, indent + 1 + gap);
        }
        self.scalar(value, indent);
    }

    fn filled(&mut self, value: &Value, mapping: usize, sequence: usize) {
        match value {
            Value::Array(items) => self.sequence(items, sequence),
            _ => self.mapping(value, mapping),
        }
    }
}
