//! Stands in for the nodes of a namespace: its Pods become ready without being run.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::control_plane::rest;
use axum::http::Method;

/// Makes the Pods of a namespace ready for as long as it lives.
pub struct Kubelets(JoinHandle<()>);

impl Kubelets {
    pub fn of(client: &Client, namespace: &str) -> Self {
        let (client, namespace) = (client.clone(), Arc::<str>::from(namespace));
        Kubelets(tokio::spawn(async move {
            loop {
                make_ready(&client, &namespace).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }))
    }
}

impl Drop for Kubelets {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn make_ready(client: &Client, namespace: &str) {
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    // A request that fails is repeated in the next round.
    let Ok(pods) = rest::send(client, Method::GET, &path, None).await else { return };
    for pod in pods.body["items"].as_array().into_iter().flatten().filter(|pod| !is_ready(pod)) {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let condition = json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let status = json!({"status": {"phase": "Running", "conditions": [condition]}});
        let status = ("application/merge-patch+json", &status);
        let _ = rest::send(client, Method::PATCH, &format!("{path}/{name}/status"), Some(status)).await;
    }
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["conditions"]
        .as_array()
        .is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"))
}
