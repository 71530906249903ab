//! MutatingAdmissionPolicy, and Kyverno's MutatingPolicy.

use serde_json::json;

use super::{check, companion};

const BINDING: &str = "
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: agent}
spec: {policyName: agent.example.com}
";
const OBJECT: &str = "Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'a', image: 'x:1', args: ['-v'], restartPolicy: 'Always'}]}}";
const PODS: &str = "{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}";

/// A policy with an apply configuration, with more fields of its constraints and of its spec.
fn policy(constraints: &str, spec: &str) -> String {
    of_mutation(
        constraints,
        spec,
        &format!("patchType: ApplyConfiguration, applyConfiguration: {{expression: \"{OBJECT}\"}}"),
    )
}

fn of_mutation(constraints: &str, spec: &str, mutation: &str) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\nmetadata: {{name: agent.example.com}}\nspec:\n  \
         matchConstraints: {{resourceRules: [{PODS}]{constraints}}}\n{spec}\n  mutations:\n  - {{{mutation}}}\n"
    )
}

fn of_patch(expression: &str) -> String {
    let folded = expression.replace('\n', " ");
    of_mutation("", "", &format!("patchType: JSONPatch, jsonPatch: {{expression: \"{folded}\"}}")) + BINDING
}

const WHOLE: &str = "ClusterWide ClusterCompanion agent-example-com";
const NARROWED: &str = "OnRequest ClusterCompanion agent-example-com";
const NOTHING: &str = "nothing: MutatingAdmissionPolicy agent.example.com";

#[test]
fn a_bound_policy_that_adds_a_container_is_a_companion() {
    let text = policy("", "") + BINDING;
    check(&text, &[WHOLE]);
    assert_eq!(
        companion(&text)["spec"],
        json!({
            "pattern": "Sidecar",
            "activation": "ClusterWide",
            "containers": [{"name": "a", "image": "x:1", "args": ["-v"]}],
        })
    );
}

#[test]
fn selectors_of_the_policy_and_of_its_binding_are_all_required() {
    let text = policy(", objectSelector: {matchLabels: {a: b}}", "") + BINDING;
    let resources = "{objectSelector: {matchLabels: {c: d}}, namespaceSelector: {matchLabels: {e: f}}}";
    let text = text.replace(
        "policyName: agent.example.com",
        &format!("policyName: agent.example.com, matchResources: {resources}"),
    );
    check(&text, &[WHOLE]);
    let spec = &companion(&text)["spec"];
    assert_eq!(spec["podSelector"], json!({"matchLabels": {"a": "b", "c": "d"}}));
    assert_eq!(spec["namespaceSelector"], json!({"matchLabels": {"e": "f"}}));
}

#[test]
fn a_policy_whose_pods_are_unknown_is_a_companion_on_request() {
    check(&policy("", ""), &[NARROWED, "metadata.name: no binding of the policy among"]);
    check(&(policy("", "") + BINDING + BINDING), &[NARROWED, ": the policy has several bindings"]);
    check(
        &(policy(", excludeResourceRules: [{resourceNames: [x]}]", "") + BINDING),
        &[NARROWED, "spec.matchConstraints.excludeResourceRules: a companion selects Pods by labels only"],
    );
    for (constraints, at) in [
        (", objectSelector: {matchLabel: {a: b}}", "objectSelector: invalid value"),
        (", other: {a: b}", "other: a companion selects Pods by labels only"),
    ] {
        let at = format!("spec.matchConstraints.{at}");
        check(&(policy(constraints, "") + BINDING), &[NARROWED, &at]);
    }
    check(
        &(policy("", "  matchConditions: {name: a}") + BINDING),
        &[NARROWED, "spec.matchConditions: invalid value: must be a list"],
    );
    let unknown = (policy("", "") + BINDING).replace(&format!("resourceRules: [{PODS}]"), "");
    check(&unknown, &[NARROWED, "spec.matchConstraints.resourceRules: required value"]);
    let deployments = (policy("", "") + BINDING).replace("[pods]", "[deployments]");
    check(&deployments, &[NARROWED, "spec.matchConstraints.resourceRules: does not select new Pods"]);
    let update = (policy("", "") + BINDING).replace("[CREATE]", "[UPDATE]");
    check(&update, &[NARROWED, "spec.matchConstraints.resourceRules: does not select new Pods"]);
}

