//! Pod templates of generated workloads.

use std::collections::HashSet;

use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::Undeclared;
use super::container::{container, init_container, native_sidecar};
use super::metadata::metadata;
use super::resources::resources;
use super::volume::{claims, volumes};
use crate::support::generate::object;

/// A template, and claims for it if a StatefulSet has it.
#[derive(Debug, Clone)]
pub struct Template {
    pub metadata: Value,
    pub spec: Value,
    pub claims: Vec<Value>,
    /// Volumes that the containers may mount are declared, except by claims.
    undeclared: Undeclared,
}

pub fn template(undeclared: Undeclared) -> impl Strategy<Value = Template> {
    (metadata(), spec(), claims()).prop_map(move |(metadata, spec, claims)| Template {
        metadata,
        spec,
        claims,
        undeclared,
    })
}

impl Template {
    /// Removes mounts of volumes that neither the template nor these claims declare, if API servers must accept it.
    pub fn declare(&mut self, claims: &[Value]) {
        let names = |items: &[Value], at: &str| -> Vec<Value> {
            items.iter().filter_map(|item| item.pointer(at).cloned()).collect()
        };
        let volumes = self.spec["volumes"].as_array().cloned().unwrap_or_default();
        let declared: HashSet<Value> =
            names(&volumes, "/name").into_iter().chain(names(claims, "/metadata/name")).collect();
        for list in ["initContainers", "containers"] {
            for container in self.spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if self.undeclared == Undeclared::Dropped {
                    retain(container, "volumeMounts", &declared);
                }
                retain(container, "volumeDevices", &declared);
            }
        }
    }
}

/// Keeps the items of a container's list whose volume is declared.
fn retain(container: &mut Value, field: &str, declared: &HashSet<Value>) {
    let Some(Value::Array(items)) = container.get_mut(field) else { return };
    items.retain(|item| declared.contains(&item["name"]));
    if items.is_empty() {
        container.as_object_mut().expect("an object").shift_remove(field);
    }
}

fn spec() -> impl Strategy<Value = Value> {
    let containers = (container("web", &[8080, 80, 9100]), weighted(0.3, container("worker", &[9113, 9999])));
    let init = (weighted(0.25, init_container()), weighted(0.2, native_sidecar()));
    let flags = (
        weighted(0.3, any::<bool>()),
        prop::bool::weighted(0.1),
        weighted(
            0.2,
            select(vec![json!([]), Value::Null, json!([{"name": "own"}]), json!([{"name": "agent-registry"}])]),
        ),
        weighted(0.2, select(vec![1, 2, 3, 5])),
        weighted(0.1, windows()),
        weighted(0.2, resources()),
    );
    (containers, init, volumes(), flags).prop_map(
        |((web, worker), (setup, mesh), volumes, (automount, host, secrets, grace, windows, resources))| {
            let some = |items: Vec<Value>| (!items.is_empty()).then(|| Value::from(items));
            let mut spec = object([
                ("initContainers", some([setup, mesh].into_iter().flatten().collect())),
                ("containers", some([Some(web), worker].into_iter().flatten().collect())),
                ("volumes", some(volumes)),
                ("automountServiceAccountToken", automount.map(Into::into)),
                ("hostNetwork", host.then_some(true.into())),
                ("imagePullSecrets", secrets),
                ("terminationGracePeriodSeconds", grace.map(Into::into)),
            ]);
            let windows = windows.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            // API servers know a Pod for Windows by this field, and deny Pod-level resources of one.
            if let Some(resources) = resources.filter(|_| !windows.contains_key("os")) {
                spec["resources"] = resources.around(&spec);
            }
            spec.as_object_mut().expect("an object").extend(windows);
            spec
        },
    )
}

/// What makes a Pod one for Windows, and what only looks like it.
fn windows() -> impl Strategy<Value = Value> {
    let affinity = |kind: &str, operator: &str| {
        let term =
            json!({"matchExpressions": [{"key": "kubernetes.io/os", "operator": operator, "values": ["windows"]}]});
        match kind {
            "required" => {
                json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}})
            }
            _ => {
                json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": term}]}}})
            }
        }
    };
    select(vec![
        json!({"os": {"name": "windows"}}),
        json!({"nodeSelector": {"kubernetes.io/os": "windows"}}),
        json!({"nodeSelector": {"beta.kubernetes.io/os": "windows"}}),
        json!({"securityContext": {"windowsOptions": {"runAsUserName": "ContainerUser"}}}),
        affinity("required", "In"),
        affinity("required", "NotIn"),
        affinity("preferred", "In"),
    ])
}
