//! What companions take together. It is kept up to date with each change, so that no change requires a visit of all of them.

use std::collections::HashMap;

use super::key::CompanionKey;
use super::limits::{MemoryLimits, Weight};

/// What some companions take together.
#[derive(Debug)]
pub struct Usage {
    limits: MemoryLimits,
    /// Bytes.
    total: usize,
    /// Bytes by namespace.
    of_namespaces: HashMap<Box<str>, usize>,
    /// The number of namespaces that take more than their limit.
    exceeding_namespaces: usize,
    /// The number of companions that were reduced because they exceed the limits.
    reduced: usize,
    /// Whether the limits were applied since the last change.
    checked: bool,
}

impl Usage {
    /// Of no companions.
    #[must_use]
    pub fn new(limits: MemoryLimits) -> Self {
        Usage { limits, total: 0, of_namespaces: HashMap::new(), exceeding_namespaces: 0, reduced: 0, checked: false }
    }

    /// Counts a companion; `reduced` is whether it was reduced.
    pub fn add(&mut self, key: &CompanionKey, weight: &Weight, reduced: bool) {
        self.total += weight.bytes;
        self.reduced += usize::from(reduced);
        self.change_namespace(key, |bytes| *bytes += weight.bytes);
    }

    /// No longer counts a companion that was added with the same values.
    pub fn remove(&mut self, key: &CompanionKey, weight: &Weight, reduced: bool) {
        self.total -= weight.bytes;
        self.reduced -= usize::from(reduced);
        self.change_namespace(key, |bytes| *bytes -= weight.bytes);
    }

    /// Whether all companions of some usages together are within the limits, and none of them was reduced.
    #[must_use]
    pub fn fits(all: [&Usage; 2]) -> bool {
        let total: usize = all.iter().map(|usage| usage.total).sum();
        all.iter().all(|u| u.exceeding_namespaces == 0 && u.reduced == 0 && total <= u.limits.total)
    }

    /// Whether the limits were applied since the last change.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.checked
    }

    /// Records that the limits were applied, or that they have to be applied again.
    pub fn set_checked(&mut self, checked: bool) {
        self.checked = checked;
    }

    fn change_namespace(&mut self, key: &CompanionKey, change: impl FnOnce(&mut usize)) {
        self.checked = false;
        let Some(namespace) = &key.namespace else { return };
        let limit = self.limits.namespace;
        let bytes = self.of_namespaces.entry(namespace.clone()).or_default();
        self.exceeding_namespaces -= usize::from(*bytes > limit);
        change(bytes);
        self.exceeding_namespaces += usize::from(*bytes > limit);
        if *bytes == 0 {
            self.of_namespaces.remove(namespace);
        }
    }
}
