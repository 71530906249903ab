//! What is true for any input.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::api;
use crate::migrate::{SourceDocument, Strictness, translate};

/// Words of all systems, so that generated documents have their shapes.
const WORDS: [&str; 48] = [
    "name",
    "containers",
    "initContainers_",
    "volumes",
    "env",
    "volumeMounts",
    "image",
    "mountPath",
    "inherits",
    "kind",
    "apiVersion",
    "metadata",
    "spec",
    "namespace",
    "labels",
    "annotations",
    "selector",
    "namespaceSelector",
    "matchLabels",
    "matchExpressions",
    "rules",
    "mutate",
    "match",
    "any",
    "all",
    "resources",
    "kinds",
    "patchStrategicMerge",
    "patchesJson6902",
    "foreach",
    "exclude",
    "mutations",
    "applyConfiguration",
    "jsonPatch",
    "expression",
    "matchConstraints",
    "resourceRules",
    "matchConditions",
    "data",
    "items",
    "(name)",
    "+(name)",
    "restartPolicy",
    "emptyDir",
    "sidecar",
    "value",
    "op",
    "path",
];
const TEXTS: [&str; 22] = [
    "",
    "a",
    "x:1",
    "/data",
    "/data/",
    "*",
    "dev-*",
    "{{ request.namespace }}",
    "{{ .Values.a }}",
    "Always",
    "Pod",
    "add",
    "/spec/containers/-",
    "[JSONPatch{op: 'add', path: '/spec/containers/-', value: {'name': 'a', 'image': 'x:1'}}]",
    "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', image: 'x:1'}]}}",
    "object.metadata.labels['a'] == 'b'",
    "- {op: add, path: /spec/containers/-, value: {name: a, image: 'x:1'}}",
    "name: a\ncontainers: [{name: a, image: 'x:1'}]",
    "- containers: [{name: a, image: 'x:1'}]",
    "\u{2028}\n",
    "has(a) ? [",
    "a.yaml",
];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(&WORDS[..])
        .prop_map(|word| word.replace("initContainers_", crate::inject::container_list::ContainerList::Init.as_str()))
}

fn any_value() -> impl Strategy<Value = Value> {
    let container = json!({"name": "a", "image": "x:1"});
    let leaf = prop_oneof![
        prop::sample::select(&TEXTS[..]).prop_map(|text| json!(text)),
        Just(container.clone()),
        Just(json!([container])),
        Just(json!(null)),
        Just(json!(true)),
        any::<i32>().prop_map(|number| json!(number)),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A document of one of the systems, with any fields.
fn document() -> impl Strategy<Value = Value> {
    let kinds = [
        json!({}),
        json!({"name": "a"}),
        json!({"apiVersion": "v1", "kind": "ConfigMap"}),
        json!({"apiVersion": "apps.kruise.io/v1alpha1", "kind": "SidecarSet"}),
        json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy"}),
        json!({"apiVersion": "policies.kyverno.io/v1", "kind": "MutatingPolicy"}),
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy"}),
    ];
    let spec = prop::collection::vec((word(), any_value()), 0..8)
        .prop_map(|members| members.into_iter().collect::<Map<_, _>>());
    (prop::sample::select(kinds.to_vec()), spec).prop_map(|(mut document, members)| {
        for (name, value) in &members {
            if !["kind", "apiVersion"].contains(&&**name) {
                document[name] = value.clone();
            }
        }
        if document.get("kind").is_some() {
            document["metadata"] = json!({"name": "a"});
            document["spec"] = Value::Object(members);
        }
        document
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_companion_that_is_written_is_valid(documents in prop::collection::vec(document(), 1..4)) {
        let sources: Vec<_> = documents.iter().map(|value| SourceDocument { path: Path::new("a.yaml"), value }).collect();
        for strictness in [Strictness::Errors, Strictness::Warnings] {
            for one in translate(&sources, strictness) {
                prop_assert!(one.companion.is_some() || !one.losses.is_empty(), "the reason is given");
                let Some(companion) = one.companion else { continue };
                let checked = api::check_companion(&companion);
                prop_assert!(checked.problems.is_empty(), "{:?}", checked.problems);
                prop_assert!(strictness == Strictness::Errors || checked.warnings.is_empty());
                prop_assert!(one.losses.iter().all(|loss| companion.pointer(&loss.pointer).is_some()));
            }
        }
    }
}
