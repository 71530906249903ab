//! What tests do with Pods that run.

use axum::http::Method;
use serde_json::Value;

use super::NAME;
use crate::cluster::{Cluster, printed};
use crate::control_plane::rest;

impl Cluster {
    /// Waits until the node is Ready.
    pub async fn until_node_ready(&self) {
        let path = format!("/api/v1/nodes/{NAME}");
        self.eventually("a node that is Ready", async || {
            let node = self.get(&path).await.body;
            condition(&node, "Ready").is_some_and(|status| status == "True").then_some(())
        })
        .await;
    }

    /// Whether the API server answers, which it does only with its database.
    pub async fn is_answered(&self) -> bool {
        let ready = rest::send(&self.client, Method::GET, "/readyz", None).await;
        ready.is_ok_and(|answer| answer.status.is_success())
    }

    /// Waits until the API server answers.
    pub async fn until_answered(&self) {
        self.eventually("an API server that answers", async || self.is_answered().await.then_some(())).await;
    }

    /// Applies manifests, whose images may have other names in a cluster: pairs of a name and the name here.
    pub fn apply_manifests(&self, namespace: &str, text: &str, images: &[(&str, &str)]) {
        let text = images.iter().fold(text.to_owned(), |text, (name, here)| text.replace(name, here));
        let file = self.folder.join(format!("{namespace}.manifests.yaml"));
        std::fs::write(&file, text).expect("a file");
        let file = file.display().to_string();
        printed(self.kubectl(["--namespace", namespace, "apply", "--server-side", "--filename", &file]));
    }

    /// Applies a file of `examples/` as it is: `redis/app.yaml`.
    pub fn apply_example(&self, file: &str) {
        printed(self.kubectl(["apply", "--server-side", "--filename", &format!("examples/{file}")]));
    }

    /// Applies the companions of all examples, and waits until podgraft has accepted them.
    pub fn apply_companions_of_examples(&self) {
        for example in ["git-sync", "redis", "web-was", "metrics-adapter"] {
            let file = format!("{example}/companions.yaml");
            self.apply_example(&file);
            let file = format!("examples/{file}");
            printed(self.kubectl(["wait", "--for=condition=Ready", "--timeout=3m", "--filename", &file]));
        }
    }

    /// The Pods with a label (`app=web`) that are not about to end.
    pub async fn pods(&self, namespace: &str, selector: &str) -> Vec<Value> {
        let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={selector}");
        let pods = self.get(&path).await.expect("Pods")["items"].take();
        let pods = pods.as_array().cloned().unwrap_or_default();
        pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect()
    }

    /// Waits for so many Pods with a label, all of them Ready, and returns them.
    pub async fn ready_pods(&self, namespace: &str, selector: &str, count: usize) -> Vec<Value> {
        self.eventually(&format!("{count} Pods of {selector} that are Ready"), async || {
            let pods = self.pods(namespace, selector).await;
            (pods.len() == count && pods.iter().all(is_ready)).then_some(pods)
        })
        .await
    }

    /// What a command in a container prints; it must succeed.
    #[track_caller]
    pub fn exec(&self, namespace: &str, pod: &str, container: &str, command: &[&str]) -> String {
        let within = ["--namespace", namespace, "exec", pod, "--container", container, "--"];
        printed(self.kubectl([&within[..], command].concat()))
    }

    /// What a container has logged.
    #[track_caller]
    pub fn logs(&self, namespace: &str, pod: &str, container: &str) -> String {
        printed(self.kubectl(["--namespace", namespace, "logs", pod, "--container", container]))
    }
}

/// Whether a Pod, and so each of its containers, is Ready.
pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|status| status == "True")
}

/// The status of a condition of a Pod, a Node or a Job.
pub fn condition<'o>(object: &'o Value, kind: &str) -> Option<&'o str> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)?["status"].as_str()
}

/// The name of an object.
pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}
