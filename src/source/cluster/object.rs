//! A companion of the cluster, and what is made of it.

use std::sync::Arc;

use serde_json::Value;

use super::raw::Raw;
use crate::api;
use crate::api::Problem;
use crate::inject::companion::catalog::CatalogEntry;
use crate::source::key::CompanionKey;
use crate::source::limits::{Weight, cost};
use crate::source::revision::Revision;

/// A companion as it stands in the cluster.
#[derive(Debug)]
pub struct WatchedCompanion {
    /// What is used of it: its newest version, or its last good one.
    pub version: Revision,
    /// Everything that is wrong with its newest version.
    pub problems: Arc<[Problem]>,
    /// Everything that works, and should be looked at.
    pub warnings: Arc<[Problem]>,
    /// The generation of its newest version.
    pub generation: i64,
    /// What keeping it costs. Where there are too many companions it is what keeping it would cost.
    pub weight: Weight,
    /// Whether nothing is kept of it but its key and its weight, for there are too many companions.
    pub is_beyond: bool,
    /// The specification of the good version that is used, as JSON.
    pub(super) good: Option<Arc<str>>,
    pub(super) uid: Box<str>,
    pub(super) resource_version: Box<str>,
    /// What its `.status` says.
    pub(super) status: Value,
}

impl WatchedCompanion {
    /// The key of an object that the API server knows.
    pub(super) fn key(raw: &Raw) -> CompanionKey {
        let namespace = raw.meta.namespace.as_deref().filter(|n| !n.is_empty());
        CompanionKey { namespace: namespace.map(Box::from), name: raw.meta.name.as_deref().unwrap_or_default().into() }
    }

    /// Takes the newest version of an object, of which `before` may be an earlier one. `None` where it is no companion.
    ///
    /// An object of the same name that was made anew is another one: it inherits nothing.
    pub(super) fn new(mut raw: Raw, before: Option<&Arc<WatchedCompanion>>) -> Option<Arc<WatchedCompanion>> {
        let uid: Box<str> = raw.meta.uid.as_deref().unwrap_or_default().into();
        let resource_version: Box<str> = raw.meta.resource_version.as_deref().unwrap_or_default().into();
        let generation = raw.meta.generation.unwrap_or_default();
        // Of one that was beyond the limits nothing is known: its newest version is looked at again.
        let before = before.filter(|before| before.uid == uid && !before.is_beyond);
        if let Some(before) = before.filter(|before| before.generation == generation) {
            if before.resource_version == resource_version {
                return Some(Arc::clone(before));
            }
            let WatchedCompanion { version, problems, warnings, good, weight, .. } = &**before;
            let (version, problems, warnings) = (version.clone(), Arc::clone(problems), Arc::clone(warnings));
            let (good, weight, status, is_beyond) = (good.clone(), weight.clone(), raw.status, false);
            let told = WatchedCompanion {
                version,
                problems,
                warnings,
                generation,
                weight,
                is_beyond,
                good,
                uid,
                resource_version,
                status,
            };
            return Some(Arc::new(told.recall(raw.object).weighed()));
        }
        let gated = match raw.read() {
            Ok(()) => api::check_companion(&raw.object),
            Err(problem) => api::invalid(&raw.object, problem),
        };
        if !gated.problems.is_empty() {
            let companion = WatchedCompanion::key(&raw);
            tracing::warn!(%companion, problems = gated.problems.len(), "invalid; its status says what to mend");
        }
        let good = if gated.problems.is_empty() {
            Some(raw.object["spec"].to_string().into())
        } else {
            before.and_then(|before| before.good.clone())
        };
        let version = Revision::new(gated.listed?, &raw.object);
        let object = WatchedCompanion {
            version: match before {
                Some(before) => version.supersede(&before.version),
                None => version,
            },
            problems: gated.problems.into(),
            warnings: gated.warnings.into(),
            generation,
            weight: Weight {
                bytes: 0,
                created: raw.object["metadata"]["creationTimestamp"].as_str().unwrap_or_default().into(),
            },
            is_beyond: false,
            good,
            uid,
            resource_version,
            status: raw.status,
        };
        Some(Arc::new(object.recall(raw.object).weighed()))
    }

    /// What is left of it where there are too many companions.
    pub(super) fn beyond(&self) -> Arc<WatchedCompanion> {
        let mut status = self.status.clone();
        if let Some(members) = status.as_object_mut() {
            members.shift_remove("lastGood");
        }
        Arc::new(WatchedCompanion {
            version: self.version.beyond(),
            problems: Arc::default(),
            warnings: Arc::default(),
            generation: self.generation,
            weight: self.weight.clone(),
            is_beyond: true,
            good: None,
            uid: self.uid.clone(),
            resource_version: self.resource_version.clone(),
            status,
        })
    }

    /// With what keeping it costs. All replicas that know the same versions say the same.
    fn weighed(mut self) -> WatchedCompanion {
        let told: usize = self.problems.iter().chain(&*self.warnings).map(|p| p.pointer.len() + p.message.len()).sum();
        let good = self.good.as_ref().map_or(0, |good| good.len());
        self.weight.bytes = cost(good, self.version.object.is_some()) + told;
        self
    }

