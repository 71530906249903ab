//! Companions and Namespaces of a cluster, listed once: for commands that end, unlike the server.

use std::fmt::Debug;

use k8s_openapi::api::core::v1::Namespace as KubernetesNamespace;
use kube::api::ListParams;
use kube::core::ObjectList;
use kube::runtime::watcher::Event;
use kube::{Api, Client};

use super::health::WatchedResource;
use super::namespace::NamespaceMeta;
use super::raw::{Raw, RawKind};
use super::state::{ClusterState, StateBuilder};
use super::watch::PAGE;
use crate::source::limits::MemoryLimits;

/// How many Namespaces one page has: only their metadata is sent. kubectl has the same number.
const NAMESPACES: u32 = 500;

/// A request that failed.
#[derive(Debug)]
pub struct ListError {
    /// The verb of the request, as in a Role: `list` or `get`.
    pub verb: &'static str,
    /// The resource with its group, as in `clustercompanions.podgraft.dev`.
    pub resource: &'static str,
    /// The namespace of the request; `None` if it was for the whole cluster.
    pub namespace: Option<Box<str>>,
    /// What the API server answered, or why there is no answer.
    pub error: kube::Error,
}

/// Lists the ClusterCompanions, and the Companions and the Namespace of one namespace, or those of all namespaces. The
/// result is what a server would use that has watched them, with the default memory limits.
///
/// # Errors
/// The first request that fails.
pub async fn list(client: &Client, namespace: Option<&str>) -> Result<ClusterState, ListError> {
    let mut builder = StateBuilder::after(None, MemoryLimits::default());
    let cluster_wide = Api::all_with(client.clone(), &RawKind::ClusterCompanion);
    companions(&cluster_wide, WatchedResource::ClusterCompanions, None, &mut builder).await?;
    let namespaced = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &RawKind::Companion),
        None => Api::all_with(client.clone(), &RawKind::Companion),
    };
    companions(&namespaced, WatchedResource::Companions, namespace, &mut builder).await?;
    namespaces(client, namespace, &mut builder).await?;
    Ok(builder.publish())
}

async fn companions(
    api: &Api<Raw>,
    resource: WatchedResource,
    namespace: Option<&str>,
    builder: &mut StateBuilder,
) -> Result<(), ListError> {
    let name = match resource {
        WatchedResource::Companions => "companions.podgraft.dev",
        _ => "clustercompanions.podgraft.dev",
    };
    let failed = |error| ListError { verb: "list", resource: name, namespace: namespace.map(Box::from), error };
    builder.companion(resource, Some(Event::Init));
    let mut pages = Pages::of(PAGE);
    while let Some(params) = pages.next() {
        let page = api.list(&params).await.map_err(failed)?;
        for raw in pages.items(page) {
            builder.companion(resource, Some(Event::InitApply(raw)));
        }
    }
    builder.companion(resource, Some(Event::InitDone));
    Ok(())
}

async fn namespaces(client: &Client, one: Option<&str>, builder: &mut StateBuilder) -> Result<(), ListError> {
    let api = Api::<KubernetesNamespace>::all(client.clone());
    let failed = |verb| move |error| ListError { verb, resource: "namespaces", namespace: one.map(Box::from), error };
    builder.namespace(Some(Event::Init));
    if let Some(name) = one {
        let namespace: NamespaceMeta = api.get_metadata(name).await.map_err(failed("get"))?;
        builder.namespace(Some(Event::InitApply(namespace)));
    } else {
        let mut pages = Pages::of(NAMESPACES);
        while let Some(params) = pages.next() {
            let page = api.list_metadata(&params).await.map_err(failed("list"))?;
            for namespace in pages.items(page) {
                builder.namespace(Some(Event::InitApply(namespace)));
            }
        }
    }
    builder.namespace(Some(Event::InitDone));
    Ok(())
}

/// The pages of a list, one after the other.
struct Pages {
    size: u32,
    /// The token of the next page; `None` after the last one, and empty before the first one.
    token: Option<String>,
}

impl Pages {
    fn of(size: u32) -> Self {
        Pages { size, token: Some(String::new()) }
    }

    /// The request of the next page.
    fn next(&mut self) -> Option<ListParams> {
        let token = self.token.take()?;
        let params = ListParams::default().limit(self.size);
        Some(if token.is_empty() { params } else { params.continue_token(&token) })
    }

    /// The items of the page that was received.
    fn items<K: Clone + Debug>(&mut self, page: ObjectList<K>) -> Vec<K> {
        self.token = page.metadata.continue_.filter(|token| !token.is_empty());
        page.items
    }
}
