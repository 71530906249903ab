//! What `podgraft serve` needs of an API server to watch companions: lists in pages, and watches.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::sized;

/// An API server with some companions and Namespaces. It runs until the process ends.
pub(crate) struct ApiServer {
    pub(crate) address: SocketAddr,
    objects: Arc<Objects>,
}

struct Objects {
    companions: usize,
    namespaces: usize,
    generation: AtomicU64,
    watches: Mutex<Vec<UnboundedSender<Bytes>>>,
}

impl ApiServer {
    /// Starts one on a thread of its own.
    pub(crate) fn start(companions: usize, namespaces: usize) -> Self {
        let (generation, watches) = (AtomicU64::new(1), Mutex::default());
        let objects = Arc::new(Objects { companions, namespaces, generation, watches });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&objects));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a nonblocking port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await.expect("it serves");
            });
        });
        ApiServer { address, objects }
    }

    /// Sends a new version of the last companion.
    pub(crate) fn change(&self) {
        let generation = self.objects.generation.fetch_add(1, Ordering::Relaxed) + 1;
        let object = companion(self.objects.companions - 1, generation);
        let event = Bytes::from(format!("{}\n", json!({"type": "MODIFIED", "object": object})));
        self.objects.watches.lock().expect("no panic").retain(|watch| watch.send(event.clone()).is_ok());
    }
}

async fn answer(State(objects): State<Arc<Objects>>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let resource = request.uri().path().rsplit('/').next().unwrap_or_default();
    if request.method() == Method::PATCH {
        // The watch has no event of it, so that the server does not write this status again.
        return Response::new("{}".into());
    }
    if parameter("watch") == Some("true") {
        let (sender, events) = unbounded_channel();
        let mut watches = objects.watches.lock().expect("no panic");
        if resource == "clustercompanions" {
            watches.push(sender);
        } else {
            // A watch of other objects has no events, and does not end.
            std::mem::forget(sender);
        }
        return Response::new(stream(events));
    }
    let number = |name: &str, default: usize| parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, most) = (number("continue", 0), number("limit", usize::MAX));
    let list = match resource {
        "clustercompanions" => list(objects.companions, first, most, |index| companion(index, 1)),
        "namespaces" => list(objects.namespaces, first, most, namespace),
        _ => list(0, 0, 1, namespace),
    };
    Response::new(list.to_string().into())
}

fn stream(events: UnboundedReceiver<Bytes>) -> Body {
    let next = |mut events: UnboundedReceiver<Bytes>| async {
        let event = events.recv().await?;
        Some((Ok::<_, Infallible>(event), events))
    };
    Body::from_stream(futures_util::stream::unfold(events, next))
}

fn list(count: usize, first: usize, most: usize, item: impl Fn(usize) -> Value) -> Value {
    let end = first.saturating_add(most).min(count);
    let mut metadata = json!({"resourceVersion": "1"});
    if end < count {
        metadata["continue"] = end.to_string().into();
    }
    json!({"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": (first..end).map(item).collect::<Vec<_>>()})
}

/// The first companion is the one that reviews request, the last one is the one that changes.
fn companion(index: usize, generation: u64) -> Value {
    let name = if index == 0 { "sync".to_owned() } else { format!("other-{index}") };
    let mut companion = sized::companion(&name, 1);
    companion["metadata"]["uid"] = format!("uid-{index}").into();
    companion["metadata"]["generation"] = generation.into();
    companion["metadata"]["resourceVersion"] = generation.to_string().into();
    companion["metadata"]["creationTimestamp"] = "2026-11-23T12:00:00Z".into();
    companion["spec"]["containers"][0]["env"][0]["value"] = format!("/git-{generation}").into();
    companion
}

fn namespace(index: usize) -> Value {
    let name = if index == 0 { "team".to_owned() } else { format!("team-{index}") };
    json!({
        "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata",
        "metadata": {"name": name, "uid": name, "resourceVersion": "1", "labels": {"kubernetes.io/metadata.name": name}},
    })
}
