//! podgraft in the cluster, by its chart.

pub mod cert_manager;
pub mod certificates;
pub mod end;
pub mod helm_3;
pub mod lookups;
pub mod missing;
pub mod operator;
pub mod outage_hint;
pub mod platforms;
pub mod post_renderer;
pub mod release;
pub mod role;
pub mod two;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Cluster, OWN, printed};
use crate::control_plane::rest;

impl Cluster {
    /// Installs podgraft, or brings an installation to these values, and waits until its Pods are ready and trusted.
    pub async fn install(&self, values: &[&str]) {
        self.upgrade(values, &[]);
        self.trusted().await;
    }

    /// Brings an installation to the chart's values, also where a test has changed fields of the chart.
    pub async fn restore(&self) {
        self.upgrade(&[], &["--force-conflicts"]);
        self.trusted().await;
    }

    /// Brings an installation to these values, whatever becomes of its replicas.
    pub fn upgrade_without_waiting(&self, values: &[&str]) {
        self.upgrade(values, &["--wait=false"]);
    }

    #[track_caller]
    fn upgrade(&self, values: &[&str], how: &[&str]) {
        let mut args = vec!["upgrade", "--install", "podgraft", "charts/podgraft", "--namespace", OWN];
        args.extend(["--reset-values", "--wait", "--timeout", "5m", "--set", IMAGE]);
        args.extend(how);
        args.extend(values.iter().flat_map(|value| ["--set", value]));
        printed(self.helm(&args));
    }

    /// Uninstalls podgraft, and waits for the end of its replicas, which run their preStop sleep first.
    pub fn uninstall(&self) {
        printed(self.helm([
            "uninstall",
            "podgraft",
            "--namespace",
            OWN,
            "--ignore-not-found",
            "--wait",
            "--timeout",
            "2m",
        ]));
        let replicas = ["--selector", "app.kubernetes.io/name=podgraft", "--timeout", "1m"];
        let wait = ["--namespace", OWN, "wait", "pods", "--for", "delete"];
        // It complains where they are gone already.
        let _ = self.kubectl([&wait[..], &replicas].concat());
    }

