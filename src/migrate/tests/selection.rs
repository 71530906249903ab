//! The Pods of companions: selectors, also where a condition is not translated.

use serde_json::{Value, json};

use super::{check, companion};

const NAMESPACE: &str = "kubernetes.io/metadata.name";

/// A policy of Kyverno with the fields of its rule that select Pods.
fn rule(kind: &str, selection: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: {kind}\nmetadata: {{name: agent, namespace: infra}}\nspec:\n  rules:\n  - name: inject\n    {selection}\n    \
         mutate: {{patchStrategicMerge: {{spec: {{containers: [{{name: a, image: 'x:1'}}]}}}}}}\n"
    )
}

fn cluster_rule(selection: &str) -> String {
    rule("ClusterPolicy", selection)
}

fn matching(resources: &str) -> String {
    format!("match: {{any: [{{resources: {{kinds: [Pod]{resources}}}}}]}}")
}

/// A mutating policy of Kyverno with more fields of its rule and of its spec.
fn mutating_policy(rule: &str, spec: &str) -> String {
    let object = "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'sc', image: 'x:1'}]}}";
    format!(
        "apiVersion: policies.kyverno.io/v1\nkind: MutatingPolicy\nmetadata: {{name: agent}}\nspec:\n  matchConstraints:\n    \
         objectSelector: {{matchLabels: {{app: web}}}}\n    resourceRules: [{{apiGroups: [''], operations: [CREATE], resources: [pods]{rule}}}]\n{spec}\n  \
         mutations: [{{patchType: ApplyConfiguration, applyConfiguration: {{expression: \"{object}\"}}}}]\n"
    )
}

fn conditional(expression: &str) -> String {
    mutating_policy("", &format!("  matchConditions: [{{name: c, expression: \"{expression}\"}}]"))
}

/// Activation, selector of Pods and selector of namespaces.
fn selection(text: &str) -> (Value, Value, Value) {
    let spec = companion(text)["spec"].take();
    (spec["activation"].clone(), spec["podSelector"].clone(), spec["namespaceSelector"].clone())
}

fn labels(key: &str, value: &str) -> Value {
    json!({"matchLabels": {key: value}})
}

fn names(operator: &str, values: &[&str]) -> Value {
    json!({"matchExpressions": [{"key": NAMESPACE, "operator": operator, "values": values}]})
}

#[test]
fn a_condition_that_is_not_translated_leaves_the_selectors_of_the_others() {
    let text = rule("Policy", &matching(", names: ['agent-*'], selector: {matchLabels: {agent: 'yes'}}"));
    assert_eq!(selection(&text), (Value::Null, labels("agent", "yes"), labels(NAMESPACE, "infra")));
    let filters =
        "match: {any: [{resources: {names: [a]}}, {resources: {names: [b]}}], all: [{resources: {namespaces: [x]}}]}";
    assert_eq!(selection(&cluster_rule(filters)), (Value::Null, Value::Null, labels(NAMESPACE, "x")));
    let anchor = cluster_rule(&matching(", namespaces: [x]")).replace("name: a,", "name: a, (tty): true,");
    assert_eq!(selection(&anchor), (Value::Null, Value::Null, labels(NAMESPACE, "x")));
    let sidecar_set = "apiVersion: apps.kruise.io/v1alpha1\nkind: SidecarSet\nmetadata: {name: agent}\nspec:\n  \
         selector: {matchLabels: {app: web}}\n  namespace: infra\n  injectionStrategy: {paused: true}\n  \
         containers: [{name: a, image: 'x:1'}]\n";
    assert_eq!(selection(sidecar_set), (Value::Null, labels("app", "web"), labels(NAMESPACE, "infra")));
    let policy = conditional("request.namespace == 'infra' && object.spec.hostNetwork");
    assert_eq!(selection(&policy), (Value::Null, labels("app", "web"), Value::Null));
}

