//! podgraft in the cluster, by its chart.

use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Cluster, OWN, printed};

impl Cluster {
    /// Installs podgraft, or brings an installation to these values, and waits until its Pods are ready and trusted.
    pub async fn install(&self, values: &[&str]) {
        let mut args = vec!["upgrade", "--install", "podgraft", "charts/podgraft", "--namespace", OWN];
        args.extend(["--reset-values", "--wait", "--timeout", "3m"]);
        args.extend(values.iter().flat_map(|value| ["--set", value]));
        printed(self.helm(&args));
        self.trusted().await;
    }

    /// Takes podgraft out, and waits for the end of its replicas, which are asleep before they are told to end.
    pub fn uninstall(&self) {
        printed(self.helm(["uninstall", "podgraft", "--namespace", OWN, "--wait", "--timeout", "2m"]));
        let replicas = ["--selector", "app.kubernetes.io/name=podgraft", "--timeout", "1m"];
        let wait = ["--namespace", OWN, "wait", "pods", "--for", "delete"];
        // It complains where they are gone already.
        let _ = self.kubectl([&wait[..], &replicas].concat());
    }

    /// Waits until every registered entry has a `caBundle`.
    pub async fn trusted(&self) {
        self.eventually("a caBundle in every entry", async || {
            let bundled = |webhook: &Value| webhook["clientConfig"]["caBundle"].is_string();
            let entries = self.entries().await;
            (!entries.is_empty() && entries.iter().all(bundled)).then_some(())
        })
        .await;
        // API servers read changed configurations after a moment, and tell nobody when.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// All webhooks of podgraft's configurations.
    pub async fn entries(&self) -> Vec<Value> {
        let mut entries = Vec::new();
        for kind in ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"] {
            let path =
                format!("/apis/admissionregistration.k8s.io/v1/{kind}?labelSelector=app.kubernetes.io/name=podgraft");
            let list = self.get(&path).await.expect("webhook configurations");
            let webhooks = list["items"].as_array().into_iter().flatten();
            entries.extend(webhooks.flat_map(|c| c["webhooks"].as_array().cloned().unwrap_or_default()));
        }
        entries
    }

    /// Applies a companion and waits until podgraft has taken it up.
    pub async fn companion(&self, companion: &Value) {
        let path = companion_path(companion);
        let generation = self.apply(&path, companion).await.expect("a companion")["metadata"]["generation"].clone();
        self.eventually("the companion's status", async || {
            let now = self.get(&path).await.body;
            let ready = &now["status"]["conditions"][0];
            let seen = now["status"]["observedGeneration"] == generation && ready["status"] == "True";
            seen.then_some(())
        })
        .await;
        // One replica wrote that; the others' watches are a moment behind it at most.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Where a companion lives.
pub fn companion_path(companion: &Value) -> String {
    let name = companion["metadata"]["name"].as_str().expect("a name");
    match companion["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/apis/podgraft.dev/v1alpha1/namespaces/{namespace}/companions/{name}"),
        None => format!("/apis/podgraft.dev/v1alpha1/clustercompanions/{name}"),
    }
}
