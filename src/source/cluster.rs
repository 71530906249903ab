//! Companions and Namespaces of a cluster: watched, and handed on as whole snapshots.
//!
//! | file | what it does |
//! |---|---|
//! | `raw` | what the API server sends of a companion, read once and whole |
//! | `object` | what is made of it: the gate's verdict, and the version that is used |
//! | `buffer` | what stands, and what a list that is under way will put in its place |
//! | `snapshot` | all of it at one moment, and when the next one is due |
//! | `health` | whether the watches are alive, and what is still waited for |
//! | `status`, `words` | what the `.status` of a companion should be, and say |
//! | `writer` | writes it, once among all replicas |

mod buffer;
mod health;
mod message;
mod object;
mod raw;
mod state;
mod status;
#[cfg(test)]
pub(super) mod testing;
mod writer;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Namespace as KubernetesNamespace;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

pub use health::{Reading, WatchHealth, WatchedResource};
pub use object::WatchedCompanion;
pub use state::ClusterState;
pub use status::{Eligibility, ReadyReason};
pub use writer::{DesiredStatus, write};

use super::limits::MemoryLimits;
use crate::watch::lifetime;
use raw::{Raw, RawKind};
use state::StateBuilder;

/// How many objects are asked for at once. The client holds the text of a page twice while it is read, and an API server
/// takes objects of 1.5 MB.
const PAGE: u32 = 10;
/// How far lists are apart that are asked for because companions fit again.
const LISTS_APART: Duration = Duration::from_secs(10);
/// Watches for as long as it is polled.
pub type Watching = BoxFuture<'static, ()>;

/// Snapshots of a cluster; none before all that is watched was listed once.
pub type ClusterStates = watch::Receiver<Option<Arc<ClusterState>>>;

/// Begins to watch. The futures that are made never end; without one nothing comes, and one is enough. Another may take
/// the place of one that panicked: what was published stays until it has listed everything anew.
///
/// What the API server cannot tell just now stays as it is: nothing but the end of a whole list replaces a list, and
/// nothing but the news that an object was deleted removes one.
pub fn watch(
    client: &Client,
    limits: MemoryLimits,
) -> (ClusterStates, Arc<WatchHealth>, impl FnMut() -> Watching + Send + use<>) {
    let (sender, snapshots) = watch::channel(None);
    let health = Arc::new(WatchHealth::default());
    let (client, heard) = (client.clone(), Arc::clone(&health));
    let watching = move || follow(client.clone(), Arc::clone(&heard), sender.clone(), limits).boxed();
    (snapshots, health, watching)
}