    /// Takes up the last good version that the status remembers, where the newest is invalid: who has just started knows
    /// no other, and of replicas that know different ones all follow the one that was quicker to write.
    fn recall(mut self, mut whole: Value) -> WatchedCompanion {
        let remembered = self.status["lastGood"].as_str().filter(|text| self.good.as_deref() != Some(*text));
        let Some(text) = remembered.filter(|_| !self.problems.is_empty()) else { return self };
        if api::too_large(text.len()).or_else(|| api::too_dense(text)).is_some() {
            return self;
        }
        // What was written before this generation came may be older than what is known.
        if self.good.is_some() && self.status["observedGeneration"] != self.generation {
            return self;
        }
        let (good, Ok(spec)) = (Arc::from(text), serde_json::from_str(text)) else { return self };
        whole["spec"] = spec;
        if let Some(listed @ CatalogEntry::Valid(_)) = api::check_companion(&whole).listed {
            self.version = Revision::new(listed, &whole).supersede(&self.version);
            self.good = Some(good);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::cluster::testing::{object, raw, required, with_status};

    fn image(object: &WatchedCompanion) -> Option<String> {
        match &object.version.listed {
            CatalogEntry::Valid(companion) => Some(companion.containers[0].image.to_string()),
            CatalogEntry::Invalid(_) => None,
        }
    }

    #[test]
    fn what_turned_bad_keeps_its_last_good_version_unless_it_was_made_anew() {
        let first = object(raw("a", 1, "i:1"), None);
        let second = object(raw("a", 2, ""), Some(&first));
        assert_eq!((image(&second).as_deref(), second.problems.len()), (Some("i:1"), 1));
        let third = object(raw("a", 3, ""), Some(&second));
        assert_eq!(image(&third).as_deref(), Some("i:1"));

        let mut anew = raw("a", 1, "");
        anew.meta.uid = Some("u-2".to_owned());
        assert_eq!(image(&object(anew, Some(&third))), None);
    }

    /// The status that remembers a good version, of a generation.
    fn remembering(generation: i64, image: &str) -> Value {
        let good = raw("a", 1, image).object["spec"].to_string();
        json!({"observedGeneration": generation, "lastGood": good})
    }

    #[test]
    fn who_knows_no_good_version_takes_up_the_one_that_the_status_remembers() {
        let bad = |status| with_status(raw("a", 3, ""), "31", status);
        let image = |raw, before| image(&object(raw, before));
        assert_eq!(image(bad(remembering(3, "i:1")), None).as_deref(), Some("i:1"));
        assert_eq!(image(bad(remembering(2, "i:1")), None).as_deref(), Some("i:1"), "of an earlier generation");
        // It comes with news of a status, too.
        let unknown = object(raw("a", 3, ""), None);
        assert_eq!(image(bad(remembering(3, "i:1")), Some(&unknown)).as_deref(), Some("i:1"));
        // Of two that know different ones the quicker one is followed, unless what it wrote is of an earlier generation.
        let known = object(raw("a", 3, ""), Some(&object(raw("a", 2, "i:2"), None)));
        assert_eq!(image(bad(remembering(3, "i:1")), Some(&known)).as_deref(), Some("i:1"));
        assert_eq!(image(bad(remembering(2, "i:1")), Some(&known)).as_deref(), Some("i:2"));
        // The newest version is good: nothing has to be remembered.
        let good = with_status(raw("a", 3, "i:3"), "31", remembering(3, "i:1"));
        assert_eq!(image(good, None).as_deref(), Some("i:3"));
        // What the gate does not admit is no good version, whoever wrote it.
        for odd in [json!("{"), json!("null"), json!("{}"), json!(7), json!({"pattern": "Sidecar"}), json!("")] {
            assert_eq!(image(bad(json!({"observedGeneration": 3, "lastGood": odd})), None), None);
            let kept = bad(json!({"observedGeneration": 3, "lastGood": odd}));
            assert_eq!(image(kept, Some(&known)).as_deref(), Some("i:2"));
        }
    }

    #[test]
    fn what_did_not_change_is_not_compiled_again() {
        let first = object(raw("a", 1, "i:1"), None);
        assert!(Arc::ptr_eq(&first, &object(raw("a", 1, "i:1"), Some(&first))));
        let told = object(with_status(raw("a", 1, "i:1"), "11", json!({"hash": "x"})), Some(&first));
        assert!(told.version.same_behavior_as(&first.version) && !Arc::ptr_eq(&told, &first));
        assert_eq!((&*told.resource_version, &told.status["hash"]), ("11", &json!("x")));
        let back = object(raw("a", 3, "i:1"), Some(&object(raw("a", 2, ""), Some(&told))));
        assert!(back.version.same_behavior_as(&first.version) && back.problems.is_empty());
        assert!(!object(raw("a", 4, "i:2"), Some(&back)).version.same_behavior_as(&first.version));
    }

    #[test]
    fn a_required_one_brings_the_whole_object_of_the_version_in_use() {
        let whole = |object: &WatchedCompanion| {
            object.version.object.as_ref().map(|o| o["spec"]["containers"][0]["image"].clone())
        };
        assert_eq!(whole(&object(raw("a", 1, "i:1"), None)), None);
        let first = object(required(raw("a", 1, "i:1")), None);
        let second = object(required(raw("a", 2, "")), Some(&first));
        assert_eq!((whole(&first), whole(&second)), (Some(json!("i:1")), Some(json!("i:1"))));
        let third = object(required(raw("a", 3, "i:3")), Some(&second));
        assert_eq!(whole(&third), Some(json!("i:3")));
        let CatalogEntry::Valid(companion) = &third.version.listed else { panic!("it is good") };
        assert_eq!(companion.also_accepted.first().map(|version| &*version[0].image), Some("i:1"));
    }
}
