//! A simulated node: it runs podgraft's own Pods as processes, and no others.
//!
//! What podgraft's chart asks of a kubelet is done as a kubelet does it: each Pod has a network and an address of its
//! own, its command line, variables, volumes and service account's token; it reaches Services; its readiness probe makes
//! it ready; it gets SIGTERM after its preStop sleep, and killed after its grace period. Only the image is ignored: the program
//! is the one that was just built. A container has no root of its own; the place where a volume is mounted is the path
//! of a folder in arguments and variables.

mod pod;
mod readiness;
mod services;
mod variables;
mod volumes;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::json;
use tokio::task::JoinHandle;

/// What the node is called.
pub const NAME: &str = "simulated";

/// The services of the node that every Pod uses.
pub struct PodContext {
    pub client: Client,
    /// The program that replaces every image.
    pub program: PathBuf,
    /// Where each Pod has a folder.
    pub folder: PathBuf,
    pub services: services::Services,
    /// The last byte of the last address that was given away.
    addresses: AtomicU8,
}

impl PodContext {
    /// An address that no Pod has had for a long while.
    pub fn address(&self) -> (u8, String) {
        let last = self.addresses.fetch_add(1, Ordering::Relaxed).max(2);
        (last, format!("10.78.1.{last}"))
    }
}

/// Registers the node, and runs the Pods of these namespaces on it for as long as this program lives.
///
/// # Errors
/// Where the node cannot be registered.
pub async fn start(client: Client, namespaces: &[&str], program: &Path, folder: &Path) -> anyhow::Result<()> {
    register(&client).await?;
    let (program, folder) = (program.to_owned(), folder.to_owned());
    let services = services::Services::new(client.clone());
    let context = Arc::new(PodContext { client, program, folder, services, addresses: AtomicU8::new(2) });
    for namespace in namespaces {
        tokio::spawn(run(Api::namespaced(context.client.clone(), namespace), Arc::clone(&context)));
    }
    Ok(())
}

async fn register(client: &Client) -> anyhow::Result<()> {
    let resources = json!({"cpu": "64", "memory": "256Gi", "pods": "1000"});
    let node: Node = serde_json::from_value(json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NAME, "labels": {"kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux"}},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "conditions": [{"type": "Ready", "status": "True", "reason": "StandsIn"}],
        },
    }))?;
    let nodes: Api<Node> = Api::all(client.clone());
    nodes.create(&PostParams::default(), &node).await?;
    // New nodes are tainted as not ready until a controller that is not there has seen them.
    nodes.patch(NAME, &PatchParams::default(), &Patch::Merge(json!({"spec": {"taints": null}}))).await?;
    Ok(())
}

async fn run(pods: Api<Pod>, context: Arc<PodContext>) {
    let mut running: HashMap<String, JoinHandle<()>> = HashMap::new();
    let stream = watcher(pods.clone(), watcher::Config::default());
    pin_mut!(stream);
    loop {
        // A watch that fails restarts with the next event that is requested.
        let Some(event) = stream.next().await else { return };
        let Ok(Event::Apply(seen) | Event::InitApply(seen)) = event else {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let uid = seen.uid().unwrap_or_default();
        let ended = seen.status.as_ref().and_then(|s| s.phase.as_deref()).is_some_and(|p| p != "Pending");
        if !running.contains_key(&uid) && !ended {
            let life = pod::live(pods.clone(), seen, Arc::clone(&context));
            running.insert(uid, tokio::spawn(life));
        }
    }
}
