//! Pods, and what makes Pods.

use serde_json::{Value, json};

/// Every kind that makes Pods, with its collection below a namespace.
pub const KINDS: [(&str, &str); 8] = [
    ("Pod", "/api/v1/namespaces/{}/pods"),
    ("ReplicationController", "/api/v1/namespaces/{}/replicationcontrollers"),
    ("Deployment", "/apis/apps/v1/namespaces/{}/deployments"),
    ("ReplicaSet", "/apis/apps/v1/namespaces/{}/replicasets"),
    ("StatefulSet", "/apis/apps/v1/namespaces/{}/statefulsets"),
    ("DaemonSet", "/apis/apps/v1/namespaces/{}/daemonsets"),
    ("Job", "/apis/batch/v1/namespaces/{}/jobs"),
    ("CronJob", "/apis/batch/v1/namespaces/{}/cronjobs"),
];

/// The metadata and specification of a Pod with one app container.
pub fn template(labels: Value, annotations: Value) -> Value {
    json!({
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}], "terminationGracePeriodSeconds": 0},
    })
}

/// A Pod of a template.
pub fn pod(name: &str, template: &Value) -> Value {
    let mut pod = template.clone();
    pod["metadata"]["name"] = name.into();
    pod
}

/// An object of any kind that makes Pods of a template, with the label `app` by its own name.
pub fn workload(kind: &str, name: &str, template: &Value) -> Value {
    let mut template = template.clone();
    if template["metadata"]["labels"].is_null() {
        template["metadata"]["labels"] = json!({});
    }
    template["metadata"]["labels"]["app"] = name.into();
    let selector = json!({"matchLabels": {"app": name}});
    if matches!(kind, "Job" | "CronJob") {
        template["spec"]["restartPolicy"] = "Never".into();
    }
    let spec = match kind {
        "Pod" => return pod(name, &template),
        "ReplicationController" => json!({"replicas": 1, "selector": {"app": name}, "template": template}),
        "Deployment" | "ReplicaSet" => json!({"replicas": 1, "selector": selector, "template": template}),
        "StatefulSet" => json!({"replicas": 1, "selector": selector, "serviceName": name, "template": template}),
        "DaemonSet" => json!({"selector": selector, "template": template}),
        "Job" => json!({"template": template}),
        // Runs are created from it by hand, so that no test waits for the next minute.
        "CronJob" => json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}),
        _ => panic!("{kind} makes no Pods"),
    };
    json!({"metadata": {"name": name}, "spec": spec})
}

/// Where objects of a kind live in a namespace.
pub fn collection(kind: &str, namespace: &str) -> String {
    let (_, path) = KINDS.iter().find(|(known, _)| *known == kind).unwrap_or_else(|| panic!("{kind} makes no Pods"));
    path.replace("{}", namespace)
}

/// A companion with one container `NAME`, that brings the variable `NAME` in capitals to the app.
pub fn companion(name: &str) -> Value {
    let variable = name.replace('-', "_").to_uppercase();
    json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": name},
        "spec": {
            "pattern": "Sidecar",
            "containers": [{"name": name, "image": format!("registry.example/{name}:1")}],
            "app": {"env": [{"name": variable, "value": "here"}]},
        },
    })
}

/// The names of all containers of a Pod, init containers first.
pub fn containers(pod: &Value) -> Vec<&str> {
    let list = |field: &str| pod["spec"][field].as_array().into_iter().flatten();
    list("initContainers").chain(list("containers")).filter_map(|c| c["name"].as_str()).collect()
}
