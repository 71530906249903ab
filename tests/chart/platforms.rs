//! The values for platforms: ports, the network of nodes, what a platform changes in webhook configurations, OpenShift.

use serde_json::{Value, json};

use super::rendered::webhooks;
use super::{of_kind, rendered};

/// The template of the Deployment's Pods, with these values.
fn pod(values: &[&str]) -> Value {
    deployment(values)["spec"]["template"]["spec"].take()
}

fn deployment(values: &[&str]) -> Value {
    of_kind(&rendered(&set(values)), "Deployment")[0].clone()
}

fn set<'v>(values: &[&'v str]) -> Vec<&'v str> {
    values.iter().flat_map(|value| ["--set", value]).collect()
}

fn arguments(pod: &Value) -> Vec<&str> {
    pod["containers"][0]["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn the_webhook_listens_where_private_control_planes_reach_nodes() {
    assert!(arguments(&pod(&[])).contains(&"--listen=:10250"));
}

#[test]
fn server_service_probes_and_network_policy_use_the_same_ports() {
    let objects = rendered(&set(&["ports.webhook=9443", "ports.admin=9080", "networkPolicy.enabled=true"]));
    let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let listens: Vec<_> = arguments(pod).into_iter().filter(|argument| argument.contains("listen")).collect();
    assert_eq!(listens, ["--listen=:9443", "--admin-listen=:9080"]);
    let ports = json!([{"name": "https", "containerPort": 9443}, {"name": "admin", "containerPort": 9080}]);
    assert_eq!(container["ports"], ports);
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], "admin", "{probe}");
    }
    let service = &of_kind(&objects, "Service")[0]["spec"]["ports"];
    assert_eq!([&service[0]["targetPort"], &service[1]["targetPort"]], ["https", "admin"]);
    assert_eq!(of_kind(&objects, "NetworkPolicy")[0]["spec"]["ingress"][0]["ports"][0]["port"], "https");
}

#[test]
fn pods_on_the_network_of_nodes_use_the_clusters_dns_and_give_up_a_port_before_they_need_it() {
    let values = ["hostNetwork=true", "ports.webhook=10260"];
    let on_nodes = pod(&values);
    assert_eq!((&on_nodes["hostNetwork"], &on_nodes["dnsPolicy"]), (&true.into(), &"ClusterFirstWithHostNet".into()));
    let rolling = |values: &[&str]| deployment(values)["spec"]["strategy"]["rollingUpdate"].take();
    assert_eq!(rolling(&values), json!({"maxSurge": 0, "maxUnavailable": 1}));
    assert_eq!(rolling(&[]), json!({"maxSurge": 1, "maxUnavailable": 0}));

    let own = [&values[..], &["dnsPolicy=Default", "strategy.type=Recreate"]].concat();
    assert_eq!(pod(&own)["dnsPolicy"], "Default");
    assert_eq!(deployment(&own)["spec"]["strategy"], json!({"type": "Recreate"}));
    assert!(pod(&[])["hostNetwork"].is_null() && pod(&[])["dnsPolicy"].is_null());
}

#[test]
fn pull_secrets_are_a_name_names_or_objects_of_the_chart_and_of_all_charts() {
    for form in ["imagePullSecrets=a", "imagePullSecrets={a}", "imagePullSecrets[0].name=a"] {
        for values in [form.to_owned(), format!("global.{form}"), format!("{form},global.{form}")] {
            let objects = rendered(&set(&[&values]));
            let template = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
            for spec in [template, &of_kind(&objects, "Pod")[0]["spec"]] {
                assert_eq!(spec["imagePullSecrets"], json!([{"name": "a"}]), "{values}");
            }
        }
    }
    let mixed = ["global.imagePullSecrets=a", "imagePullSecrets[0]=b", "imagePullSecrets[1].name=c"];
    assert_eq!(pod(&mixed)["imagePullSecrets"], json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]));
    assert!(pod(&[])["imagePullSecrets"].is_null());
}

#[test]
fn openshift_is_detected_and_assigns_the_user() {
    let users = |arguments: &[&str]| -> Vec<Value> {
        let objects = rendered(arguments);
        let template = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
        let contexts = [template, &of_kind(&objects, "Pod")[0]["spec"]].map(|spec| &spec["securityContext"]);
        contexts.iter().for_each(|context| assert_eq!(context["runAsNonRoot"], true, "{arguments:?}"));
        contexts.iter().flat_map(|context| [&context["runAsUser"], &context["runAsGroup"]]).cloned().collect()
    };
    let assigned = vec![Value::Null; 4];
    let fixed = vec![json!(65532); 4];
    assert_eq!(users(&[]), fixed);
    assert_eq!(users(&["--api-versions=security.openshift.io/v1"]), assigned);
    assert_eq!(users(&["--set=openshift=enabled"]), assigned);
    assert_eq!(users(&["--set=openshift=disabled", "--api-versions=security.openshift.io/v1"]), fixed);
}

/// All webhook configurations that the chart has.
const EVERY_WEBHOOK: [&str; 5] = [
    "webhooks.clusterWide.enabled=true",
    "requiredCompanions.enabled=true",
    "webhooks.preview.workloads[0].apiGroups={argoproj.io}",
    "webhooks.preview.workloads[0].apiVersions={v1alpha1}",
    "webhooks.preview.workloads[0].resources={rollouts}",
];