    /// Waits until every registered entry has a `caBundle`.
    pub async fn trusted(&self) {
        self.eventually("a caBundle in every webhook", async || {
            let bundled = |webhook: &Value| webhook["clientConfig"]["caBundle"].is_string();
            let entries = self.webhooks().await;
            (!entries.is_empty() && entries.iter().all(bundled)).then_some(())
        })
        .await;
        // API servers read changed configurations after a moment, and do not report when.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// All webhooks of podgraft's configurations.
    pub async fn webhooks(&self) -> Vec<Value> {
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

    /// Applies a companion and waits until every replica has taken it up.
    pub async fn companion(&self, companion: &Value) {
        self.condition(companion, "True").await;
    }

    /// Applies a companion and waits until every replica has heard of it; the Ready condition once it is True, or False. A
    /// replica that is about to end, and was started with other settings, may have written something else meanwhile.
    pub async fn condition(&self, companion: &Value, status: &str) -> Value {
        let path = companion_path(companion);
        let generation = self.apply(&path, companion).await.expect("a companion")["metadata"]["generation"].clone();
        let ready = self
            .eventually(&format!("a companion whose Ready is {status}"), async || {
                let now = self.get(&path).await.body["status"].take();
                let ready = &now["conditions"][0];
                (now["observedGeneration"] == generation && ready["status"] == status).then(|| ready.clone())
            })
            .await;
        self.caught_up().await;
        ready
    }

    /// Waits until all replicas that are ready know the same companions, and all namespaces. Whichever replica knew a
    /// companion first, all of them know it then. Where none is ready this does not wait.
    pub async fn caught_up(&self) {
        let namespaces = self.get("/api/v1/namespaces").await.expect("namespaces");
        let namespaces = namespaces["items"].as_array().map_or(0, Vec::len);
        self.eventually("replicas that know the same", async || {
            let mut hashes = BTreeSet::new();
            for pod in self.replicas_in("").await.iter().filter(|pod| is_ready(pod)) {
                let metrics = rest::plain(pod["status"]["podIP"].as_str()?, ADMIN, "/metrics").await?;
                if sample(&metrics, "podgraft_namespaces")?.parse::<usize>().ok()? < namespaces {
                    return None;
                }
                hashes.insert(sample(&metrics, "podgraft_companions_hash")?.to_owned());
            }
            (hashes.len() < 2).then_some(())
        })
        .await;
    }

    /// Asks as tools do that compare a cluster with a repository: they would restore whatever another client overwrote.
    #[track_caller]
    pub fn expect_no_drift(&self) {
        let rendered = printed(self.helm(["get", "manifest", "podgraft", "--namespace", OWN]));
        let file = self.folder.join("rendered.yaml");
        std::fs::write(&file, rendered).expect("a file");
        let diff = ["--namespace", OWN, "diff", "--server-side", "--field-manager=repository", "--filename"];
        let file = file.display().to_string();
        assert_eq!(printed(self.kubectl(diff.into_iter().chain([file.as_str()]))), "");
    }

    /// Waits until there are so many replicas, all of them ready, and reviews are sent to them.
    pub async fn until_ready(&self, replicas: usize) {
        self.eventually("that many replicas", async || {
            let pods = self.replicas().await;
            (pods.len() == replicas && pods.iter().all(is_ready)).then_some(())
        })
        .await;
        self.eventually("their addresses behind the Service", async || {
            let of = |pod: &Value| pod["status"]["podIP"].as_str().map(str::to_owned);
            let addresses: BTreeSet<_> = self.replicas().await.iter().filter_map(of).collect();
            let endpoints = self.endpoints().await;
            (endpoints.into_iter().map(|(address, _)| address).collect::<BTreeSet<_>>() == addresses).then_some(())
        })
        .await;
        // API servers read them a moment later.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// The addresses and ports that reviews are sent to. Replicas with another port are in a slice of their own, and those that
    /// end are not ready.
    pub async fn endpoints(&self) -> BTreeSet<(String, u64)> {
        let of_service = "labelSelector=kubernetes.io/service-name=podgraft";
        let path = format!("/apis/discovery.k8s.io/v1/namespaces/{OWN}/endpointslices?{of_service}");
        let slices = self.get(&path).await.expect("endpoints");
        slices["items"].as_array().into_iter().flatten().flat_map(ready_endpoints).collect()
    }

    /// podgraft's Pods that are not about to end.
    pub async fn replicas(&self) -> Vec<Value> {
        self.replicas_in(&format!("namespaces/{OWN}/")).await
    }

    /// The same, of one namespace (`namespaces/NAME/`) or of the whole cluster.
    async fn replicas_in(&self, scope: &str) -> Vec<Value> {
        let path = format!("/api/v1/{scope}pods?labelSelector=app.kubernetes.io/name=podgraft");
        let pods = self.get(&path).await.expect("podgraft's Pods")["items"].take();
        let pods = pods.as_array().cloned().unwrap_or_default();
        pods.into_iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()).collect()
    }
}

/// The image of a node with containers; the simulated node runs a program.
pub const IMAGE: &str = "image.repository=podgraft";
/// Where replicas are probed and scraped.
pub const ADMIN: u16 = 8080;

/// Whether a replica is sent reviews.
fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

fn ready_endpoints(slice: &Value) -> Vec<(String, u64)> {
    let port = |port: &Value| (port["name"] == "https").then(|| port["port"].as_u64()).flatten();
    // A slice without endpoints has no ports.
    let Some(port) = slice["ports"].as_array().into_iter().flatten().find_map(port) else { return Vec::new() };
    let ready = slice["endpoints"].as_array().into_iter().flatten().filter(|e| e["conditions"]["ready"] == true);
    ready.filter_map(|endpoint| Some((endpoint["addresses"][0].as_str()?.to_owned(), port))).collect()
}

/// A sample without labels.
fn sample<'m>(metrics: &'m str, name: &str) -> Option<&'m str> {
    metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

/// Where a companion lives.
pub fn companion_path(companion: &Value) -> String {
    let name = companion["metadata"]["name"].as_str().expect("a name");
    match companion["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/apis/podgraft.dev/v1alpha1/namespaces/{namespace}/companions/{name}"),
        None => format!("/apis/podgraft.dev/v1alpha1/clustercompanions/{name}"),
    }
}
