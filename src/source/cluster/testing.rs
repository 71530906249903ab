//! Objects for the tests of this room, as the API server would send them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::object::WatchedCompanion;
use super::raw::Raw;
use crate::api::testing::container;
use crate::source::limits::Weight;
use crate::source::revision::Revision;

/// A ClusterCompanion at a generation; without an image it is invalid.
pub(in crate::source) fn raw(name: &str, generation: i64, image: &str) -> Raw {
    let container = if image.is_empty() { json!({"name": name}) } else { container(name, image) };
    Raw::new(json!({
        "apiVersion": "podgraft.dev/v1alpha1",
        "kind": "ClusterCompanion",
        "metadata": {"name": name, "uid": "u-1", "generation": generation, "resourceVersion": format!("{generation}0")},
        "spec": {"pattern": "Sidecar", "containers": [container]},
    }))
}

/// The same with another status, as after a write of it.
pub(in crate::source) fn with_status(mut raw: Raw, resource_version: &str, status: Value) -> Raw {
    raw.status = status;
    raw.meta.resource_version = Some(resource_version.to_owned());
    raw
}

/// The same as a required companion.
pub(in crate::source) fn required(mut raw: Raw) -> Raw {
    raw.object["spec"]["activation"] = json!("ClusterWide");
    raw.object["spec"]["required"] = json!(true);
    raw
}

/// The companion that is compiled from an object.
pub(in crate::source) fn object(raw: Raw, before: Option<&Arc<WatchedCompanion>>) -> Arc<WatchedCompanion> {
    WatchedCompanion::new(raw, before).expect("it is a companion")
}

/// A companion of the cluster without a valid version.
pub(in crate::source) fn invalid_object(version: Revision) -> Arc<WatchedCompanion> {
    Arc::new(WatchedCompanion {
        version,
        problems: Arc::default(),
        warnings: Arc::default(),
        generation: 1,
        weight: Weight::default(),
        exceeds_limits: false,
        last_valid: None,
        uid: "u-1".into(),
        resource_version: "10".into(),
        status: Value::Null,
    })
}
