//! The rule by which a companion was considered: the first one that matches decides.

use serde_json::Value;

use crate::cli::offline::{OfflineServer, Reviewed};
use crate::inject::companion::Activation;
use crate::inject::companion::catalog::CatalogEntry;
use crate::inject::keys;
use crate::inject::request::namespace::{Namespace, OptIn};
use crate::inject::verdict::{Finding, Via};

/// The rule, in a few words.
pub(super) fn rule(server: &OfflineServer, found: &Reviewed<'_>, finding: &Finding<'_>) -> &'static str {
    match finding.via {
        Some(Via::Pod) => "annotation of the Pod",
        Some(Via::NamespaceList) => "annotation of the Namespace",
        Some(Via::Required) => "required",
        Some(Via::Automatic) => automatic(server, found, finding.companion.as_deref().unwrap_or_default()),
        None => "-",
    }
}

fn automatic(server: &OfflineServer, found: &Reviewed<'_>, companion: &str) -> &'static str {
    let entry = server.snapshot.companions.resolve(server.namespace(found.workload), companion);
    match entry.map(CatalogEntry::activation) {
        Some(Activation::ClusterWide) => "cluster-wide",
        _ if pod_opt_in(found) == OptIn::Enabled => "the Pod is opted in",
        _ => "the Namespace is opted in",
    }
}

/// The label `podgraft.dev/inject` of the Pod.
pub(super) fn pod_opt_in(found: &Reviewed<'_>) -> OptIn {
    OptIn::read(found.workload.pod()["metadata"]["labels"].get(keys::INJECT).and_then(Value::as_str))
}

/// The same label of the Namespace.
pub(super) fn namespace_opt_in(server: &OfflineServer, found: &Reviewed<'_>) -> OptIn {
    let namespace = server.snapshot.namespaces.listed(server.namespace(found.workload));
    namespace.map_or(OptIn::Absent, Namespace::opt_in)
}
