//! A whole cluster in one value, and what tests do with it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::http::Method;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use crate::control_plane::rest::{self, Answer};
use crate::control_plane::{ControlPlane, Nodes, apart};
use crate::node::{Node, names};
use crate::parts::Parts;
use crate::simulated_node;

/// podgraft's own namespace.
pub const OWN: &str = "podgraft-system";

/// The namespace of a second installation, which one test has.
pub const SECOND: &str = "podgraft-second";

/// How long something may take that needs a moment, on a machine that is so busy that nothing runs for seconds. Only a test
/// that fails waits for so long.
pub const TIMEOUT: Duration = Duration::from_secs(180);

/// A running cluster, with nothing of ours installed.
pub struct Cluster {
    pub client: Client,
    pub folder: PathBuf,
    pub parts: Parts,
    pub control_plane: Mutex<ControlPlane>,
    node: Mutex<Option<Node>>,
    names: AtomicUsize,
}

impl Cluster {
    /// Starts a cluster whose files are in `folder`, with podgraft's own namespace and one node.
    ///
    /// # Errors
    /// Names the part that did not start.
    pub async fn start(parts: Parts, nodes: Nodes, folder: &Path) -> anyhow::Result<Self> {
        let control_plane = ControlPlane::start(&parts, folder, &nodes)?;
        let client = client(&folder.join("admin.kubeconfig")).await?;
        let folder = folder.to_owned();
        let control_plane = Mutex::new(control_plane);
        let (node, names) = (Mutex::new(None), AtomicUsize::new(0));
        let cluster = Cluster { client, folder, parts, control_plane, node, names };
        cluster.own_namespace().await;
        match nodes {
            Nodes::Simulated => cluster.simulate_node().await?,
            Nodes::Real { parts, images } => {
                let node = Node::start(parts, &cluster.control_plane().credentials, &cluster.folder, &apart::run_id())?;
                images.iter().try_for_each(|archive| node.import(archive))?;
                *cluster.node.lock().unwrap_or_else(PoisonError::into_inner) = Some(node);
                names::serve(cluster.client.clone()).await?;
            }
        }
        Ok(cluster)
    }

    /// The version that the API server reports.
    pub async fn version(&self) -> String {
        let version = self.get("/version").await.expect("a version");
        version["gitVersion"].as_str().unwrap_or_default().to_owned()
    }

    async fn simulate_node(&self) -> anyhow::Result<()> {
        let program = Path::new(env!("CARGO_BIN_EXE_podgraft"));
        simulated_node::start(self.client.clone(), &[OWN, SECOND], program, &self.folder.join("pods")).await
    }

    /// Acts on the real node.
    ///
    /// # Errors
    /// The node is simulated, or the action fails.
    pub fn node<T>(&self, act: impl FnOnce(&mut Node) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut node = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        act(node.as_mut().context("this cluster has no real node")?)
    }

    /// Whether there is a real node.
    pub fn has_node(&self) -> bool {
        self.node.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Ends the real node, where there is one.
    ///
    /// # Errors
    /// Names what cannot be removed.
    pub fn end_node(&self) -> anyhow::Result<()> {
        let node = self.node.lock().unwrap_or_else(PoisonError::into_inner).take();
        node.map_or(Ok(()), Node::end)
    }

    /// Makes podgraft's own namespace, in which Pods may do as little as possible.
    pub async fn own_namespace(&self) {
        self.restricted_namespace(OWN).await;
    }

    /// Makes a namespace in which Pods may do as little as possible.
    pub async fn restricted_namespace(&self, name: &str) {
        let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let namespace = json!({"metadata": {"name": name, "labels": labels}});
        self.create("/api/v1/namespaces", &namespace).await.expect(name);
    }

    /// An object or a list.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Creates an object in a collection.
    pub async fn create(&self, path: &str, object: &Value) -> Answer {
        self.send(Method::POST, path, Some(("application/json", object))).await
    }

    /// A JSON merge patch (RFC 7396).
    pub async fn merge(&self, path: &str, patch: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(("application/merge-patch+json", patch))).await
    }

    /// A JSON patch (RFC 6902).
    pub async fn json_patch(&self, path: &str, patch: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(("application/json-patch+json", patch))).await
    }

    /// A strategic merge patch, which knows how Kubernetes merges its lists.
    pub async fn strategic(&self, path: &str, patch: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(("application/strategic-merge-patch+json", patch))).await
    }

    /// Writes an object as server-side apply does, whether it is there or not.
    pub async fn apply(&self, path: &str, object: &Value) -> Answer {
        let path = format!("{path}?fieldManager=test&force=true");
        self.send(Method::PATCH, &path, Some(("application/apply-patch+yaml", object))).await
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Deletes all objects of a collection at once, without waiting for their end.
    pub async fn delete_now(&self, path: &str) {
        let now = json!({"gracePeriodSeconds": 0});
        self.send(Method::DELETE, path, Some(("application/json", &now))).await.expect("deleting all");
    }

    async fn send(&self, method: Method, path: &str, body: Option<(&str, &Value)>) -> Answer {
        rest::send(&self.client, method, path, body).await.unwrap_or_else(|e| panic!("no answer for {path}: {e:#}"))
    }

    /// A new namespace with labels and annotations, in which Pods can be created, and which podgraft knows.
    pub async fn namespace(&self, metadata: Value) -> String {
        let name = format!("namespace-{}", self.names.fetch_add(1, Ordering::Relaxed));
        let mut object = json!({"metadata": metadata});
        object["metadata"]["name"] = name.clone().into();
        self.create("/api/v1/namespaces", &object).await.expect("a namespace");
        // Admission refuses Pods until the controllers have made it.
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        self.eventually("the namespace's default ServiceAccount", async || {
            self.get(&account).await.status.is_success().then_some(())
        })
        .await;
        self.caught_up().await;
        name
    }

    /// Waits for something that happens soon.
    pub async fn eventually<T>(&self, what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
        self.within(TIMEOUT, what, look).await
    }

    /// Waits for something that happens within a known time.
    pub async fn within<T>(&self, limit: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What a person at a terminal does, as the cluster's administrator.
    pub fn kubectl(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        self.person(&self.parts.kubectl, args)
    }

    /// Helm 4, as the cluster's administrator.
    pub fn helm(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        self.person(&self.parts.helm, args)
    }

    /// Helm 3, as the cluster's administrator.
    pub fn helm_3(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        self.person(&self.parts.helm_3, args)
    }

    fn person(&self, program: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
        let mut command = Command::new(program);
        command.args(args).env("KUBECONFIG", self.folder.join("admin.kubeconfig")).current_dir(tree());
        let folders = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "KUBECACHEDIR"];
        command.envs(folders.map(|name| (name, self.folder.join("person").join(name.to_lowercase()))));
        command.output().unwrap_or_else(|e| panic!("cannot run {}: {e}", program.display()))
    }

    /// Takes the API server away and brings it back.
    pub fn restart_apiserver(&self) {
        let mut control_plane = self.control_plane();
        control_plane.stop_apiserver().expect("an end of the API server");
        control_plane.start_apiserver().expect("the API server again");
    }

    /// Takes the API server away, or brings it back.
    pub fn control_plane(&self) -> std::sync::MutexGuard<'_, ControlPlane> {
        self.control_plane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The project's tree.
pub fn tree() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A client for the user of a kubeconfig.
///
/// # Errors
/// Where the kubeconfig cannot be read.
pub async fn client(kubeconfig: &Path) -> anyhow::Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).context("the test's own kubeconfig")?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

/// What a program printed, of one that must succeed.
#[track_caller]
pub fn printed(output: Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}
