//! containerd, with state of its own, and the images in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::network;
use crate::images;

/// Where containerd listens. `/run` is private, and paths of sockets are limited to 107 bytes.
pub const SOCKET: &str = "/run/containerd/containerd.sock";

/// Writes the configuration and returns its path.
///
/// # Errors
/// The file cannot be written.
pub fn configure(folder: &Path) -> anyhow::Result<PathBuf> {
    let (pause, plugins, networks) = (images::PAUSE, network::PLUGINS, network::configure(folder)?);
    let folder_text = folder.display();
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary)?;
    // `restrict_oom_score_adj`: containers of virtual machines lack CAP_SYS_RESOURCE, which a lower score takes.
    let text = format!(
        r#"version = 2
root = "{folder_text}/containerd"
state = "/run/containerd"
temp = "{folder_text}/tmp"
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder_text}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{networks}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"#
    );
    let path = folder.join("containerd.toml");
    fs::write(&path, text)?;
    Ok(path)
}

/// Whether containerd answers.
pub fn is_up() -> bool {
    ctr(&["version"]).is_ok()
}

/// Imports the images of an archive in the format of `docker save`, under the names in the archive.
///
/// # Errors
/// containerd cannot read the archive.
pub fn import(archive: &Path) -> anyhow::Result<()> {
    let path = archive.display().to_string();
    ctr(&["--namespace", "k8s.io", "images", "import", &path]).with_context(|| format!("cannot import {path}"))
}

/// Gives an image a second name.
///
/// # Errors
/// There is no image with the first name.
pub fn tag(image: &str, name: &str) -> anyhow::Result<()> {
    ctr(&["--namespace", "k8s.io", "images", "tag", image, name]).with_context(|| format!("cannot tag {image}"))
}

fn ctr(args: &[&str]) -> anyhow::Result<()> {
    let done = Command::new("ctr").args(["--address", SOCKET]).args(args).output().context("cannot run ctr")?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(())
}
