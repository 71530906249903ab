//! The images of the node's containers, as archives that `ctr images import` reads.
//!
//! No registry is needed. The software of the examples is a Debian file system, which has the names and the entry points
//! of the official images, so that the node runs the manifests as they are. Archives are kept beside the programs of
//! [`crate::parts`], named by a hash of all their inputs.

mod archive;
mod debian;
mod dockerfile;
mod hash;
mod keep;
mod podgraft;
mod programs;
mod software;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::control_plane::apart;

pub use podgraft::PODGRAFT;
pub use programs::{BUSYBOX, PAUSE, prometheus as prometheus_archive};
pub use software::{TOOLS, archive as software};

/// Where the archive of each image is.
#[derive(Debug, Clone)]
pub struct Images {
    /// [`PAUSE`], for the sandbox of each Pod.
    pub pause: PathBuf,
    /// [`BUSYBOX`], a small image for Pods that need only a shell.
    pub busybox: PathBuf,
    /// podgraft itself, as [`PODGRAFT`] and by the name that the chart gives it without values.
    pub podgraft: PathBuf,
    /// Prometheus with the discovery of Kubernetes, as [`prometheus_name`].
    pub prometheus: PathBuf,
    /// Everything that `examples/` names, by these names, and [`TOOLS`].
    pub software: PathBuf,
}

impl Images {
    /// All images; builds what is missing, which takes a minute and, for Prometheus, two more on two cores.
    ///
    /// # Errors
    /// If a command is missing or fails. [`lacking`] reports the first before anything is built.
    pub fn get() -> anyhow::Result<Self> {
        Ok(Images {
            pause: programs::pause()?,
            busybox: programs::busybox()?,
            podgraft: podgraft::get()?,
            prometheus: programs::prometheus()?,
            software: software::archive()?,
        })
    }

    /// The archives, to be imported.
    pub fn archives(self) -> Vec<PathBuf> {
        vec![self.pause, self.busybox, self.podgraft, self.prometheus, self.software]
    }
}

/// The archives of the small images, which take seconds to build and to import: sandbox, shell and podgraft.
///
/// # Errors
/// As [`Images::get`].
pub fn small() -> anyhow::Result<[PathBuf; 3]> {
    Ok([programs::pause()?, programs::busybox()?, podgraft::get()?])
}

/// Builds what is missing, and prints the size of each archive beside the name of what it has.
///
/// # Errors
/// As [`Images::get`].
pub fn print() -> anyhow::Result<()> {
    let images = Images::get()?;
    let podgraft = if is_released()? { "of the Dockerfile" } else { "of the debug build" };
    for (archive, name) in [
        (&images.pause, PAUSE.to_owned()),
        (&images.busybox, BUSYBOX.to_owned()),
        (&images.podgraft, format!("{PODGRAFT}, {podgraft}")),
        (&images.prometheus, prometheus_name()?),
        (&images.software, format!("{TOOLS} and those of examples/")),
    ] {
        println!("{:>10}  {name}", keep::megabytes(archive)?);
    }
    Ok(())
}

/// Whether [`PODGRAFT`] is what users build with the Dockerfile. If not, it is the debug build that belongs to this test,
/// whose size and memory are not those of podgraft.
///
/// # Errors
/// If the sources cannot be read.
pub fn is_released() -> anyhow::Result<bool> {
    podgraft::is_released()
}

/// The name of Prometheus' image: the official one of the same version.
pub fn prometheus_name() -> anyhow::Result<String> {
    programs::prometheus_name()
}

/// Builds podgraft's image with the Dockerfile and without a Docker engine, and prints its size.
///
/// # Errors
/// If the build fails, or the image is larger than its bound.
pub fn build_podgraft() -> anyhow::Result<()> {
    podgraft::build()
}

/// Builds podgraft's image of a release, and its binary, into a folder, for `release/dry-run.sh`.
///
/// # Errors
/// If the build fails.
pub fn release(out: &Path) -> anyhow::Result<()> {
    dockerfile::release(out)
}

/// The Debian packages whose commands this machine lacks for the images, if any.
pub fn lacking() -> Option<String> {
    packages(&[("mmdebstrap", "mmdebstrap"), ("busybox", "busybox"), ("cc", "gcc"), ("tar", "tar")])
}

/// What this machine lacks for building the Dockerfile without a Docker engine, if anything.
pub fn lacking_for_dockerfile() -> Option<String> {
    if !apart::is_root() {
        return Some("root, to mount the file systems of images".to_owned());
    }
    lacking().or_else(|| packages(&[("buildah", "buildah"), ("setpriv", "util-linux")]))
}

/// The packages of those commands that do not exist.
fn packages(commands: &[(&str, &str)]) -> Option<String> {
    let is_missing = |command: &str| Command::new(command).arg("--version").output().is_err();
    let missing: Vec<&str> =
        commands.iter().filter(|(command, _)| is_missing(command)).map(|(_, package)| *package).collect();
    (!missing.is_empty()).then(|| format!("the packages {} (tests/run/install.sh images)", missing.join(", ")))
}
