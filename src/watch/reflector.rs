//! A watch with a store of what it has found.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use kube::runtime::reflector::{Store, store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::error::watch_message;
use super::lifetime;

/// A store, and what makes the task that keeps it up to date. The task never ends. Another one may replace a task that
/// panicked: both write to the same store, which keeps its content until the new task has listed all objects again.
///
/// `changed` is counted up after each event and each failure.
pub fn reflector<K>(
    api: Api<K>,
    config: watcher::Config,
    changed: watch::Sender<u64>,
) -> (Store<K>, impl Fn() -> BoxFuture<'static, ()> + Send + use<K>)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let (reader, writer) = store();
    let writer = Arc::new(Mutex::new(writer));
    let make_task = move || {
        let (api, config, writer, changed) = (api.clone(), config.clone(), Arc::clone(&writer), changed.clone());
        async move {
            let mut events = std::pin::pin!(lifetime::retried(watcher(api, config)));
            let mut failures = Failures::default();
            while let Some(event) = events.next().await {
                failures.record::<K>(&event);
                if let Ok(event) = event {
                    writer.lock().unwrap_or_else(PoisonError::into_inner).apply_watcher_event(&event);
                }
                changed.send_modify(|count| *count += 1);
            }
        }
        .boxed()
    };
    (reader, make_task)
}

/// Logs a failure when it begins, and not each time it is met again.
#[derive(Default)]
struct Failures {
    last: Option<String>,
}

impl Failures {
    fn record<K: Resource<DynamicType = ()>>(&mut self, event: &watcher::Result<Event<K>>) {
        match event {
            // A list that begins is no success yet.
            Ok(Event::Init) => {}
            Ok(_) => self.last = None,
            Err(error) => {
                let (kind, error) = (K::kind(&()), watch_message(error));
                if self.last.as_ref() != Some(&error) {
                    tracing::warn!(%kind, error, "watch failed, retrying; the last known objects stay in use");
                }
                self.last = Some(error);
            }
        }
    }
}
