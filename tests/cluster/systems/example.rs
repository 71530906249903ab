//! The manifests of `examples/`, also in another namespace, and what happens to the containers of their Pods.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Cluster, tree};
use crate::node::machine;
use crate::node::pods::{condition, is_ready};

/// How long real software may take to start, with all of the systems at once on a machine that is busy.
pub const START: Duration = Duration::from_secs(300);

/// Applies the companions of an example, and waits until every replica knows them.
pub async fn companions(cluster: &Cluster, example: &str, names: &[&str]) {
    cluster.apply_example(&format!("{example}/companions.yaml"));
    for name in names {
        let path = format!("/apis/podgraft.dev/v1alpha1/clustercompanions/{name}");
        cluster
            .eventually(&format!("{name} to be Ready"), async || {
                let companion = cluster.get(&path).await.body;
                let is_read = companion["status"]["observedGeneration"] == companion["metadata"]["generation"];
                (is_read && condition(&companion, "Ready") == Some("True")).then_some(())
            })
            .await;
    }
    cluster.caught_up().await;
}

/// The manifests of an example's app, for another namespace that exists. `own` is the namespace that they name.
pub fn app(example: &str, own: &str, namespace: &str) -> String {
    let file = tree().join("examples").join(example).join("app.yaml");
    let text = fs::read_to_string(file).expect("an example");
    let (first, others) = text.split_once("\n---\n").expect("several manifests");
    assert!(first.contains("kind: Namespace"), "{first}");
    others
        .replace(&format!("namespace: {own}\n"), &format!("namespace: {namespace}\n"))
        .replace(&format!(".{own}.svc."), &format!(".{namespace}.svc."))
}

/// Waits until so many Pods with a label are Ready, and returns them.
pub async fn ready_pods(cluster: &Cluster, namespace: &str, selector: &str, count: usize) -> Vec<Value> {
    cluster
        .within(START, &format!("{count} Pods of {selector} that are Ready"), async || {
            let pods = cluster.pods(namespace, selector).await;
            (pods.len() == count && pods.iter().all(is_ready)).then_some(pods)
        })
        .await
}

/// A Pod as it is now.
pub async fn pod(cluster: &Cluster, namespace: &str, name: &str) -> Value {
    cluster.get(&format!("/api/v1/namespaces/{namespace}/pods/{name}")).await.expect("a Pod")
}

/// The IP address of a Pod.
pub fn address(pod: &Value) -> &str {
    pod["status"]["podIP"].as_str().expect("an address")
}

/// The status of a container, or of an init container.
#[track_caller]
pub fn status<'p>(pod: &'p Value, container: &str) -> &'p Value {
    let lists = ["initContainerStatuses", "containerStatuses"].map(|list| pod["status"][list].as_array());
    let mut all = lists.into_iter().flatten().flatten();
    all.find(|status| status["name"] == container).unwrap_or_else(|| panic!("no {container} in {}", pod["status"]))
}

/// How often a container was restarted.
#[track_caller]
pub fn restarts(pod: &Value, container: &str) -> u64 {
    status(pod, container)["restartCount"].as_u64().expect("a count")
}

/// Ends the main process of a container without a signal that it could handle, and with it the container.
pub async fn kill(cluster: &Cluster, namespace: &str, name: &str, container: &str) {
    let pod = pod(cluster, namespace, name).await;
    let id = status(&pod, container)["containerID"].as_str().expect("a container that runs");
    let processes = cluster.node(|node| Ok(node.processes(id))).expect("a node");
    // It is the oldest one, and the only one that certainly exists until the signal.
    let main = processes.into_iter().min().expect("a process");
    machine::signal(&[main], "KILL").expect("to signal it");
}

/// Waits until a container runs again after so many restarts, and its Pod is Ready.
pub async fn restarted(cluster: &Cluster, namespace: &str, name: &str, container: &str, times: u64) -> Value {
    cluster
        .within(START, &format!("{container} to be restarted"), async || {
            let pod = pod(cluster, namespace, name).await;
            (restarts(&pod, container) == times && condition(&pod, "Ready") == Some("True")).then_some(pod)
        })
        .await
}

/// Waits until a container has logged a text, and returns its log. A container that has not started has none.
pub async fn logged(cluster: &Cluster, namespace: &str, name: &str, container: &str, text: &str) -> String {
    cluster
        .within(START, &format!("{text:?} in the log of {container}"), async || {
            let log = cluster.kubectl(["--namespace", namespace, "logs", name, "--container", container]).stdout;
            Some(String::from_utf8_lossy(&log).into_owned()).filter(|log| log.contains(text))
        })
        .await
}
