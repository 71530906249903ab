//! OpenKruise.

use serde_json::json;

use super::{check, companion};

/// A SidecarSet for the Pods of an app, with more fields of its spec and of its container.
fn sidecar_set(spec: &str, container: &str) -> String {
    format!(
        "apiVersion: apps.kruise.io/v1alpha1\nkind: SidecarSet\nmetadata: {{name: agent}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  \
         containers:\n  - {{name: a, image: 'x:1'{container}}}\n{spec}\n"
    )
}

const WHOLE: &str = "ClusterWide ClusterCompanion agent";

#[test]
fn selectors_are_those_of_a_companion_for_the_whole_cluster() {
    let spec = |more: &str| companion(&sidecar_set(more, ", podInjectPolicy: AfterAppContainer"))["spec"].clone();
    let expected = json!({
        "pattern": "Sidecar",
        "activation": "ClusterWide",
        "podSelector": {"matchLabels": {"app": "web"}},
        "containers": [{"name": "a", "image": "x:1"}],
    });
    assert_eq!(spec(""), expected);
    let by_name = json!({"matchLabels": {"kubernetes.io/metadata.name": "shop"}});
    assert_eq!(spec("  namespace: shop")["namespaceSelector"], by_name);
    assert_eq!(spec("  namespaceSelector: {namespaces: [shop]}")["namespaceSelector"], by_name);
    let names =
        json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}]});
    assert_eq!(spec("  namespaceSelector: {namespaces: [a, b]}")["namespaceSelector"], names);
    let labels = json!({"matchLabels": {"tier": "front"}});
    assert_eq!(spec("  namespaceSelector: {matchLabels: {tier: front}}")["namespaceSelector"], labels);
}

#[test]
fn a_list_of_objects_is_read() {
    let item = sidecar_set("", "").replace('\n', "\n  ");
    check(&format!("apiVersion: v1\nkind: List\nitems:\n- {item}"), &[WHOLE]);
}

#[test]
fn a_condition_that_is_not_translated_makes_a_companion_on_request() {
    let narrowed = "OnRequest ClusterCompanion agent";
    check(
        &sidecar_set("  injectionStrategy: {paused: true}", ""),
        &[
            narrowed,
            "spec.injectionStrategy.paused: injection into new Pods is paused; the companion is only injected into Pods that request it",
        ],
    );
    for selector in ["selector: {}", "selector: null"] {
        let text = sidecar_set("", "").replace("selector: {matchLabels: {app: web}}", selector);
        check(&text, &[narrowed, "spec.selector: required value"]);
    }
}

#[test]
fn a_selector_that_cannot_be_read_selects_nothing() {
    for selector in ["matchLabels: [app]", "matchLabels: {app: 1}", "matchLabel: {app: web}", "matchExpressions: {}"] {
        let text = sidecar_set("", "").replace("matchLabels: {app: web}", selector);
        check(&text, &["OnRequest ClusterCompanion agent", "spec.selector: invalid value: must be a label selector"]);
        let text = sidecar_set(&format!("  namespaceSelector: {{{selector}}}"), "");
        check(&text, &["OnRequest ClusterCompanion agent", "spec.namespaceSelector: invalid value: must be a label"]);
    }
}

#[test]
fn a_native_sidecar_among_the_init_containers_is_a_container() {
    let text = sidecar_set(
        "  initContainers:\n  - {name: native, image: 'x:2', restartPolicy: Always}\n  - {name: init, image: 'x:3'}",
        "",
    );
    let spec = &companion(&text)["spec"];
    assert_eq!(spec["containers"], json!([{"name": "native", "image": "x:2"}, {"name": "a", "image": "x:1"}]));
    assert_eq!(spec["initContainers"], json!([{"name": "init", "image": "x:3"}]));
}

