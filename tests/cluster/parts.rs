//! The programs of a cluster: ready ones where there are any, else built from their Go modules.
//!
//! `KUBEBUILDER_ASSETS` is the folder that setup-envtest fills; what it lacks is built once into a cache outside the
//! tree, keyed by version. `parts/` pins the modules and, by their sums, every line that goes into them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

/// Where each program is.
#[derive(Debug, Clone)]
pub struct Parts {
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

/// A Go module of `parts/`, and one of its commands.
struct Source {
    /// What the program is called.
    name: &'static str,
    module: &'static str,
    /// The requirement whose version is the version of the program.
    required: &'static str,
    command: &'static str,
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
    Source { name, module: "kubernetes", required: "k8s.io/kubernetes", command }
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
    let sources = [ETCD, APISERVER, CONTROLLER_MANAGER, SCHEDULER, KUBELET, PROXY, KUBECTL, HELM, HELM_3, CERT_MANAGER];
    let unbuilt: Vec<&str> = sources.iter().filter(|source| !source.is_built()).map(|source| source.name).collect();
    (!unbuilt.is_empty() && !has("go")).then(|| format!("Go 1.26 or newer, to build {} once", unbuilt.join(", ")))
}

impl Parts {
    /// All programs; builds what is missing, which takes about nine minutes on two cores the first time.
    pub fn get() -> anyhow::Result<Self> {
        Ok(Parts {
            etcd: ETCD.get()?,
            apiserver: APISERVER.get()?,
            controller_manager: CONTROLLER_MANAGER.get()?,
            kubectl: KUBECTL.get()?,
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

impl Source {
    fn is_built(&self) -> bool {
        ready(self.name).is_some() || self.program().is_ok_and(|program| program.exists())
    }

    /// Where the program is once it is built.
    fn program(&self) -> anyhow::Result<PathBuf> {
        Ok(cache()?.join(format!("{}-{}", self.module, self.version()?)).join(self.name))
    }

    fn get(&self) -> anyhow::Result<PathBuf> {
        if let Some(ready) = ready(self.name) {
            return Ok(ready);
        }
        let program = self.program()?;
        let folder = program.parent().context("a program is in a folder")?;
        if !program.exists() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            // Another run may be building it: then this one waits, and finds it.
            let lock = File::create(folder.join("lock"))?;
            lock.lock()?;
            if !program.exists() {
                self.build(&program)?;
            }
        }
        Ok(program)
    }

    fn build(&self, program: &Path) -> anyhow::Result<()> {
        let (started, version) = (Instant::now(), self.version()?);
        eprintln!("building {} {version}; once, because it is kept in {}", self.name, program.display());
        let mut flags = "-s -w".to_owned();
        if self.module == "kubernetes" {
            // Without these the API server takes itself for version 0.
            let mut parts = version.trim_start_matches('v').split('.');
            let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            for (name, value) in [("gitVersion", &*version), ("gitMajor", major), ("gitMinor", minor)] {
                flags += &format!(" -X k8s.io/component-base/version.{name}={value}");
            }
        }
        // Debian's Prometheus has no discovery of Kubernetes. This one has no other.
        let tags = if self.module == "prometheus" { "remove_all_sd,enable_kubernetes_sd,netgo" } else { "" };
        // A build that is killed leaves nothing that looks like a program.
        let unfinished = program.with_extension("unfinished");
        let built = Command::new("go")
            .args(["build", "-trimpath", "-tags", tags, "-ldflags", &flags, "-o"])
            .arg(&unfinished)
            .arg(self.command)
            .current_dir(self.folder())
            .env("CGO_ENABLED", "0")
            .status()
            .with_context(|| format!("{} is built with Go 1.26 or newer, and `go` cannot be run", self.name))?;
        ensure!(built.success(), "building {} failed; the output of go is above", self.name);
        fs::rename(&unfinished, program)?;
        let size = fs::metadata(program)?.len() / 1_000_000;
        eprintln!("{}: {size} MB, built in {:.0} s", self.name, started.elapsed().as_secs_f32());
        Ok(())
    }

    /// The sources of the required module, as Go has downloaded them.
    fn source(&self) -> anyhow::Result<PathBuf> {
        let mut list = Command::new("go");
        list.args(["list", "-m", "-f", "{{.Dir}}", self.required]).current_dir(self.folder());
        let listed = list.output().context("`go` cannot be run")?;
        ensure!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        Ok(PathBuf::from(String::from_utf8(listed.stdout)?.trim()))
    }

    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/parts").join(self.module)
    }

    fn version(&self) -> anyhow::Result<String> {
        let path = self.folder().join("go.mod");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let version = text.lines().find_map(|line| {
            let mut words = line.trim().trim_start_matches("require ").split_whitespace();
            (words.next() == Some(self.required)).then(|| words.next()).flatten()
        });
        version.map(Into::into).with_context(|| format!("{} does not require {}", path.display(), self.required))
    }
}

fn ready(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?);
    Some(folder.join(name)).filter(|program| program.exists())
}

/// The folder in which built programs are kept.
pub fn cache() -> anyhow::Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME says where built programs can be kept")?.join("podgraft"))
}
