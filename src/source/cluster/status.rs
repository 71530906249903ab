//! What the `.status` of a companion should be, and the patch that makes it so.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use super::condition::{Eligibility, ReadyReason};
use super::message;
use super::object::WatchedCompanion;
use crate::api::v1alpha1::{LAST_VALID, Status};
use crate::shared_map::SharedMap;
use crate::source::key::CompanionKey;

/// The condition that is written.
const READY: &str = "Ready";

/// The desired statuses of companions.
pub type DesiredStatuses = SharedMap<CompanionKey, DesiredStatus>;

/// A companion, and what its status depends on besides itself.
#[derive(Debug, Clone)]
pub struct DesiredStatus {
    /// The companion's kind, namespace and name.
    pub key: CompanionKey,
    /// The companion as it was last seen.
    pub object: Arc<WatchedCompanion>,
    /// Whether it would be injected if it were valid.
    pub eligibility: Eligibility,
}

/// What happens to `status.lastValid`, the last valid specification.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LastValid {
    /// It is removed: the newest version is valid, or the one in use is too long for a status.
    Remove,
    /// It is set to the specification that is in use.
    Set(Arc<str>),
    /// It stays: no valid version is known here, but another version of podgraft may be able to use this one.
    Keep,
}

/// A status without the time of the last transition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StatusUpdate {
    reason: ReadyReason,
    message: String,
    hash: Option<String>,
    last_valid: LastValid,
    warnings: Vec<String>,
}

impl DesiredStatus {
    /// The reason of the condition.
    #[must_use]
    pub fn reason(&self) -> ReadyReason {
        ReadyReason::of(&self.object, self.eligibility)
    }

    /// Whether another status is this one: computed from the same object, with the same result.
    pub(super) fn is_same_as(&self, other: &DesiredStatus) -> bool {
        Arc::ptr_eq(&self.object, &other.object) && self.eligibility == other.eligibility
    }

    /// The patch that makes the status of the object as it should be; `None` where it is.
    pub(super) fn patch(&self, now: impl FnOnce() -> Time) -> Option<Value> {
        StatusUpdate::new(&self.object, self.eligibility).patch(&self.object, now)
    }
}

impl StatusUpdate {
    fn new(object: &WatchedCompanion, eligibility: Eligibility) -> Self {
        let reason = ReadyReason::of(object, eligibility);
        let hash = object.version.hash().filter(|_| eligibility == Eligibility::Eligible);
        let warnings = object.warnings.iter().map(ToString::to_string);
        let last_valid = match &object.last_valid {
            _ if object.exceeds_limits => LastValid::Keep,
            _ if object.problems.is_empty() => LastValid::Remove,
            Some(spec) if spec.len() > LAST_VALID => LastValid::Remove,
            Some(spec) => LastValid::Set(Arc::clone(spec)),
            None => LastValid::Keep,
        };
        StatusUpdate {
            reason,
            message: message::message(reason, hash.is_some(), &object.problems),
            hash: hash.map(str::to_owned),
            last_valid,
            warnings: message::bounded(warnings),
        }
    }

    /// A merge patch of the object's status; `None` where the status agrees already.
    fn patch(&self, object: &WatchedCompanion, now: impl FnOnce() -> Time) -> Option<Value> {
        let existing: Status = serde_json::from_value(object.status.clone()).unwrap_or_default();
        let ready = existing.conditions.iter().find(|condition| condition.type_ == READY);
        if ready.is_some_and(|ready| self.agrees_with(object, &existing, ready)) {
            return None;
        }
        let condition = self.condition(object, ready, now);
        let others = existing.conditions.iter().filter(|condition| condition.type_ != READY);
        let conditions: Vec<_> = others.chain([&condition]).collect();
        let mut status = json!({
            "observedGeneration": object.generation,
            "hash": self.hash,
            "warnings": self.warnings,
            "conditions": conditions,
        });
        match &self.last_valid {
            LastValid::Remove => status["lastValid"] = Value::Null,
            LastValid::Set(spec) => status["lastValid"] = (**spec).into(),
            LastValid::Keep => {}
        }
        // The API server denies the patch with a conflict where the object has changed since: then it is out of date.
        Some(json!({"metadata": {"resourceVersion": object.resource_version}, "status": status}))
    }

    fn condition(
        &self,
        object: &WatchedCompanion,
        before: Option<&Condition>,
        now: impl FnOnce() -> Time,
    ) -> Condition {
        let status = self.ready();
        let same = before.filter(|before| before.status == status);
        Condition {
            type_: READY.to_owned(),
            status: status.to_owned(),
            reason: self.reason.as_str().to_owned(),
            message: self.message.clone(),
            observed_generation: Some(object.generation),
            last_transition_time: same.map_or_else(now, |before| before.last_transition_time.clone()),
        }
    }

    fn ready(&self) -> &'static str {
        if self.reason == ReadyReason::Active { "True" } else { "False" }
    }

    /// Whether the existing status is the same as this one, or is better.
    ///
    /// Replicas can know different last valid versions, or none, and must not overwrite each other's statuses forever. A
    /// status that remembers a valid version in `lastValid` is better than one that does not, because a replica that starts
    /// later needs it; among those, the first one written stays. Where the version in use is too long for `lastValid`, no
    /// replica can remember it, and the status of a replica that knows no valid version stays: a replica that starts later
    /// will know none either.
    fn agrees_with(&self, object: &WatchedCompanion, existing: &Status, ready: &Condition) -> bool {
        let is_current = existing.observed_generation == Some(object.generation)
            && ready.observed_generation == Some(object.generation)
            && ready.reason == self.reason.as_str()
            && ready.status == self.ready()
            && existing.warnings == self.warnings;
        let has_message = |is_used| ready.message == message::message(self.reason, is_used, &object.problems);
        let is_same = existing.hash == self.hash && has_message(self.hash.is_some());
        let remembers_another =
            || existing.last_valid.is_some() && existing.hash.is_some() && self.hash.is_some() && has_message(true);
        let knows_none = || self.hash.is_some() && existing.hash.is_none() && has_message(false);
        is_current
            && match &self.last_valid {
                LastValid::Set(spec) => {
                    remembers_another() || is_same && existing.last_valid.as_deref() == Some(&**spec)
                }
                LastValid::Remove => {
                    existing.last_valid.is_none() && (is_same || !object.problems.is_empty() && knows_none())
                }
                LastValid::Keep => is_same,
            }
    }
}
