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
    /// The messages of the injected version, which are not a part of its hash.
    messages: Vec<Option<Box<str>>>,
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
        let messages: Vec<_> = version.companion.parameters.iter().map(|p| p.message.clone()).collect();
        let name = &version.companion.name;
        let is_same = |compiled: &&CompiledVersions| compiled.hashes == hashes && compiled.messages == messages;
        if let Some(compiled) = self.compiled.get(name).filter(is_same) {
            return Arc::clone(&compiled.companion);
        }
        let mut companion = match api::check_companion(&version.object).listed {
            Some(CatalogEntry::Valid(companion)) => companion,
            _ => Arc::clone(&version.companion),
        };
        if let Some(companion) = Arc::get_mut(&mut companion) {
            companion.also_accepted = all[1..].iter().map(|v| v.companion.identities_alone()).collect();
        }
        self.compiled.insert(name.clone(), CompiledVersions { hashes, messages, companion: Arc::clone(&companion) });
        companion
    }

    /// Forgets a companion that is no longer injected.
    pub(super) fn forget(&mut self, name: &str) {
        self.compiled.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(message: &str) -> Version {
        let object = json!({
            "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": "audit"},
            "spec": {
                "pattern": "Sidecar", "activation": "ClusterWide", "required": true,
                "containers": [{"name": "audit", "image": "audit:1"}],
                "parameters": [
                    {"name": "level", "type": "String", "env": "LEVEL", "default": "low", "enum": ["low", "high"], "message": message},
                ],
            },
        });
        let Some(CatalogEntry::Valid(companion)) = api::check_companion(&object).listed else { unreachable!("valid") };
        Version { companion, object: Arc::new(object), generation: None }
    }

    #[test]
    fn a_message_that_changed_is_injected_although_the_hash_is_the_same() {
        let mut injected = InjectedCompanions::default();
        let first = injected.version(&version("ask"), &[]);
        assert!(Arc::ptr_eq(&first, &injected.version(&version("ask"), &[])), "it is compiled once");
        let second = injected.version(&version("low or high"), &[]);
        assert_eq!((&first.hash, second.parameters[0].message.as_deref()), (&second.hash, Some("low or high")));
    }
}
