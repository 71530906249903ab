//! The companions and Namespaces of a cluster, for reviews.

use std::sync::Arc;

use super::connection::Connection;
use super::failure::of_list;
use crate::cli::offline::{OfflineServer, Origin};
use crate::inject::snapshot::Settings;
use crate::source::cluster;
use crate::source::declarations::Declarations;
use crate::source::effective::Effective;
use crate::source::files::places::CompanionPlaces;

/// The companions and Namespaces of a cluster at one moment.
pub(in crate::cli) struct ClusterCompanions {
    state: Arc<cluster::ClusterState>,
    namespace: Box<str>,
}

impl Connection {
    /// Reads the companions and the Namespace of one namespace, or those of all.
    ///
    /// # Errors
    /// The API server cannot be reached, or the user may not read them.
    pub(in crate::cli) async fn companions(&self, namespace: Option<&str>) -> anyhow::Result<ClusterCompanions> {
        let listed = cluster::list(&self.client, namespace).await;
        let state = listed.map_err(|failed| of_list(&self.server, &failed))?;
        Ok(ClusterCompanions { state: Arc::new(state), namespace: namespace.unwrap_or(&self.namespace).into() })
    }
}

impl ClusterCompanions {
    /// A server that knows them.
    pub(in crate::cli) fn server(&self, settings: Settings) -> OfflineServer {
        self.server_with(Arc::default(), settings)
    }

    /// A server that knows them as they would be if companions of files were applied.
    pub(in crate::cli) fn server_with(&self, files: Arc<Declarations>, settings: Settings) -> OfflineServer {
        let effective = Effective::new(files, Some(Arc::clone(&self.state)));
        OfflineServer {
            snapshot: effective.snapshot(settings),
            places: CompanionPlaces::default(),
            default_namespace: self.namespace.clone(),
            origin: Origin::Cluster,
        }
    }
}
