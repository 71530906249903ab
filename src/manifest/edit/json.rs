//! Builds the tree of a JSON text.

use super::tree::{Id, Member, Shape, Tree};

/// Builds the tree of a document that was parsed before. `None` if it is not JSON; the parser has reported the error then.
pub(super) fn tree(text: &str, from: usize) -> Option<Tree<'_>> {
    let mut reader = Reader { tree: Tree::new(text, true), at: from };
    reader.blanks();
    reader.tree.root = reader.value(None, reader.at)?;
    Some(reader.tree)
}

struct Reader<'t> {
    tree: Tree<'t>,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.tree.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn eat(&mut self, c: char) -> bool {
        self.blanks();
        let eaten = self.rest().starts_with(c);
        self.at += usize::from(eaten);
        eaten
    }

    fn value(&mut self, parent: Option<(Id, usize)>, from: usize) -> Option<Id> {
        let lead = if parent.is_some_and(|(of, _)| matches!(self.tree.node(of).shape, Shape::Mapping { .. })) {
            self.at
        } else {
            from
        };
        self.blanks();
        let start = self.at;
        let id = self.tree.reserve(parent, from, lead);
        match self.rest().as_bytes().first()? {
            b'{' => self.object(id, start)?,
            b'[' => self.array(id, start)?,
            b'"' => {
                self.string()?;
                self.tree.fill(id, Shape::Scalar, start, self.at);
            }
            _ => {
                let length = self.rest().find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(self.rest().len());
                self.at += length;
                self.tree.fill(id, Shape::Scalar, start, self.at);
            }
        }
        Some(id)
    }

    /// Skips a string, and returns its value.
    fn string(&mut self) -> Option<String> {
        let mut strings = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        let text = strings.next()?.ok()?;
        self.at += strings.byte_offset();
        Some(text)
    }

    fn array(&mut self, id: Id, start: usize) -> Option<()> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.eat(']') {
            if !items.is_empty() && !self.eat(',') {
                return None;
            }
            self.blanks();
            items.push(self.value(Some((id, items.len())), self.at)?);
        }
        self.tree.fill(id, Shape::Sequence { flow: true, items }, start, self.at);
        Some(())
    }

    fn object(&mut self, id: Id, start: usize) -> Option<()> {
        self.at += 1;
        // The values in it refer to their collection, so its shape is set first.
        self.tree.fill(id, Shape::Mapping { flow: true, members: Vec::new() }, start, start);
        let mut members = Vec::new();
        while !self.eat('}') {
            if !members.is_empty() && !self.eat(',') {
                return None;
            }
            self.blanks();
            let from = self.at;
            let key = Some(self.string()?);
            if !self.eat(':') {
                return None;
            }
            let value = self.value(Some((id, members.len())), from)?;
            members.push(Member { key, value });
        }
        self.tree.fill(id, Shape::Mapping { flow: true, members }, start, self.at);
        Some(())
    }
}
