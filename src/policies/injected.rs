//! The versions of required companions that are injected, with the other versions that are accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::versions::Version;
use crate::api;
use crate::inject::companion::Companion;
use crate::inject::companion::catalog::CatalogEntry;

/// Compiled companions by name. Each combination of versions is compiled once, so that a snapshot does not change where
/// the versions have not.
#[derive(Debug, Default)]
pub(super) struct InjectedCompanions {
    compiled: BTreeMap<Box<str>, CompiledVersions>,
}

#[derive(Debug)]
struct CompiledVersions {
    /// The content hashes of the injected version and of the others.
    hashes: Vec<Box<str>>,
    companion: Arc<Companion>,
}

impl InjectedCompanions {
    /// A version as it is injected while `others` are accepted as well.
    pub(super) fn version(&mut self, version: &Version, others: &[Version]) -> Arc<Companion> {
        let mut all: Vec<&Version> = vec![version];
        for other in others {
            if !all.iter().any(|v| v.hash() == other.hash()) {
                all.push(other);
            }
        }
        let hashes: Vec<Box<str>> = all.iter().map(|v| v.hash().into()).collect();
        let name = &version.companion.name;
        if let Some(compiled) = self.compiled.get(name).filter(|compiled| compiled.hashes == hashes) {
            return Arc::clone(&compiled.companion);
        }
        let mut companion = match api::check_companion(&version.object).listed {
            Some(CatalogEntry::Valid(companion)) => companion,
            _ => Arc::clone(&version.companion),
        };
        if let Some(companion) = Arc::get_mut(&mut companion) {
            companion.also_accepted = all[1..].iter().map(|v| v.companion.identities_alone()).collect();
        }
        self.compiled.insert(name.clone(), CompiledVersions { hashes, companion: Arc::clone(&companion) });
        companion
    }

    /// Forgets a companion that is no longer injected.
    pub(super) fn forget(&mut self, name: &str) {
        self.compiled.remove(name);
    }
}
