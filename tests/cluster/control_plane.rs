//! etcd, the API server and the controllers: what they are started with, and when they are up.

pub mod apart;
pub mod credentials;
pub mod rest;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::admission::clients;
use crate::control_plane::apart::ADDRESS;
use crate::control_plane::credentials::Credentials;
use crate::parts::{NodeParts, Parts};

/// How long each of them may take to start, on a machine that is busy.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What runs the Pods.
pub enum Nodes {
    /// [`crate::simulated_node`]: podgraft's own Pods as processes, and no others.
    Simulated,
    /// [`crate::node`]: all Pods in containers.
    Real {
        parts: NodeParts,
        /// Archives in the format of `docker save`.
        images: Vec<PathBuf>,
    },
}

/// A running control plane. Ends with this program.
pub struct ControlPlane {
    folder: PathBuf,
    parts: Parts,
    apiserver: Child,
    etcd: Child,
    _controllers: Child,
    pub credentials: Credentials,
    others: Vec<Child>,
}

impl ControlPlane {
    /// Starts all of it with nothing in it, and returns when it answers. Its files, and the logs of each program, are in
    /// `folder`; `admin.kubeconfig` there may do everything.
    pub fn start(parts: &Parts, folder: &Path, nodes: &Nodes) -> anyhow::Result<Self> {
        let credentials = Credentials::new(folder)?;
        credentials.server("apiserver", &["127.0.0.1", ADDRESS, "10.0.0.1", "kubernetes.default.svc"])?;
        credentials.user("admin", "admin", Some("system:masters"))?;
        credentials.user("controllers", "system:kube-controller-manager", None)?;
        let admin = credentials.kubeconfig("admin")?;
        let controllers = credentials.kubeconfig("controllers")?;
        let etcd = etcd(parts, folder)?;
        let apiserver = apiserver(parts, folder)?;
        wait_until_ready(parts, &admin, folder)?;
        let controllers = controller_manager(parts, folder, &controllers, nodes)?;
        let folder = folder.to_owned();
        Ok(ControlPlane {
            folder,
            parts: parts.clone(),
            apiserver,
            etcd,
            _controllers: controllers,
            credentials,
            others: Vec::new(),
        })
    }

    /// Starts something else that belongs to a cluster, as its administrator.
    pub fn add(&mut self, program: &Path, name: &str) -> anyhow::Result<()> {
        let kubeconfig = self.folder.join("admin.kubeconfig");
        self.others.push(start(program, &self.folder, name, &[], Some(&kubeconfig))?);
        Ok(())
    }

    /// Takes the API server away, at once and without a word.
    pub fn stop_apiserver(&mut self) -> anyhow::Result<()> {
        self.apiserver.kill()?;
        self.apiserver.wait()?;
        Ok(())
    }

    /// The CPU time that the API server has used since it started, in clock ticks.
    pub fn apiserver_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.apiserver.id())).expect("a process");
        // After the name, which can have spaces: the fields from the third on (proc(5)).
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    }

    /// Kills etcd. What it has committed is on disk.
    pub fn stop_etcd(&mut self) -> anyhow::Result<()> {
        self.etcd.kill()?;
        self.etcd.wait()?;
        Ok(())
    }

    /// Starts etcd with the data that it had.
    pub fn start_etcd(&mut self) -> anyhow::Result<()> {
        self.etcd = etcd(&self.parts, &self.folder)?;
        Ok(())
    }

    /// Brings the API server back with all that it knew.
    pub fn start_apiserver(&mut self) -> anyhow::Result<()> {
        self.apiserver = apiserver(&self.parts, &self.folder)?;
        wait_until_ready(&self.parts, &self.folder.join("admin.kubeconfig"), &self.folder)
    }
}

fn etcd(parts: &Parts, folder: &Path) -> anyhow::Result<Child> {
    let (clients, peers) = ("http://127.0.0.1:2379", "http://127.0.0.1:2380");
    let args = [
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=default={peers}"),
        "--unsafe-no-fsync".to_owned(),
    ];
    start(&parts.etcd, folder, "etcd", &args, None)
}

