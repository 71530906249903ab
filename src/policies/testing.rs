//! What the tests of this room share.

use serde_json::json;

use super::versions::Version;

/// A version of a generation, or of a file.
pub(super) fn version(image: &str, generation: Option<i64>) -> Version {
    let mut object = json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": "proxy"},
        "spec": {
            "pattern": "Sidecar",
            "activation": "ClusterWide",
            "required": true,
            "containers": [{"name": "proxy", "image": image}],
        },
    });
    if let Some(generation) = generation {
        object["metadata"]["generation"] = json!(generation);
        object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    Version::read(object).unwrap()
}
