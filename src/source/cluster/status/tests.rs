use k8s_openapi::jiff::Timestamp;

use super::*;
use crate::source::cluster::testing::{object, raw, required, with_status};
use crate::webhook::Configuration;
use crate::webhook::ConfigurationSet;

fn at(second: i64) -> Time {
    Time(Timestamp::from_second(second).unwrap())
}

fn desired(object: &Arc<WatchedCompanion>, eligibility: Eligibility) -> DesiredStatus {
    let key = CompanionKey { namespace: None, name: "a".into() };
    DesiredStatus { key, object: Arc::clone(object), eligibility, installation: "grafter".into(), last_injected: None }
}

fn patch(object: &Arc<WatchedCompanion>, eligibility: Eligibility, second: i64) -> Option<Value> {
    desired(object, eligibility).patch(|| at(second)).map(|patch| patch.patch)
}

/// The status of an object that has none: reason, whether there is a hash, and how the message begins.
fn check(object: &Arc<WatchedCompanion>, eligibility: Eligibility, expected: (&str, bool, &str)) {
    let patch = patch(object, eligibility, 7).unwrap();
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
fn each_reason_has_its_message() {
    let valid = object(raw("a", 1, "i:1"), None);
    let invalid = object(raw("a", 2, ""), None);
    let turned_invalid = object(raw("a", 2, ""), Some(&valid));
    let required = object(required(raw("a", 1, "i:1")), None);
    check(&valid, Eligibility::Eligible, ("Active", true, "this version is active"));
    let field = "spec.containers[0].image: ";
    let none = format!("spec is invalid and no earlier valid version exists: {field}");
    check(&invalid, Eligibility::Eligible, ("Invalid", false, &none));
    let last = format!("spec is invalid; the last valid version stays active: {field}");
    check(&turned_invalid, Eligibility::Eligible, ("Invalid", true, &last));
    check(&turned_invalid, Eligibility::RequiredDisabled, ("Invalid", false, &none));
    check(&required, Eligibility::RequiredDisabled, ("RequiredDisabled", false, "required companions are disabled"));
    check(&valid, Eligibility::OverriddenByFile, ("OverriddenByFile", false, "overridden by a companion"));
    check(
        &valid,
        Eligibility::ShadowedByRequired,
        ("ShadowedByRequired", false, "shadowed by a required ClusterCompanion"),
    );
    check(&invalid, Eligibility::ShadowedByRequired, ("ShadowedByRequired", false, "shadowed by a required"));
    let missing = Eligibility::WebhookMissing(ConfigurationSet::of(&[Configuration::Requested]));
    let deleted = "webhook configuration grafter-requested does not exist: the Pods that would be sent to podgraft";
    check(&valid, missing, ("WebhookMissing", true, deleted));
    check(&invalid, missing, ("Invalid", false, &none));
    let status = patch(&invalid, Eligibility::ShadowedByRequired, 7).unwrap().to_string();
    assert!(status.contains(field), "{status}");
}

#[test]
fn the_hash_of_an_invalid_companion_is_that_of_the_version_in_use() {
    let valid = object(raw("a", 1, "i:1"), None);
    let turned_invalid = object(raw("a", 2, ""), Some(&valid));
    let hash =
        |object: &Arc<WatchedCompanion>| patch(object, Eligibility::Eligible, 7).unwrap()["status"]["hash"].clone();
    assert_eq!(hash(&valid), hash(&turned_invalid));
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
fn a_status_is_written_once() {
    let valid = object(raw("a", 1, "i:1"), None);
    let patch = patch(&valid, Eligibility::Eligible, 7).unwrap();
    let written_object = written("a", 1, "i:1", Some(&valid), &patch);
    assert_eq!(super::tests::patch(&written_object, Eligibility::Eligible, 8), None);
    // Conditions of other writers stay.
    let mut status = patch["status"].clone();
    let foreign = json!({"type": "Scanned", "status": "True", "reason": "Clean", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    status["conditions"].as_array_mut().unwrap().insert(0, foreign.clone());
    let shared = object(with_status(raw("a", 1, "i:1"), "100", status), Some(&written_object));
    assert_eq!(super::tests::patch(&shared, Eligibility::Eligible, 8), None);
    let shadowed = super::tests::patch(&shared, Eligibility::ShadowedByRequired, 8).unwrap();
    assert_eq!(shadowed["status"]["conditions"][0], foreign);
    assert_eq!(shadowed["status"]["conditions"][1]["reason"], "ShadowedByRequired");
}

#[test]
fn a_status_that_someone_else_changed_is_corrected() {
    let valid = object(raw("a", 1, "i:1"), None);
    let right = patch(&valid, Eligibility::Eligible, 7).unwrap();
    for (pointer, wrong) in [
        ("/status/hash", json!("0123456789abcdef")),
        ("/status/hash", json!(null)),
        ("/status/warnings", json!(["something"])),
        ("/status/observedGeneration", json!(0)),
        ("/status/conditions/0/observedGeneration", json!(0)),
        ("/status/conditions/0/reason", json!("Invalid")),
        ("/status/conditions/0/status", json!("False")),
        ("/status/conditions/0/status", json!("Unknown")),
        ("/status/lastValid", json!("{}")),
        ("/status/conditions/0/message", json!("")),
        ("/status/conditions", json!([])),
        ("/status", json!(null)),
        ("/status", json!({"conditions": [7]})),
    ] {
        let mut patched = right.clone();
        *patched.pointer_mut(pointer).unwrap() = wrong.clone();
        let written_object = written("a", 1, "i:1", Some(&valid), &patched);
        let again =
            patch(&written_object, Eligibility::Eligible, 7).unwrap_or_else(|| panic!("{pointer} {wrong} stays"));
        assert_eq!(again["status"], right["status"], "{pointer} {wrong}");
    }
}

#[test]
fn the_time_of_the_last_transition_is_that_of_ready() {
    let invalid = object(raw("a", 1, ""), None);
    let first = patch(&invalid, Eligibility::Eligible, 7).unwrap();
    let written_object = written("a", 1, "", Some(&invalid), &first);
    let since = |patch: &Value| patch["status"]["conditions"][0]["lastTransitionTime"].clone();
    let still = patch(&written_object, Eligibility::ShadowedByRequired, 8).unwrap();
    assert_eq!(since(&still), since(&first));
    let valid = written("a", 2, "i:1", Some(&written_object), &first);
    assert_ne!(since(&patch(&valid, Eligibility::Eligible, 8).unwrap()), since(&first));
}

#[test]
fn replicas_that_know_different_last_valid_versions_do_not_overwrite_each_other() {
    let turned_invalid = |image: &str| object(raw("a", 2, ""), Some(&object(raw("a", 1, image), None)));
    let (one, other, none) = (turned_invalid("i:1"), turned_invalid("i:0"), object(raw("a", 2, ""), None));
    let long = |image: &str| {
        let mut long = turned_invalid(image);
        Arc::get_mut(&mut long).unwrap().last_valid = Some("x".repeat(LAST_VALID + 1).into());
        long
    };
    let desired = |object: &Arc<WatchedCompanion>| patch(object, Eligibility::Eligible, 7).unwrap();
    let overwrites = |object: &Arc<WatchedCompanion>, patched: &Value| {
        let written_object = written("a", 2, "", Some(object), patched);
        patch(&written_object, Eligibility::Eligible, 7).is_some()
    };
    assert!(overwrites(&one, &desired(&none)), "a replica that knows a valid version writes it");
    assert!(!overwrites(&none, &desired(&one)), "and a replica that knew none uses it");
    assert!(!overwrites(&one, &desired(&other)) && !overwrites(&other, &desired(&one)), "the first one written stays");
    // A version that is too long to be remembered is lost to replicas that start later.
    assert!(!overwrites(&long("i:1"), &desired(&none)), "the status without a version stays");
    assert!(overwrites(&none, &desired(&long("i:1"))), "and is written over one that no replica can use later");
}

#[test]
fn the_last_valid_specification_is_remembered_while_the_newest_is_invalid() {
    let valid = object(raw("a", 1, "i:1"), None);
    let remembered = |object: &Arc<WatchedCompanion>, eligibility| {
        patch(object, eligibility, 7).unwrap()["status"]["lastValid"].clone()
    };
    let specification = json!(raw("a", 1, "i:1").object["spec"].to_string());
    let turned_invalid = object(raw("a", 2, ""), Some(&valid));
    assert_eq!(remembered(&turned_invalid, Eligibility::Eligible), specification);
    for eligibility in [Eligibility::RequiredDisabled, Eligibility::ShadowedByRequired, Eligibility::OverriddenByFile] {
        assert_eq!(remembered(&turned_invalid, eligibility), specification, "it may become eligible again");
    }
    assert_eq!(remembered(&valid, Eligibility::Eligible), json!(null));
    assert_eq!(remembered(&object(raw("a", 2, ""), None), Eligibility::Eligible), json!(null));
    // The remembered version is removed when the newest one is valid again.
    let written_object =
        written("a", 2, "", Some(&turned_invalid), &patch(&turned_invalid, Eligibility::Eligible, 7).unwrap());
    let fixed = object(with_status(raw("a", 3, "i:3"), "40", written_object.status.clone()), Some(&written_object));
    assert_eq!(patch(&fixed, Eligibility::Eligible, 8).unwrap()["status"]["lastValid"], json!(null));
    let restarted = object(with_status(raw("a", 2, ""), "99", written_object.status.clone()), None);
    assert_eq!(patch(&restarted, Eligibility::Eligible, 8), None, "a replica that has just started agrees");
    // Another version of podgraft may accept a specification that this one does not: it is kept.
    let mut status = written_object.status.clone();
    status["lastValid"] = json!("{}");
    let stricter = object(with_status(raw("a", 2, ""), "99", status), None);
    let status = patch(&stricter, Eligibility::Eligible, 8).unwrap()["status"].take();
    assert_eq!((status.get("lastValid"), &status["hash"]), (None, &json!(null)));
}

#[test]
fn a_patch_removes_fields_that_no_longer_apply() {
    let patch = patch(&object(raw("a", 1, "i:1"), None), Eligibility::ShadowedByRequired, 7).unwrap();
    assert_eq!((&patch["status"]["hash"], &patch["status"]["warnings"]), (&json!(null), &json!([])));
}

#[test]
fn the_time_of_the_last_injection_is_written_when_it_is_five_minutes_later_and_alone_delays_nothing() {
    let valid = object(raw("a", 1, "i:1"), None);
    let injected = |object: &Arc<WatchedCompanion>, second: i64| {
        let last_injected = Some(Timestamp::from_second(second).unwrap());
        DesiredStatus { last_injected, ..desired(object, Eligibility::Eligible) }.patch(|| at(7))
    };
    let first = injected(&valid, 1000).unwrap();
    assert_eq!((&first.patch["status"]["lastInjected"], first.only_time), (&json!("1970-01-01T00:16:40Z"), false));
    let written_object = written("a", 1, "i:1", Some(&valid), &first.patch);
    for (second, is_written) in [(900, false), (1000, false), (1299, false), (1300, true)] {
        let patch = injected(&written_object, second);
        assert_eq!(patch.is_some(), is_written, "{second}");
        let only = json!({"lastInjected": "1970-01-01T00:21:40Z"});
        assert!(patch.is_none_or(|patch| patch.only_time && patch.patch["status"] == only), "{second}");
    }
    assert_eq!(patch(&written_object, Eligibility::Eligible, 8), None, "a replica that has not injected it agrees");
    let shadowed = patch(&written_object, Eligibility::ShadowedByRequired, 8).unwrap();
    assert_eq!(shadowed["status"].get("lastInjected"), None, "a merge patch keeps the time");
}
