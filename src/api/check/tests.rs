use serde_json::{Value, json};

use crate::api::testing::{check, check_companion, git_sync, with};
use crate::inject::companion::catalog::CatalogEntry;
use crate::json::Token;

#[test]
fn all_problems_are_reported_at_once() {
    let object = with(&[
        ("/metadata/name", json!("all")),
        ("/spec/pattern", json!("sidecar")),
        ("/spec/activations", json!("OnRequest")),
        ("/spec/containers/0/image", json!(7)),
        ("/spec/containers/0/readinessProbe", json!({"tcpSocket": {"port": 80}, "periodSeconds": "5"})),
        ("/spec/parameters/1/default", json!("10")),
        ("/spec/parameters/2/mountPath", json!("contents/app")),
    ]);
    let expected = [
        "metadata.name: invalid value: must not be one of",
        "spec.pattern: unsupported value: \"sidecar\"; supported: Sidecar, Ambassador, Adapter; did you mean \"Sidecar\"?",
        "spec.activations: unknown field; did you mean \"activation\"?",
        "spec.containers[0].image: invalid value: must be a string, not a number; put the value in quotes",
        "spec.containers[0].readinessProbe.periodSeconds: invalid value: must be an integer, not a string",
        "spec.parameters[1].default: invalid value: must be a number and one of the units",
        "spec.parameters[2].mountPath: not found in spec.sharedVolumes: \"contents\"; did you mean \"content\"?",
    ];
    check(object, &expected);
}

#[test]
fn a_panic_in_a_rule_makes_the_companion_invalid() {
    let checked = super::guarded(&git_sync(), |_| panic!("a bug"));
    assert!(checked.problems[0].message.starts_with("internal error"), "{:?}", checked.problems);
    let Some(CatalogEntry::Invalid(invalid)) = checked.listed else { panic!("the companion is valid") };
    assert_eq!(&*invalid.name, "git-sync");
}

#[test]
fn validation_returns_for_any_value_at_any_field() {
    let base = large();
    assert_eq!(check_companion(&base).problems, []);
    let mut pointers = Vec::new();
    collect(&base, String::new(), &mut pointers);
    assert!(pointers.len() > 150);
    for pointer in pointers {
        for value in [
            json!(null),
            json!(-1),
            json!(1e300),
            json!(70000),
            json!("\u{0}$(A)/"),
            json!(""),
            json!([]),
            json!([null, {}]),
            json!({}),
            json!({"": null}),
            json!(true),
        ] {
            let mut object = base.clone();
            *object.pointer_mut(&pointer).unwrap() = value;
            let checked = check_companion(&object);
            let valid = matches!(checked.listed, Some(CatalogEntry::Valid(_)));
            assert_eq!(valid, checked.problems.is_empty(), "{pointer}");
        }
        let mut object = base.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        match object.pointer_mut(parent) {
            Some(Value::Object(members)) => drop(members.remove(name)),
            Some(Value::Array(items)) => drop(items.pop()),
            _ => {}
        }
        let _ = check_companion(&object);
    }
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect(value, format!("{pointer}/{}", Token(name)), pointers);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{i}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}

/// A companion that uses every field.
pub(super) fn large() -> Value {
    let mut object = git_sync();
    for (name, value) in crate::api::testing::everything() {
        object["spec"][name] = value;
    }
    object
}
