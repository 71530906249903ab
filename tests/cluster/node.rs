//! A node: kube-scheduler, kubelet and kube-proxy, with containerd, runc and plugins of the Container Network Interface.
//!
//! All of it runs in the namespaces of [`crate::control_plane::apart`], which end with this program. [`runs`] removes the
//! rest: cgroups and files.

pub mod cgroups;
mod containerd;
pub mod interruptions;
mod kubelet;
pub mod machine;
pub mod names;
mod network;
pub mod pods;
pub mod runs;

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::control_plane::credentials::Credentials;
use crate::control_plane::start;
use crate::parts::NodeParts;

/// What the node is called.
pub const NAME: &str = "n1";

/// How long containerd may take to start, on a machine that is busy.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running node.
pub struct Node {
    parts: NodeParts,
    folder: PathBuf,
    run: String,
    kubelet: Child,
    others: Vec<Child>,
}

impl Node {
    /// Starts all programs of the node; there are no images yet. Its files and logs are in `folder`, which also has the
    /// CA of the cluster.
    ///
    /// # Errors
    /// Names the part that did not start.
    pub fn start(parts: NodeParts, credentials: &Credentials, folder: &Path, run: &str) -> anyhow::Result<Self> {
        machine::prepare()?;
        cgroups::create(run)?;
        let config = format!("--config={}", containerd::configure(folder)?.display());
        let mut others = vec![start(Path::new("/usr/bin/containerd"), folder, "containerd", &[config], None)?];
        wait_for_containerd(folder)?;
        others.push(scheduler(&parts, credentials, folder)?);
        credentials.user("proxy", "system:kube-proxy", None)?;
        let arguments = network::proxy(&credentials.kubeconfig("proxy")?);
        others.push(start(&parts.proxy, folder, "proxy", &arguments, None)?);
        credentials.user("kubelet", &format!("system:node:{NAME}"), Some("system:nodes"))?;
        credentials.kubeconfig("kubelet")?;
        let (folder, run) = (folder.to_owned(), run.to_owned());
        let kubelet = start_kubelet(&parts, &folder, &run)?;
        Ok(Node { parts, folder, run, kubelet, others })
    }

    /// Kills the kubelet and starts another one. Containers go on.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn restart_kubelet(&mut self) -> anyhow::Result<()> {
        self.kubelet.kill()?;
        self.kubelet.wait()?;
        self.kubelet = start_kubelet(&self.parts, &self.folder, &self.run)?;
        Ok(())
    }

    /// The processes of one container, by the id in its Pod's status (`containerd://…`).
    pub fn processes(&self, container_id: &str) -> Vec<u32> {
        let id = container_id.rsplit('/').next().unwrap_or(container_id);
        cgroups::find(&self.run, id).map_or_else(Vec::new, |folder| cgroups::processes(&folder))
    }

    /// Imports the images of an archive in the format of `docker save`.
    ///
    /// # Errors
    /// containerd cannot read it.
    pub fn import(&self, archive: &Path) -> anyhow::Result<()> {
        containerd::import(archive)
    }

    /// Gives an image a second name, as of a new release.
    ///
    /// # Errors
    /// There is no image with the first name.
    pub fn tag(&self, image: &str, name: &str) -> anyhow::Result<()> {
        containerd::tag(image, name)
    }

    /// Ends all programs and containers, and removes the files of the node.
    ///
    /// # Errors
    /// Names what cannot be removed.
    pub fn end(mut self) -> anyhow::Result<()> {
        for program in std::iter::once(&mut self.kubelet).chain(&mut self.others) {
            program.kill()?;
            program.wait()?;
        }
        cgroups::remove(&self.run)?;
        machine::unmount_below(Path::new("/run/kubelet"))?;
        machine::unmount_below(&self.folder)?;
        // Its images are large, and the logs of a run may be kept for long.
        std::fs::remove_dir_all(self.folder.join("containerd"))?;
        Ok(())
    }
}

fn wait_for_containerd(folder: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    while !containerd::is_up() {
        if started.elapsed() > TIMEOUT {
            bail!("containerd was not up within {TIMEOUT:?}; its log is in {}", folder.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn scheduler(parts: &NodeParts, credentials: &Credentials, folder: &Path) -> anyhow::Result<Child> {
    credentials.user("scheduler", "system:kube-scheduler", None)?;
    let kubeconfig = credentials.kubeconfig("scheduler")?;
    let flags = ["--kubeconfig", "--authentication-kubeconfig", "--authorization-kubeconfig"];
    let mut arguments: Vec<String> = flags.iter().map(|flag| format!("{flag}={}", kubeconfig.display())).collect();
    arguments.extend(["--leader-elect=false".to_owned(), "--bind-address=127.0.0.1".to_owned()]);
    start(&parts.scheduler, folder, "scheduler", &arguments, None)
}

fn start_kubelet(parts: &NodeParts, folder: &Path, run: &str) -> anyhow::Result<Child> {
    let arguments = kubelet::arguments(folder, run, &folder.join("kubelet.kubeconfig"))?;
    start(&parts.kubelet, folder, "kubelet", &arguments, None)
}
