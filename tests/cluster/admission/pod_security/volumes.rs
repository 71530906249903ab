//! Volumes of generated companions, their mounts and block devices.

use serde_json::{Value, json};

/// Fields of mounts and block devices, each with the volume that it needs.
pub fn mounts() -> Vec<Value> {
    let mounts = json!([
        {}, {"subPath": "a"}, {"subPath": "/a"}, {"subPath": "a/../b"}, {"subPathExpr": "$(A)"}, {"subPath": "a", "subPathExpr": "b"},
        {"mountPropagation": "HostToContainer"}, {"mountPropagation": "Bidirectional"}, {"mountPropagation": "Shared"},
        {"recursiveReadOnly": "Disabled"}, {"recursiveReadOnly": "Enabled"}, {"recursiveReadOnly": "Enabled", "readOnly": true},
        {"recursiveReadOnly": "IfPossible", "readOnly": true, "mountPropagation": "HostToContainer"},
        {"recursiveReadOnly": "Always", "readOnly": true}
    ]);
    let of_mount = mounts.as_array().cloned().unwrap_or_default().into_iter().map(|mut mount| {
        (mount["name"], mount["mountPath"]) = ("data".into(), "/data".into());
        json!({"volumeMounts": [mount]})
    });
    let device = |path: &str| json!({"name": "data", "devicePath": path});
    let of_device =
        [json!([device("/dev/a")]), json!([device("/dev/../a")]), json!([device("/dev/a"), device("/dev/b")])];
    of_mount.chain(of_device.into_iter().map(|devices| json!({"volumeDevices": devices}))).collect()
}

/// Sources of volumes.
pub fn sources() -> Vec<Value> {
    let all = [minimal(), valued()].into_iter().flat_map(|list| list.as_array().cloned().unwrap_or_default());
    all.collect()
}

/// Sources with values that API servers accept or reject.
fn valued() -> Value {
    json!([
        {"emptyDir": {"sizeLimit": "1Gi"}}, {"emptyDir": {"sizeLimit": "1GB"}}, {"emptyDir": {"sizeLimit": "-1"}}, {"emptyDir": {"medium": "Memory"}},
        {"hostPath": {"path": "/a/../b"}}, {"hostPath": {"path": "/a", "type": "Dir"}},
        {"secret": {}}, {"secret": {"secretName": "x", "defaultMode": 420}}, {"secret": {"secretName": "x", "defaultMode": 1000}},
        {"secret": {"secretName": "x", "items": [{"key": "a", "path": "a/..b"}]}}, {"secret": {"secretName": "x", "items": [{"key": "a", "path": "..a"}]}},
        {"configMap": {"name": "x", "items": [{"key": "a", "path": "/a"}]}}, {"configMap": {"name": "x", "items": [{"key": "a", "path": ""}]}},
        {"configMap": {"name": "x", "items": [{"key": "a", "path": "a", "mode": -1}]}},
        {"downwardAPI": {"items": [{"path": "a"}]}}, {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}, "resourceFieldRef": {"resource": "limits.cpu", "containerName": "one"}}]}},
        {"projected": {"sources": [{"secret": {"name": "a"}, "configMap": {"name": "b"}}]}},
        {"projected": {"sources": [{"secret": {"name": "a", "items": [{"key": "a", "path": "../a"}]}}]}},
        {"projected": {"sources": [{"serviceAccountToken": {"path": "a", "expirationSeconds": 599}}]}},
        {"projected": {"sources": [{"serviceAccountToken": {"path": "a", "expirationSeconds": 600}}]}}, {"projected": {"sources": [{}]}},
        {"ephemeral": {}}, {"ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
        {"ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}}}, {"image": {}},
        {"image": {"reference": "x:1", "pullPolicy": "Sometimes"}}
    ])
}

/// Each volume source that the API server knows, with the fields that it requires.
fn minimal() -> Value {
    json!([
        {"awsElasticBlockStore": {"volumeID": "x"}}, {"azureDisk": {"diskName": "x", "diskURI": "https://x/y"}},
        {"azureFile": {"secretName": "x", "shareName": "x"}}, {"cephfs": {"monitors": ["x"]}}, {"cinder": {"volumeID": "x"}},
        {"configMap": {"name": "x"}}, {"csi": {"driver": "x.example"}}, {"downwardAPI": {"items": []}}, {"emptyDir": {}},
        {"ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}},
        {"fc": {"targetWWNs": ["x"], "lun": 1}}, {"flexVolume": {"driver": "x/y"}}, {"flocker": {"datasetName": "x"}},
        {"gcePersistentDisk": {"pdName": "x"}}, {"gitRepo": {"repository": "x"}}, {"glusterfs": {"endpoints": "x", "path": "x"}},
        {"hostPath": {"path": "/var"}}, {"hostPath": {"path": "/var", "type": "Directory"}}, {"image": {"reference": "x:1"}},
        {"iscsi": {"targetPortal": "1.2.3.4:3260", "iqn": "iqn.2001-04.com.example:storage", "lun": 0}}, {"nfs": {"server": "x", "path": "/"}},
        {"persistentVolumeClaim": {"claimName": "x"}}, {"photonPersistentDisk": {"pdID": "x"}}, {"portworxVolume": {"volumeID": "x"}},
        {"projected": {"sources": []}}, {"quobyte": {"registry": "x:1", "volume": "x"}}, {"rbd": {"monitors": ["x"], "image": "x"}},
        {"scaleIO": {"gateway": "https://x/y", "system": "x", "volumeName": "x", "secretRef": {"name": "x"}}}, {"secret": {"secretName": "x"}},
        {"storageos": {"volumeName": "x", "volumeNamespace": "x"}}, {"vsphereVolume": {"volumePath": "x"}}, {"someday": {"a": 1}}
    ])
}
