//! What the `.status` of a companion should be.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::{Value, json};

use super::message;
use super::object::WatchedCompanion;
use crate::api::v1alpha1::{LAST_GOOD, Status};

/// The condition that is written.
const READY: &str = "Ready";

/// Why a companion is ready, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadyReason {
    /// Its newest version is injected.
    Active,
    /// Its newest version breaks a rule.
    Invalid,
    /// It is beyond what is kept of its namespace, or of all companions.
    TooManyCompanions,
    /// It is required, and required companions are switched off.
    RequiredDisabled,
    /// A file of podgraft's declares it, too, and that one counts.
    OverriddenByFile,
    /// A required ClusterCompanion holds its name.
    ShadowedByRequired,
}

/// What else is known that decides about an object as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eligibility {
    /// Nothing stands in its way.
    Eligible,
    /// It is required, and required companions are switched off.
    RequiredDisabled,
    /// A file declares it, too.
    OverriddenByFile,
    /// A required ClusterCompanion holds its name.
    ShadowedByRequired,
}

/// What is to become of the remembered specification.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LastGood {
    /// The newest version is good, or the one in use is too long.
    Forget,
    /// This one is in use.
    Remember(Arc<str>),
    /// None is known here: what is remembered may be of use to another version of podgraft.
    Leave,
}

/// A status, but for the time of the last transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatusUpdate {
    pub(super) reason: ReadyReason,
    message: String,
    hash: Option<String>,
    last_good: LastGood,
    warnings: Vec<String>,
}

impl ReadyReason {
    /// All of them.
    pub const ALL: [ReadyReason; 6] = [
        ReadyReason::Active,
        ReadyReason::Invalid,
        ReadyReason::TooManyCompanions,
        ReadyReason::RequiredDisabled,
        ReadyReason::OverriddenByFile,
        ReadyReason::ShadowedByRequired,
    ];

    /// Its stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ReadyReason::Active => "Active",
            ReadyReason::Invalid => "Invalid",
            ReadyReason::TooManyCompanions => "TooManyCompanions",
            ReadyReason::RequiredDisabled => "RequiredDisabled",
            ReadyReason::OverriddenByFile => "OverriddenByFile",
            ReadyReason::ShadowedByRequired => "ShadowedByRequired",
        }
    }

    /// Why this object is ready, or is not.
    #[must_use]
    pub fn of(object: &WatchedCompanion, standing: Eligibility) -> Self {
        match standing {
            Eligibility::OverriddenByFile => ReadyReason::OverriddenByFile,
            Eligibility::ShadowedByRequired => ReadyReason::ShadowedByRequired,
            _ if object.is_beyond => ReadyReason::TooManyCompanions,
            _ if !object.problems.is_empty() => ReadyReason::Invalid,
            Eligibility::RequiredDisabled => ReadyReason::RequiredDisabled,
            Eligibility::Eligible => ReadyReason::Active,
        }
    }
}

impl StatusUpdate {
    pub(super) fn new(object: &WatchedCompanion, standing: Eligibility) -> Self {
        let reason = ReadyReason::of(object, standing);
        let hash = object.version.hash().filter(|_| standing == Eligibility::Eligible);
        let warnings = object.warnings.iter().map(ToString::to_string);
        let last_good = match &object.good {
            _ if object.is_beyond => LastGood::Leave,
            _ if object.problems.is_empty() => LastGood::Forget,
            Some(good) if good.len() > LAST_GOOD => LastGood::Forget,
            Some(good) => LastGood::Remember(Arc::clone(good)),
            None => LastGood::Leave,
        };
        StatusUpdate {
            reason,
            message: message::message(reason, hash.is_some(), &object.problems),
            hash: hash.map(str::to_owned),
            last_good,
            warnings: message::few(warnings),
        }
    }