#[test]
fn what_needs_the_controller_of_kruise_is_reported() {
    for (spec, reported) in [
        ("  updateStrategy: {maxUnavailable: 1}", "spec.updateStrategy: running Pods are not updated"),
        (
            "  injectionStrategy: {revision: {customVersion: v1}}",
            "spec.injectionStrategy.revision: a companion has one version",
        ),
        (
            "  patchPodMetadata: [{annotations: {a.b/c: d}, patchPolicy: Overwrite}]",
            "spec.patchPodMetadata[0].patchPolicy: a companion adds",
        ),
        (
            "  patchPodMetadata: [{annotations: {a.b/c: d}, patchPolicy: MergePatchJson}]",
            "spec.patchPodMetadata[0].patchPolicy: a companion does not merge",
        ),
        ("  strategy: {paused: true}", "spec.strategy: unknown field"),
    ] {
        check(&sidecar_set(spec, ""), &[WHOLE, reported]);
    }
    for (field, reported) in [
        (
            "upgradeStrategy: {upgradeType: HotUpgrade}",
            "spec.containers[0].upgradeStrategy: containers of running Pods",
        ),
        ("shareVolumePolicy: {type: enabled}", "spec.containers[0].shareVolumePolicy: a companion shares volumes"),
        (
            "transferEnv: [{sourceContainerName: main, envName: A}]",
            "spec.containers[0].transferEnv: a companion does not read",
        ),
        (
            "resourcesPolicy: {targetContainersMode: sum}",
            "spec.containers[0].resourcesPolicy: resources of a companion",
        ),
        ("volumeMounts: [{name: v, mountPath: /v}]", "spec.containers[0].volumeMounts[0]: not found in volumes"),
    ] {
        check(&sidecar_set("", &format!(", {field}")), &[WHOLE, reported]);
    }
    let nothing = ", shareVolumePolicy: {type: disabled}, upgradeStrategy: {upgradeType: ColdUpgrade}, transferEnv: []";
    check(&sidecar_set("  updateStrategy: {type: NotUpdate}\n  revisionHistoryLimit: 3", nothing), &[WHOLE]);
}

#[test]
fn annotations_that_are_retained_are_pod_annotations() {
    let text = sidecar_set("  patchPodMetadata: [{annotations: {a.b/c: d}}]", "");
    check(&text, &[WHOLE]);
    assert_eq!(companion(&text)["spec"]["podAnnotations"], json!({"a.b/c": "d"}));
}

#[test]
fn a_value_of_another_form_is_reported() {
    let policy = "spec.patchPodMetadata[0].patchPolicy: unsupported value";
    for (spec, reported) in [
        ("patchPodMetadata: {annotations: {a: b}}", "spec.patchPodMetadata: invalid value: must be a list"),
        ("patchPodMetadata: [x]", "spec.patchPodMetadata[0]: invalid value: must be an object"),
        ("patchPodMetadata: [{annotations: {a.b/c: d}, patchPolicy: Other}]", policy),
        ("patchPodMetadata: [{annotations: {a.b/c: d}, patchPolicy: [Retain]}]", policy),
    ] {
        check(&sidecar_set(&format!("  {spec}"), ""), &[WHOLE, reported]);
    }
    check(&sidecar_set("  patchPodMetadata: [{annotations: {a.b/c: d}, patchPolicy: Retain}]", ""), &[WHOLE]);
    for field in ["shareVolumePolicy: {type: Enabled}", "shareVolumePolicy: {}, shareVolumeDevicePolicy: enabled"] {
        let lines = super::lines(&super::translated(&sidecar_set("", &format!(", {field}"))));
        assert!(lines.len() == 2 && lines[1].contains("Policy: a companion shares volumes"), "{lines:#?}");
    }
}

#[test]
fn names_of_namespaces_that_cannot_be_read_are_on_request() {
    let narrowed = "OnRequest ClusterCompanion agent";
    for (spec, at) in [
        ("namespaceSelector: {namespaces: a}", "spec.namespaceSelector.namespaces: invalid value"),
        ("namespaceSelector: {namespaces: [1]}", "spec.namespaceSelector.namespaces: invalid value"),
        ("namespace: [a]", "spec.namespace: invalid value"),
    ] {
        let lines = super::lines(&super::translated(&sidecar_set(&format!("  {spec}"), "")));
        assert!(lines[0] == narrowed && lines[1].starts_with(at), "{lines:#?}");
    }
}
