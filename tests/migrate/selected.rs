//! The Pods that a configuration selects get its companion, and no others.

use std::fs;

use podgraft::internals::manifest;
use serde_json::Value;

use super::injected::{PodPlace, outcome};
use super::podgraft;

/// A Pod: its labels, its namespace, the labels of that, and what happens to it.
type Case =
    (&'static [(&'static str, &'static str)], &'static str, &'static [(&'static str, &'static str)], &'static str);

/// The only companion that is written for a text.
fn companion(text: &str) -> Value {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a.yaml"), text).unwrap();
    let run = podgraft(here.path(), "migrate a.yaml");
    let mut all: Vec<Value> =
        manifest::read(run.out.as_bytes()).into_iter().filter_map(|document| document.unwrap().value).collect();
    assert_eq!(all.len(), 1, "{}{}", run.out, run.err);
    all.remove(0)
}

#[track_caller]
fn check(text: &str, cases: &[Case]) {
    let companion = companion(text);
    let map = |labels: &[(&str, &str)]| labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    for (labels, namespace, namespace_labels, expected) in cases {
        let (labels, namespace_labels) = (map(labels), map(namespace_labels));
        let pod = PodPlace { labels, namespace: (*namespace).to_owned(), namespace_labels };
        assert_eq!(outcome(&companion, &pod), *expected, "{companion:#}\n{pod:?}");
    }
}

const WEB: &[(&str, &str)] = &[("app", "web")];
const TEAM: &[(&str, &str)] = &[("team", "a")];
const OTHER: &[(&str, &str)] = &[("app", "other")];

#[test]
fn a_sidecar_set_selects_pods_by_labels_and_namespaces_by_names_and_labels() {
    let set = |more: &str| {
        format!(
            "apiVersion: apps.kruise.io/v1alpha1\nkind: SidecarSet\nmetadata: {{name: agent}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  \
             containers: [{{name: agent, image: 'x:1'}}]\n{more}\n"
        )
    };
    check(
        &set(""),
        &[(WEB, "shop", &[], "injected"), (OTHER, "shop", &[], "unchanged"), (&[], "shop", &[], "unchanged")],
    );
    check(
        &set("  namespaceSelector: {namespaces: [shop, blog]}"),
        &[(WEB, "blog", &[], "injected"), (WEB, "mail", &[], "unchanged"), (OTHER, "shop", &[], "unchanged")],
    );
    check(
        &set("  namespaceSelector: {matchLabels: {team: a}}"),
        &[(WEB, "shop", &[("team", "a")], "injected"), (WEB, "shop", &[("team", "b")], "unchanged")],
    );
    // While it is paused, Pods can only request it, and only those that it selects.
    check(
        &set("  injectionStrategy: {paused: true}"),
        &[(WEB, "shop", &[], "injected"), (OTHER, "shop", &[], "denied")],
    );
}

#[test]
fn a_rule_of_kyverno_selects_what_it_matches_and_does_not_exclude() {
    let rule = |resources: &str, exclude: &str| {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: agent}}\nspec:\n  rules:\n  - name: inject\n    \
             match: {{any: [{{resources: {{kinds: [Pod]{resources}}}}}]}}\n    exclude: {{any: [{exclude}]}}\n    \
             mutate: {{patchStrategicMerge: {{spec: {{containers: [{{name: agent, image: 'x:1'}}]}}}}}}\n"
        )
    };
    check(
        &rule(", namespaces: [shop, blog], selector: {matchLabels: {app: web}}", ""),
        &[(WEB, "blog", &[], "injected"), (WEB, "mail", &[], "unchanged"), (OTHER, "blog", &[], "unchanged")],
    );
    check(
        &rule(
            ", namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [a, b]}]}",
            "{resources: {namespaces: [mail]}}, {resources: {selector: {matchLabels: {app: other}}}}",
        ),
        &[
            (WEB, "shop", &[("team", "b")], "injected"),
            (&[], "shop", &[("team", "b")], "injected"),
            (WEB, "shop", &[("team", "c")], "unchanged"),
            (WEB, "mail", &[("team", "a")], "unchanged"),
            (OTHER, "shop", &[("team", "a")], "unchanged"),
        ],
    );
    check(
        &rule(", annotations: {agent: 'yes'}, selector: {matchLabels: {app: web}}", ""),
        &[(WEB, "shop", &[], "injected"), (OTHER, "shop", &[], "denied")],
    );
}

#[test]
fn an_admission_policy_selects_what_it_and_its_binding_and_its_conditions_select() {
    let text = "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\nmetadata: {name: agent.example}\nspec:\n  \
         matchConstraints:\n    objectSelector: {matchLabels: {app: web}}\n    \
         resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]\n  \
         matchConditions: [{name: not-system, expression: \"request.namespace != 'mail'\"}]\n  reinvocationPolicy: Never\n  \
         mutations: [{patchType: JSONPatch, jsonPatch: {expression: \"[JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'agent', image: 'x:1'}}]\"}}]\n\
         ---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\nmetadata: {name: agent}\nspec:\n  \
         policyName: agent.example\n  matchResources: {namespaceSelector: {matchLabels: {team: a}}}\n";
    check(
        text,
        &[
            (WEB, "shop", TEAM, "injected"),
            (OTHER, "shop", TEAM, "unchanged"),
            (WEB, "shop", &[], "unchanged"),
            (WEB, "mail", TEAM, "unchanged"),
        ],
    );
}

#[test]
fn a_list_of_sidecars_is_for_pods_of_the_namespace_of_its_config_map() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: agent, namespace: shop}\ndata:\n  sidecars.yaml: |\n    - containers: [{name: agent, image: 'x:1'}]\n";
    check(text, &[(&[], "shop", &[], "injected"), (&[], "blog", &[], "denied")]);
}
