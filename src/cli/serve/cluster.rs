//! The cluster that a server is part of.

use clap::Args;

/// How a server knows its cluster, and itself in it.
#[derive(Debug, Args)]
pub(super) struct Cluster {
    /// Watch the companions and Namespaces of the cluster; with KUBECONFIG set, of the one that it names
    #[arg(id = "cluster", long = "cluster", env = "PODGRAFT_CLUSTER")]
    pub(super) watched: bool,
    /// What this installation is called: its Service, and the first part of the names of its webhook configurations
    #[arg(long, value_name = "NAME", env = "PODGRAFT_NAME", default_value = "podgraft")]
    pub(super) name: String,
    /// podgraft's own namespace, whose Pods are left alone
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    pub(super) namespace: Option<String>,
}
