//! The Pod that a controller creates from a workload, as the API server sends it to podgraft: after the API server's defaults
//! and the built-in admission plug-ins. It is written from Kubernetes 1.37 (`pkg/controller`, `pkg/apis/core/v1/defaults.go`,
//! `plugin/pkg/admission`), independently of what podgraft assumes about controllers.

mod controller;
mod defaults;
mod plugins;

use serde_json::Value;

/// What is not in a workload, and decides about its Pods: which of several Pods, and which revision of the workload.
#[derive(Debug, Clone, Copy)]
pub struct Created {
    /// The ordinal of a StatefulSet's Pod, or the index of an Indexed Job's.
    pub ordinal: u32,
    /// The hash of the template.
    pub hash: &'static str,
}

/// The first Pod of a workload.
pub const FIRST: Created = Created { ordinal: 0, hash: "5d4f8c7b9d" };

/// Another Pod of the same workload, of another revision.
pub const OTHER: Created = Created { ordinal: 1, hash: "77c9d8b6f4" };

/// The Pod that a workload's controller creates. A PodTemplate, which has no controller, counts as a Pod of its template; a
/// kind that is not built in as one whose controller copies the template.
pub fn created_pod(workload: &Value, which: Created) -> Value {
    let mut pod = sent_pod(workload, which);
    defaults::apply(&mut pod);
    plugins::apply(&mut pod);
    pod
}

/// The same Pod as the controller sends it to the API server.
pub fn sent_pod(workload: &Value, which: Created) -> Value {
    controller::pod(workload, which)
}
