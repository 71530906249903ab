//! What is rendered, as a whole.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use podgraft::internals::api::{check_companion, crds};
use serde_json::Value;

use super::{CHART, golden, helm, of_kind, rendered, sets, template, yaml};

#[test]
fn helm_finds_nothing_to_complain_about() {
    for (set, path) in sets() {
        let values = format!("--values={}", path.display());
        helm(&["lint", "--strict", CHART, &values]).unwrap_or_else(|why| panic!("{set}: {why}"));
    }
}

#[test]
fn each_set_of_values_renders_its_golden() {
    for (set, path) in sets() {
        let values = format!("--values={}", path.display());
        // The definitions have a test of their own, and are long.
        let text = template(&[&values, "--set=crds.install=false"]).unwrap_or_else(|why| panic!("{set}: {why}"));
        golden::check(format!("tests/chart/{set}.yaml"), &text);
    }
}

#[test]
fn every_golden_belongs_to_a_set_of_values() {
    let sets = sets();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chart")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(set) = file.strip_suffix(".yaml") else { continue };
        assert!(sets.iter().any(|(name, _)| name == set), "tests/chart/{file} has no ci/{set}-values.yaml: delete it");
    }
}

#[test]
fn rendering_twice_gives_the_same() {
    for (set, path) in sets() {
        let values = format!("--values={}", path.display());
        assert_eq!(template(&[&values]), template(&[&values]), "{set}");
    }
}

/// Values, and what `null` means for each.
const NULLABLE: &[(&str, &[&str])] = &[
    (
        "false",
        &[
            "hints.enabled",
            "podDisruptionBudget.enabled",
            "events.enabled",
            "hostNetwork",
            "requiredCompanions.enabled",
        ],
    ),
    ("[]", &["excludedNamespaces", "webhooks.namespaceMatchExpressions", "webhooks.matchConditions", "extraArgs"]),
    ("{}", &["commonLabels", "podLabels", "webhooks.labels", "serviceMonitor.labels", "podMonitor.labels"]),
    ("{}", &["prometheusRule.labels", "prometheusRule.alertLabels"]),
];

#[test]
fn a_value_that_is_null_is_false_or_empty() {
    let enabled = ["serviceMonitor", "prometheusRule", "grafanaDashboard", "webhooks.clusterWide"];
    let enabled = enabled.map(|name| format!("--set={name}.enabled=true"));
    let with = |value: &str| {
        let all: Vec<&str> = enabled.iter().map(|set| &**set).chain(["--set=crds.install=false", value]).collect();
        template(&all).unwrap_or_else(|why| panic!("{value}: {why}"))
    };
    for (meaning, value) in NULLABLE.iter().flat_map(|(meaning, values)| values.iter().map(move |v| (meaning, v))) {
        let is_equal = with(&format!("--set={value}=null")) == with(&format!("--set-json={value}={meaning}"));
        assert!(is_equal, "{value}");
    }
    // Helm adds an empty map to their defaults, so that only `null` removes these.
    with("--set=webhooks.annotations=null");
    with("--set=grafanaDashboard.labels=null");
}

#[test]
fn the_definitions_are_not_damaged() {
    for keep in [true, false] {
        let objects = rendered(&[&format!("--set=crds.keep={keep}")]);
        let mut found = of_kind(&objects, "CustomResourceDefinition").into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(found.len(), crds().len());
        for (found, generated) in found.iter_mut().zip(crds()) {
            let metadata = found["metadata"].as_object_mut().unwrap();
            assert!(metadata.remove("labels").is_some());
            let annotations = metadata.remove("annotations").unwrap_or_default();
            assert_eq!(annotations["helm.sh/resource-policy"] == "keep", keep);
            assert_eq!(*found, generated);
        }
    }
}

#[test]
fn a_ca_bundle_is_rendered_only_where_it_is_given() {
    for (set, path) in sets() {
        let objects = rendered(&[&format!("--values={}", path.display())]);
        for webhook in webhooks(&objects) {
            let bundle = webhook["clientConfig"]["caBundle"].as_str();
            if set != "secret" {
                assert_eq!(bundle, None, "{set}: {}", webhook["name"]);
                continue;
            }
            let pem = String::from_utf8(STANDARD.decode(bundle.unwrap()).unwrap()).unwrap();
            assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"), "{pem}");
        }
    }
}

