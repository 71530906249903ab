//! From a workload to the Pod that its controller sends to the API server.

use serde_json::{Value, json};

use super::Created;

/// The Pod before the API server's defaults.
pub fn pod(workload: &Value, which: Created) -> Value {
    let kind = workload["kind"].as_str().expect("a kind");
    let name = workload["metadata"]["name"].as_str().unwrap_or("web-x7k2p");
    let builds = match kind {
        "Pod" => return workload.clone(),
        "PodTemplate" => return copy(&workload["template"], "web-"),
        _ => format!("{name}-"),
    };
    let spec = &workload["spec"];
    match kind {
        "Deployment" => {
            let mut pod = copy(&spec["template"], &format!("{name}-{}-", which.hash));
            label(&mut pod, "pod-template-hash", which.hash);
            pod
        }
        "StatefulSet" => stateful(spec, name, which),
        "DaemonSet" => daemon(spec, &builds, which),
        "Job" => job(spec, name, which),
        "Rollout" => {
            let mut pod = copy(&spec["template"], &builds);
            label(&mut pod, "rollouts-pod-template-hash", which.hash);
            pod
        }
        "Service" => {
            let mut pod = copy(&spec["template"], &builds);
            label(&mut pod, "pod-template-hash", which.hash);
            label(&mut pod, "serving.knative.dev/service", name);
            label(&mut pod, "serving.knative.dev/revision", &format!("{name}-{}", which.hash));
            pod
        }
        "CronJob" => job(&spec["jobTemplate"]["spec"], &format!("{name}-29390400"), which),
        _ => copy(&spec["template"], &builds),
    }
}

/// What all controllers take from a template: labels, annotations and the spec.
fn copy(template: &Value, prefix: &str) -> Value {
    let metadata = &template["metadata"];
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": prefix,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Owner", "name": "web", "uid": "aaaa", "controller": true}],
        },
        "spec": template["spec"],
    });
    for map in ["labels", "annotations"] {
        if !metadata[map].is_null() {
            pod["metadata"][map] = metadata[map].clone();
        }
    }
    pod
}

fn stateful(spec: &Value, name: &str, which: Created) -> Value {
    let mut pod = copy(&spec["template"], "");
    let pod_name = format!("{name}-{}", which.ordinal);
    pod["metadata"].as_object_mut().expect("metadata").shift_remove("generateName");
    pod["metadata"]["name"] = pod_name.clone().into();
    label(&mut pod, "statefulset.kubernetes.io/pod-name", &pod_name);
    label(&mut pod, "apps.kubernetes.io/pod-index", &which.ordinal.to_string());
    label(&mut pod, "controller-revision-hash", &format!("{name}-{}", which.hash));
    pod["spec"]["hostname"] = pod_name.into();
    pod["spec"]["subdomain"] = spec["serviceName"].clone();
    claimed(&mut pod, &spec["volumeClaimTemplates"], name, which);
    pod
}

/// A claim replaces a volume of the template that has its name.
fn claimed(pod: &mut Value, claims: &Value, set: &str, which: Created) {
    let names: Vec<&str> =
        claims.as_array().into_iter().flatten().filter_map(|claim| claim["metadata"]["name"].as_str()).collect();
    if names.is_empty() {
        return;
    }
    let volume = |name: &&str| json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{name}-{set}-{}", which.ordinal)}});
    let mut volumes: Vec<Value> = names.iter().map(volume).collect();
    let others = pod["spec"]["volumes"].as_array().into_iter().flatten();
    volumes.extend(others.filter(|volume| !names.iter().any(|name| volume["name"] == **name)).cloned());
    pod["spec"]["volumes"] = volumes.into();
}

/// The controller pins each Pod to its node: the required terms of the template's node affinity are replaced.
fn daemon(spec: &Value, prefix: &str, which: Created) -> Value {
    let mut pod = copy(&spec["template"], prefix);
    label(&mut pod, "controller-revision-hash", which.hash);
    label(&mut pod, "pod-template-generation", "1");
    let node = json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}]);
    pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] =
        node;
    pod["spec"]["tolerations"] =
        json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]);
    pod
}

fn job(spec: &Value, name: &str, which: Created) -> Value {
    let mut pod = copy(&spec["template"], &format!("{name}-"));
    for prefix in ["", "batch.kubernetes.io/"] {
        label(&mut pod, &format!("{prefix}job-name"), name);
        label(&mut pod, &format!("{prefix}controller-uid"), "2f3c7e8a-1111-4222-8333-444455556666");
    }
    pod["metadata"]["finalizers"] = json!(["batch.kubernetes.io/job-tracking"]);
    if spec["completionMode"] == "Indexed" {
        indexed(&mut pod, name, which.ordinal);
    }
    pod
}

fn indexed(pod: &mut Value, name: &str, ordinal: u32) {
    const INDEX: &str = "batch.kubernetes.io/job-completion-index";
    label(pod, INDEX, &ordinal.to_string());
    pod["metadata"]["annotations"][INDEX] = ordinal.to_string().into();
    pod["metadata"]["generateName"] = format!("{name}-{ordinal}-").into();
    pod["spec"]["hostname"] = format!("{name}-{ordinal}").into();
    let variable = json!({"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": format!("metadata.labels['{INDEX}']")}}});
    for list in ["initContainers", "containers"] {
        for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mut env = container["env"].as_array().cloned().unwrap_or_default();
            env.push(variable.clone());
            container["env"] = env.into();
        }
    }
}

fn label(pod: &mut Value, key: &str, value: &str) {
    pod["metadata"]["labels"][key] = value.into();
}
