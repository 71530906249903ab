//! The mounts and settings of a node: its programs write to private copies, never to the host.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::control_plane::apart::{is_root, run};
use crate::parts::kubernetes::Kubernetes;

/// The kernel settings that a kubelet changes unless they have these values (`setupKernelTunables`). They belong to the
/// whole machine, so the kubelet reads files with its values in their place.
const TUNABLES: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// Where the content of the private mounts is; `/run` is a private file system of its own by now.
const PRIVATE: &str = "/run/private";

/// Prepares the mount namespace and the network of this process for a node.
///
/// # Errors
/// Names the command that failed.
pub fn prepare() -> anyhow::Result<()> {
    // Containers get copies of mounts, and see those that the kubelet makes later.
    run(&["mount", "--make-rshared", "/"])?;
    overlay("/var/lib")?;
    run(&["mount", "-t", "tmpfs", "none", "/var/log"])?;
    for (number, (name, value)) in TUNABLES.iter().enumerate() {
        let file = Path::new(PRIVATE).join(number.to_string());
        fs::write(&file, format!("{value}\n"))?;
        run(&["mount", "--bind", &file.display().to_string(), &format!("/proc/sys/{name}")])?;
    }
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("cannot forward packets in the cluster's network")
}

/// Reads through to a folder, and keeps what is written.
fn overlay(folder: &str) -> anyhow::Result<()> {
    let private = format!("{PRIVATE}{folder}");
    let layers = format!("lowerdir={folder},upperdir={private}/upper,workdir={private}/work");
    for layer in ["upper", "work"] {
        fs::create_dir_all(Path::new(&private).join(layer))?;
    }
    run(&["mount", "-t", "overlay", "none", "-o", &layers, folder])
}

/// A short second path for a folder, which is made: paths of sockets are limited to 107 bytes.
///
/// # Errors
/// The folder cannot be mounted.
pub fn short(folder: &Path) -> anyhow::Result<PathBuf> {
    let short = Path::new("/run").join(folder.file_name().context("a folder has a name")?);
    if !short.exists() {
        fs::create_dir_all(folder)?;
        fs::create_dir(&short)?;
        run(&["mount", "--bind", &folder.display().to_string(), &short.display().to_string()])?;
    }
    Ok(short)
}

/// Unmounts everything below a folder, so that it can be removed.
///
/// # Errors
/// The mounts cannot be listed.
pub fn unmount_below(folder: &Path) -> anyhow::Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("cannot list mounts")?;
    let points = mounts.lines().filter_map(|line| line.split_whitespace().nth(4));
    let is_below = |point: &&str| Path::new(point).starts_with(folder);
    let mut points: Vec<&str> = points.filter(is_below).collect();
    // Later mounts may be on earlier ones.
    points.reverse();
    for point in points {
        // It may have been unmounted with another one, to which it was propagated.
        let _ = run(&["umount", "--lazy", point]);
    }
    Ok(())
}

/// Sends a signal (`KILL`) to processes.
///
/// # Errors
/// One of them does not exist.
pub fn signal(processes: &[u32], signal: &str) -> anyhow::Result<()> {
    let ids: Vec<String> = processes.iter().map(u32::to_string).collect();
    run(&[&["kill", "-s", signal], &ids.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat())
}

/// What this machine lacks for a node, if anything.
pub fn lacking() -> Option<String> {
    if matches!(Kubernetes::selected(), Ok(Kubernetes::Oldest)) {
        return Some(format!("Kubernetes {}, whose kubelet is built", Kubernetes::Newest.minor()));
    }
    let commands = ["containerd", "runc", "ctr", "iptables", "conntrack", "ipset"];
    let has = |command: &&str| {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|folder| Path::new(folder).join(command).exists())
    };
    let mut lacking: Vec<&str> = commands.into_iter().filter(|command| !has(command)).collect();
    if !Path::new(super::network::PLUGINS).join("ptp").exists() {
        lacking.push("containernetworking-plugins");
    }
    if !lacking.is_empty() {
        return Some(format!("{} (on Debian and as root, INSTALL=1 installs all of them)", lacking.join(", ")));
    }
    if !is_root() {
        return Some("root: containers have cgroups of their own".to_owned());
    }
    crate::images::lacking()
}
