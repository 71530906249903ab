//! Kyverno.

use serde_json::json;

use super::{check, companion};

/// A policy with one rule, which selects Pods and adds a container; more fields of the resources, of the rule and of the
/// patch's spec.
pub(super) fn policy(resources: &str, rule: &str, spec: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: agent}}\nspec:\n  rules:\n  - name: validated\n    validate: {{message: x}}\n  \
         - name: inject\n    match: {{any: [{{resources: {{kinds: [Pod]{resources}}}}}]}}\n{rule}\n    mutate:\n      patchStrategicMerge:\n        \
         spec:\n          containers:\n          - {{name: a, image: 'x:1'}}\n{spec}\n"
    )
}

pub(super) const WHOLE: &str = "ClusterWide ClusterCompanion agent";
pub(super) const NARROWED: &str = "OnRequest ClusterCompanion agent";

#[test]
fn a_rule_that_adds_a_container_is_a_companion_for_the_whole_cluster() {
    let text = policy("", "", "          volumes: [{name: v, emptyDir: {}}]\n          imagePullSecrets: [{name: p}]");
    let text = text.replace(
        "image: 'x:1'}",
        "image: 'x:1', +(imagePullPolicy): Always, volumeMounts: [{name: v, mountPath: /v}]}",
    );
    assert_eq!(
        companion(&text)["spec"],
        json!({
            "pattern": "Sidecar",
            "activation": "ClusterWide",
            "imagePullSecrets": [{"name": "p"}],
            "containers": [{
                "name": "a",
                "image": "x:1",
                "imagePullPolicy": "Always",
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            }],
            "volumes": [{"name": "v", "emptyDir": {}}],
        })
    );
}

#[test]
fn matches_by_labels_and_namespaces_are_selectors() {
    let selectors = |resources: &str, rule: &str| {
        let text = policy(resources, rule, "");
        check(&text, &[WHOLE]);
        let spec = &companion(&text)["spec"];
        (spec["podSelector"].clone(), spec["namespaceSelector"].clone())
    };
    let none = json!(null);
    let app = json!({"matchLabels": {"app": "web"}});
    assert_eq!(selectors(", selector: {matchLabels: {app: web}}", ""), (app.clone(), none.clone()));
    assert_eq!(selectors(", namespaceSelector: {matchLabels: {app: web}}", ""), (none.clone(), app));
    let expression = |key: &str, operator: &str, values: &[&str]| {
        let mut one = json!({"key": key, "operator": operator});
        if !values.is_empty() {
            one["values"] = json!(values);
        }
        json!({"matchExpressions": [one]})
    };
    let name = "kubernetes.io/metadata.name";
    assert_eq!(selectors(", namespaces: [a, b]", ""), (none.clone(), expression(name, "In", &["a", "b"])));
    assert_eq!(selectors(", namespaces: ['*'], name: '*', operations: [CREATE]", ""), (none.clone(), none.clone()));
    let exclude = |resources: &str| format!("    exclude: {{any: [{{resources: {{{resources}}}}}]}}");
    assert_eq!(
        selectors("", &exclude("kinds: [Pod], namespaces: [a]")),
        (none.clone(), expression(name, "NotIn", &["a"]))
    );
    assert_eq!(
        selectors("", &exclude("selector: {matchLabels: {a: b}}")),
        (expression("a", "NotIn", &["b"]), none.clone())
    );
    let exists = "selector: {matchExpressions: [{key: a, operator: Exists}]}";
    assert_eq!(selectors("", &exclude(exists)), (expression("a", "DoesNotExist", &[]), none.clone()));
    assert_eq!(selectors("", &exclude("kinds: [Service], names: [a]")), (none.clone(), none.clone()));
    let creation = "    preconditions: {all: [{key: '{{request.operation}}', operator: Equals, value: CREATE}]}";
    assert_eq!(selectors("", creation), (none.clone(), none.clone()));
    let not_deleted =
        "    preconditions: {all: [{key: '{{ request.operation }}', operator: NotEquals, value: DELETE}]}";
    assert_eq!(selectors("", not_deleted), (none.clone(), none));
}

