//! Reviews of a wanted size, shaped like those of a Deployment's Pods.

use serde_json::{Value, json};

use super::review_of;

/// The review of a Pod that asks for `companions`, of about `bytes` bytes: real fields, `managedFields`, variables.
pub fn review(companions: &str, bytes: usize) -> Vec<u8> {
    let empty = review_of(&pod(companions, 0, 0), "team").to_string().len();
    let fields = bytes.saturating_sub(empty).min(3_000) / 2;
    let with_fields = review_of(&pod(companions, fields, 0), "team").to_string().len();
    let variables = bytes.saturating_sub(with_fields);
    review_of(&pod(companions, fields, variables), "team").to_string().into_bytes()
}

/// A Pod with about so many bytes of `managedFields` and of variables.
pub fn pod(companions: &str, managed_fields: usize, variables: usize) -> Value {
    let env = |bytes: usize| -> Vec<Value> {
        // Large Pods are large by long values, certificates and configuration: 2000 of them make 1 MB.
        let value = if bytes > 20_000 { "v".repeat(480) } else { "http://service.team.svc:8080".to_owned() };
        let each = value.len() + 40;
        (0..bytes / each).map(|i| json!({"name": format!("SETTING_{i:04}"), "value": value})).collect()
    };
    let keys = managed_fields / 60;
    let fields: serde_json::Map<String, Value> = (0..keys)
        .map(|i| (format!("f:spec-field-number-{i:06}-of-the-manager"), json!({".": {}, "f:x": {}})))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "generateName": "web-5d4f8c7b9d-", "namespace": "team", "uid": "2f3c7e8a-1111-4222-8333-444455556666",
            "creationTimestamp": "2026-11-23T12:00:00Z",
            "labels": {"app": "web", "pod-template-hash": "5d4f8c7b9d", "app.kubernetes.io/part-of": "shop"},
            "annotations": {"podgraft.dev/companions": companions, "kubectl.kubernetes.io/restartedAt": "2026-11-23T11:59:00Z"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f8c7b9d", "uid": "aaaa", "controller": true, "blockOwnerDeletion": true}],
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-11-23T12:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields}],
        },
        "spec": {
            "volumes": [
                {"name": "tmp", "emptyDir": {}},
                {"name": "kube-api-access-x7x2p", "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}, {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}, {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}], "defaultMode": 420}},
            ],
            "containers": [
                {
                    "name": "web", "image": "registry.example/shop/web:1.42.0",
                    "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
                    "env": env(variables),
                    "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "512Mi"}},
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "kube-api-access-x7x2p", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
                    "livenessProbe": {"httpGet": {"path": "/livez", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
                    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 3},
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
                    "securityContext": {"capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true, "allowPrivilegeEscalation": false},
                },
            ],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "default", "serviceAccount": "default", "securityContext": {}, "schedulerName": "default-scheduler",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "priority": 0, "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    })
}

/// So many companions, and a Pod that requests `sync` gets this many containers, at most 16.
pub fn companions(count: usize, containers: usize) -> Vec<Value> {
    // A companion has at most 8 containers. Others are injected with a second one, which no Pod has to request.
    let mut companions = vec![companion("sync", containers.min(8))];
    if containers > 8 {
        let mut second = companion("second", containers - 8);
        second["spec"]["activation"] = "ClusterWide".into();
        companions.push(second);
    }
    companions.extend((1..count).map(|i| companion(&format!("other-{i}"), 1)));
    companions
}

/// A companion like those that people write: a shared volume, a parameter, resources, a security context.
pub fn companion(name: &str, containers: usize) -> Value {
    let containers: Vec<Value> = (0..containers)
        .map(|i| {
            json!({
                "name": format!("{name}-{i}"), "image": "registry.example/companions/sync:v4.2.1",
                "args": ["--root=/git", "--repo=$(REPO)"],
                "env": [{"name": "ROOT", "value": "/git"}],
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
                "securityContext": {"runAsNonRoot": true, "runAsUser": 65533, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}},
            })
        })
        .collect();
    json!({
        "apiVersion": "podgraft.dev/v1alpha1", "kind": "ClusterCompanion", "metadata": {"name": name},
        "spec": {
            "pattern": "Sidecar",
            "description": "Keeps a directory of the app in step with a Git repository.",
            "containers": containers,
            "sharedVolumes": [{"name": "content", "companion": {"mountPath": "/git"}, "app": {"mountPath": "/srv/www", "readOnly": true}}],
            "parameters": [{"name": "repo", "type": "String", "default": "https://git.example/site.git", "env": "REPO"}],
        },
    })
}
