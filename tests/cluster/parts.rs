//! The programs of a cluster: ready ones where there are any, else built from their Go modules.
//!
//! `KUBEBUILDER_ASSETS` is the folder that setup-envtest fills; what it lacks is built once into a cache outside the
//! tree, keyed by version. `parts/` pins the modules and, by their sums, every line that goes into them.

#[path = "parts/kubernetes.rs"]
pub mod kubernetes;
#[path = "parts/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use kubernetes::Kubernetes;
#[allow(unused_imports)]
pub use source::cache;
use source::{KUBERNETES, Source};

/// Where each program is.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The version of the API server, the controllers and kubectl.
    pub kubernetes: Kubernetes,
    pub etcd: PathBuf,
    pub apiserver: PathBuf,
    pub controller_manager: PathBuf,
    pub kubectl: PathBuf,
    pub helm: PathBuf,
    pub helm_3: PathBuf,
}

/// What a node needs besides.
#[derive(Debug, Clone)]
pub struct NodeParts {
    pub scheduler: PathBuf,
    pub kubelet: PathBuf,
    pub proxy: PathBuf,
}

/// cert-manager.
#[derive(Debug, Clone)]
pub struct CertManager {
    pub program: PathBuf,
    /// A file with the definitions of its resources.
    pub definitions: PathBuf,
}

const ETCD: Source = Source {
    name: "etcd",
    module: "etcd",
    required: "go.etcd.io/etcd/server/v3",
    command: "go.etcd.io/etcd/server/v3",
};
const APISERVER: Source = kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver");
const CONTROLLER_MANAGER: Source =
    kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager");
const SCHEDULER: Source = kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler");
const KUBELET: Source = kubernetes("kubelet", "k8s.io/kubernetes/cmd/kubelet");
const PROXY: Source = kubernetes("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy");
const KUBECTL: Source = kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl");
const HELM: Source =
    Source { name: "helm", module: "helm", required: "helm.sh/helm/v4", command: "helm.sh/helm/v4/cmd/helm" };

const HELM_3: Source =
    Source { name: "helm3", module: "helm3", required: "helm.sh/helm/v3", command: "helm.sh/helm/v3/cmd/helm" };
const KUSTOMIZE: Source = Source {
    name: "kustomize",
    module: "kustomize",
    required: "sigs.k8s.io/kustomize/kustomize/v5",
    command: "sigs.k8s.io/kustomize/kustomize/v5",
};

const KREW: Source =
    Source { name: "krew", module: "krew", required: "sigs.k8s.io/krew", command: "sigs.k8s.io/krew/cmd/krew" };

const PROMETHEUS: Source = Source {
    name: "prometheus",
    module: "prometheus",
    required: "github.com/prometheus/prometheus",
    command: "github.com/prometheus/prometheus/cmd/prometheus",
};

const CERT_MANAGER: Source = Source {
    name: "cert-manager",
    module: "cert-manager",
    required: "github.com/cert-manager/cert-manager",
    command: ".",
};

const fn kubernetes(name: &'static str, command: &'static str) -> Source {
    Source { name, module: Kubernetes::Newest.module(), required: KUBERNETES, command }
}

/// What this machine lacks for a cluster, if anything: commands, or Go for what is not built yet.
#[allow(dead_code)]
pub fn lacking() -> Option<String> {
    let has = |command: &str| Command::new(command).arg("--version").output().is_ok();
    let commands: Vec<&str> =
        ["unshare", "ip", "mount", "nsenter"].into_iter().filter(|command| !has(command)).collect();
    if !cfg!(target_os = "linux") {
        return Some("Linux".to_owned());
    }
    if !commands.is_empty() {
        return Some(format!("the commands {} (Debian: util-linux, iproute2)", commands.join(", ")));
    }
    // A variable with a wrong value is reported when the programs are needed.
    let version = Kubernetes::selected().unwrap_or(Kubernetes::Newest);
    let selected = [APISERVER, CONTROLLER_MANAGER, KUBECTL].map(|source| source.of(version));
    let sources = [ETCD, SCHEDULER, KUBELET, PROXY, HELM, HELM_3, CERT_MANAGER].into_iter().chain(selected);
    let unbuilt: Vec<&str> = sources.filter(|source| !source.is_built()).map(|source| source.name).collect();
    (!unbuilt.is_empty() && !has("go")).then(|| format!("Go 1.26 or newer, to build {} once", unbuilt.join(", ")))
}