#[test]
fn every_webhook_configuration_has_the_given_annotations_and_labels() {
    let metadata = |values: &[&str]| -> Vec<Value> {
        let objects = rendered(&set(&[&EVERY_WEBHOOK[..], values].concat()));
        let configurations = objects.iter().filter(|o| o["kind"].as_str().unwrap().ends_with("WebhookConfiguration"));
        let all: Vec<_> = configurations.map(|object| object["metadata"].clone()).collect();
        assert_eq!(all.len(), 5);
        all
    };
    for metadata in metadata(&[]) {
        assert_eq!(metadata["annotations"], json!({"admissions.enforcer/disabled": "true"}), "{metadata}");
    }
    let own = [
        r"webhooks.annotations.admissions\.enforcer/disabled=null",
        "webhooks.annotations.note=one",
        "webhooks.labels.kind=two",
        "certificate.mode=certManager",
    ];
    for metadata in metadata(&own) {
        let injected = json!({"note": "one", "cert-manager.io/inject-ca-from": "podgraft-system/podgraft"});
        assert_eq!(metadata["annotations"], injected, "{metadata}");
        assert_eq!(metadata["labels"]["kind"], "two", "{metadata}");
        assert_eq!(metadata["labels"]["app.kubernetes.io/name"], "podgraft", "{metadata}");
    }
}

/// The requirements on namespaces of every webhook that has any.
fn requirements(values: &[&str]) -> Vec<Vec<Value>> {
    let objects = rendered(&set(values));
    let of_namespaces = webhooks(&objects).into_iter().filter(|w| w["name"] != "preview-companions.podgraft.dev");
    of_namespaces.map(|w| w["namespaceSelector"]["matchExpressions"].as_array().unwrap().clone()).collect()
}

#[test]
fn requirements_that_a_platform_adds_can_be_rendered_at_the_end_as_the_platform_does() {
    let further = "webhooks.namespaceMatchExpressions";
    let values =
        [EVERY_WEBHOOK[0], &format!("{further}[0].key=control-plane"), &format!("{further}[0].operator=NotIn")];
    let quoted = ["--set-string", &format!("{further}[0].values={{true}}")];
    let objects = rendered(&[&set(&values)[..], &quoted].concat());
    let last = json!({"key": "control-plane", "operator": "NotIn", "values": ["true"]});
    let mut found = 0;
    for webhook in webhooks(&objects) {
        let Some(all) = webhook["namespaceSelector"]["matchExpressions"].as_array() else { continue };
        assert_eq!(*all.last().unwrap(), last, "{}", webhook["name"]);
        found += 1;
    }
    assert_eq!(found, 4);
}

#[test]
fn namespaces_that_aks_manages_are_left_out_unless_a_label_must_not_opt_out() {
    let aks = json!({"key": "kubernetes.azure.com/managedby", "operator": "NotIn", "values": ["aks"]});
    let plain = requirements(&["webhooks.clusterWide.enabled=true"]);
    assert!(plain.len() == 4 && plain.iter().all(|all| all.contains(&aks)), "{plain:?}");
    let required = requirements(&EVERY_WEBHOOK);
    assert!(required.len() == 6 && !required.iter().any(|all| all.contains(&aks)), "{required:?}");
}

#[test]
fn the_server_knows_the_namespaces_that_the_webhooks_leave_out_with_and_without_required_companions() {
    for others in [&EVERY_WEBHOOK[..], &[]] {
        let values = [others, &["excludedNamespaces={cni-system,gpu-system}"]].concat();
        let pod = pod(&values);
        let excluded: Vec<_> = arguments(&pod).into_iter().filter(|a| a.starts_with("--excluded-namespace")).collect();
        assert_eq!(excluded, ["--excluded-namespace=cni-system", "--excluded-namespace=gpu-system"]);
        for all in requirements(&values) {
            let names = all[0]["values"].as_array().unwrap();
            assert!(names.contains(&"cni-system".into()) && names.contains(&"gpu-system".into()), "{all:?}");
        }
    }
}

#[test]
fn an_overridden_namespace_is_that_of_every_object() {
    let objects =
        rendered(&set(&[&EVERY_WEBHOOK[..], &["namespaceOverride=elsewhere", "podMonitor.enabled=true"]].concat()));
    for object in &objects {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("elsewhere");
        assert_eq!(namespace, "elsewhere", "{} {}", object["kind"], object["metadata"]["name"]);
    }
    // Helm finds its objects by the namespace of the release.
    let text = json!(objects).to_string().replace("--helm-release=podgraft-system/podgraft", "");
    assert!(!text.contains("podgraft-system"), "another field names the release's namespace");
}

#[test]
fn a_pod_monitor_keeps_the_job_of_the_alerts_and_finds_companions_by_their_label() {
    let companion = "podMonitor.companions[0]";
    let values =
        [&format!("{companion}.name=exporter"), &format!("{companion}.port=metrics"), "podMonitor.enabled=true"];
    let objects = rendered(&set(&values));
    let [own, of_companion] = of_kind(&objects, "PodMonitor")[..] else { panic!("two of them") };
    let endpoint = &own["spec"]["podMetricsEndpoints"][0];
    assert_eq!(endpoint["relabelings"], json!([{"targetLabel": "job", "replacement": "podgraft"}]));
    let spec = &of_companion["spec"];
    assert_eq!(spec["selector"]["matchExpressions"][0]["key"], "companions.podgraft.dev/exporter");
    assert_eq!(spec["namespaceSelector"], json!({"any": true}));
    assert_eq!(spec["podMetricsEndpoints"], json!([{"port": "metrics", "path": "/metrics", "interval": "30s"}]));
    assert_eq!(of_kind(&rendered(&set(&values[..2])), "PodMonitor").len(), 1, "companions alone");
}
