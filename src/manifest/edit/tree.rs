//! The nodes of a document and their offsets in its text.

use crate::json::Token;

/// The index of a node.
pub(super) type Id = usize;

/// The nodes of one document.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) text: &'t str,
    pub(super) json: bool,
    pub(super) root: Id,
    nodes: Vec<Node>,
}

/// A value in a text. Its anchor and tag are before `start`.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) shape: Shape,
    /// The start of the entry that contains the value: of its key or its dash.
    pub(super) from: usize,
    /// The offset after the indicator before the value: after the colon of its key, or after its dash.
    pub(super) lead: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The collection that contains it, and its index among the entries there.
    pub(super) parent: Option<(Id, usize)>,
    /// The number of its anchor; 0 if it has none.
    pub(super) anchor: usize,
}

#[derive(Debug)]
pub(super) enum Shape {
    Scalar,
    /// An alias of the node with this anchor.
    Alias(usize),
    Sequence {
        flow: bool,
        items: Vec<Id>,
    },
    Mapping {
        flow: bool,
        members: Vec<Member>,
    },
}

#[derive(Debug)]
pub(super) struct Member {
    /// `None` for the merge key.
    pub(super) key: Option<String>,
    pub(super) value: Id,
}

impl<'t> Tree<'t> {
    pub(super) fn new(text: &'t str, json: bool) -> Self {
        Tree { text, json, root: 0, nodes: Vec::new() }
    }

    /// Adds a node whose shape is not known yet.
    pub(super) fn reserve(&mut self, parent: Option<(Id, usize)>, from: usize, lead: usize) -> Id {
        let (start, end, anchor) = (lead, lead, 0);
        self.nodes.push(Node { shape: Shape::Scalar, from, lead, start, end, parent, anchor });
        self.nodes.len() - 1
    }

    pub(super) fn fill(&mut self, id: Id, shape: Shape, start: usize, end: usize) {
        let node = &mut self.nodes[id];
        (node.shape, node.start, node.end) = (shape, start, end);
    }

    pub(super) fn set_anchor(&mut self, id: Id, anchor: usize) {
        self.nodes[id].anchor = anchor;
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn ids(&self) -> std::ops::Range<Id> {
        0..self.nodes.len()
    }

    /// The JSON pointer of a node. `None` inside of a merge key.
    pub(super) fn pointer(&self, id: Id) -> Option<String> {
        let mut tokens = Vec::new();
        let mut node = self.node(id);
        while let Some((parent, place)) = node.parent {
            let token = match &self.node(parent).shape {
                Shape::Mapping { members, .. } => Token(members[place].key.as_ref()?).to_string(),
                _ => place.to_string(),
            };
            tokens.push(token);
            node = self.node(parent);
        }
        Some(tokens.iter().rev().fold(String::new(), |pointer, token| pointer + "/" + token))
    }
}

impl Node {
    pub(super) fn is_flow(&self) -> bool {
        matches!(self.shape, Shape::Sequence { flow: true, .. } | Shape::Mapping { flow: true, .. })
    }

    pub(super) fn is_collection(&self) -> bool {
        matches!(self.shape, Shape::Sequence { .. } | Shape::Mapping { .. })
    }

    /// The values of a collection, in order.
    pub(super) fn children(&self) -> impl DoubleEndedIterator<Item = Id> {
        let (items, members): (&[Id], &[Member]) = match &self.shape {
            Shape::Sequence { items, .. } => (items, &[]),
            Shape::Mapping { members, .. } => (&[], members),
            _ => (&[], &[]),
        };
        items.iter().copied().chain(members.iter().map(|member| member.value))
    }
}