#[test]
fn a_condition_that_no_selector_has_makes_a_companion_on_request() {
    for (resources, at) in [
        ("namespaces: ['dev-*']", "namespaces: has a wildcard"),
        ("selector: {matchLabels: {app: 'web-*'}}", "selector: has a wildcard"),
        ("names: [web]", "names: a companion selects Pods by labels, not by name"),
        ("annotations: {inject: 'true'}", "annotations: a companion selects Pods by labels, not by annotations"),
        ("operations: [UPDATE]", "operations: a companion is injected when a Pod is created"),
    ] {
        let field = format!("spec.rules[1].match.any[0].resources.{at}");
        check(&policy(&format!(", {resources}"), "", ""), &[NARROWED, &field]);
    }
    for (rule, at) in [
        ("exclude: {any: [{subjects: [{kind: User, name: x}]}]}", "exclude.any[0]: selectors of a companion exclude"),
        (
            "exclude: {any: [{resources: {namespaces: [a], selector: {matchLabels: {a: b}}}}]}",
            "exclude.any[0]: selectors of",
        ),
        ("exclude: {any: [{resources: {selector: {matchLabels: {a: b, c: d}}}}]}", "exclude.any[0]: selectors of"),
        (
            "exclude: {any: [{resources: {selector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}}}]}",
            "exclude.any[0]: selectors of",
        ),
        (
            "exclude: {all: [{resources: {namespaces: [a]}}, {resources: {names: [b]}}]}",
            "exclude.all: selectors of a companion cannot",
        ),
        (
            "preconditions: {all: [{key: '{{request.object.metadata.name}}', operator: Equals, value: x}]}",
            "preconditions: ",
        ),
        ("preconditions: [{key: '{{request.operation}}', operator: Equals, value: UPDATE}]", "preconditions: "),
        ("celPreconditions: [{name: a, expression: 'true'}]", "celPreconditions: "),
    ] {
        check(&policy("", &format!("    {rule}"), ""), &[NARROWED, &format!("spec.rules[1].{at}")]);
    }
    for (spec, at) in [
        ("admission: false", "admission: the policy is not applied"),
        ("applyRules: One", "applyRules: the rule depends on whether another one"),
    ] {
        let text = policy("", "", "").replace("spec:\n  rules", &format!("spec:\n  {spec}\n  rules"));
        check(&text, &[NARROWED, &format!("spec.{at}")]);
    }
    let workload = policy("", "", "").replace("kinds: [Pod]", "kinds: [Deployment]");
    check(&workload, &[NARROWED, "spec.rules[1].match.any[0].resources.kinds: selects workloads"]);
    let users =
        policy("", "", "").replace("[{resources: {kinds: [Pod]}}]", "[{resources: {kinds: [Pod]}, roles: [x]}]");
    check(&users, &[NARROWED, "spec.rules[1].match.any[0].roles: the rule depends on the user"]);
    let two = policy("", "", "")
        .replace("[{resources: {kinds: [Pod]}}]", "[{resources: {kinds: [Pod]}}, {resources: {names: [x]}}]");
    check(&two, &[NARROWED, "spec.rules[1].match.any: selectors of a companion are all required"]);
}

#[test]
fn variables_and_mounts_for_all_containers_are_those_of_the_app() {
    let text = policy("", "", "          volumes: [{name: v, emptyDir: {}}]").replace(
        "          - {name: a, image: 'x:1'}",
        "          - {name: a, image: 'x:1', volumeMounts: [{name: v, mountPath: /in}]}
          - {(name): '*', env: [{name: A, value: b}], volumeMounts: [{name: v, mountPath: /out}]}",
    );
    check(&text, &[WHOLE]);
    let spec = &companion(&text)["spec"];
    assert_eq!(spec["app"], json!({"env": [{"name": "A", "value": "b"}]}));
    let sides = json!([{"name": "v", "companion": {"mountPath": "/in"}, "app": {"mountPath": "/out"}}]);
    assert_eq!(spec["sharedVolumes"], sides);
    let image = text.replace("env: [{name: A, value: b}]", "image: y").replace(", {name: v, mountPath: /out}", "");
    check(
        &image,
        &[
            WHOLE,
            "spec.rules[1].mutate.patchStrategicMerge.spec.containers[1].image: a companion adds variables and mounts",
        ],
    );
}

#[test]
fn a_patch_of_the_pod_itself_is_reported() {
    for (spec, at) in [
        ("          hostNetwork: true", "spec.hostNetwork: a companion never sets"),
        ("          securityContext: {runAsNonRoot: true}", "spec.securityContext: a companion never sets"),
        ("        metadata: {labels: {a: b}}", "metadata.labels: a companion never sets"),
        ("        metadata: {annotations: foo}", "metadata.annotations: invalid value: must be an object"),
        ("        metadata: {annotations: {a: b}}", "metadata.annotations.a: a companion adds an annotation only if"),
    ] {
        check(&policy("", "", spec), &[WHOLE, &format!("spec.rules[1].mutate.patchStrategicMerge.{at}")]);
    }
    let absent = policy("", "", "        metadata: {annotations: {+(a): b}}");
    check(&absent, &[WHOLE]);
    assert_eq!(companion(&absent)["spec"]["podAnnotations"], json!({"a": "b"}));
}

