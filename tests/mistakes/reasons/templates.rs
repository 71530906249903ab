//! Parts of Pods and companions that several rows have.

use serde_json::{Value, json};

/// Metadata and specification of a Pod with one app container.
pub fn pod_that_requests(companions: &str) -> Value {
    json!({
        "metadata": {"labels": {}, "annotations": {"podgraft.dev/companions": companions}},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
    })
}

/// A volume that the companion and the app share, at a path of the app.
pub fn shared(path: &str) -> Value {
    json!({"sharedVolumes": [{"name": "content", "companion": {"mountPath": "/content"}, "app": {"mountPath": path}}]})
}

/// A parameter of a type.
pub fn parameter(name: &str, fields: Value) -> Value {
    let mut parameter = json!({"name": name, "type": "String", "env": name.to_uppercase()});
    json_patch::merge(&mut parameter, &fields);
    json!({"parameters": [parameter]})
}
