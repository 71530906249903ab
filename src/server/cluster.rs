//! The client of the API server.

use std::time::Duration;

use anyhow::Context as _;
use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;

/// How long the API server may be silent before a connection counts as dead, unless a request has its own timeout. It is
/// longer than a watch without events, which the API server ends after five minutes.
const READ_TIMEOUT: Duration = Duration::from_secs(300);

/// A client of the API server. It sends nothing yet.
///
/// # Errors
/// Neither KUBECONFIG nor a service account names an API server.
pub(super) async fn client() -> anyhow::Result<kube::Client> {
    let inferred = kube::Config::infer().await;
    let mut config = inferred.context("cannot find the cluster; set KUBECONFIG, or run in a Pod with a token")?;
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    // The API server derives the name of the field manager from the user agent.
    config.headers.push((USER_AGENT, HeaderValue::from_static(concat!("podgraft/", env!("CARGO_PKG_VERSION")))));
    kube::Client::try_from(config).context("cannot set up the connection to the cluster")
}