    /// What is to be written over what stands in the object; `None` where that says the same.
    pub(super) fn patch(&self, object: &WatchedCompanion, now: impl FnOnce() -> Time) -> Option<Value> {
        let stands: Status = serde_json::from_value(object.status.clone()).unwrap_or_default();
        let ready = stands.conditions.iter().find(|condition| condition.type_ == READY);
        if ready.is_some_and(|ready| self.says(object, &stands, ready)) {
            return None;
        }
        let status = self.ready();
        let since = ready.filter(|ready| ready.status == status).map(|ready| ready.last_transition_time.clone());
        let condition = Condition {
            type_: READY.to_owned(),
            status: status.to_owned(),
            reason: self.reason.as_str().to_owned(),
            message: self.message.clone(),
            observed_generation: Some(object.generation),
            last_transition_time: since.unwrap_or_else(now),
        };
        let others = stands.conditions.iter().filter(|condition| condition.type_ != READY);
        let conditions: Vec<_> = others.chain([&condition]).collect();
        let mut status = json!({
            "observedGeneration": object.generation,
            "hash": self.hash,
            "warnings": self.warnings,
            "conditions": conditions,
        });
        match &self.last_good {
            LastGood::Forget => status["lastGood"] = Value::Null,
            LastGood::Remember(good) => status["lastGood"] = (**good).into(),
            LastGood::Leave => {}
        }
        // Somebody else may have been quicker: then this one is out of date, and comes to nothing.
        Some(json!({"metadata": {"resourceVersion": object.resource_version}, "status": status}))
    }

