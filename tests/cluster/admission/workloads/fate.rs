//! What became of the Pods of a workload.

use std::fmt;
use std::time::{Duration, Instant};

use podgraft::internals::inject::verdict::Effect;
use serde_json::Value;

use super::Created;
use crate::cluster::{Cluster, TIMEOUT};
use crate::control_plane::rest::Answer;
use crate::support::verdict::Verdict;
use crate::support::workloads::companions;
use crate::workload::containers;

/// What became of the Pods of a workload.
#[derive(Debug, Clone)]
pub enum Fate {
    /// The API server stored a Pod, or would have.
    Created(Value),
    /// The API server did not; with its message.
    Rejected(String),
    /// Nothing happened within the time that controllers have.
    Unknown,
}

impl Fate {
    /// Of a Pod that was sent to the API server.
    pub fn of(answer: Answer) -> Self {
        if answer.status.is_success() {
            return Fate::Created(answer.body);
        }
        Fate::Rejected(answer.body["message"].as_str().unwrap_or_default().to_owned())
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fate::Created(pod) => write!(f, "a Pod of the containers {:?}", containers(pod)),
            Fate::Rejected(message) => f.write_str(message),
            Fate::Unknown => f.write_str("nothing"),
        }
    }
}

/// Waits until the controllers have tried to create a Pod of each workload.
pub async fn wait_for_controllers(cluster: &Cluster, namespaces: &[String], all: &mut [(Created, Option<Fate>)]) {
    let started = Instant::now();
    while all.iter().any(|(_, fate)| fate.is_none()) && started.elapsed() < TIMEOUT {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for namespace in namespaces {
            let pods = items(cluster, &format!("/api/v1/namespaces/{namespace}/pods")).await;
            let events =
                items(cluster, &format!("/api/v1/namespaces/{namespace}/events?fieldSelector=reason%3DFailedCreate"))
                    .await;
            for (created, fate) in
                all.iter_mut().filter(|(created, fate)| fate.is_none() && created.namespace == *namespace)
            {
                *fate = pod_of(&pods, &created.name).or_else(|| failure_of(&events, &created.name));
            }
        }
    }
}

async fn items(cluster: &Cluster, path: &str) -> Vec<Value> {
    cluster.get(path).await.expect(path)["items"].as_array().cloned().unwrap_or_default()
}

fn pod_of(pods: &[Value], name: &str) -> Option<Fate> {
    pods.iter().find(|pod| pod["metadata"]["labels"]["app"] == name).cloned().map(Fate::Created)
}

/// The event of the workload, or of its ReplicaSet, whose name begins with that of the Deployment.
fn failure_of(events: &[Value], name: &str) -> Option<Fate> {
    let is_of_it = |event: &&Value| {
        let object = event["involvedObject"]["name"].as_str().unwrap_or_default();
        object.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let message = events.iter().find(is_of_it)?["message"].as_str()?;
    Some(Fate::Rejected(message.to_owned()))
}

/// Whether what was reported of a workload happened to its Pod.
///
/// # Errors
/// What happened instead.
pub fn agrees(offline: &Verdict, fate: &Fate) -> Result<(), String> {
    match (offline.decision, fate) {
        _ if offline.with("SelectorUndecided").next().is_some() => Ok(()),
        ("admitted" | "injected", Fate::Created(pod)) => has_companions(offline, pod),
        ("denied", Fate::Rejected(message)) => names_the_reason(offline, message),
        (decision, fate) => Err(format!("{decision} was reported, and this happened: {fate}")),
    }
}

/// The Pod has all containers of the companions that are injected, and none of the others.
fn has_companions(offline: &Verdict, pod: &Value) -> Result<(), String> {
    let inside = containers(pod);
    for companion in companions() {
        let name = companion["metadata"]["name"].as_str().expect("a name");
        let is_injected = offline.with("Injected").any(|finding| finding.companion == name);
        let spec = &companion["spec"];
        let lists = [&spec["initContainers"], &spec["containers"]].into_iter().filter_map(Value::as_array);
        let mut expected = lists.flatten().filter_map(|container| container["name"].as_str());
        if !expected.all(|container| inside.contains(&container) == is_injected) {
            return Err(format!("injected({name}) was {is_injected}, and the Pod has {inside:?}"));
        }
    }
    Ok(())
}

/// podgraft denied the Pod, and for the reason that was reported. Messages and events are truncated.
fn names_the_reason(offline: &Verdict, message: &str) -> Result<(), String> {
    let denials = offline.findings.iter().filter(|finding| finding.effect == Effect::Deny);
    let reason: String = denials.map(|finding| finding.sentence.chars().take(120).collect()).next().unwrap_or_default();
    if message.contains("denied the request: podgraft: ") && message.contains(&reason) {
        return Ok(());
    }
    Err(format!("denied was reported with {reason:?}, and this happened: {message}"))
}
