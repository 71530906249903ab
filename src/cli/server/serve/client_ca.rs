//! The flags of client certificates.

use std::path::PathBuf;

use clap::Args;

use crate::server::ClientCaConfig;

/// Which clients may send reviews.
#[derive(Debug, Args)]
pub(super) struct ClientCaFlags {
    /// Accept only clients with a certificate of this CA (PEM); not the cluster's client CA, which also signs kubelets and users
    #[arg(long, value_name = "FILE", env = "PODGRAFT_CLIENT_CA", requires = "client_name")]
    client_ca: Option<PathBuf>,
    /// Common name or DNS name of the accepted client certificates; may be repeated
    #[arg(long, value_name = "NAME", env = "PODGRAFT_CLIENT_NAME", value_delimiter = ',', requires = "client_ca")]
    client_name: Vec<String>,
}

impl ClientCaFlags {
    pub(super) fn config(self) -> Option<ClientCaConfig> {
        self.client_ca.map(|file| ClientCaConfig { file, names: self.client_name })
    }
}
