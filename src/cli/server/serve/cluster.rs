//! The cluster that a server is part of.

use std::time::Duration;

use anyhow::Context as _;
use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use clap::Args;

/// How long the API server may be silent before a connection counts as dead, unless whoever asks is less patient: longer
/// than a watch of nothing lasts, which the API server ends after five minutes.
const SILENCE: Duration = Duration::from_secs(300);

/// How a server knows its cluster, and itself in it.
#[derive(Debug, Args)]
pub(crate) struct ClusterFlags {
    /// Watch the companions and Namespaces of the cluster; with KUBECONFIG set, of the one that it names
    #[arg(id = "cluster", long = "cluster", env = "PODGRAFT_CLUSTER")]
    pub(crate) watched: bool,
    /// What this installation is called: its Service, and the first part of the names of its webhook configurations
    #[arg(long, value_name = "NAME", env = "PODGRAFT_NAME", default_value = "podgraft")]
    pub(crate) name: String,
    /// podgraft's own namespace, whose Pods are left alone
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    pub(crate) namespace: Option<String>,
}

impl ClusterFlags {
    /// A client of the API server; nothing is sent yet.
    ///
    /// # Errors
    /// Neither KUBECONFIG nor a service account says where the API server is.
    pub(crate) async fn client(&self) -> anyhow::Result<kube::Client> {
        let found = kube::Config::infer().await;
        let mut config = found.context("cannot find the cluster; set KUBECONFIG, or run in a Pod with a token")?;
        config.read_timeout = Some(SILENCE);
        config.reset_reader_on_write = true;
        // The API server remembers by it who wrote a field.
        config.headers.push((USER_AGENT, HeaderValue::from_static(concat!("podgraft/", env!("CARGO_PKG_VERSION")))));
        kube::Client::try_from(config).context("cannot set up the connection to the cluster")
    }
}
