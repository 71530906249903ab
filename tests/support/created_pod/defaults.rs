//! The API server's defaults of a Pod. Absent, null and empty fields are the same to it.

use serde_json::{Map, Value, json};

pub fn apply(pod: &mut Value) {
    without_nulls(pod);
    let spec = &mut pod["spec"];
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("enableServiceLinks", json!(true)),
    ] {
        default(spec, field, value);
    }
    let host_network = spec["hostNetwork"] == true;
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            of_container(container, host_network);
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        of_volume(volume);
    }
}

fn of_container(container: &mut Value, host_network: bool) {
    default(container, "terminationMessagePath", json!("/dev/termination-log"));
    default(container, "terminationMessagePolicy", json!("File"));
    default(container, "imagePullPolicy", json!("IfNotPresent"));
    default(container, "resources", json!({}));
    let limits = container["resources"]["limits"].as_object().cloned().unwrap_or_default();
    for (resource, limit) in limits {
        default(&mut container["resources"], "requests", json!({}));
        default(&mut container["resources"]["requests"], &resource, limit);
    }
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        default(port, "protocol", json!("TCP"));
        if host_network {
            let number = port["containerPort"].clone();
            default(port, "hostPort", number);
        }
    }
    for variable in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(field) = variable.pointer_mut("/valueFrom/fieldRef") {
            default(field, "apiVersion", json!("v1"));
        }
    }
    for probe in ["readinessProbe", "livenessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(probe) {
            of_probe(probe);
        }
    }
    if let Some(action) = container.pointer_mut("/lifecycle/preStop/httpGet") {
        default(action, "scheme", json!("HTTP"));
    }
}

fn of_probe(probe: &mut Value) {
    for (field, value) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        default(probe, field, json!(value));
    }
    if let Some(action) = probe.get_mut("httpGet") {
        default(action, "scheme", json!("HTTP"));
    }
    if let Some(action) = probe.get_mut("grpc") {
        default(action, "service", json!(""));
    }
}

fn of_volume(volume: &mut Value) {
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(source) {
            default(source, "defaultMode", json!(420));
        }
    }
    if let Some(host_path) = volume.get_mut("hostPath") {
        default(host_path, "type", json!(""));
    }
    if let Some(spec) = volume.pointer_mut("/ephemeral/volumeClaimTemplate/spec") {
        default(spec, "volumeMode", json!("Filesystem"));
    }
    if let Some(image) = volume.get_mut("image") {
        default(image, "pullPolicy", json!("IfNotPresent"));
    }
}

fn default(parent: &mut Value, field: &str, value: Value) {
    let parent = parent.as_object_mut().expect("an object");
    parent.entry(field).or_insert(value);
}

/// Removes null members everywhere, and empty lists and maps of metadata and spec, which the API server does not write.
fn without_nulls(pod: &mut Value) {
    remove_nulls(pod);
    for part in ["metadata", "spec"] {
        let members = pod[part].as_object_mut().expect("an object");
        members.retain(|_, value| !is_empty(value));
    }
}

fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}
