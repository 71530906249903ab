//! The watches of a cluster, and the states that come of them.

#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::StreamExt as _;
use kube::runtime::watcher::watcher;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::health::{WatchHealth, WatchedResource};
use super::namespace::NamespaceMeta;
use super::raw::{Raw, RawKind};
use super::state::{ClusterState, StateBuilder};
use crate::source::limits::MemoryLimits;
use crate::watch::backoff::{Backoff, ResetAfter};
use crate::watch::lifetime;

/// How many companions one page of a list has. The client holds the text of a page twice while it reads it, and an API
/// server accepts objects of 1.5 MB.
pub(super) const PAGE: u32 = 10;
/// The least and the most time between two lists that are made because companions fit into the limits again. It doubles
/// with each list of a series: such a list costs the API server as much as the start of a replica.
const LIST_INTERVALS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(160)];

/// States of a cluster; none before everything that is watched was listed once.
pub type ClusterStates = watch::Receiver<Option<Arc<ClusterState>>>;

/// Runs the watches for as long as it is polled; it never ends.
type WatchTask = BoxFuture<'static, ()>;

/// Prepares to watch the companions and Namespaces of a cluster. Nothing is watched before a task that the returned
/// function makes is polled, and one task is enough. Another one may replace a task that panicked: the last published
/// state stays until the new task has listed everything again.
///
/// While the API server cannot be reached, the last known objects stay: only the end of a complete list replaces a list,
/// and only a deletion event removes an object.
pub fn watch(
    client: &Client,
    limits: MemoryLimits,
) -> (ClusterStates, Arc<WatchHealth>, impl FnMut() -> WatchTask + Send + use<>) {
    let (sender, states) = watch::channel(None);
    let health = Arc::new(WatchHealth::default());
    let (client, shared) = (client.clone(), Arc::clone(&health));
    let make_task = move || follow(client.clone(), Arc::clone(&shared), sender.clone(), limits).boxed();
    (states, health, make_task)
}

async fn follow(
    client: Client,
    health: Arc<WatchHealth>,
    states: watch::Sender<Option<Arc<ClusterState>>>,
    limits: MemoryLimits,
) {
    let observed = |resource| WatchHealth::observe(&health, &client, resource);
    let companions = |kind, resource| {
        let api = Api::<Raw>::all_with(observed(resource), &kind);
        Box::pin(lifetime::retried(watcher(api, lifetime::config().page_size(PAGE))))
    };
    let cluster_wide = || companions(RawKind::ClusterCompanion, WatchedResource::ClusterCompanions);
    let in_namespaces = || companions(RawKind::Companion, WatchedResource::Companions);
    let (mut of_cluster, mut of_namespaces) = (cluster_wide(), in_namespaces());
    let mut list_intervals = Backoff::new(LIST_INTERVALS[0], LIST_INTERVALS[1], ResetAfter::QuietDelays(1));
    let mut next_list = Instant::now() + list_intervals.fail(Instant::now());
    let api = Api::<NamespaceMeta>::all(observed(WatchedResource::Namespaces));
    let mut namespaces = pin!(lifetime::retried(watcher(api, lifetime::config())));
    let mut builder = StateBuilder::after(states.borrow().as_deref(), limits);
    loop {
        let due = builder.due();
        let list_due = builder.fits_again().then_some(next_list);
        tokio::select! {
            Some(event) = of_cluster.next() => {
                let event = health.record(WatchedResource::ClusterCompanions, event);
                builder.companion(WatchedResource::ClusterCompanions, event);
            }
            Some(event) = of_namespaces.next() => {
                let event = health.record(WatchedResource::Companions, event);
                builder.companion(WatchedResource::Companions, event);
            }
            Some(event) = namespaces.next() => {
                let event = health.record(WatchedResource::Namespaces, event);
                builder.namespace(event);
            }
            () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {
                states.send_replace(Some(Arc::new(builder.publish())));
            }
            () = async { sleep_until(list_due.unwrap_or_else(Instant::now)).await }, if list_due.is_some() => {
                // Nothing was kept of the companions that fit again, so they have to be listed. A list leaves all others
                // as they are.
                for resource in builder.begin_lists() {
                    match resource {
                        WatchedResource::ClusterCompanions => of_cluster = cluster_wide(),
                        WatchedResource::Companions => of_namespaces = in_namespaces(),
                        WatchedResource::Namespaces => {}
                    }
                }
                next_list = Instant::now() + list_intervals.fail(Instant::now());
            }
        }
        // The events of a long list are all ready at once; other tasks of this thread run in between.
        tokio::task::yield_now().await;
    }
}