impl Parts {
    /// All programs; builds what is missing, which takes about nine minutes on two cores the first time.
    pub fn get() -> anyhow::Result<Self> {
        let kubernetes = Kubernetes::selected()?;
        Ok(Parts {
            kubernetes,
            etcd: ETCD.get()?,
            apiserver: APISERVER.of(kubernetes).get()?,
            controller_manager: CONTROLLER_MANAGER.of(kubernetes).get()?,
            kubectl: KUBECTL.of(kubernetes).get()?,
            helm: HELM.get()?,
            helm_3: HELM_3.get()?,
        })
    }
}

#[allow(dead_code)]
impl NodeParts {
    /// All programs, which takes about three minutes the first time after [`Parts::get`], on two cores.
    pub fn get() -> anyhow::Result<Self> {
        Ok(NodeParts { scheduler: SCHEDULER.get()?, kubelet: KUBELET.get()?, proxy: PROXY.get()? })
    }
}

/// Downloads the sources of Kubernetes where they are not in Go's cache: tests read the manifests that come with them. Nothing
/// is done without Go, where all programs are ready.
#[allow(dead_code)]
pub fn sources() -> anyhow::Result<()> {
    let mut download = Command::new("go");
    download.args(["mod", "download", APISERVER.required]).current_dir(APISERVER.folder());
    match download.status() {
        Ok(status) => ensure!(status.success(), "cannot download {}", APISERVER.required),
        Err(_) => println!("the sources of Kubernetes are missing, because Go is not installed"),
    }
    Ok(())
}

#[allow(dead_code)]
impl CertManager {
    /// Its program, which takes a minute and a half to build the first time on two cores, and its definitions.
    pub fn get() -> anyhow::Result<Self> {
        let program = CERT_MANAGER.get()?;
        let definitions = program.with_extension("yaml");
        if !definitions.exists() {
            let unfinished = definitions.with_extension("unfinished");
            fs::write(&unfinished, rendered(&CERT_MANAGER.source()?.join("deploy/charts/cert-manager"))?)?;
            fs::rename(&unfinished, &definitions)?;
        }
        Ok(CertManager { program, definitions })
    }
}

/// The definitions of a chart of cert-manager's.
fn rendered(chart: &Path) -> anyhow::Result<Vec<u8>> {
    let mut helm = Command::new(HELM.get()?);
    helm.args(["template", "cert-manager"]).arg(chart).args(["--set", "crds.enabled=true"]);
    for kind in ["certificates", "certificaterequests", "issuers", "clusterissuers"] {
        helm.arg("--show-only").arg(format!("templates/crd-cert-manager.io_{kind}.yaml"));
    }
    let rendered = helm.output().context("cannot run helm")?;
    ensure!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
    Ok(rendered.stdout)
}

/// Prometheus, which takes three minutes to build the first time on two cores.
#[allow(dead_code)]
pub fn prometheus() -> anyhow::Result<PathBuf> {
    PROMETHEUS.get()
}

/// Builds kustomize, with which tests/cli runs the command line.
#[allow(dead_code)]
pub fn kustomize() -> anyhow::Result<()> {
    KUSTOMIZE.get().map(drop)
}

/// The version of Prometheus' module.
#[allow(dead_code)]
pub fn prometheus_version() -> anyhow::Result<String> {
    PROMETHEUS.version()
}

/// Builds krew, with which tests/cli installs the plugin.
#[allow(dead_code)]
pub fn krew() -> anyhow::Result<()> {
    KREW.get().map(drop)
}

/// Helm alone, for the chart's tests, which need no cluster and include this file.
#[allow(dead_code)]
pub fn helm() -> anyhow::Result<PathBuf> {
    HELM.get()
}
