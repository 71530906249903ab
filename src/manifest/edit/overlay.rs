//! Applies a patch to the collections of a text: which entries are kept, added, removed and replaced.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::tree::{Id, Shape, Tree};
use crate::json::Token;

/// The changed collections of a tree. All other collections keep their entries.
#[derive(Debug)]
pub(super) struct Overlay<'t> {
    pub(super) tree: &'t Tree<'t>,
    old: &'t Value,
    changed: BTreeMap<Id, Vec<OverlayEntry>>,
}

/// An entry of a changed collection.
#[derive(Debug, Clone)]
pub(super) struct OverlayEntry {
    /// The key in a mapping. `None` for the merge key and in sequences.
    pub(super) key: Option<String>,
    pub(super) slot: Slot,
}

#[derive(Debug, Clone)]
pub(super) enum Slot {
    /// A value of the text. Changes inside of it are recorded for its own collection.
    Old(Id),
    /// A value that is written: a new entry if `instead_of` is `None`, else in place of that node.
    New { value: Value, instead_of: Option<Id> },
}

impl<'t> Overlay<'t> {
    pub(super) fn new(tree: &'t Tree<'t>, old: &'t Value) -> Self {
        Overlay { tree, old, changed: BTreeMap::new() }
    }

    /// The entries of a collection, if any of them changed.
    pub(super) fn entries(&self, id: Id) -> Option<&[OverlayEntry]> {
        self.changed.get(&id).map(Vec::as_slice)
    }

    /// The collections with changes.
    pub(super) fn changed(&self) -> impl Iterator<Item = Id> {
        self.changed.keys().copied()
    }

    /// Applies one operation of a patch. `None` if it does not fit the text.
    pub(super) fn apply(&mut self, operation: &Operation) -> Option<()> {
        let mut id = self.tree.root;
        let mut path = &*operation.path;
        while let [token, rest @ ..] = path {
            if !self.tree.node(id).is_collection() {
                return None;
            }
            if rest.is_empty() {
                return self.change(id, token, operation);
            }
            let at = match self.find(id, token) {
                Some(at) => at,
                None => self.write_merged(id, token)?,
            };
            match self.entry(id, at)?.slot {
                Slot::Old(child) if self.tree.node(child).is_collection() => (id, path) = (child, rest),
                Slot::Old(child) => {
                    let value = self.value_of(child)?.clone();
                    return self.change_within(id, at, Slot::New { value, instead_of: Some(child) }, rest, operation);
                }
                slot @ Slot::New { .. } => return self.change_within(id, at, slot, rest, operation),
            }
        }
        None
    }

    /// Changes the value of an entry that is written out.
    fn change_within(&mut self, id: Id, at: usize, slot: Slot, rest: &[String], operation: &Operation) -> Option<()> {
        let Slot::New { mut value, instead_of } = slot else { return None };
        let pointer = rest.iter().fold(String::new(), |pointer, name| format!("{pointer}/{}", Token(name)));
        let patch = match (&operation.value, operation.replaces) {
            (None, _) => json!([{"op": "remove", "path": pointer}]),
            (Some(new), true) => json!([{"op": "replace", "path": pointer, "value": new}]),
            (Some(new), false) => json!([{"op": "add", "path": pointer, "value": new}]),
        };
        let patch: json_patch::Patch = serde_json::from_value(patch).ok()?;
        json_patch::patch(&mut value, &patch).ok()?;
        self.entries_mut(id).get_mut(at)?.slot = Slot::New { value, instead_of };
        Some(())
    }

    /// Changes an entry of a collection itself.
    fn change(&mut self, id: Id, token: &str, operation: &Operation) -> Option<()> {
        let is_sequence = matches!(self.tree.node(id).shape, Shape::Sequence { .. });
        let found = self.find(id, token);
        let entries = self.entries_mut(id);
        match (&operation.value, found) {
            (None, at) => {
                entries.remove(at?);
            }
            (Some(value), _) if is_sequence && !operation.replaces => {
                let at = if token == "-" { entries.len() } else { token.parse().ok()? };
                if at > entries.len() {
                    return None;
                }
                entries
                    .insert(at, OverlayEntry { key: None, slot: Slot::New { value: value.clone(), instead_of: None } });
            }
            (Some(value), Some(at)) => {
                let instead_of = match entries[at].slot {
                    Slot::Old(id) => Some(id),
                    Slot::New { instead_of, .. } => instead_of,
                };
                entries[at].slot = Slot::New { value: value.clone(), instead_of };
            }
            (Some(value), None) if !is_sequence => {
                let slot = Slot::New { value: value.clone(), instead_of: None };
                entries.push(OverlayEntry { key: Some(token.to_owned()), slot });
            }
            _ => return None,
        }
        Some(())
    }