    fn ready(&self) -> &'static str {
        if self.reason == ReadyReason::Active { "True" } else { "False" }
    }

    /// Whether a status says the same, or what others know better.
    ///
    /// Replicas that know different last good versions, or none, must not write in turns for ever. Who can remember one
    /// for those that start anew is right, and of several the first; where none can, for it is too long, who knows none is.
    fn says(&self, object: &WatchedCompanion, stands: &Status, ready: &Condition) -> bool {
        let of_now = stands.observed_generation == Some(object.generation)
            && ready.observed_generation == Some(object.generation)
            && ready.reason == self.reason.as_str()
            && ready.status == self.ready()
            && stands.warnings == self.warnings;
        let message = |in_use| ready.message == message::message(self.reason, in_use, &object.problems);
        let same = stands.hash == self.hash && message(self.hash.is_some());
        let remembers = || stands.last_good.is_some() && stands.hash.is_some() && self.hash.is_some() && message(true);
        let nobody_can = || self.hash.is_some() && stands.hash.is_none() && message(false);
        of_now
            && match &self.last_good {
                LastGood::Remember(good) => remembers() || same && stands.last_good.as_deref() == Some(&**good),
                LastGood::Forget => stands.last_good.is_none() && (same || !object.problems.is_empty() && nobody_can()),
                LastGood::Leave => same,
            }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::*;
    use crate::source::cluster::testing::{object, raw, required, with_status};

    fn at(second: i64) -> Time {
        Time(Timestamp::from_second(second).unwrap())
    }

    fn patch(object: &WatchedCompanion, standing: Eligibility, second: i64) -> Option<Value> {
        StatusUpdate::new(object, standing).patch(object, || at(second))
    }

    /// What is written to an object without a status: reason, whether there is a hash, and how the message begins.
    fn check(object: &WatchedCompanion, standing: Eligibility, expected: (&str, bool, &str)) {
        let patch = patch(object, standing, 7).unwrap();
        let (ready, status) = (&patch["status"]["conditions"][0], &patch["status"]);
        let (reason, hash, message) = expected;
        assert_eq!((&ready["type"], &ready["reason"]), (&json!("Ready"), &json!(reason)));
        assert_eq!(ready["status"], if reason == "Active" { "True" } else { "False" });
        assert_eq!(status["hash"].is_string(), hash, "{status}");
        assert!(ready["message"].as_str().unwrap().starts_with(message), "{ready}");
        for generation in [&ready["observedGeneration"], &status["observedGeneration"]] {
            assert_eq!(generation, object.generation);
        }
        assert_eq!(patch["metadata"]["resourceVersion"], *object.resource_version);
    }

    #[test]
    fn says_what_became_of_a_companion() {
        let good = object(raw("a", 1, "i:1"), None);
        let bad = object(raw("a", 2, ""), None);
        let turned_bad = object(raw("a", 2, ""), Some(&good));
        let required = object(required(raw("a", 1, "i:1")), None);
        check(&good, Eligibility::Eligible, ("Active", true, "this version is in use"));
        let field = "spec.containers[0].image: required value";
        let none = format!("it is invalid, and no good version is in use; mend: {field}");
        check(&bad, Eligibility::Eligible, ("Invalid", false, &none));
        let last = format!("this version is invalid, and the last good one stays in use; mend: {field}");
        check(&turned_bad, Eligibility::Eligible, ("Invalid", true, &last));
        check(&turned_bad, Eligibility::RequiredDisabled, ("Invalid", false, &none));
        check(
            &required,
            Eligibility::RequiredDisabled,
            ("RequiredDisabled", false, "it is required, and not injected"),
        );
        check(&good, Eligibility::OverriddenByFile, ("OverriddenByFile", false, "not in use: podgraft reads"));
        check(
            &good,
            Eligibility::ShadowedByRequired,
            ("ShadowedByRequired", false, "not in use: a required ClusterCompanion"),
        );
        check(&bad, Eligibility::ShadowedByRequired, ("ShadowedByRequired", false, "not in use: a required"));
        let said = patch(&bad, Eligibility::ShadowedByRequired, 7).unwrap().to_string();
        assert!(said.contains(field), "{said}");
    }

    #[test]
    fn the_hash_of_an_invalid_one_is_that_of_the_version_in_use() {
        let good = object(raw("a", 1, "i:1"), None);
        let turned_bad = object(raw("a", 2, ""), Some(&good));
        let hash =
            |object: &Arc<WatchedCompanion>| patch(object, Eligibility::Eligible, 7).unwrap()["status"]["hash"].clone();
        assert_eq!(hash(&good), hash(&turned_bad));
    }

    /// The object as the API server has it after a patch.
    fn written(
        name: &str,
        generation: i64,
        image: &str,
        before: Option<&Arc<WatchedCompanion>>,
        patch: &Value,
    ) -> Arc<WatchedCompanion> {
        object(with_status(raw(name, generation, image), "99", patch["status"].clone()), before)
    }

    #[test]
    fn what_is_written_is_not_written_again() {
        let good = object(raw("a", 1, "i:1"), None);
        let patch = patch(&good, Eligibility::Eligible, 7).unwrap();
        let told = written("a", 1, "i:1", Some(&good), &patch);
        assert_eq!(super::tests::patch(&told, Eligibility::Eligible, 8), None);
        // Whoever else writes about it, and whatever is not podgraft's to say, stays.
        let mut status = patch["status"].clone();
        let theirs = json!({"type": "Scanned", "status": "True", "reason": "Clean", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        status["conditions"].as_array_mut().unwrap().insert(0, theirs.clone());
        let shared = object(with_status(raw("a", 1, "i:1"), "100", status), Some(&told));
        assert_eq!(super::tests::patch(&shared, Eligibility::Eligible, 8), None);
        let held = super::tests::patch(&shared, Eligibility::ShadowedByRequired, 8).unwrap();
        assert_eq!(held["status"]["conditions"][0], theirs);
        assert_eq!(held["status"]["conditions"][1]["reason"], "ShadowedByRequired");
    }

    #[test]
    fn what_anybody_else_wrote_is_put_right() {
        let good = object(raw("a", 1, "i:1"), None);
        let right = patch(&good, Eligibility::Eligible, 7).unwrap();
        for (pointer, wrong) in [
            ("/status/hash", json!("0123456789abcdef")),
            ("/status/hash", json!(null)),
            ("/status/warnings", json!(["something"])),
            ("/status/observedGeneration", json!(0)),
            ("/status/conditions/0/observedGeneration", json!(0)),
            ("/status/conditions/0/reason", json!("Invalid")),
            ("/status/conditions/0/status", json!("False")),
            ("/status/conditions/0/status", json!("Unknown")),
            ("/status/lastGood", json!("{}")),
            ("/status/conditions/0/message", json!("")),
            ("/status/conditions", json!([])),
            ("/status", json!(null)),
            ("/status", json!({"conditions": [7]})),
        ] {
            let mut patched = right.clone();
            *patched.pointer_mut(pointer).unwrap() = wrong.clone();
            let told = written("a", 1, "i:1", Some(&good), &patched);
            let again = patch(&told, Eligibility::Eligible, 7).unwrap_or_else(|| panic!("{pointer} {wrong} stays"));
            assert_eq!(again["status"], right["status"], "{pointer} {wrong}");
        }
    }

    #[test]
    fn the_time_of_the_last_transition_is_that_of_ready() {
        let bad = object(raw("a", 1, ""), None);
        let first = patch(&bad, Eligibility::Eligible, 7).unwrap();
        let told = written("a", 1, "", Some(&bad), &first);
        let since = |patch: &Value| patch["status"]["conditions"][0]["lastTransitionTime"].clone();
        let still = patch(&told, Eligibility::ShadowedByRequired, 8).unwrap();
        assert_eq!(since(&still), since(&first));
        let good = written("a", 2, "i:1", Some(&told), &first);
        assert_ne!(since(&patch(&good, Eligibility::Eligible, 8).unwrap()), since(&first));
    }

    #[test]
    fn replicas_that_know_different_last_good_versions_do_not_write_in_turns() {
        let turned_bad = |image: &str| object(raw("a", 2, ""), Some(&object(raw("a", 1, image), None)));
        let (one, other, none) = (turned_bad("i:1"), turned_bad("i:0"), object(raw("a", 2, ""), None));
        let long = |image: &str| {
            let mut long = turned_bad(image);
            Arc::get_mut(&mut long).unwrap().good = Some("x".repeat(LAST_GOOD + 1).into());
            long
        };
        let says = |object: &Arc<WatchedCompanion>| patch(object, Eligibility::Eligible, 7).unwrap();
        let over = |object: &Arc<WatchedCompanion>, patched: &Value| {
            let told = written("a", 2, "", Some(object), patched);
            patch(&told, Eligibility::Eligible, 7).is_some()
        };
        assert!(over(&one, &says(&none)), "one that knows a good version says so");
        assert!(!over(&none, &says(&one)), "and one that knew none takes it up");
        assert!(!over(&one, &says(&other)) && !over(&other, &says(&one)), "who came first stands");
        // What is too long to be remembered is lost to those that start anew.
        assert!(!over(&long("i:1"), &says(&none)), "that none is known stands");
        assert!(over(&none, &says(&long("i:1"))), "that none is known is said");
    }

    #[test]
    fn the_last_good_specification_is_remembered_while_the_newest_is_invalid() {
        let good = object(raw("a", 1, "i:1"), None);
        let remembered =
            |object: &WatchedCompanion, standing| patch(object, standing, 7).unwrap()["status"]["lastGood"].clone();
        let specification = json!(raw("a", 1, "i:1").object["spec"].to_string());
        let turned_bad = object(raw("a", 2, ""), Some(&good));
        assert_eq!(remembered(&turned_bad, Eligibility::Eligible), specification);
        for standing in [Eligibility::RequiredDisabled, Eligibility::ShadowedByRequired, Eligibility::OverriddenByFile]
        {
            assert_eq!(remembered(&turned_bad, standing), specification, "it may count again");
        }
        assert_eq!(remembered(&good, Eligibility::Eligible), json!(null));
        assert_eq!(remembered(&object(raw("a", 2, ""), None), Eligibility::Eligible), json!(null));
        // What was remembered is taken out when the newest version is good again.
        let told = written("a", 2, "", Some(&turned_bad), &patch(&turned_bad, Eligibility::Eligible, 7).unwrap());
        let mended = object(with_status(raw("a", 3, "i:3"), "40", told.status.clone()), Some(&told));
        assert_eq!(patch(&mended, Eligibility::Eligible, 8).unwrap()["status"]["lastGood"], json!(null));
        let anew = object(with_status(raw("a", 2, ""), "99", told.status.clone()), None);
        assert_eq!(patch(&anew, Eligibility::Eligible, 8), None, "who has just started agrees");
        // Another version of podgraft may admit what this one does not: that none is known is said, and it is left alone.
        let mut status = told.status.clone();
        status["lastGood"] = json!("{}");
        let stricter = object(with_status(raw("a", 2, ""), "99", status), None);
        let said = patch(&stricter, Eligibility::Eligible, 8).unwrap()["status"].take();
        assert_eq!((said.get("lastGood"), &said["hash"]), (None, &json!(null)));
    }

    #[test]
    fn a_patch_takes_away_what_is_no_longer_so() {
        let patch = patch(&object(raw("a", 1, "i:1"), None), Eligibility::ShadowedByRequired, 7).unwrap();
        assert_eq!((&patch["status"]["hash"], &patch["status"]["warnings"]), (&json!(null), &json!([])));
    }
}
