//! A companion of the cluster, and the version of it that is used.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use super::raw::Raw;
use crate::api;
use crate::api::Problem;
use crate::inject::companion::catalog::CatalogEntry;
use crate::source::key::CompanionKey;
use crate::source::limits::{Weight, cost};
use crate::source::revision::Revision;

/// A companion of the cluster.
#[derive(Debug)]
pub struct WatchedCompanion {
    /// The version that is used: the newest one, or the last valid one.
    pub version: Revision,
    /// All errors of its newest version.
    pub problems: Arc<[Problem]>,
    /// All warnings about its newest version.
    pub warnings: Arc<[Problem]>,
    /// `metadata.generation` of its newest version.
    pub generation: i64,
    /// What keeping it in memory costs, or would cost if it did not exceed the limits.
    pub weight: Weight,
    /// Whether it exceeds the limits, so that only its name, selectors and weight are kept.
    pub exceeds_limits: bool,
    /// The specification of the valid version that is used, as JSON.
    pub(super) last_valid: Option<Arc<str>>,
    pub(super) uid: Box<str>,
    pub(super) resource_version: Box<str>,
    /// Its `.status`.
    pub(super) status: Value,
}

impl WatchedCompanion {
    /// The key of an object.
    pub(super) fn key(raw: &Raw) -> CompanionKey {
        let namespace = raw.meta.namespace.as_deref().filter(|n| !n.is_empty());
        CompanionKey { namespace: namespace.map(Box::from), name: raw.meta.name.as_deref().unwrap_or_default().into() }
    }

    /// The companion after a change; `before` is what was known of an object with the same key. `None` where the object
    /// is no companion.
    ///
    /// An object that was deleted and created again has another uid, and inherits nothing.
    pub(super) fn new(raw: Raw, before: Option<&Arc<WatchedCompanion>>) -> Option<Arc<WatchedCompanion>> {
        let uid = raw.meta.uid.as_deref().unwrap_or_default();
        // Nothing was kept of a companion that exceeded the limits, so it is read again.
        let before = before.filter(|before| *before.uid == *uid && !before.exceeds_limits);
        let generation = raw.meta.generation.unwrap_or_default();
        let resource_version = raw.meta.resource_version.as_deref().unwrap_or_default();
        match before {
            Some(before) if before.generation == generation && *before.resource_version == *resource_version => {
                Some(Arc::clone(before))
            }
            Some(before) if before.generation == generation => Some(before.with_status(raw)),
            before => WatchedCompanion::compile(raw, before),
        }
    }

    /// The same generation with another status.
    fn with_status(&self, raw: Raw) -> Arc<WatchedCompanion> {
        let companion = WatchedCompanion {
            version: self.version.clone(),
            problems: Arc::clone(&self.problems),
            warnings: Arc::clone(&self.warnings),
            generation: self.generation,
            weight: self.weight.clone(),
            exceeds_limits: false,
            last_valid: self.last_valid.clone(),
            uid: self.uid.clone(),
            resource_version: raw.meta.resource_version.as_deref().unwrap_or_default().into(),
            status: raw.status,
        };
        Arc::new(companion.recall(raw.object).weighed())
    }

    /// A new generation.
    fn compile(mut raw: Raw, before: Option<&Arc<WatchedCompanion>>) -> Option<Arc<WatchedCompanion>> {
        let checked = match raw.read() {
            Ok(()) => api::check_companion(&raw.object),
            Err(problem) => api::invalid(&raw.object, problem),
        };
        let is_valid = checked.problems.is_empty();
        if !is_valid {
            let companion = WatchedCompanion::key(&raw);
            tracing::warn!(%companion, problems = checked.problems.len(), "companion is invalid; see its status");
        }
        let last_valid = match before {
            _ if is_valid => Some(raw.object["spec"].to_string().into()),
            before => before.and_then(|before| before.last_valid.clone()),
        };
        let version = Revision::new(checked.listed?, &raw.object);
        let created = raw.object["metadata"]["creationTimestamp"].as_str().unwrap_or_default().into();
        let companion = WatchedCompanion {
            version: match before {
                Some(before) => version.supersede(&before.version),
                None => version,
            },
            problems: checked.problems.into(),
            warnings: checked.warnings.into(),
            generation: raw.meta.generation.unwrap_or_default(),
            weight: Weight { bytes: 0, created },
            exceeds_limits: false,
            last_valid,
            uid: raw.meta.uid.as_deref().unwrap_or_default().into(),
            resource_version: raw.meta.resource_version.as_deref().unwrap_or_default().into(),
            status: raw.status,
        };
        Some(Arc::new(companion.recall(raw.object).weighed()))
    }

    /// What is kept of it where it exceeds the limits.
    pub(super) fn reduced(&self) -> Arc<WatchedCompanion> {
        let mut status = self.status.clone();
        if let Some(members) = status.as_object_mut() {
            members.shift_remove("lastValid");
        }
        Arc::new(WatchedCompanion {
            version: self.version.reduced(),
            problems: Arc::default(),
            warnings: Arc::default(),
            generation: self.generation,
            weight: self.weight.clone(),
            exceeds_limits: true,
            last_valid: None,
            uid: self.uid.clone(),
            resource_version: self.resource_version.clone(),
            status,
        })
    }

    /// Sets its weight, which is the same in all replicas that know the same versions.
    fn weighed(mut self) -> WatchedCompanion {
        let reports = self.problems.iter().chain(&*self.warnings);
        let reports: usize = reports.map(|problem| problem.pointer.len() + problem.message.len()).sum();
        let spec = self.last_valid.as_ref().map_or(0, |spec| spec.len());
        self.weight.bytes = cost(spec, self.version.object.is_some()) + reports;
        self
    }

    /// Where the newest version is invalid, uses the last valid one that `status.lastValid` remembers. A replica that has
    /// just started knows no other, and of replicas that know different ones all follow the one that wrote first.
    fn recall(mut self, mut object: Value) -> WatchedCompanion {
        let remembered = self.status["lastValid"].as_str().filter(|text| self.last_valid.as_deref() != Some(*text));
        let Some(text) = remembered.filter(|_| !self.problems.is_empty()) else { return self };
        if api::too_large(text.len()).or_else(|| api::too_dense(text)).is_some() {
            return self;
        }
        // A status of an earlier generation may remember a version that is older than the one that is known.
        if self.last_valid.is_some() && self.status["observedGeneration"] != self.generation {
            return self;
        }
        let (last_valid, Ok(spec)) = (Arc::from(text), serde_json::from_str(text)) else { return self };
        object["spec"] = spec;
        if let Some(listed @ CatalogEntry::Valid(_)) = api::check_companion(&object).listed {
            self.version = Revision::new(listed, &object).supersede(&self.version);
            self.last_valid = Some(last_valid);
        }
        self
    }
}
