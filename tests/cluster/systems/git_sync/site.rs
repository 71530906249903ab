//! The Deployment of the example, which serves the page of a repository.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::repository::{Repository, number};
use super::visitors::Visitors;
use crate::cluster::{Cluster, TIMEOUT};
use crate::control_plane::rest;
use crate::node::pods::{is_ready, name};

const COMPANION: &str = include_str!("../../../../examples/git-sync/companions.yaml");
const APP: &str = include_str!("../../../../examples/git-sync/app.yaml");

/// The URL in the example.
const URL: &str = "https://github.com/mdn/beginner-html-site.git";

/// The name of the example's namespace, Deployment and Service.
pub const NAME: &str = "pages";

/// How long a page may take to be shown: a `period`, of 10 s by default, and the pass itself on a machine that is busy. What
/// it took is printed.
pub const PASS: Duration = TIMEOUT;

/// Pods are replaced one after the other.
const ROLLOUT: Duration = Duration::from_secs(300);

/// Ports of nginx and of the companion's metrics.
const HTTP: u16 = 8080;
const METRICS: u16 = 9134;

pub struct Site<'c> {
    pub cluster: &'c Cluster,
    /// Also the name of the Deployment and of the Service.
    pub name: String,
    /// The number of Pods.
    replicas: usize,
}

impl<'c> Site<'c> {
    /// The example as it is, except the URL.
    pub async fn example(repository: &Repository<'c>) -> Self {
        Self::apply(repository, NAME, &[(URL, &repository.url("git"))], 2).await
    }

    /// The example with one Pod, in the namespace of the repository. `url` may be followed by annotations.
    pub async fn small(repository: &Repository<'c>, url: &str) -> Self {
        let town = repository.namespace.clone();
        Self::apply(repository, &town, &[(URL, url), ("replicas: 2", "replicas: 1"), (NAME, &town)], 1).await
    }

    async fn apply(repository: &Repository<'c>, name: &str, changes: &[(&str, &str)], replicas: usize) -> Self {
        let cluster = repository.cluster;
        let site = Site { cluster, name: name.to_owned(), replicas };
        site.apply_companion(&[]).await;
        cluster.apply_manifests(name, APP, changes);
        site.ready_pods().await;
        site
    }

    /// Applies the companion with changes of its text, and waits until all replicas of podgraft use it.
    pub async fn apply_companion(&self, changes: &[(&str, &str)]) {
        self.cluster.apply_manifests(&self.name, COMPANION, changes);
        self.cluster
            .eventually("a companion that is in use", async || {
                let now = self.cluster.get("/apis/podgraft.dev/v1alpha1/clustercompanions/git-sync").await.body;
                let is_current = now["metadata"]["generation"] == now["status"]["observedGeneration"];
                (is_current && now["status"]["conditions"][0]["status"] == "True").then_some(())
            })
            .await;
        self.cluster.caught_up().await;
    }

    fn selector(&self) -> String {
        format!("app={}", self.name)
    }

    /// All Pods, once they are Ready.
    pub async fn ready_pods(&self) -> Vec<Value> {
        self.cluster.ready_pods(&self.name, &self.selector(), self.replicas).await
    }

    /// Clients of the Service.
    pub async fn visitors(&self, clients: usize) -> Visitors {
        Visitors::of_service(self.cluster, &self.name, &self.name, clients).await
    }

    /// Waits until all Pods show a page, and returns how long that took.
    pub async fn until_shown(&self, page: usize, limit: Duration) -> Duration {
        let started = Instant::now();
        let what = format!("page {page} in all Pods of {}", self.name);
        self.cluster
            .within(limit, &what, async || (self.pages().await == vec![Some(page); self.replicas]).then_some(()))
            .await;
        started.elapsed()
    }

    /// The page of each Pod.
    pub async fn pages(&self) -> Vec<Option<usize>> {
        let mut pages = Vec::new();
        for pod in self.ready_pods().await {
            let page = rest::plain(pod["status"]["podIP"].as_str().unwrap_or_default(), HTTP, "/").await;
            pages.push(page.as_deref().and_then(number));
        }
        pages
    }

    /// How many passes of each companion have had a result, `success` or `failure`, as its metrics count them.
    pub async fn passes(&self, result: &str) -> Vec<usize> {
        let sample = format!("git_sync_passes_total{{result=\"{result}\"}} ");
        let mut counts = Vec::new();
        for pod in self.ready_pods().await {
            let address = pod["status"]["podIP"].as_str().unwrap_or_default();
            let page =
                self.cluster.eventually("metrics", async || rest::plain(address, METRICS, "/metrics").await).await;
            let count = page.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok());
            counts.push(count.unwrap_or_else(|| panic!("no number of passes in {page}")));
        }
        counts
    }

    /// Waits until each companion has failed so many times more than `before`; the pages are still those of the last
    /// success.
    pub async fn until_failed(&self, before: &[usize], times: usize, page: usize) {
        self.cluster
            .eventually("passes that fail", async || {
                let now = self.passes("failure").await;
                now.iter().zip(before).all(|(now, before)| now - before >= times).then_some(())
            })
            .await;
        assert_eq!(self.pages().await, vec![Some(page); self.replicas], "the last good page");
    }

    /// Kills the git process of each Pod that has been running for a second: one that waits for the server.
    pub async fn kill_git(&self) {
        let script = "git=$(pidof git) && sleep 1 && [ \"$(pidof git)\" = \"$git\" ] && kill -KILL $git";
        for pod in self.ready_pods().await {
            let companion = ["--namespace", &self.name, "exec", name(&pod), "--container", "git-sync", "--"];
            let kill = [&companion[..], &["sh", "-c", script]].concat();
            self.cluster
                .eventually("a git process to kill", async || {
                    self.cluster.kubectl(&kill).status.success().then_some(())
                })
                .await;
        }
    }

    /// Waits until all Pods have a companion of another image and the others have ended, and returns how long that took.
    pub async fn until_replaced(&self, image: &str) -> Duration {
        let started = Instant::now();
        let path = format!("/api/v1/namespaces/{}/pods?labelSelector={}", self.name, self.selector());
        let is_new = |pod: &Value| is_ready(pod) && pod["spec"]["initContainers"][0]["image"] == image;
        self.cluster
            .within(ROLLOUT, "a rollout", async || {
                let pods = self.cluster.get(&path).await.expect("Pods")["items"].take();
                let pods = pods.as_array()?;
                (pods.len() == self.replicas && pods.iter().all(is_new)).then_some(())
            })
            .await;
        started.elapsed()
    }

    /// No container of any Pod has restarted.
    pub async fn expect_no_restart(&self) {
        for pod in self.ready_pods().await {
            let statuses = ["initContainerStatuses", "containerStatuses"].map(|field| pod["status"][field].as_array());
            let statuses: Vec<&Value> = statuses.into_iter().flatten().flatten().collect();
            assert_eq!(statuses.len(), 2, "nginx and its companion: {:#}", pod["status"]);
            assert!(statuses.iter().all(|status| status["restartCount"] == 0), "{statuses:#?}");
        }
    }
}
