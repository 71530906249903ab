//! A companion of the cluster, and what is made of it.

use std::sync::Arc;

use serde_json::Value;

use super::raw::Raw;
use crate::api::gate::{self, Problem};
use crate::source::history::Version;
use crate::source::key::Key;

/// A companion as it stands in the cluster.
#[derive(Debug)]
pub struct Object {
    /// What is used of it: its newest version, or its last good one.
    pub version: Version,
    /// Everything that is wrong with its newest version.
    pub problems: Arc<[Problem]>,
    /// Everything that works, and should be looked at.
    pub warnings: Arc<[Problem]>,
    /// The generation of its newest version.
    pub generation: i64,
    pub(super) uid: Box<str>,
    pub(super) resource_version: Box<str>,
    /// What its `.status` says.
    pub(super) status: Value,
}

impl Object {
    /// The key of an object that the API server knows.
    pub(super) fn key(raw: &Raw) -> Key {
        let namespace = raw.meta.namespace.as_deref().filter(|n| !n.is_empty());
        Key { namespace: namespace.map(Box::from), name: raw.meta.name.as_deref().unwrap_or_default().into() }
    }

    /// Takes the newest version of an object, of which `before` may be an earlier one. `None` where it is no companion.
    ///
    /// An object of the same name that was made anew is another one: it inherits nothing.
    pub(super) fn new(raw: Raw, before: Option<&Arc<Object>>) -> Option<Arc<Object>> {
        let uid: Box<str> = raw.meta.uid.as_deref().unwrap_or_default().into();
        let resource_version: Box<str> = raw.meta.resource_version.as_deref().unwrap_or_default().into();
        let generation = raw.meta.generation.unwrap_or_default();
        let before = before.filter(|before| before.uid == uid);
        if let Some(before) = before.filter(|before| before.generation == generation) {
            if before.resource_version == resource_version {
                return Some(Arc::clone(before));
            }
            let Object { version, problems, warnings, .. } = &**before;
            let (version, problems, warnings) = (version.clone(), Arc::clone(problems), Arc::clone(warnings));
            let status = raw.status;
            return Some(Arc::new(Object { version, problems, warnings, generation, uid, resource_version, status }));
        }
        let gated = gate::admit(&raw.object);
        if !gated.problems.is_empty() {
            let companion = Object::key(&raw);
            tracing::warn!(%companion, problems = gated.problems.len(), "invalid; its status says what to mend");
        }
        let version = Version::new(gated.listed?, &raw.object);
        Some(Arc::new(Object {
            version: before.map_or_else(|| version.clone(), |before| version.clone().after(&before.version)),
            problems: gated.problems.into(),
            warnings: gated.warnings.into(),
            generation,
            uid,
            resource_version,
            status: raw.status,
        }))
    }
}