#[test]
fn only_names_that_are_written_are_selectors_of_namespaces() {
    for (expression, namespaces) in [
        ("request.namespace in ['a' , 'b']", names("In", &["a", "b"])),
        ("(request.namespace in ['a', 'b'])", names("In", &["a", "b"])),
        ("!(request.namespace in ['a'])", names("NotIn", &["a"])),
        ("namespaceObject.metadata.name in ['a']", labels(NAMESPACE, "a")),
    ] {
        let expected = (json!("ClusterWide"), labels("app", "web"), namespaces);
        assert_eq!(selection(&conditional(expression)), expected, "{expression}");
    }
    for expression in [
        "!(request.namespace in [variables.excluded])",
        "!(request.namespace in ['kube-system', params.ns])",
        "!(request.namespace in [oldObject.metadata.namespace])",
        "request.namespace in []",
        "!(request.namespace in ['a'] && request.namespace in ['b'])",
        "!('a' in object.metadata.labels && !'b' in object.metadata.labels)",
        "!('a' in object.metadata.labels && !('b' in object.metadata.labels))",
    ] {
        assert_eq!(selection(&conditional(expression)).0, Value::Null, "{expression}");
    }
}

#[test]
fn a_condition_on_the_injected_container_is_about_lists_of_containers() {
    let label = "object.metadata.labels['x'] == 'true'";
    let lacks = "!has(object.spec.initContainers) || !object.spec.initContainers.exists(c, c.name == 'sc')";
    let whole = conditional(&format!("{label} && ({lacks})"));
    let requirement = json!([{"key": "x", "operator": "In", "values": ["true"]}]);
    let pods = json!({"matchLabels": {"app": "web"}, "matchExpressions": requirement});
    assert_eq!(selection(&whole), (json!("ClusterWide"), pods, Value::Null));
    assert_eq!(selection(&conditional(lacks)).0, "ClusterWide");
    let other_list = lacks.replacen("initContainers", "containers", 1);
    for expression in [
        "!object.spec.volumes.exists(v, v.name == 'sc')".to_owned(),
        "!has(object.spec.volumes) || object.spec.volumes.all(v, v.name != 'sc')".to_owned(),
        format!("{label} && {lacks}"),
        format!("({label} && {lacks})"),
        other_list,
    ] {
        assert_eq!(selection(&conditional(&expression)).0, Value::Null, "{expression}");
    }
}

#[test]
fn an_exclusion_of_kinds_with_a_wildcard_that_pods_match_is_kept() {
    let excluding = |kinds: &str| {
        let exclude = format!("exclude: {{any: [{{resources: {{kinds: [{kinds}], namespaces: [secret-ns]}}}}]}}");
        selection(&cluster_rule(&format!("{}\n    {exclude}", matching(""))))
    };
    for kinds in ["'P*'", "'Po?'", "'*'", "'v1/P*'", "'*/*'", "Service, 'P*'"] {
        assert_eq!(excluding(kinds), (json!("ClusterWide"), Value::Null, names("NotIn", &["secret-ns"])), "{kinds}");
    }
    for kinds in ["'S*'", "Service", "'Pods*'"] {
        assert_eq!(excluding(kinds), (json!("ClusterWide"), Value::Null, Value::Null), "{kinds}");
    }
}

#[test]
fn a_rule_whose_match_has_another_form_is_on_request() {
    for (selection, reported) in [
        ("validate: {}", "match: required value: without match"),
        ("match: {}", "match: required value: without match"),
        ("match: {any: ['x']}", "match.any[0]: invalid value: must be an object"),
        ("match: 'x'", "match: invalid value: must be an object"),
        ("match: {any: {resources: {kinds: [Pod]}}}", "match.any: invalid value: must be a list"),
        ("match: {resources: [{kinds: [Pod]}]}", "match.resources: invalid value: must be an object"),
        ("match: {resources: {kinds: [Pod], namespaces: a}}", "match.resources.namespaces: invalid value: must be a"),
        (
            "match: {resources: {kinds: [Pod]}}\n    exclude: {resources: {namespaces: [1]}}",
            "exclude: selectors of a companion exclude",
        ),
    ] {
        let field = format!("spec.rules[0].{reported}");
        check(&cluster_rule(selection), &["OnRequest ClusterCompanion agent", &field]);
    }
}

