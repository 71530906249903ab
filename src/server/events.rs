//! Starts the tasks that create events: on the controllers of Pods, and on podgraft's own Deployment.

mod own;

use std::sync::Arc;

use kube::Client;
use tokio::sync::Mutex;

use super::background::{Background, Task};
use super::config::Config;
use crate::events::{EventQueue, EventWriter, Reporter};
pub(super) use own::ReportedParts;

use own::OwnProblems;

/// Starts the tasks. Returns the queue of the review threads; `None` where events of Pods are disabled.
pub(super) fn start(
    config: &Arc<Config>,
    client: &Client,
    parts: &ReportedParts<'_>,
    background: &mut Background,
) -> Option<EventQueue> {
    let metrics = parts.metrics.events.clone();
    metrics.begin();
    let (client, reporter) = (client.clone(), reporter(config));
    let problems = OwnProblems::new(config, parts, &reporter);
    let (queue, pending) = EventQueue::new(metrics.clone());
    let make_writer = move || EventWriter::new(client.clone(), reporter.clone(), metrics.clone());
    if let Some(problems) = problems {
        let make_writer = make_writer.clone();
        background.write(Task::OwnEvents, move || problems.clone().report(make_writer()));
    }
    config.events.then(|| {
        let pending = Arc::new(Mutex::new(pending));
        background.write(Task::PodEvents, move || make_writer().drain(Arc::clone(&pending)));
        queue
    })
}

fn reporter(config: &Config) -> Reporter {
    let installation: Arc<str> = config.cluster.name.as_str().into();
    // The host name of a container is the name of its Pod.
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let instance =
        Some(host.trim()).filter(|name| !name.is_empty()).map_or_else(|| Arc::clone(&installation), Arc::from);
    Reporter { installation, instance }
}
