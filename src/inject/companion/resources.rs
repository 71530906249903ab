//! The amounts of a container's resources, as far as a review compares them.

use super::index::ParameterIndex;
use super::quantity::Amount;

/// One resource of a container.
#[derive(Debug)]
pub struct ContainerResource {
    /// The resource, such as `memory`.
    pub name: Box<str>,
    /// The amount in `requests`.
    pub request: AmountSource,
    /// The amount in `limits`.
    pub limit: AmountSource,
}

/// Where an amount is from: a parameter with a value, else the declaration, else there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct AmountSource {
    /// The amount that the companion itself declares.
    pub declared: Option<Amount>,
    /// The Quantity parameter that fills it.
    pub parameter: Option<ParameterIndex>,
}

/// Whether it is cpu or memory, which every container needs, and which `podResources: Share` can leave to the Pod.
#[must_use]
pub fn is_compute(resource: &str) -> bool {
    matches!(resource, "cpu" | "memory")
}

/// Whether the API server sums a resource over the containers of a Pod with Pod-level resources
/// (`IsSupportedPodLevelResource` of k8s.io/component-helpers).
#[must_use]
pub fn is_pod_level(resource: &str) -> bool {
    is_compute(resource) || is_hugepages(resource)
}

/// Whether it is a size of huge pages.
#[must_use]
pub fn is_hugepages(resource: &str) -> bool {
    resource.starts_with("hugepages-")
}

/// Whether it is an extended resource, such as a device: it is counted in whole numbers.
#[must_use]
pub fn is_extended(resource: &str) -> bool {
    resource.contains('/') && !resource.contains("kubernetes.io/")
}

/// Whether a request can be smaller than its limit (`IsOvercommitAllowed` of Kubernetes' validation). Otherwise there must be
/// a limit, and the two must be equal.
#[must_use]
pub fn allows_overcommit(resource: &str) -> bool {
    !is_hugepages(resource) && !is_extended(resource)
}
