//! Which clients may ask for reviews.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use crate::tls::{ClientCa, ClientCaFile};

/// Which clients may ask for reviews.
#[derive(Debug, Args)]
pub(super) struct Clients {
    /// Admit only API servers with a client certificate of this CA, in PEM; not the cluster's client CA, which signs kubelets and users
    #[arg(long, value_name = "FILE", env = "PODGRAFT_CLIENT_CA", requires = "client_name")]
    client_ca: Option<PathBuf>,
    /// A name (common name or DNS name) that their certificates have; repeatable
    #[arg(long, value_name = "NAME", env = "PODGRAFT_CLIENT_NAME", value_delimiter = ',', requires = "client_ca")]
    client_name: Vec<String>,
}

impl Clients {
    /// The CA that client certificates must be of, followed from now on; `None` where none is asked for.
    ///
    /// # Errors
    /// The file cannot be read, or holds no certificate.
    pub(super) fn follow(&self, interval: Duration) -> anyhow::Result<Option<Arc<ClientCa>>> {
        let Some(path) = &self.client_ca else { return Ok(None) };
        let file = ClientCaFile::open(path.clone(), self.client_name.clone())?;
        file.follow(interval).context("cannot start the thread that follows --client-ca").map(Some)
    }
}
