//! Pods as API servers change them, and Pods in a form in which they can be compared.

use serde_json::{Value, json};

/// A Pod without what counts as absent: null and empty parents of what may be added.
pub fn settled(pod: &Value) -> Value {
    let mut pod = pod.clone();
    let drop_empty = |parent: &mut Value, keys: &[&str]| {
        let Some(parent) = parent.as_object_mut() else { return };
        for key in keys {
            let empty = match parent.get(*key) {
                Some(Value::Null) => true,
                Some(Value::Array(items)) => items.is_empty(),
                Some(Value::Object(members)) => members.is_empty(),
                _ => false,
            };
            if empty {
                parent.shift_remove(*key);
            }
        }
    };
    drop_empty(&mut pod["metadata"], &["annotations", "labels"]);
    for list in ["initContainers", "containers"] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            drop_empty(container, &["env", "volumeMounts", "lifecycle"]);
        }
    }
    drop_empty(&mut pod["spec"], &["initContainers", "containers", "volumes", "imagePullSecrets"]);
    pod
}

/// What API servers and LimitRanges write into a Pod between two calls: defaults, and quantities in other words.
pub fn defaulted(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod["spec"]["dnsPolicy"] = json!("ClusterFirst");
    pod["spec"]["terminationGracePeriodSeconds"].take();
    for list in ["initContainers", "containers"] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            container["terminationMessagePath"] = json!("/dev/termination-log");
            container["imagePullPolicy"] = json!("IfNotPresent");
            container["resources"] = json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}});
            for port in container["ports"].as_array_mut().into_iter().flatten() {
                port["protocol"] = json!("TCP");
            }
            let mounts = container["volumeMounts"].take();
            let mut mounts = mounts.as_array().cloned().unwrap_or_default();
            mounts.push(json!({"name": "kube-api-access-x", "mountPath": "/var/run/secrets/x", "readOnly": true}));
            container["volumeMounts"] = mounts.into();
        }
    }
    for volume in pod["spec"]["volumes"].as_array_mut().into_iter().flatten() {
        if !volume["downwardAPI"].is_null() {
            volume["downwardAPI"]["defaultMode"] = json!(420);
        }
    }
    pod
}

/// A Pod without the keys that podgraft writes: those of an earlier review are replaced.
pub fn without_own_keys(pod: &Value) -> Value {
    let mut pod = pod.clone();
    for (map, own) in [("annotations", "podgraft.dev/skipped"), ("labels", "companions.podgraft.dev/")] {
        if let Some(members) = pod["metadata"][map].as_object_mut() {
            members.retain(|key, _| !key.starts_with(own));
        }
    }
    pod
}