#[test]
fn conditions_on_labels_and_namespaces_are_selectors() {
    let with = |expression: &str| {
        policy("", &format!("  matchConditions: [{{name: c, expression: \"{expression}\"}}]")) + BINDING
    };
    let spec = |expression: &str| {
        check(&with(expression), &[WHOLE]);
        companion(&with(expression))["spec"].clone()
    };
    let requirement = |key: &str, operator: &str, values: &[&str]| {
        if values.is_empty() {
            json!({"key": key, "operator": operator})
        } else {
            json!({"key": key, "operator": operator, "values": values})
        }
    };
    for expression in [
        "!object.spec.initContainers.exists(c, c.name == 'a')",
        "!has(object.spec.initContainers) || !object.spec.initContainers.exists(c, c.name == 'a')",
        "object.spec.containers.all(c, c.name != 'a') && request.operation == 'CREATE'",
    ] {
        assert_eq!(spec(expression)["podSelector"], json!(null), "{expression}");
    }
    for (expression, pods) in [
        ("has(object.metadata.labels) && 'a.b/c' in object.metadata.labels", vec![requirement("a.b/c", "Exists", &[])]),
        ("!('a' in object.metadata.labels)", vec![requirement("a", "DoesNotExist", &[])]),
        ("object.metadata.labels['a'] == 'b'", vec![requirement("a", "In", &["b"])]),
        ("object.metadata.labels.a != 'b'", vec![requirement("a", "Exists", &[]), requirement("a", "NotIn", &["b"])]),
    ] {
        assert_eq!(spec(expression)["podSelector"]["matchExpressions"], json!(pods), "{expression}");
    }
    let names = |operator: &str, values: &[&str]| json!({"matchExpressions": [requirement("kubernetes.io/metadata.name", operator, values)]});
    assert_eq!(spec("request.namespace != 'a'")["namespaceSelector"], names("NotIn", &["a"]));
    assert_eq!(spec("!(object.metadata.namespace in ['a', 'b'])")["namespaceSelector"], names("NotIn", &["a", "b"]));
    for expression in [
        "has(object.metadata.labels)",
        "object.spec.hostNetwork",
        "!object.spec.initContainers.exists(c, c.name == 'other')",
        "'a' in object.metadata.labels || 'b' in object.metadata.labels",
        "object.metadata.annotations['a'] == 'b'",
    ] {
        check(
            &with(expression),
            &[NARROWED, "spec.matchConditions[0].expression: a companion selects Pods and namespaces by labels only"],
        );
    }
}

#[test]
fn a_json_patch_is_read_for_pods_with_and_without_the_list() {
    let container = "Object.spec.initContainers{name: 'a', image: 'x:1'}";
    let one =
        "JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'c', image: 'x:1'}}";
    let choice = format!(
        "[{one}] + (has(object.spec.initContainers) ? [JSONPatch{{op: 'add', path: '/spec/initContainers/-', value: {container}}}]
         : [JSONPatch{{op: 'add', path: '/spec/initContainers', value: [{container}]}}])"
    );
    check(&of_patch(&choice), &[WHOLE]);
    let spec = &companion(&of_patch(&choice))["spec"];
    assert_eq!(spec["initContainers"], json!([{"name": "a", "image": "x:1"}]));
    let differs = choice.replacen("'a', image: 'x:1'", "'a', image: 'x:2'", 1);
    check(&of_patch(&differs), &[NOTHING, "spec.mutations[0].jsonPatch.expression: what is added depends on the Pod"]);
    let removes = choice.replacen(
        "[JSONPatch{op: 'add', path: '/spec/initC",
        "[JSONPatch{op: 'remove', path: '/spec/x'}, JSONPatch{op: 'add', path: '/spec/initC",
        1,
    );
    check(&of_patch(&removes), &[NOTHING, "spec.mutations[0].jsonPatch.expression: what is added depends on the Pod"]);
    check(&of_patch("{'containers': 'a'}"), &[NOTHING, "spec.mutations[0].jsonPatch.expression: invalid value"]);
    let annotation = format!(
        "[{one}, JSONPatch{{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('a.b/c'), value: 'd'}}]"
    );
    check(
        &of_patch(&annotation),
        &[WHOLE, "spec.mutations[0].jsonPatch.expression[1].value[\"a.b/c\"]: a companion adds"],
    );
}

