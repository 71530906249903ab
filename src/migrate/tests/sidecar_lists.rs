//! ExpediaGroup/kubernetes-sidecar-injector.

use serde_json::json;

use super::{check, companion};

fn config_map(sidecars: &str) -> String {
    let lines: Vec<String> = sidecars.lines().map(|line| format!("    {line}")).collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: agent, namespace: shop}}\ndata:\n  sidecars.yaml: |\n{}\n",
        lines.join("\n")
    )
}

#[test]
fn the_sidecars_of_a_config_map_are_one_companion_of_its_namespace() {
    let text = config_map(
        "- name: one
  containers: [{name: a, image: 'x:1', volumeMounts: [{name: conf, mountPath: /conf}]}]
  volumes: [{name: conf, configMap: {name: conf}}]
  imagePullSecrets: [{name: pull}]
  annotations: {example.com/a: b}
- name: two
  containers: [{name: b, image: 'x:1'}]",
    );
    assert_eq!(
        companion(&text),
        json!({
            "apiVersion": "podgraft.dev/v1alpha1",
            "kind": "Companion",
            "metadata": {"name": "agent", "namespace": "shop"},
            "spec": {
                "pattern": "Sidecar",
                "imagePullSecrets": [{"name": "pull"}],
                "containers": [
                    {"name": "a", "image": "x:1", "volumeMounts": [{"name": "conf", "mountPath": "/conf"}]},
                    {"name": "b", "image": "x:1"},
                ],
                "volumes": [{"name": "conf", "configMap": {"name": "conf"}}],
                "podAnnotations": {"example.com/a": "b"},
            },
        })
    );
}

#[test]
fn what_a_companion_does_not_set_is_reported() {
    check(
        &config_map("- name: one\n  containers: [{name: a, image: 'x:1'}]\n  labels: {a: b}\n  hostNetwork: true"),
        &[
            "OnRequest Companion agent",
            "data[\"sidecars.yaml\"][0].labels: a companion never sets labels, because Services",
            "data[\"sidecars.yaml\"][0].hostNetwork: a companion never sets hostNetwork, because the app",
        ],
    );
}

#[test]
fn the_older_form_and_a_list_outside_of_a_config_map_are_read() {
    let older = "- name: one\n  sidecar: {containers: [{name: a, image: 'x:1'}]}";
    check(&config_map(older), &["OnRequest Companion agent"]);
    check(older, &["OnRequest Companion a"]);
}

#[test]
fn other_lists_are_no_configurations() {
    for text in ["- name: one", "[]", "- 1", "- {containers: 1}"] {
        check(&config_map(text), &[]);
        check(text, &[]);
    }
}

#[test]
fn an_item_without_lists_does_not_hide_the_others() {
    let items =
        "- name: one\n  containers: [{name: a, image: 'x:1'}]\n- name: two\n  annotations: {example.com/a: b}\n- x";
    check(
        &config_map(items),
        &["OnRequest Companion agent", "data[\"sidecars.yaml\"][2]: invalid value: must be an object"],
    );
    let added = companion(&config_map(items))["spec"]["podAnnotations"].take();
    assert_eq!(added, json!({"example.com/a": "b"}));
}

#[test]
fn a_namespace_that_cannot_exist_is_reported() {
    let text = config_map("- containers: [{name: a, image: 'x:1'}]");
    for namespace in [r#""x\ny""#, "Shop", "''", "1"] {
        let text = text.replace("namespace: shop", &format!("namespace: {namespace}"));
        check(&text, &["nothing: ConfigMap agent", "metadata.namespace: invalid value: must be a DNS label"]);
    }
}

#[test]
fn a_problem_of_an_annotation_is_reported_at_this_annotation() {
    check(
        &config_map(
            "- name: one
  containers: [{name: a, image: 'x:1'}]
  annotations: {good: b, also/good: '1', 'bad key!': c, num: 5, 'a/b/c': d}",
        ),
        &[
            "nothing: ConfigMap agent",
            "data[\"sidecars.yaml\"][0].annotations.num: the companion would be invalid: invalid value: must be a string",
            "data[\"sidecars.yaml\"][0].annotations[\"a/b/c\"]: the companion would be invalid: invalid value: must be an",
            "data[\"sidecars.yaml\"][0].annotations[\"bad key!\"]: the companion would be invalid: invalid value: must be an annotation key",
        ],
    );
}

#[test]
fn of_two_values_of_an_annotation_the_last_one_is_used_and_reported() {
    check(
        &config_map(
            "- {name: one, containers: [{name: a, image: 'x:1'}], annotations: {a: b}}
- {name: two, annotations: {a: 5}}",
        ),
        &[
            "nothing: ConfigMap agent",
            "data[\"sidecars.yaml\"][1].annotations.a: the companion would be invalid: invalid value: must be a string",
        ],
    );
}