    /// Adds a member of a merge key as an entry of its own, so that it can be changed.
    fn write_merged(&mut self, id: Id, token: &str) -> Option<usize> {
        let pointer = format!("{}/{}", self.tree.pointer(id)?, Token(token));
        let value = self.old.pointer(&pointer)?.clone();
        let entries = self.entries_mut(id);
        entries.push(OverlayEntry { key: Some(token.to_owned()), slot: Slot::New { value, instead_of: None } });
        Some(entries.len() - 1)
    }

    /// Whether a node is still part of the text.
    pub(super) fn is_kept(&self, id: Id) -> bool {
        let mut id = id;
        while let Some((parent, _)) = self.tree.node(id).parent {
            let keeps =
                |entries: &Vec<OverlayEntry>| entries.iter().any(|e| matches!(e.slot, Slot::Old(old) if old == id));
            if !self.changed.get(&parent).is_none_or(keeps) {
                return false;
            }
            id = parent;
        }
        true
    }

    /// The value of a node before the patch.
    pub(super) fn value_of(&self, id: Id) -> Option<&'t Value> {
        self.old.pointer(&self.tree.pointer(id)?)
    }

    /// Drops the changes of a collection.
    pub(super) fn forget(&mut self, id: Id) {
        self.changed.remove(&id);
    }

    /// Writes a value in place of a node.
    pub(super) fn replace(&mut self, id: Id, value: Value) -> Option<()> {
        let (parent, _) = self.tree.node(id).parent?;
        let entries = self.entries_mut(parent);
        let entry = entries.iter_mut().find(|e| matches!(e.slot, Slot::Old(old) if old == id))?;
        entry.slot = Slot::New { value, instead_of: Some(id) };
        Some(())
    }

    /// The value of a node after the patch.
    pub(super) fn new_value(&self, id: Id) -> Option<Value> {
        let Some(entries) = self.entries(id) else {
            let shape = &self.tree.node(id).shape;
            let mut value = self.value_of(id)?.clone();
            for (place, child) in self.tree.node(id).children().enumerate() {
                match (shape, &mut value) {
                    (Shape::Mapping { members, .. }, Value::Object(object)) => {
                        object.insert(members[place].key.clone()?, self.new_value(child)?);
                    }
                    (_, Value::Array(items)) => *items.get_mut(place)? = self.new_value(child)?,
                    _ => {}
                }
            }
            return Some(value);
        };
        let value = |entry: &OverlayEntry| match &entry.slot {
            Slot::New { value, .. } => Some(value.clone()),
            Slot::Old(child) => self.new_value(*child),
        };
        if matches!(self.tree.node(id).shape, Shape::Sequence { .. }) {
            return entries.iter().map(value).collect::<Option<Vec<_>>>().map(Value::Array);
        }
        let members = entries.iter().map(|e| Some((e.key.clone()?, value(e)?)));
        members.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    /// One entry. The others are not copied: a list can have thousands, and every operation descends through it.
    fn entry(&self, id: Id, at: usize) -> Option<OverlayEntry> {
        if let Some(entries) = self.entries(id) {
            return entries.get(at).cloned();
        }
        match &self.tree.node(id).shape {
            Shape::Sequence { items, .. } => Some(OverlayEntry { key: None, slot: Slot::Old(*items.get(at)?) }),
            Shape::Mapping { members, .. } => {
                members.get(at).map(|member| OverlayEntry { key: member.key.clone(), slot: Slot::Old(member.value) })
            }
            _ => None,
        }
    }

    fn find(&self, id: Id, token: &str) -> Option<usize> {
        match &self.tree.node(id).shape {
            Shape::Sequence { items, .. } => {
                let count = self.entries(id).map_or(items.len(), <[OverlayEntry]>::len);
                token.parse().ok().filter(|at| *at < count)
            }
            Shape::Mapping { members, .. } => match self.entries(id) {
                Some(entries) => entries.iter().position(|e| e.key.as_deref() == Some(token)),
                None => members.iter().position(|m| m.key.as_deref() == Some(token)),
            },
            _ => None,
        }
    }

    fn entries_mut(&mut self, id: Id) -> &mut Vec<OverlayEntry> {
        let original = if self.changed.contains_key(&id) { Vec::new() } else { self.original(id) };
        self.changed.entry(id).or_insert(original)
    }

    fn original(&self, id: Id) -> Vec<OverlayEntry> {
        match &self.tree.node(id).shape {
            Shape::Sequence { items, .. } => {
                items.iter().map(|item| OverlayEntry { key: None, slot: Slot::Old(*item) }).collect()
            }
            Shape::Mapping { members, .. } => {
                members.iter().map(|m| OverlayEntry { key: m.key.clone(), slot: Slot::Old(m.value) }).collect()
            }
            _ => Vec::new(),
        }
    }
}