fn apiserver(parts: &Parts, folder: &Path) -> anyhow::Result<Child> {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut args = vec![
        "--bind-address=0.0.0.0".to_owned(),
        format!("--advertise-address={ADDRESS}"),
        "--secure-port=6443".to_owned(),
        "--etcd-servers=http://127.0.0.1:2379".to_owned(),
        format!("--cert-dir={}", folder.display()),
        format!("--tls-cert-file={}", file("apiserver.crt")),
        format!("--tls-private-key-file={}", file("apiserver.key")),
        format!("--client-ca-file={}", file("ca.crt")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("sa.pub")),
        format!("--service-account-signing-key-file={}", file("sa.key")),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--allow-privileged=true".to_owned(),
        // Services are resolved to their endpoints, so that no kube-proxy is needed.
        "--enable-aggregator-routing=true".to_owned(),
        // How `kubectl exec` and `logs` reach a kubelet.
        format!("--kubelet-client-certificate={}", file("admin.crt")),
        format!("--kubelet-client-key={}", file("admin.key")),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        // What required companions' policies refuse, and what reviews say, can be read afterwards.
        format!("--audit-log-path={}", file("audit.log")),
        format!("--audit-policy-file={}", audit_policy(folder)?),
    ];
    // Presented only to servers that ask for it.
    args.extend(clients::arguments(folder, parts.kubernetes)?);
    start(&parts.apiserver, folder, "apiserver", &args, None)
}

/// Pods that are made, with what webhooks said of them; and all that podgraft itself does.
fn audit_policy(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("audit-policy.yaml");
    let rules = r#"
omitStages: [RequestReceived]
rules:
- {level: Metadata, verbs: [create], resources: [{group: "", resources: [pods]}]}
- {level: Metadata, users: ["system:serviceaccount:podgraft-system:podgraft"]}
- {level: None}
"#;
    std::fs::write(&path, format!("apiVersion: audit.k8s.io/v1\nkind: Policy{rules}"))?;
    Ok(path.display().to_string())
}

fn controller_manager(parts: &Parts, folder: &Path, kubeconfig: &Path, nodes: &Nodes) -> anyhow::Result<Child> {
    let kubeconfig = kubeconfig.display();
    let mut args = vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--leader-elect=false".to_owned(),
        format!("--service-account-private-key-file={}", folder.join("sa.key").display()),
        format!("--root-ca-file={}", folder.join("ca.crt").display()),
        "--use-service-account-credentials=true".to_owned(),
        // Its default is a folder of the machine, which is created.
        format!("--flex-volume-plugin-dir={}", folder.join("plugins").display()),
        // Jobs, ReplicaSets and the like are what is tested; they need not be polite.
        "--kube-api-qps=500".to_owned(),
        "--kube-api-burst=1000".to_owned(),
    ];
    if matches!(nodes, Nodes::Simulated) {
        // The lease of a simulated node is not renewed.
        args.push("--controllers=*,-node-lifecycle-controller,-taint-eviction-controller".to_owned());
    }
    start(&parts.controller_manager, folder, "controllers", &args, None)
}

/// Starts a program whose words go into `NAME.log`.
pub fn start(
    program: &Path,
    folder: &Path,
    name: &str,
    args: &[String],
    kubeconfig: Option<&Path>,
) -> anyhow::Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join(format!("{name}.log")))?;
    Command::new(program)
        .args(args)
        .envs(kubeconfig.map(|kubeconfig| ("KUBECONFIG", kubeconfig)))
        .stdin(std::process::Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

fn wait_until_ready(parts: &Parts, admin: &Path, folder: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    while started.elapsed() < TIMEOUT {
        let asked = Command::new(&parts.kubectl)
            .arg("--kubeconfig")
            .arg(admin)
            .args(["get", "--raw", "/readyz"])
            .output()
            .context("cannot run kubectl")?;
        if asked.status.success() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    bail!("the API server was not ready within {TIMEOUT:?}; its log is in {}", folder.display())
}
