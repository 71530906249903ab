//! Writes statuses, once among all replicas.
//!
//! Every replica writes, and there is no leader. A patch names the resourceVersion of the object that it was made for, so
//! that one of several replicas succeeds. The watch brings its status to the others, which then have nothing to write.

mod memory;
mod queue;

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::raw::{Raw, RawKind};
use super::status::{DesiredStatus, DesiredStatuses};
use crate::watch::error::{request_message, timeout_message};
use memory::{WriteMemory, WriteResult};
use queue::StatusQueue;

/// The least time between two writes: ten thousand companions must not be ten thousand requests at once.
const PACE: Duration = Duration::from_millis(100);
/// How long one write may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Writes the desired statuses that differ from the existing ones, until the sender is dropped.
pub async fn write(client: Client, mut desired: watch::Receiver<DesiredStatuses>) {
    let (mut queue, mut memory) = (StatusQueue::default(), WriteMemory::default());
    loop {
        let statuses = desired.borrow_and_update().clone();
        queue.follow(statuses, |key| memory.forget(key));
        let next = write_pending(&client, &desired, &mut queue, &mut memory).await;
        tokio::select! {
            changed = desired.changed() => if changed.is_err() { return },
            () = async { sleep_until(next.unwrap_or_else(Instant::now)).await }, if next.is_some() => {}
        }
    }
}

/// Writes the pending statuses, until there are newer ones. Returns when the next of them is due.
async fn write_pending(
    client: &Client,
    desired: &watch::Receiver<DesiredStatuses>,
    queue: &mut StatusQueue,
    memory: &mut WriteMemory,
) -> Option<Instant> {
    let mut next = None;
    for _ in 0..queue.len() {
        // Newer statuses replace these. The memory knows which of these were written.
        if desired.has_changed().unwrap_or(true) {
            break;
        }
        let Some(status) = queue.next() else { break };
        if memory.due(&status).is_some_and(|due| due <= Instant::now()) {
            // After the start there are thousands of statuses to compare; other tasks of this thread run in between.
            yield_now().await;
            let Some(patch) = status.patch(|| Time(Timestamp::now())) else {
                queue.remove(&status.key);
                continue;
            };
            let result = send(client, &status, &patch.patch).await.only_time(patch.only_time);
            memory.record(&status, result, Instant::now());
            sleep(PACE).await;
        }
        match memory.due(&status) {
            Some(due) => next = Some(next.map_or(due, |next: Instant| next.min(due))),
            // The watch has yet to bring the result of the last write, which is another object.
            None => queue.remove(&status.key),
        }
    }
    next
}

async fn send(client: &Client, status: &DesiredStatus, patch: &Value) -> WriteResult {
    let api: Api<Raw> = match &status.key.namespace {
        None => Api::all_with(client.clone(), &RawKind::ClusterCompanion),
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &RawKind::Companion),
    };
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
    match timeout(TIMEOUT, api.patch_status(&status.key.name, &parameters, &patch)).await {
        Ok(Ok(_)) => WriteResult::Done,
        Ok(Err(kube::Error::Api(answer))) if matches!(answer.code, 404 | 409) => WriteResult::Done,
        Ok(Err(kube::Error::Api(answer))) if matches!(answer.code, 400 | 413 | 422) => {
            tracing::warn!(companion = %status.key, error = answer.message, "the API server rejected a status, retrying later");
            WriteResult::Denied
        }
        Ok(Err(kube::Error::Api(answer))) if answer.code == 403 => WriteResult::Failed(
            "forbidden: podgraft cannot patch the status of companions; see its ClusterRole".to_owned(),
        ),
        Ok(Err(error)) => WriteResult::Failed(request_message(&error)),
        Err(_) => WriteResult::Failed(timeout_message(TIMEOUT)),
    }
}
