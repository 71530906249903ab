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
fn an_invalid_companion_keeps_its_last_valid_version_unless_it_was_created_again() {
    let first = object(raw("a", 1, "i:1"), None);
    let second = object(raw("a", 2, ""), Some(&first));
    assert_eq!((image(&second).as_deref(), second.problems.len()), (Some("i:1"), 1));
    let third = object(raw("a", 3, ""), Some(&second));
    assert_eq!(image(&third).as_deref(), Some("i:1"));

    let mut created_again = raw("a", 1, "");
    created_again.meta.uid = Some("u-2".to_owned());
    assert_eq!(image(&object(created_again, Some(&third))), None);
}

/// The status of a generation that remembers a valid version.
fn remembering(generation: i64, image: &str) -> Value {
    let valid = raw("a", 1, image).object["spec"].to_string();
    json!({"observedGeneration": generation, "lastValid": valid})
}

#[test]
fn a_replica_that_knows_no_valid_version_uses_the_one_that_the_status_remembers() {
    let invalid = |status| with_status(raw("a", 3, ""), "31", status);
    let image = |raw, before| image(&object(raw, before));
    assert_eq!(image(invalid(remembering(3, "i:1")), None).as_deref(), Some("i:1"));
    assert_eq!(image(invalid(remembering(2, "i:1")), None).as_deref(), Some("i:1"), "of an earlier generation");
    // Also when only the status has changed.
    let unknown = object(raw("a", 3, ""), None);
    assert_eq!(image(invalid(remembering(3, "i:1")), Some(&unknown)).as_deref(), Some("i:1"));
    // Of two replicas that know different versions the first to write is followed, unless it wrote of an earlier generation.
    let known = object(raw("a", 3, ""), Some(&object(raw("a", 2, "i:2"), None)));
    assert_eq!(image(invalid(remembering(3, "i:1")), Some(&known)).as_deref(), Some("i:1"));
    assert_eq!(image(invalid(remembering(2, "i:1")), Some(&known)).as_deref(), Some("i:2"));
    // The newest version is valid: nothing has to be remembered.
    let valid = with_status(raw("a", 3, "i:3"), "31", remembering(3, "i:1"));
    assert_eq!(image(valid, None).as_deref(), Some("i:3"));
    // A specification that does not pass validation is not used, no matter which client wrote it.
    for wrong in [json!("{"), json!("null"), json!("{}"), json!(7), json!({"pattern": "Sidecar"}), json!("")] {
        assert_eq!(image(invalid(json!({"observedGeneration": 3, "lastValid": wrong})), None), None);
        let kept = invalid(json!({"observedGeneration": 3, "lastValid": wrong}));
        assert_eq!(image(kept, Some(&known)).as_deref(), Some("i:2"));
    }
}

#[test]
fn a_generation_is_compiled_once() {
    let first = object(raw("a", 1, "i:1"), None);
    assert!(Arc::ptr_eq(&first, &object(raw("a", 1, "i:1"), Some(&first))));
    let written = object(with_status(raw("a", 1, "i:1"), "11", json!({"hash": "x"})), Some(&first));
    assert!(written.version.same_behavior_as(&first.version) && !Arc::ptr_eq(&written, &first));
    assert_eq!((&*written.resource_version, &written.status["hash"]), ("11", &json!("x")));
    let back = object(raw("a", 3, "i:1"), Some(&object(raw("a", 2, ""), Some(&written))));
    assert!(back.version.same_behavior_as(&first.version) && back.problems.is_empty());
    assert!(!object(raw("a", 4, "i:2"), Some(&back)).version.same_behavior_as(&first.version));
}

#[test]
fn a_required_companion_keeps_the_whole_object_of_the_version_in_use() {
    let whole =
        |object: &WatchedCompanion| object.version.object.as_ref().map(|o| o["spec"]["containers"][0]["image"].clone());
    assert_eq!(whole(&object(raw("a", 1, "i:1"), None)), None);
    let first = object(required(raw("a", 1, "i:1")), None);
    let second = object(required(raw("a", 2, "")), Some(&first));
    assert_eq!((whole(&first), whole(&second)), (Some(json!("i:1")), Some(json!("i:1"))));
    let third = object(required(raw("a", 3, "i:3")), Some(&second));
    assert_eq!(whole(&third), Some(json!("i:3")));
    let CatalogEntry::Valid(companion) = &third.version.listed else { panic!("it is valid") };
    assert_eq!(companion.also_accepted.first().map(|version| &*version[0].image), Some("i:1"));
}
