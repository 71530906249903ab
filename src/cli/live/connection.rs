//! Finds the API server of a kubeconfig, and makes a client.

use std::io;
use std::path::Path;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::flags::ConnectionFlags;
use crate::source::files::folder::reason;
use crate::text::suggest::suggest;
use crate::watch::error::with_causes;

/// How long the API server may be silent during a request.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may take to be made. kubectl waits as long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A cluster, as the user of a kubeconfig.
pub(in crate::cli) struct Connection {
    pub(in crate::cli) client: Client,
    /// The namespace of the context, else `default`.
    pub(in crate::cli) namespace: Box<str>,
    /// The URL of the API server, for messages.
    pub(super) server: Box<str>,
}

impl ConnectionFlags {
    /// Makes a client; nothing is sent yet.
    pub(in crate::cli) async fn connect(&self) -> anyhow::Result<Connection> {
        let mut config = self.config().await?;
        config.read_timeout = Some(READ_TIMEOUT);
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.reset_reader_on_write = true;
        // By default the client repeats requests that are answered with 503, as a Pod that is not ready does through the
        // API server, for minutes.
        config.default_retry = false;
        config.headers.push((USER_AGENT, HeaderValue::from_static(concat!("podgraft/", env!("CARGO_PKG_VERSION")))));
        let server = config.cluster_url.to_string();
        let namespace = config.default_namespace.clone();
        let client = Client::try_from(config)
            .map_err(|error| anyhow::anyhow!("cannot use the kubeconfig: {}", with_causes(&error)))?;
        Ok(Connection { client, namespace: namespace.into(), server: server.trim_end_matches('/').into() })
    }

    async fn config(&self) -> anyhow::Result<Config> {
        let read = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path).map_err(|error| unread(path, &error))?,
            None => match Kubeconfig::read() {
                Ok(kubeconfig) => kubeconfig,
                Err(error) if is_missing(&error) => return self.in_cluster(),
                Err(error) => anyhow::bail!("cannot read the kubeconfig: {}", with_causes(&error)),
            },
        };
        self.check_context(&read)?;
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(read, &options).await;
        config.map_err(|error| anyhow::anyhow!("cannot use the kubeconfig: {}", with_causes(&error)))
    }

    /// The configuration of a Pod, for a user without a kubeconfig.
    fn in_cluster(&self) -> anyhow::Result<Config> {
        match Config::incluster() {
            Ok(config) if self.context.is_none() => Ok(config),
            _ => anyhow::bail!(
                "no kubeconfig found: KUBECONFIG names no file that exists, and ~/.kube/config does not exist; use --kubeconfig FILE; without a cluster, podgraft explain -f FILE explains manifests"
            ),
        }
    }

    /// Fails if the context does not exist, with the contexts that do.
    fn check_context(&self, kubeconfig: &Kubeconfig) -> anyhow::Result<()> {
        let Some(name) = self.context.as_ref().or(kubeconfig.current_context.as_ref()).filter(|n| !n.is_empty()) else {
            anyhow::bail!(
                "the kubeconfig has no current context; use --context NAME, or kubectl config use-context NAME"
            );
        };
        let names = || kubeconfig.contexts.iter().map(|context| &*context.name);
        if names().any(|other| other == name) {
            return Ok(());
        }
        let hint = suggest(name, names(), |_| true).map_or(String::new(), |near| format!("; did you mean {near:?}?"));
        anyhow::bail!(
            "context {name:?} not found in the kubeconfig{hint}; kubectl config get-contexts lists the contexts"
        )
    }
}

fn is_missing(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

fn unread(path: &Path, error: &KubeconfigError) -> anyhow::Error {
    let shown = path.display();
    match error {
        missing if is_missing(missing) => anyhow::anyhow!("--kubeconfig: the path \"{shown}\" does not exist"),
        KubeconfigError::ReadConfig(error, _) => {
            anyhow::anyhow!("--kubeconfig {shown}: {}; name a file that you can read", reason(error))
        }
        _ => anyhow::anyhow!("--kubeconfig {shown}: {}", with_causes(error)),
    }
}
