//! Parts that a status lists, and the items of the Pod's lists by name.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::work::step;

/// A part that the entry of a companion lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed<'s> {
    pub(super) companion: &'s str,
    /// The value of the field that identifies the part.
    pub(super) name: &'s str,
}

/// A list of the Pod, and the words around the name of an item in a remark.
#[derive(Debug)]
pub(super) struct List<'l> {
    /// `None` where the Pod does not have the container of the list.
    pub(super) pointer: Option<String>,
    /// The field that identifies an item.
    pub(super) field: &'static str,
    pub(super) kind: &'static str,
    pub(super) place: &'l str,
}

/// The listed items of a list by name, each to be taken once.
#[derive(Debug)]
pub(super) struct NamedItems<'v>(HashMap<&'v str, Vec<usize>>);

impl<'v> NamedItems<'v> {
    pub(super) fn new(items: &'v [Value], field: &str, listed: &[Listed<'_>]) -> Self {
        let names: HashSet<&str> = listed.iter().map(|part| part.name).collect();
        let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
        step(listed.len() + items.len());
        // In reverse, because items are taken from the end.
        for (at, item) in items.iter().enumerate().rev() {
            if let Some(name) = item[field].as_str().filter(|name| names.contains(name)) {
                named.entry(name).or_default().push(at);
            }
        }
        NamedItems(named)
    }

    /// The first item of a name that was not taken yet.
    pub(super) fn take(&mut self, name: &str) -> Option<usize> {
        step(1);
        self.0.get_mut(name)?.pop()
    }
}
