//! Pods with fields of containers that require other fields of the Pod: the API server denies those for which podgraft reports
//! `PodFieldConflict`, and no others.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::support::snapshot;
use crate::support::verdict::of_workload;

/// Fields of a container, fields of a Pod with which the API server denies them, and without which it does not.
fn table() -> Vec<(Value, Value, Value)> {
    let sleep = |hook: &str, seconds: u32| json!({"lifecycle": {hook: {"sleep": {"seconds": seconds}}}});
    let unmasked = json!({"securityContext": {"procMount": "Unmasked"}});
    let device = json!({"volumeDevices": [{"name": "data", "devicePath": "/dev/data"}]});
    let restart = json!({"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]});
    let windows = json!({"securityContext": {"windowsOptions": {"runAsUserName": "ContainerUser"}}});
    vec![
        (sleep("preStop", 31), json!({}), json!({"terminationGracePeriodSeconds": 31})),
        (sleep("postStart", 6), json!({"terminationGracePeriodSeconds": 5}), json!({})),
        (
            sleep("preStop", 2),
            json!({"terminationGracePeriodSeconds": -1}),
            json!({"terminationGracePeriodSeconds": 2}),
        ),
        (unmasked.clone(), json!({}), json!({"hostUsers": false})),
        (unmasked, json!({"hostUsers": true}), json!({"hostUsers": false})),
        (device, json!({"hostUsers": false}), json!({})),
        (restart, json!({"restartPolicy": "Never"}), json!({"restartPolicy": "OnFailure"})),
        (windows, json!({"os": {"name": "linux"}}), json!({"nodeSelector": {"kubernetes.io/os": "linux"}})),
    ]
}

pub async fn the_api_server_denies_the_pods_without_the_fields_that_a_companion_requires(cluster: &Cluster) {
    let labels = json!({"podgraft.dev/inject": "disabled"});
    let namespace = cluster.namespace(json!({"labels": labels})).await;
    for (fields, denied, accepted) in table() {
        for (is_accepted, pod) in [(false, denied), (true, accepted)] {
            let case = format!("{fields} in a Pod with {pod}");
            let reported = is_injected(&fields, &pod, &namespace);
            let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
            let answer = cluster.create(&path, &with_companion(&fields, &pod)).await;
            assert_eq!(answer.status.is_success(), is_accepted, "{case}: {}", answer.body["message"]);
            assert_eq!(reported, is_accepted, "{case}");
        }
    }
}

/// Whether podgraft reports that a companion with these fields is injected into a Pod with these.
fn is_injected(fields: &Value, pod: &Value, namespace: &str) -> bool {
    let companion = json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": "case"},
        "spec": {"pattern": "Sidecar", "containers": [container("case", fields)], "volumes": volumes(), "serviceAccountToken": true},
    });
    let pod = self::pod(pod, &json!({"podgraft.dev/companions": "case"}));
    let verdict = of_workload(&pod, namespace, &snapshot([companion].iter()));
    let labels: Vec<&str> = verdict.findings.iter().map(|finding| &*finding.label).collect();
    assert!(labels.contains(&"Injected") != labels.contains(&"PodFieldConflict"), "{labels:?}");
    labels.contains(&"Injected")
}

/// The Pod with the companion's container, as podgraft writes it.
fn with_companion(fields: &Value, pod: &Value) -> Value {
    let mut native = container("case", fields);
    native["restartPolicy"] = "Always".into();
    let mut pod = self::pod(pod, &json!({}));
    (pod["spec"]["initContainers"], pod["spec"]["volumes"]) = (json!([native]), volumes());
    pod
}

fn pod(fields: &Value, annotations: &Value) -> Value {
    let mut spec = json!({"containers": [{"name": "app", "image": "app:1"}]});
    spec.as_object_mut().expect("an object").extend(fields.as_object().cloned().unwrap_or_default());
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "case", "annotations": annotations}, "spec": spec})
}

fn container(name: &str, fields: &Value) -> Value {
    let mut container = json!({"name": name, "image": "registry.example/case:v1"});
    container.as_object_mut().expect("an object").extend(fields.as_object().cloned().unwrap_or_default());
    container
}

fn volumes() -> Value {
    json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
}
