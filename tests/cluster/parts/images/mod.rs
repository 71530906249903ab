//! The images of the node's containers, as archives that `ctr images import` reads.
//!
//! No registry is needed. The software of the examples is a Debian file system, which has the names and the entry points
//! of the official images, so that the node runs the manifests as they are. Archives are kept beside the programs of
//! [`crate::parts`], named by a hash of everything that they are made of.

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

pub use podgraft::PODGRAFT;
pub use programs::PAUSE;
pub use software::TOOLS;

/// Where the archive of each image is.
#[derive(Debug, Clone)]
pub struct Images {
    /// [`PAUSE`], for the sandbox of each Pod.
    pub pause: PathBuf,
    /// podgraft itself, as [`PODGRAFT`] and by the name that the chart gives it without values.
    pub podgraft: Podgraft,
    /// Prometheus with the discovery of Kubernetes, as [`prometheus`].
    pub prometheus: PathBuf,
    /// Everything that `examples/` names, by these names, and [`TOOLS`].
    pub software: PathBuf,
}

/// The archive of podgraft's image.
#[derive(Debug, Clone)]
pub struct Podgraft {
    pub archive: PathBuf,
    /// Whether it is what users build with the Dockerfile. If not, it has the debug build that belongs to this test.
    pub released: bool,
}

impl Images {
    /// All images; builds what is missing, which takes a minute and, for Prometheus, three more on two cores.
    ///
    /// # Errors
    /// If a command is missing or fails. [`lacking`] reports the first before anything is built.
    pub fn get() -> anyhow::Result<Self> {
        // Debian's packages are fetched and unpacked while Go compiles.
        std::thread::scope(|scope| {
            let software = scope.spawn(software::archive);
            let prometheus = programs::prometheus()?;
            Ok(Images {
                pause: programs::pause()?,
                podgraft: podgraft::get()?,
                prometheus,
                software: software.join().expect("the thread ends")?,
            })
        })
    }

    /// The archives, to be imported.
    pub fn archives(&self) -> [&Path; 4] {
        [&self.pause, &self.podgraft.archive, &self.prometheus, &self.software]
    }
}

/// Builds what is missing, and prints the size of each archive beside the name of what it has.
///
/// # Errors
/// As [`Images::get`].
pub fn print() -> anyhow::Result<()> {
    let images = Images::get()?;
    let podgraft = if images.podgraft.released { "of the Dockerfile" } else { "of the debug build" };
    let names =
        [PAUSE.to_owned(), format!("{PODGRAFT}, {podgraft}"), prometheus()?, format!("{TOOLS} and those of examples/")];
    for (archive, name) in images.archives().iter().zip(names) {
        println!("{:>10}  {name}", keep::megabytes(archive)?);
    }
    Ok(())
}

/// The name of Prometheus' image: the official one of the same version.
pub fn prometheus() -> anyhow::Result<String> {
    programs::prometheus_name()
}

/// Builds podgraft's image with the Dockerfile and without a Docker engine, and prints its size.
///
/// # Errors
/// If the build fails, or the image is larger than its bound.
pub fn build_podgraft() -> anyhow::Result<()> {
    podgraft::build()
}

/// The Debian packages whose commands this machine lacks for the images, if any.
pub fn lacking() -> Option<String> {
    let is_missing = |command: &str| Command::new(command).arg("--version").output().is_err();
    let needed = [("mmdebstrap", "mmdebstrap"), ("buildah", "buildah"), ("cc", "gcc"), ("tar", "tar")];
    let missing: Vec<&str> =
        needed.iter().filter(|(command, _)| is_missing(command)).map(|(_, package)| *package).collect();
    (!missing.is_empty()).then(|| format!("{} (tests/run/install.sh images)", missing.join(", ")))
}
