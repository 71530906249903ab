//! Companions and Namespaces of a cluster: watched, and handed on as whole snapshots.
//!
//! | file | what it does |
//! |---|---|
//! | `raw` | what the API server sends of a companion, read once and whole |
//! | `object` | what is made of it: the gate's verdict, and the version that is used |
//! | `shelf` | what stands, and what a list that is under way will put in its place |
//! | `snapshot` | all of it at one moment, and when the next one is due |
//! | `pulse` | whether the watches are alive, and what is still waited for |
//! | `status`, `words` | what the `.status` of a companion should be, and say |
//! | `writer` | writes it, once among all replicas |

mod object;
mod pulse;
mod raw;
mod shelf;
mod snapshot;
mod status;
#[cfg(test)]
pub(super) mod testing;
mod words;
mod writer;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Namespace as KubernetesNamespace;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, DefaultBackoff, Event, watcher};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::sleep_until;

pub use object::Object;
pub use pulse::{Pulse, Reading, Resource};
pub use snapshot::Snapshot;
pub use status::{Reason, Standing};
pub use writer::{Wanted, write};

use raw::{Kind, Raw};
use snapshot::Gathered;

/// How many objects are asked for at once: what is read of them at one go holds up reviews.
const PAGE: u32 = 100;
/// How long one watch lasts, in seconds. Then it is asked for anew from where it ended, which nobody notices; a dead
/// connection is noticed by then, for nothing comes through a quiet one until its end.
const LASTING: u32 = 120;
/// How long is waited after a failure at most: who has just applied the definitions should not have to wait for long.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Watches for as long as it is polled.
pub type Watching = BoxFuture<'static, ()>;

/// Snapshots of a cluster; none before all that is watched was listed once.
pub type Snapshots = watch::Receiver<Option<Arc<Snapshot>>>;

/// Begins to watch. The futures that are made never end; without one nothing comes, and one is enough. Another may take
/// the place of one that panicked: what was published stays until it has listed everything anew.
///
/// What the API server cannot tell just now stays as it is: nothing but the end of a whole list replaces a list, and
/// nothing but the news that an object was deleted removes one.
pub fn watch(client: &Client) -> (Snapshots, Arc<Pulse>, impl FnMut() -> Watching + Send + use<>) {
    let (sender, snapshots) = watch::channel(None);
    let pulse = Arc::new(Pulse::default());
    let (client, heard) = (client.clone(), Arc::clone(&pulse));
    let watching = move || follow(client.clone(), Arc::clone(&heard), sender.clone()).boxed();
    (snapshots, pulse, watching)
}

async fn follow(client: Client, pulse: Arc<Pulse>, snapshots: watch::Sender<Option<Arc<Snapshot>>>) {
    let heard = |resource| Pulse::listening(&pulse, &client, resource);
    let companions = |kind, resource| {
        let api = Api::<Raw>::all_with(heard(resource), &kind);
        steady(watcher(api, watcher::Config::default().timeout(LASTING).page_size(PAGE)))
    };
    let mut cluster_companions = pin!(companions(Kind::ClusterCompanion, Resource::ClusterCompanions));
    let mut companions = pin!(companions(Kind::Companion, Resource::Companions));
    let api = Api::<NamespaceMeta>::all(heard(Resource::Namespaces));
    let mut namespaces = pin!(steady(watcher(api, watcher::Config::default().timeout(LASTING))));
    let mut gathered = Gathered::after(snapshots.borrow().as_deref());
    loop {
        let due = gathered.due();
        tokio::select! {
            Some(event) = cluster_companions.next() => {
                let event = pulse.judge(Resource::ClusterCompanions, event);
                gathered.companion(Resource::ClusterCompanions, event);
            }
            Some(event) = companions.next() => {
                let event = pulse.judge(Resource::Companions, event);
                gathered.companion(Resource::Companions, event);
            }
            Some(event) = namespaces.next() => {
                let event = pulse.judge(Resource::Namespaces, event);
                gathered.namespace(event);
            }
            () = async { sleep_until(due.unwrap_or_else(tokio::time::Instant::now)).await }, if due.is_some() => {
                snapshots.send_replace(Some(Arc::new(gathered.publish())));
            }
        }
        // A long list is many events that are all there already; reviews come in between.
        tokio::task::yield_now().await;
    }
}

/// A watch that waits longer after each failure.
///
/// That a list begins is no news, and would count as a success and make the waiting short again. Who gathers a list lets
/// go of it when an error comes.
fn steady<K: Send>(
    events: impl Stream<Item = watcher::Result<Event<K>>> + Send,
) -> impl Stream<Item = watcher::Result<Event<K>>> + Send {
    events.filter(|event| std::future::ready(!matches!(event, Ok(Event::Init)))).backoff(Waits::default())
}

/// How long is waited after each failure.
#[derive(Default)]
struct Waits(DefaultBackoff);

impl Iterator for Waits {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next().map(|wait| wait.min(LONGEST_WAIT))
    }
}

impl Backoff for Waits {
    fn reset(&mut self) {
        self.0.reset();
    }
}

type NamespaceMeta = PartialObjectMeta<KubernetesNamespace>;
