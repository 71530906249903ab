//! The built-in admission plug-ins that change a Pod before webhooks are called: ServiceAccount, Priority and
//! DefaultTolerationSeconds. The ServiceAccount is `default`: it mounts its token and has no pull secrets.

use serde_json::{Value, json};

/// Where the ServiceAccount plug-in mounts the token.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The token's volume; the API server chooses the end of the name by chance.
const TOKEN_VOLUME: &str = "kube-api-access-x7x2p";

pub fn apply(pod: &mut Value) {
    let spec = &mut pod["spec"];
    spec["serviceAccountName"] = "default".into();
    spec["serviceAccount"] = "default".into();
    spec["priority"] = 0.into();
    spec["preemptionPolicy"] = "PreemptLowerPriority".into();
    let mut tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    tolerations.push(json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
    spec["tolerations"] = tolerations.into();
    if spec["automountServiceAccountToken"] != false {
        mount_token(spec);
    }
}

/// Every container gets the mount, unless it mounts something at exactly that path.
fn mount_token(spec: &mut Value) {
    let mut needs_volume = false;
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mut mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
            if mounts.iter().any(|mount| mount["mountPath"] == TOKEN_PATH) {
                continue;
            }
            needs_volume = true;
            mounts.push(json!({"name": TOKEN_VOLUME, "readOnly": true, "mountPath": TOKEN_PATH}));
            container["volumeMounts"] = mounts.into();
        }
    }
    if needs_volume {
        let mut volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
        volumes.push(token_volume());
        spec["volumes"] = volumes.into();
    }
}

fn token_volume() -> Value {
    json!({"name": TOKEN_VOLUME, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}})
}
