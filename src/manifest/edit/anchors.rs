//! Aliases that must keep their value although the node with their anchor changes.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::overlay::Overlay;
use super::tree::{Id, Shape};

/// The aliases whose anchor is on a node that changes or is removed, each with its old value.
pub(super) fn cut_off(overlay: &Overlay<'_>) -> Option<Vec<(Id, Value)>> {
    let tree = overlay.tree;
    let aliases: Vec<(Id, usize)> = tree
        .ids()
        .filter_map(|id| match tree.node(id).shape {
            Shape::Alias(anchor) => Some((id, anchor)),
            _ => None,
        })
        .collect();
    if aliases.is_empty() {
        return Some(Vec::new());
    }
    let anchored: HashMap<usize, Id> =
        tree.ids().map(|id| (tree.node(id).anchor, id)).filter(|(anchor, _)| *anchor != 0).collect();
    let touched = touched(overlay);
    let mut found = Vec::new();
    for (alias, anchor) in aliases {
        let Some(target) = anchored.get(&anchor).copied() else { continue };
        if overlay.is_kept(alias) && (touched.contains(&target) || !overlay.is_kept(target)) {
            found.push((alias, overlay.value_of(target)?.clone()));
        }
    }
    Some(found)
}

/// The nodes whose value changes.
fn touched(overlay: &Overlay<'_>) -> HashSet<Id> {
    let mut touched = HashSet::new();
    for id in overlay.changed() {
        let mut id = Some(id);
        while let Some(now) = id.filter(|id| touched.insert(*id)) {
            id = overlay.tree.node(now).parent.map(|(parent, _)| parent);
        }
    }
    touched
}