async fn follow(
    client: Client,
    health: Arc<WatchHealth>,
    snapshots: watch::Sender<Option<Arc<ClusterState>>>,
    limits: MemoryLimits,
) {
    let heard = |resource| WatchHealth::listening(&health, &client, resource);
    let companions = |kind, resource| {
        let api = Api::<Raw>::all_with(heard(resource), &kind);
        Box::pin(steady(watcher(api, lifetime::config().page_size(PAGE))))
    };
    let of_cluster = || companions(RawKind::ClusterCompanion, WatchedResource::ClusterCompanions);
    let of_namespaces = || companions(RawKind::Companion, WatchedResource::Companions);
    let (mut cluster_companions, mut of_all, mut listed) = (of_cluster(), of_namespaces(), Instant::now());
    let api = Api::<NamespaceMeta>::all(heard(WatchedResource::Namespaces));
    let mut namespaces = pin!(steady(watcher(api, lifetime::config())));
    let mut gathered = StateBuilder::after(snapshots.borrow().as_deref(), limits);
    loop {
        let due = gathered.due();
        let again = gathered.fits_again().then(|| listed + LISTS_APART);
        tokio::select! {
            Some(event) = cluster_companions.next() => {
                let event = health.judge(WatchedResource::ClusterCompanions, event);
                gathered.companion(WatchedResource::ClusterCompanions, event);
            }
            Some(event) = of_all.next() => {
                let event = health.judge(WatchedResource::Companions, event);
                gathered.companion(WatchedResource::Companions, event);
            }
            Some(event) = namespaces.next() => {
                let event = health.judge(WatchedResource::Namespaces, event);
                gathered.namespace(event);
            }
            () = async { sleep_until(due.unwrap_or_else(tokio::time::Instant::now)).await }, if due.is_some() => {
                snapshots.send_replace(Some(Arc::new(gathered.publish())));
            }
            () = async { sleep_until(again.unwrap_or_else(Instant::now)).await }, if again.is_some() => {
                // Nothing was kept of them: only a list brings them back, and leaves all others as they are.
                (cluster_companions, of_all, listed) = (of_cluster(), of_namespaces(), Instant::now());
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
    lifetime::retried(events.filter(|event| std::future::ready(!matches!(event, Ok(Event::Init)))))
}

type NamespaceMeta = PartialObjectMeta<KubernetesNamespace>;

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::sync::Mutex;

    use axum::http::{Request, Response, StatusCode};
    use bytes::Bytes;
    use http_body_util::combinators::UnsyncBoxBody;
    use http_body_util::{BodyExt as _, Full, StreamBody};
    use hyper::body::Frame;
    use kube::client::Body;
    use serde_json::{Value, json};
    use tokio::time::timeout;

    use super::testing::raw;
    use super::*;

    type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

    /// An API server whose answers about ClusterCompanions are given one by one; everything else is empty and quiet.
    fn api_server(answers: impl IntoIterator<Item = Answer>) -> (Client, Arc<Mutex<Vec<String>>>) {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let answer = move |request: Request<Body>| {
            let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let answer = if request.uri().path().ends_with("/clustercompanions") {
                log.lock().unwrap().push(if watches { "watch" } else { "list" }.to_owned());
                answers.lock().unwrap().pop_front().unwrap_or_else(quiet)
            } else if watches {
                quiet()
            } else {
                list("1", &[])
            };
            std::future::ready(Ok::<_, kube::Error>(answer))
        };
        (Client::new(tower::service_fn(answer), "default"), asked)
    }

    fn says(status: u16, text: &Value) -> Answer {
        let mut answer = Response::new(Full::from(format!("{text}\n")).boxed_unsync());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        answer
    }

    fn list(version: &str, items: &[Value]) -> Answer {
        says(
            200,
            &json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": version}, "items": items}),
        )
    }

    fn failure(code: u16) -> Value {
        json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "message": "", "reason": "", "code": code})
    }

    /// A watch of nothing.
    fn quiet() -> Answer {
        Response::new(StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, _>>()).boxed_unsync())
    }

    fn companion() -> Value {
        raw("a", 1, "i:1").object
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_comes_too_late_is_listed_anew_before_the_replica_counts_as_caught_up() {
        let too_late = says(200, &json!({"type": "ERROR", "object": failure(410)}));
        let (client, asked) = api_server([list("5", &[]), too_late, list("9", &[companion()])]);
        let (snapshots, health, mut watching) = watch(&client, MemoryLimits::default());
        let watching = tokio::spawn(watching());
        let began = Instant::now();
        assert!(health.waiting().unwrap().starts_with("waiting for the first list of clustercompanions"));
        health.catch_up().await;
        assert_eq!(health.waiting(), None);
        assert_eq!(snapshots.borrow().as_ref().unwrap().objects.len(), 1);
        assert_eq!(*asked.lock().unwrap(), ["list", "watch", "list", "watch"]);
        assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
        watching.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_may_list_and_not_watch_has_not_caught_up_and_says_why() {
        let refusals = (0..100).map(|_| says(403, &failure(403)));
        let (client, _) = api_server([list("5", &[companion()])].into_iter().chain(refusals));
        let (_, health, mut watching) = watch(&client, MemoryLimits::default());
        let watching = tokio::spawn(watching());
        assert!(timeout(Duration::from_secs(60), health.catch_up()).await.is_err());
        let waiting = health.waiting().unwrap();
        assert!(
            waiting.starts_with("waiting for a watch of clustercompanions (podgraft may not list or watch"),
            "{waiting}"
        );
        watching.abort();
    }
}
