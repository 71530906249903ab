//! Memory is in proportion to the configurations.

use std::path::Path;

use podgraft::internals::migrate::{SourceDocument, Strictness, translate};
use serde_json::{Value, json};

#[test]
fn a_profile_with_too_many_parts_is_abandoned_before_they_are_compared() {
    let item = |kind: &str, i: usize| match kind {
        "containers" => json!({"name": format!("c{i}"), "image": "x:1"}),
        "volumes" => json!({"name": format!("v{i}"), "emptyDir": {}}),
        "volumeMounts" => json!({"name": format!("v{i}"), "mountPath": format!("/v{i}")}),
        _ => json!({"name": format!("V{i}"), "value": "x"}),
    };
    let list = |kind: &str, count: usize| json!((0..count).map(|i| item(kind, i)).collect::<Vec<_>>());
    let spread = |count: usize| json!({"name": "a", "containers": list("containers", 60), "env": list("env", count)});
    let mounted = |count: usize| {
        let [volumes, mounts] = ["volumes", "volumeMounts"].map(|kind| list(kind, count));
        json!({"name": "a", "containers": [{"name": "c", "image": "x:1", "volumeMounts": mounts}], "volumes": volumes, "volumeMounts": mounts})
    };
    let allocated = |document: &Value| {
        let sources = [SourceDocument { path: Path::new("a.yaml"), value: document }];
        let measured = allocation_counter::measure(|| {
            let all = translate(&sources, Strictness::Errors);
            let messages: Vec<_> = all.iter().flat_map(|one| &one.losses).map(|loss| &*loss.message).collect();
            assert_eq!(messages, ["invalid value: a companion has at most 2048 values; shorten the lists"]);
        });
        measured.bytes_total
    };
    for sizes in [[1_000, 4_000].map(spread), [1_000, 4_000].map(mounted)] {
        let [small, large] = sizes.map(|document| allocated(&document));
        assert!(large < 6 * small, "{small} bytes, and {large} bytes for four times the parts");
    }
}

/// A rule must not copy what the policy has besides: 1 000 rules need four times the memory of 250.
#[test]
fn each_rule_of_a_policy_is_read_once() {
    let rule = |i: usize| {
        let resources = json!({"kinds": ["Pod"], "selector": {"matchLabels": {"app": format!("a{i}")}}});
        let container = json!({"name": "agent", "image": "x:1", "args": ["x".repeat(200)]});
        let mutate = json!({"patchStrategicMerge": {"spec": {"containers": [container]}}});
        json!({"name": format!("r{i}"), "match": {"any": [{"resources": resources}]}, "mutate": mutate})
    };
    let allocated = |count: usize| {
        let rules: Vec<Value> = (0..count).map(rule).collect();
        let spec = json!({"applyRules": "All", "rules": rules});
        let document =
            json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "a"}, "spec": spec});
        let sources = [SourceDocument { path: Path::new("a.yaml"), value: &document }];
        let measured = allocation_counter::measure(|| {
            let all = translate(&sources, Strictness::Errors);
            assert_eq!(all.iter().filter(|one| one.companion.is_some()).count(), count);
        });
        measured.bytes_total
    };
    let [small, large] = [250, 1_000].map(allocated);
    assert!(large < 5 * small, "{small} bytes, and {large} bytes for four times the rules");
}
