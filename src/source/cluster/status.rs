//! What the `.status` of a companion should be, and the patch that makes it so.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::applies_to::applies_to;
use super::condition::{Eligibility, ReadyReason};
use super::message;
use super::object::WatchedCompanion;
use crate::api::v1alpha1::{LAST_VALID, Status};
use crate::shared_map::SharedMap;
use crate::source::key::CompanionKey;

/// The condition that is written.
const READY: &str = "Ready";
/// The least time between two values of `status.lastInjected`: a companion that is injected a thousand times a minute must
/// not be written a thousand times.
pub const LAST_INJECTED_INTERVAL: SignedDuration = SignedDuration::from_mins(5);

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
    /// The first part of the names of the installation's webhook configurations.
    pub installation: Arc<str>,
    /// When this replica injected it last, within [`LAST_INJECTED_INTERVAL`]; `None` where it has not.
    pub last_injected: Option<Timestamp>,
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
    /// The sentence about webhook configurations that do not exist.
    missing: String,
    hash: Option<String>,
    last_valid: LastValid,
    warnings: Vec<String>,
    applies_to: String,
    last_injected: Option<Timestamp>,
}

/// A patch of a status.
#[derive(Debug, PartialEq)]
pub(super) struct StatusPatch {
    /// The merge patch (RFC 7396).
    pub(super) patch: Value,
    /// Whether nothing changes but the time of the last injection.
    pub(super) only_time: bool,
}

impl DesiredStatus {
    /// The reason of the condition.
    #[must_use]
    pub fn reason(&self) -> ReadyReason {
        ReadyReason::of(&self.object, self.eligibility)
    }

    /// Whether another status is this one: computed from the same object, with the same result.
    pub(super) fn is_same_as(&self, other: &DesiredStatus) -> bool {
        Arc::ptr_eq(&self.object, &other.object)
            && (self.eligibility, self.last_injected) == (other.eligibility, other.last_injected)
    }

    /// The patch that makes the status of the object as it should be; `None` where it is.
    pub(super) fn patch(&self, now: impl FnOnce() -> Time) -> Option<StatusPatch> {
        StatusUpdate::new(self).patch(&self.object, now)
    }
}

impl StatusUpdate {
    fn new(desired: &DesiredStatus) -> Self {
        let DesiredStatus { object, eligibility, installation, last_injected, .. } = desired;
        let hash = object.version.hash().filter(|_| eligibility.is_injected());
        let warnings = object.warnings.iter().map(ToString::to_string);
        let last_valid = match &object.last_valid {
            _ if object.exceeds_limits => LastValid::Keep,
            _ if object.problems.is_empty() => LastValid::Remove,
            Some(spec) if spec.len() > LAST_VALID => LastValid::Remove,
            Some(spec) => LastValid::Set(Arc::clone(spec)),
            None => LastValid::Keep,
        };
        StatusUpdate {
            reason: desired.reason(),
            missing: eligibility.missing_webhooks().missing_message(installation, "this companion"),
            hash: hash.map(str::to_owned),
            last_valid,
            warnings: message::bounded(warnings),
            applies_to: applies_to(&object.version.listed),
            last_injected: *last_injected,
        }
    }

    fn message(&self, object: &WatchedCompanion, is_used: bool) -> String {
        message::message(self.reason, is_used, &object.problems, &self.missing)
    }

    /// A merge patch of the object's status; `None` where the status agrees already.
    fn patch(&self, object: &WatchedCompanion, now: impl FnOnce() -> Time) -> Option<StatusPatch> {
        let existing: Status = serde_json::from_value(object.status.clone()).unwrap_or_default();
        let ready = existing.conditions.iter().find(|condition| condition.type_ == READY);
        let agrees = ready.is_some_and(|ready| self.agrees_with(object, &existing, ready));
        let later = self.last_injected.filter(|last| is_later(*last, existing.last_injected.as_ref())).map(Time);
        let status = match (agrees, later) {
            (true, None) => return None,
            // What another replica knows better stays as it is.
            (true, Some(last)) => json!({"lastInjected": last}),
            (false, later) => self.status(object, &existing, later, now),
        };
        // The API server denies the patch with a conflict where the object has changed since: then it is out of date.
        let patch = json!({"metadata": {"resourceVersion": object.resource_version}, "status": status});
        Some(StatusPatch { patch, only_time: agrees })
    }

    /// The fields of the status that are written.
    fn status(
        &self,
        object: &WatchedCompanion,
        existing: &Status,
        last_injected: Option<Time>,
        now: impl FnOnce() -> Time,
    ) -> Value {
        let ready = existing.conditions.iter().find(|condition| condition.type_ == READY);
        let condition = self.condition(object, ready, now);
        let others = existing.conditions.iter().filter(|condition| condition.type_ != READY);
        let conditions: Vec<_> = others.chain([&condition]).collect();
        let mut status = json!({
            "observedGeneration": object.generation,
            "hash": self.hash,
            "warnings": self.warnings,
            "appliesTo": self.applies_to,
            "conditions": conditions,
        });
        if let Some(last) = last_injected {
            status["lastInjected"] = json!(last);
        }
        match &self.last_valid {
            LastValid::Remove => status["lastValid"] = Value::Null,
            LastValid::Set(spec) => status["lastValid"] = (**spec).into(),
            LastValid::Keep => {}
        }
        status
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
            message: self.message(object, self.hash.is_some()),
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
            && existing.warnings == self.warnings
            // Replicas that know different last valid versions describe different ones.
            && (!object.problems.is_empty() || existing.applies_to.as_deref() == Some(&*self.applies_to));
        let has_message = |is_used| ready.message == self.message(object, is_used);
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

/// Whether a time of the last injection is so much later than the existing one that it is written.
fn is_later(last: Timestamp, existing: Option<&Time>) -> bool {
    existing.is_none_or(|existing| last.duration_since(existing.0) >= LAST_INJECTED_INTERVAL)
}