#[test]
fn a_patch_of_a_workload_is_one_of_its_pod_template() {
    let text = policy("", "", "").replace("kinds: [Pod]", "kinds: [Deployment]");
    let (start, _) = text.split_once("        spec:\n          containers").unwrap();
    let template = "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'x:1'}]}}";
    let text = format!("{start}        metadata: {{labels: {{c: d}}}}\n        spec: {{replicas: 2, {template}}}\n");
    let at = |field: &str| format!("spec.rules[1].mutate.patchStrategicMerge.{field}");
    let (labels, replicas) = (at("metadata: changes the workload"), at("spec.replicas: changes the workload"));
    let of_pods = at("spec.template.metadata.labels: a companion never sets");
    let kinds = "spec.rules[1].match.any[0].resources.kinds: selects workloads";
    check(&text, &[NARROWED, kinds, &labels, &replicas, &of_pods]);
}

#[test]
fn a_json_patch_that_adds_is_a_companion() {
    let text = |patch: &str| {
        let text = policy("", "", "");
        let (start, _) = text.split_once("      patchStrategicMerge").unwrap();
        format!("{start}      patchesJson6902: |-\n{patch}")
    };
    let added = "        - {op: add, path: /spec/containers/-, value: {name: a, image: 'x:1'}}\n";
    check(&text(added), &[WHOLE]);
    check(
        &text(&format!("{added}        - {{op: add, path: /spec/initContainers, value: [{{name: b, image: 'x:1'}}]}}")),
        &[WHOLE],
    );
    check(
        &text(&format!("{added}        - {{op: add, path: /metadata/annotations/a.b~1c, value: d}}")),
        &[WHOLE, "spec.rules[1].mutate.patchesJson6902[1].value[\"a.b/c\"]: a companion adds an annotation only if"],
    );
    for (operation, at) in [
        ("{op: replace, path: /spec/x, value: 1}", "[1]: a companion only adds"),
        (
            "{op: add, path: /spec/containers/0/env/-, value: {name: a}}",
            "[1].path: changes a container or a volume of the Pod",
        ),
        ("{op: add, path: /spec/hostNetwork, value: true}", "[1].path: a companion never sets"),
        ("{op: add, path: /spec/initContainers, value: {name: a}}", "[1].value: invalid value: must be a list"),
        ("{op: add, path: /spec/volumes, value: null}", "[1].value: invalid value: must be a list"),
        ("{op: add, path: /metadata/annotations, value: [a]}", "[1].value: invalid value: must be an object"),
        ("{op: add, path: /status, value: true}", "[1].path: a companion sets fields of spec"),
    ] {
        check(
            &text(&format!("{added}        - {operation}")),
            &[WHOLE, &format!("spec.rules[1].mutate.patchesJson6902{at}")],
        );
    }
    check(
        &text(&format!("{added}        - {{op: test, path: /spec/x, value: 1}}")),
        &[NARROWED, "spec.rules[1].mutate.patchesJson6902[1]: a condition"],
    );
}

#[test]
fn variables_loops_and_existing_objects_are_not_translated() {
    let nothing = "nothing: ClusterPolicy agent, rule inject";
    let variable = policy("", "", "").replace("x:1", "x:{{request.namespace}}");
    check(
        &variable,
        &[nothing, "spec.rules[1].mutate.patchStrategicMerge.spec.containers[0].image: the value has a variable"],
    );
    let mutate = |field: &str| {
        let text = policy("", "", "");
        let (start, _) = text.split_once("      patchStrategicMerge").unwrap();
        format!("{start}      {field}")
    };
    check(
        &mutate("foreach: [{list: containers}]"),
        &[nothing, "spec.rules[1].mutate.foreach: a companion adds the same"],
    );
    check(
        &mutate("targets: [{kind: Pod, name: initContainers}]"),
        &[nothing, "spec.rules[1].mutate.targets: changes objects"],
    );
    check(
        &mutate("patchStrategicMerge: {spec: {containers: [{name: app, tty: true}]}}"),
        &[nothing, "spec.rules[1].mutate: adds no container"],
    );
    let both = "patchStrategicMerge: {spec: {containers: [{name: a, image: 'x:1'}]}}\n      patchesJson6902: 'a: b'\n      overlay: {a: b}";
    check(
        &mutate(both),
        &[nothing, "spec.rules[1].mutate.patchesJson6902: invalid value: must be a text with a list of operations"],
    );
    check(&mutate("patchStrategicMerge: {metadata: {labels: {a: b}}}"), &[]);
}

#[test]
fn a_policy_of_a_namespace_and_several_rules_are_read() {
    let text = policy("", "", "").replace("ClusterPolicy", "Policy");
    check(&text, &[NARROWED, "metadata.namespace: required value"]);
    let spec = &companion(&text.replace("{name: agent}", "{name: agent, namespace: shop}"))["spec"];
    assert_eq!(spec["namespaceSelector"], json!({"matchLabels": {"kubernetes.io/metadata.name": "shop"}}));
    let rule = policy("", "", "").split_once("  - name: inject").unwrap().1.to_owned();
    let two = format!("{}  - name: other{rule}", policy("", "", ""));
    check(&two, &["ClusterWide ClusterCompanion agent-inject", "ClusterWide ClusterCompanion agent-other"]);
}
