//! Pods and objects of a namespace for tests of the rules.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::defaults::ContainerDefaults;
use super::limit_range::LimitRange;
use super::planned::PlannedPod;
use super::remedies::Remedies;
use crate::inject::pod::Pod;

/// A Pod whose app has resources, and what podgraft injects into it.
#[derive(Default)]
pub(super) struct PodCase {
    /// Fields of `spec`, besides the app `web`.
    pub(super) spec: Value,
    /// The resources of the app.
    pub(super) app: Value,
    /// The resources of the injected native sidecar `note`.
    pub(super) note: Value,
}

impl PodCase {
    /// A Pod whose app and sidecar have resources.
    pub(super) fn new(app: Value, note: Value) -> Self {
        PodCase { spec: json!({}), app, note }
    }

    /// Calls a function with the Pod that will run in a namespace with LimitRanges.
    pub(super) fn planned<T>(&self, limit_ranges: &[LimitRange], check: impl FnOnce(&PlannedPod<'_>) -> T) -> T {
        let mut defaults = ContainerDefaults::new(true);
        for limit_range in limit_ranges {
            limit_range.add_defaults(&mut defaults);
        }
        let mut spec = self.spec.clone();
        spec["containers"] = json!([{"name": "web", "image": "i:1", "resources": self.app}]);
        let pod = json!({"spec": spec}).to_string();
        let note = json!({"name": "note", "image": "i:1", "restartPolicy": "Always", "resources": self.note});
        let patch = match self.spec.get("initContainers") {
            Some(_) => json!([{"op": "add", "path": "/spec/initContainers/0", "value": note}]),
            None => json!([{"op": "add", "path": "/spec/initContainers", "value": [note]}]),
        };
        let pod = Pod::read(pod.as_bytes()).unwrap();
        check(&PlannedPod::new(&pod, patch.to_string().as_bytes(), &defaults).unwrap())
    }
}

pub(super) fn read<T: DeserializeOwned>(object: &Value) -> T {
    serde_json::from_str(&object.to_string()).unwrap()
}

/// A LimitRange `team` with one item.
pub(super) fn limit_range(item: &Value) -> LimitRange {
    read(&json!({"metadata": {"name": "team"}, "spec": {"limits": [item]}}))
}

/// Remedies that know no companion.
pub(super) fn no_companions() -> Remedies<'static> {
    Remedies::new(Vec::new())
}

/// Resources that are requests, limits or both, each as JSON.
pub(super) fn resources(requests: &Value, limits: &Value) -> Value {
    json!({"requests": requests, "limits": limits})
}

/// Fails unless each sentence contains its part.
#[track_caller]
pub(super) fn expect(found: &[String], parts: &[&str]) {
    let is_expected = found.len() == parts.len() && found.iter().zip(parts).all(|(found, part)| found.contains(part));
    assert!(is_expected, "{found:#?}\nexpected: {parts:#?}");
}