#[test]
fn computed_values_are_not_translated() {
    let computed = (policy("", "") + BINDING).replace("image: 'x:1'", "image: 'x:' + params.spec.version");
    check(
        &computed,
        &[
            NOTHING,
            "spec.mutations[0].applyConfiguration.expression.spec.initContainers[0].image: the value is computed by CEL",
        ],
    );
    let mapped = (policy("", "") + BINDING)
        .replace(OBJECT, "Object{spec: Object.spec{containers: object.spec.containers.map(c, c)}}");
    check(
        &mapped,
        &[NOTHING, "spec.mutations[0].applyConfiguration.expression.spec.containers: the value is computed by CEL"],
    );
    let whole = "object.spec.containers.map(c, JSONPatch{op: 'add', path: '/spec/containers/-', value: c})";
    check(&of_patch(whole), &[NOTHING, "spec.mutations[0].jsonPatch.expression: the value is computed by CEL"]);
}

#[test]
fn parameters_variables_and_policies_without_containers_are_reported() {
    let text = policy("", "  paramKind: {apiVersion: v1, kind: ConfigMap}\n  variables: [{name: a, expression: '1'}]")
        + BINDING;
    check(
        &text,
        &[NARROWED, "spec.paramKind: a companion has parameters", "spec.variables: a companion computes no values"],
    );
    let changed = (policy("", "") + BINDING).replace("image: 'x:1', ", "");
    check(&changed, &[NOTHING, "spec.mutations: adds no container"]);
    let labels = (policy("", "") + BINDING)
        .replace(OBJECT, "Object{metadata: Object.metadata{labels: Object.metadata.labels{a: 'b'}}}");
    check(&labels, &[]);
}

#[test]
fn a_mutating_policy_of_kyverno_needs_no_binding() {
    let kyverno = |text: &str| {
        text.replace("admissionregistration.k8s.io/v1", "policies.kyverno.io/v1")
            .replace("MutatingAdmissionPolicy", "MutatingPolicy")
    };
    check(&kyverno(&policy("", "")), &[WHOLE]);
    let namespaced = kyverno(&policy("", "")).replace("kind: M", "kind: NamespacedM");
    check(&namespaced, &[NARROWED, "metadata.namespace: required value"]);
    let namespaced = namespaced.replace("{name: agent.example.com}", "{name: agent.example.com, namespace: shop}");
    let name = json!({"matchLabels": {"kubernetes.io/metadata.name": "shop"}});
    assert_eq!(companion(&namespaced)["spec"]["namespaceSelector"], name);
    check(
        &kyverno(&policy("", "  evaluation: {admission: {enabled: false}}")),
        &[NARROWED, "spec.evaluation.admission.enabled: the policy is not evaluated when Pods are created"],
    );
    check(
        &kyverno(&policy("", "  targetMatchConstraints: {resourceRules: [{}]}")),
        &["nothing: MutatingPolicy agent.example.com", "spec.targetMatchConstraints: changes objects that exist"],
    );
}

#[test]
fn an_expression_of_the_other_type_of_patch_is_not_translated() {
    check(
        &of_patch(OBJECT),
        &[NOTHING, "spec.mutations[0].jsonPatch.expression: invalid value: must be an Object, or"],
    );
    let list =
        "[JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'a', image: 'x:1'}}]";
    check(
        &(policy("", "") + BINDING).replace(OBJECT, list),
        &[NOTHING, "spec.mutations[0].applyConfiguration.expression: invalid value: must be an Object, or"],
    );
}

#[test]
fn an_expression_that_is_missing_or_no_string_is_reported_at_the_field_of_its_patch_type() {
    let second = |mutation: &str| {
        let mutation = format!(
            "patchType: ApplyConfiguration, applyConfiguration: {{expression: \"{OBJECT}\"}}}}\n  - {{{mutation}"
        );
        of_mutation("", "", &mutation) + BINDING
    };
    for (mutation, expected) in [
        ("patchType: JSONPatch", "jsonPatch.expression: required value"),
        ("patchType: JSONPatch, jsonPatch: {expression: ' '}", "jsonPatch.expression: required value"),
        ("patchType: JSONPatch, jsonPatch: {expression: 5}", "jsonPatch.expression: invalid value: must be a string"),
        ("jsonPatch: {expression: [a]}", "jsonPatch.expression: invalid value: must be a string"),
        ("patchType: ApplyConfiguration, jsonPatch: {expression: x}", "applyConfiguration.expression: required value"),
        (
            "patchType: ApplyConfiguration, applyConfiguration: {expression: {a: b}}",
            "applyConfiguration.expression: invalid",
        ),
        ("", "applyConfiguration.expression: required value"),
    ] {
        check(&second(mutation), &[NOTHING, &format!("spec.mutations[1].{expected}")]);
    }
}