#[test]
fn a_filter_next_to_a_list_of_filters_is_required_as_well() {
    let both = "match: {any: [{resources: {kinds: [Pod]}}], resources: {namespaces: [only-here]}}";
    assert_eq!(selection(&cluster_rule(both)), (json!("ClusterWide"), Value::Null, labels(NAMESPACE, "only-here")));
    let exclude = "exclude: {any: [{resources: {selector: {matchLabels: {a: b}}}}], resources: {namespaces: [x]}}";
    let (activation, pods, namespaces) = selection(&cluster_rule(&format!("{}\n    {exclude}", matching(""))));
    assert_eq!((activation, namespaces), (json!("ClusterWide"), names("NotIn", &["x"])));
    assert_eq!(pods, json!({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}));
}

#[test]
fn only_a_precondition_that_is_true_for_every_creation_is_ignored() {
    let activation = |operator: &str, value: &str| {
        let conditions =
            format!("{{all: [{{key: '{{{{request.operation}}}}', operator: {operator}, value: {value}}}]}}");
        selection(&cluster_rule(&format!("{}\n    preconditions: {conditions}", matching("")))).0
    };
    for (operator, value) in [("Equals", "CREATE"), ("AnyIn", "[UPDATE, CREATE]"), ("NotIn", "[UPDATE, DELETE]")] {
        assert_eq!(activation(operator, value), "ClusterWide", "{operator} {value}");
    }
    for (operator, value) in [
        ("Equals", "RECREATE"),
        ("NotEquals", "CREATE"),
        ("NotEquals", "'C*'"),
        ("AnyNotIn", "[UPDATE, CREATE]"),
        ("NotEquals", "{a: b}"),
        ("GreaterThan", "CREATE"),
    ] {
        assert_eq!(activation(operator, value), Value::Null, "{operator} {value}");
    }
}

#[test]
fn a_policy_with_parameters_and_one_for_objects_without_a_namespace_are_on_request() {
    let parameters = mutating_policy("", "  paramKind: {apiVersion: v1, kind: ConfigMap}");
    assert_eq!(selection(&parameters), (Value::Null, labels("app", "web"), Value::Null));
    for (scope, activation) in
        [("'*'", json!("ClusterWide")), ("Namespaced", json!("ClusterWide")), ("Cluster", Value::Null)]
    {
        let rule = format!(", scope: {scope}");
        assert_eq!(selection(&mutating_policy(&rule, "")).0, activation, "{scope}");
    }
    check(
        &mutating_policy("", "  evaluation: {mutateExisting: {enabled: true}}"),
        &[
            "ClusterWide ClusterCompanion agent",
            "spec.evaluation.mutateExisting.enabled: Pods that exist are not changed",
        ],
    );
}

#[test]
fn every_branch_of_a_choice_is_compared() {
    let container = |name: &str| {
        format!("Object{{spec: Object.spec{{containers: [Object.spec.containers{{name: '{name}', image: 'x:1'}}]}}}}")
    };
    let with = |expression: &str| mutating_policy("", "").replace(&container("sc"), expression);
    let (a, b) = (container("a"), container("b"));
    for condition in [
        "has(object.spec.volumes) && !has(object.spec.initContainers)",
        "has(object.spec.volumes)",
        "has(object.a) && has(object.b) && has(object.c) && has(object.d) && has(object.e)",
    ] {
        let text = with(&format!("{condition} ? {a} : {b}"));
        let reported = "spec.mutations[0].applyConfiguration.expression: what is added depends on the Pod";
        check(&text, &["nothing: MutatingPolicy agent", reported]);
    }
    let nested = format!("has(object.spec.a) ? (has(object.spec.b) ? {a} : {b}) : {a}");
    check(&with(&nested), &["nothing: MutatingPolicy agent", "spec.mutations[0].applyConfiguration.expression: what"]);
    check(&with(&format!("has(object.spec.a) ? {a} : {a}")), &["ClusterWide ClusterCompanion agent"]);
}
