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
            version: match before {
                Some(before) => version.after(&before.version),
                None => version,
            },
            problems: gated.problems.into(),
            warnings: gated.warnings.into(),
            generation,
            uid,
            resource_version,
            status: raw.status,
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{object, raw, required, with_status};
    use super::*;
    use crate::inject::catalogue::Listed;

    fn image(object: &Object) -> Option<String> {
        match &object.version.listed {
            Listed::Good(companion) => Some(companion.containers[0].image.to_string()),
            Listed::Broken(_) => None,
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

    #[test]
    fn what_did_not_change_is_not_compiled_again() {
        let first = object(raw("a", 1, "i:1"), None);
        assert!(Arc::ptr_eq(&first, &object(raw("a", 1, "i:1"), Some(&first))));
        let told = object(with_status(raw("a", 1, "i:1"), "11", json!({"hash": "x"})), Some(&first));
        assert!(told.version.is(&first.version) && !Arc::ptr_eq(&told, &first));
        assert_eq!((&*told.resource_version, &told.status["hash"]), ("11", &json!("x")));
        let back = object(raw("a", 3, "i:1"), Some(&object(raw("a", 2, ""), Some(&told))));
        assert!(back.version.is(&first.version) && back.problems.is_empty());
        assert!(!object(raw("a", 4, "i:2"), Some(&back)).version.is(&first.version));
    }

    #[test]
    fn a_required_one_brings_the_whole_object_of_the_version_in_use() {
        let whole =
            |object: &Object| object.version.object.as_ref().map(|o| o["spec"]["containers"][0]["image"].clone());
        assert_eq!(whole(&object(raw("a", 1, "i:1"), None)), None);
        let first = object(required(raw("a", 1, "i:1")), None);
        let second = object(required(raw("a", 2, "")), Some(&first));
        assert_eq!((whole(&first), whole(&second)), (Some(json!("i:1")), Some(json!("i:1"))));
        let third = object(required(raw("a", 3, "i:3")), Some(&second));
        assert_eq!(whole(&third), Some(json!("i:3")));
        let Listed::Good(companion) = &third.version.listed else { panic!("it is good") };
        assert_eq!(companion.also_accepted.first().map(|version| &*version[0].image), Some("i:1"));
    }
}
