//! What must be true before the next command is typed: otherwise a transcript depends on the speed of the machine.

use serde_json::{Value, json};

use crate::cluster::{Cluster, OWN};
use crate::control_plane::rest;
use crate::installation::ADMIN;
use crate::workload::{collection, pod, template, workload};

/// A namespace in which nothing is created.
const UNUSED: &str = "default";

/// The chapter's only value: on a busy machine an API server would drop the warnings of a preview after the default of two
/// seconds. It is less than the ten seconds of a handshake, which would be another error.
const VALUES: [&str; 1] = ["webhooks.timeoutSeconds=8"];

/// What a replica of podgraft should know, by its metrics.
struct Expected {
    companions: usize,
    namespaces: usize,
    /// The names of all webhook configurations that exist.
    configurations: Vec<String>,
}

/// Installs podgraft for this chapter, whatever a test before has left.
pub async fn install(cluster: &Cluster) {
    cluster.install(&VALUES).await;
}

/// Waits until podgraft is installed as its Deployment declares, and API servers use what the chart has installed.
pub async fn settled(cluster: &Cluster) {
    cluster.trusted().await;
    replaced(cluster).await;
    caught_up(cluster).await;
    cluster
        .eventually("reviews, previews and hints, and no others", async || is_in_use(cluster).await.then_some(()))
        .await;
}

/// Waits until all replicas are those that the Deployment declares, and the earlier ones have ended: they would still answer, and
/// write statuses.
pub async fn replaced(cluster: &Cluster) {
    let deployment = format!("/apis/apps/v1/namespaces/{OWN}/deployments/podgraft");
    let pods = format!("/api/v1/namespaces/{OWN}/pods?labelSelector=app.kubernetes.io/name=podgraft");
    cluster
        .eventually("the end of all earlier replicas", async || {
            let declared = cluster.get(&deployment).await.expect("the Deployment")["spec"]["replicas"].as_u64()?;
            (items(cluster, &pods).await.len() as u64 == declared).then_some(declared)
        })
        .await;
    let declared = cluster.replicas().await.len();
    cluster.until_ready(declared).await;
    // The policy of outages reads it.
    let budget = format!("/apis/policy/v1/namespaces/{OWN}/poddisruptionbudgets/podgraft");
    cluster
        .eventually("a PodDisruptionBudget that counts all replicas", async || {
            let budget = cluster.get(&budget).await;
            let healthy = &budget.body["status"]["currentHealthy"];
            (budget.status == 404 || healthy.as_u64() == Some(declared as u64)).then_some(())
        })
        .await;
}

/// Waits until all ready replicas know every companion in its newest version, every Namespace, and which webhook configurations
/// exist, and until the statuses of all companions are written. Where none is ready this does not wait.
pub async fn caught_up(cluster: &Cluster) {
    cluster
        .eventually("replicas that know all objects", async || {
            let Some(metrics) = metrics(cluster).await else { return Some(()) };
            let expected = Expected::read(cluster).await?;
            metrics.iter().all(|metrics| expected.is_known(metrics)).then_some(())
        })
        .await;
    cluster.caught_up().await;
}

/// Whether API servers send Pods and workloads to podgraft and evaluate the hints, and know of ready replicas.
async fn is_in_use(cluster: &Cluster) -> bool {
    let requests = template(Value::Null, json!({"podgraft.dev/companions": "nobody"}));
    let mut hinted = workload("Deployment", "settled", &template(Value::Null, Value::Null));
    hinted["metadata"]["annotations"] = json!({"podgraft.dev/companions": "nobody"});
    let not_available = "companion nobody: not available";
    let dry_run = async |kind: &str, object: &Value| {
        cluster.create(&format!("{}?dryRun=All", collection(kind, UNUSED)), object).await
    };
    let reviewed = dry_run("Pod", &pod("settled", &requests)).await;
    let is_denied = reviewed.body["message"].as_str().is_some_and(|message| message.contains(not_available));
    let previewed = dry_run("Deployment", &workload("Deployment", "settled", &requests)).await.warnings;
    let warned = dry_run("Deployment", &hinted).await.warnings;
    let is_only = |warnings: &[String], text: &str| matches!(warnings, [only] if only.contains(text));
    is_denied && is_only(&previewed, not_available) && is_only(&warned, "is set on the Deployment itself")
}

/// The metrics of all ready replicas; `None` where there is none.
async fn metrics(cluster: &Cluster) -> Option<Vec<String>> {
    let mut metrics = Vec::new();
    for pod in cluster.replicas().await {
        if pod["status"]["containerStatuses"][0]["ready"] == true {
            let address = pod["status"]["podIP"].as_str().unwrap_or_default();
            metrics.push(rest::plain(address, ADMIN, "/metrics").await.unwrap_or_default());
        }
    }
    (!metrics.is_empty()).then_some(metrics)
}

impl Expected {
    /// `None` where the status of a companion is not that of its newest version.
    async fn read(cluster: &Cluster) -> Option<Self> {
        let group = "/apis/podgraft.dev/v1alpha1";
        let mut companions = items(cluster, &format!("{group}/clustercompanions")).await;
        companions.extend(items(cluster, &format!("{group}/companions")).await);
        let is_current =
            |companion: &Value| companion["status"]["observedGeneration"] == companion["metadata"]["generation"];
        let namespaces = items(cluster, "/api/v1/namespaces").await.len();
        let mut configurations = Vec::new();
        for kind in ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"] {
            let listed = items(cluster, &format!("/apis/admissionregistration.k8s.io/v1/{kind}")).await;
            let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
            configurations.extend(listed.iter().filter_map(name));
        }
        let expected = Expected { companions: companions.len(), namespaces, configurations };
        companions.iter().all(is_current).then_some(expected)
    }

    /// Whether a replica with these metrics knows all of it, by watches that work.
    fn is_known(&self, metrics: &str) -> bool {
        let sum = |name: &str| series(metrics, name).map(|(_, value)| value).sum::<f64>();
        let is_correct = |(labels, missing): (&str, f64)| {
            let webhook = labels.split('"').nth(1).unwrap_or_default();
            let exists = self.configurations.contains(&format!("podgraft-{webhook}"));
            exists == (missing < 0.5)
        };
        sum("podgraft_companions") == self.companions as f64
            && sum("podgraft_namespaces") == self.namespaces as f64
            && sum("podgraft_watch_failing") == 0.0
            && series(metrics, "podgraft_webhook_missing").all(is_correct)
    }
}

/// The labels and values of a metric.
fn series<'m>(metrics: &'m str, name: &str) -> impl Iterator<Item = (&'m str, f64)> {
    metrics.lines().filter_map(move |line| {
        let (series, value) = line.rsplit_once(' ')?;
        let labels = series.strip_prefix(name)?;
        (labels.is_empty() || labels.starts_with('{')).then_some(())?;
        Some((labels, value.parse().ok()?))
    })
}

async fn items(cluster: &Cluster, path: &str) -> Vec<Value> {
    cluster.get(path).await.expect(path)["items"].as_array().cloned().unwrap_or_default()
}
