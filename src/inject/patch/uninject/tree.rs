//! A Pod from which parts are removed, and the same removals as a JSON patch.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::json::Token;
use crate::work::step;

#[derive(Debug)]
pub(super) struct PodTree<'v> {
    pod: &'v mut Value,
    /// The removals so far, as operations of a JSON patch.
    pub(super) operations: Vec<Value>,
}

impl<'v> PodTree<'v> {
    pub(super) fn new(pod: &'v mut Value) -> Self {
        PodTree { pod, operations: Vec::new() }
    }

    pub(super) fn get(&self, pointer: &str) -> Option<&Value> {
        self.pod.pointer(pointer)
    }

    pub(super) fn has_member(&self, map: &str, key: &str) -> bool {
        step(1);
        self.get(map).is_some_and(|map| map.get(key).is_some())
    }

    /// Removes members of a map in one pass. If the map is empty then, it is removed as well, and so are its parents.
    pub(super) fn remove_members(&mut self, map: &str, is_removed: impl Fn(&str) -> bool) {
        let Some(members) = self.pod.pointer_mut(map).and_then(Value::as_object_mut) else { return };
        step(members.len());
        let before = self.operations.len();
        members.retain(|key, _| {
            let removed = is_removed(key);
            if removed {
                self.operations.push(removal(&format!("{map}/{}", Token(key))));
            }
            !removed
        });
        if members.is_empty() && self.operations.len() > before {
            self.remove_empty(map);
        }
    }

    /// Removes items of a list in one pass. If the list is empty then, it is removed as well, and so are its parents.
    pub(super) fn remove_items(&mut self, list: &str, removed: &BTreeSet<usize>) {
        let Some(items) = self.pod.pointer_mut(list).and_then(Value::as_array_mut).filter(|_| !removed.is_empty())
        else {
            return;
        };
        step(items.len());
        let mut at = 0..;
        items.retain(|_| at.next().is_none_or(|at| !removed.contains(&at)));
        let is_empty = items.is_empty();
        // The last one first: the pointers of the others do not change.
        self.operations.extend(removed.iter().rev().map(|at| removal(&format!("{list}/{at}"))));
        if is_empty {
            self.remove_empty(list);
        }
    }

    /// Removes an empty map or list; its key has no character to escape. A Pod keeps its spec.
    fn remove_empty(&mut self, pointer: &str) {
        if let Some((parent, last)) = pointer.rsplit_once('/').filter(|_| pointer != "/spec") {
            self.remove_members(parent, |key| key == last);
        }
    }
}

fn removal(pointer: &str) -> Value {
    json!({"op": "remove", "path": pointer})
}