#[test]
fn kinds_that_are_added_to_the_preview_are_reviewed_when_their_spec_changes() {
    let of = |arguments: &[&str]| -> Vec<Value> {
        let objects = rendered(arguments);
        let named = webhooks(&objects).into_iter().filter(|w| w["name"] == "preview-workloads.podgraft.dev");
        named.cloned().collect()
    };
    assert_eq!(of(&[]), [Value::Null; 0], "without further kinds there is nothing to review");
    let kind = "webhooks.preview.workloads[0]";
    let added = of(&[
        &format!("--set={kind}.apiGroups={{argoproj.io}}"),
        &format!("--set={kind}.apiVersions={{v1alpha1}}"),
        &format!("--set={kind}.resources={{rollouts,workflows}}"),
    ]);
    let [webhook] = &added[..] else { panic!("one webhook for all of them: {added:?}") };
    assert_eq!(webhook["rules"][0]["resources"], serde_json::json!(["rollouts", "workflows"]));
    assert_eq!(webhook["failurePolicy"], "Ignore");
    assert_eq!(webhook["clientConfig"]["service"]["path"], "/preview");
    let conditions = webhook["matchConditions"].as_array().unwrap();
    assert!(conditions.iter().any(|c| c["expression"] == "oldObject == null || object.?spec != oldObject.?spec"));
}

#[test]
fn the_examples_of_the_charts_page_are_valid_companions() {
    let chart = yaml(include_str!("../../charts/podgraft/Chart.yaml"));
    let examples = yaml(chart["annotations"]["artifacthub.io/crdsExamples"].as_str().unwrap());
    let examples = examples.as_array().unwrap();
    let kinds: Vec<_> = examples.iter().map(|example| &example["kind"]).collect();
    assert_eq!(kinds, ["ClusterCompanion", "Companion"]);
    for example in examples {
        let checked = check_companion(example);
        assert!(checked.listed.is_some() && checked.problems.is_empty(), "{:?}", checked.problems);
        assert!(checked.warnings.is_empty(), "{:?}", checked.warnings);
    }
}

#[test]
fn the_certificates_secret_has_no_data() {
    let objects = rendered(&[]);
    let secrets = of_kind(&objects, "Secret");
    assert_eq!(secrets.len(), 1);
    assert!(secrets[0]["data"].is_null() && secrets[0]["stringData"].is_null());
}

#[test]
fn every_entry_leaves_podgrafts_own_namespace_alone() {
    for (set, path) in sets() {
        let objects = rendered(&[&format!("--values={}", path.display())]);
        let own = of_kind(&objects, "Deployment")[0]["metadata"]["namespace"].as_str().unwrap();
        let about_pods = webhooks(&objects).into_iter().filter(|w| w["name"] != "preview-companions.podgraft.dev");
        for webhook in about_pods {
            let first = &webhook["namespaceSelector"]["matchExpressions"][0];
            let values: Vec<_> = first["values"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let always = ["kube-system", "kube-public", "kube-node-lease", own];
            assert_eq!(values[..4], always, "{set}: {}", webhook["name"]);
        }
    }
}

#[test]
fn every_flag_that_the_chart_passes_is_one_of_podgrafts() {
    let cli = include_str!("../../docs/cli.md");
    let serve = cli.split("### podgraft ").find(|part| part.starts_with("serve\n")).unwrap();
    for (_, path) in sets() {
        let objects = rendered(&[&format!("--values={}", path.display())]);
        let container = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0];
        for argument in container["args"].as_array().unwrap().iter().skip(1) {
            let flag = argument.as_str().unwrap().split('=').next().unwrap();
            // Either alone or after its short form.
            let is_listed = ["    ", ", "].iter().any(|before| serve.contains(&format!("{before}{flag}")));
            assert!(is_listed, "podgraft serve has no {flag}");
        }
    }
}

#[test]
fn the_plain_manifest_is_up_to_date() {
    let namespace = "\
# podgraft without Helm: `kubectl apply --server-side -f install.yaml`. Written by `make golden` from the chart's defaults.
apiVersion: v1
kind: Namespace
metadata:
  name: podgraft-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
";
    let text = template(&["--skip-tests", "--set=crds.keep=false"]).unwrap();
    let helms = ["# Source: ", "    helm.sh/chart: ", "    app.kubernetes.io/managed-by: Helm"];
    let lines: Vec<&str> = text.lines().filter(|line| !helms.iter().any(|own| line.starts_with(own))).collect();
    let text = format!("{namespace}{}\n", lines.join("\n"));
    text.split("\n---\n").for_each(|document| drop(yaml(document)));
    golden::check("charts/install.yaml", &text);
}

pub fn webhooks(objects: &[Value]) -> Vec<&Value> {
    let configurations = objects.iter().filter(|o| o["kind"].as_str().unwrap().ends_with("WebhookConfiguration"));
    let all: Vec<_> = configurations.flat_map(|c| c["webhooks"].as_array().unwrap()).collect();
    assert!(!all.is_empty());
    all
}
