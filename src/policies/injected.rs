//! The versions of required companions that are injected, with what else counts as them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::versions::Version;
use crate::api;
use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;

/// Made once for each combination of versions, so that nothing changes where nothing changed.
#[derive(Debug, Default)]
pub(super) struct Injected {
    made: BTreeMap<Box<str>, Made>,
}

#[derive(Debug)]
struct Made {
    /// The content hashes: that of the version, then those of the others.
    of: Vec<Box<str>>,
    companion: Arc<Companion>,
}

impl Injected {
    /// A version as it is injected while `others` are accepted, too.
    pub(super) fn version(&mut self, version: &Version, others: &[Version]) -> Arc<Companion> {
        let mut all: Vec<&Version> = vec![version];
        for other in others {
            if !all.iter().any(|v| v.hash() == other.hash()) {
                all.push(other);
            }
        }
        let of: Vec<Box<str>> = all.iter().map(|v| v.hash().into()).collect();
        let name = &version.companion.name;
        if let Some(made) = self.made.get(name).filter(|made| made.of == of) {
            return Arc::clone(&made.companion);
        }
        let mut companion = match api::check_companion(&version.object).listed {
            Some(CatalogEntry::Valid(companion)) => companion,
            _ => Arc::clone(&version.companion),
        };
        if let Some(companion) = Arc::get_mut(&mut companion) {
            companion.also_accepted = all[1..].iter().map(|v| v.companion.identities_alone()).collect();
        }
        self.made.insert(name.clone(), Made { of, companion: Arc::clone(&companion) });
        companion
    }

    /// It is injected no more.
    pub(super) fn forget(&mut self, name: &str) {
        self.made.remove(name);
    }
}
