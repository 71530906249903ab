//! Builds a Dockerfile without a Docker engine and without a registry.
//!
//! Buildah, of Debian, runs it unchanged. The image of Rust that it begins with is made here, with the same name: Debian's
//! compiler for C, and, mounted while it builds, the Rust toolchain of this machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::archive::{self, Image};
use super::debian::FileSystem;
use super::hash::Hash;
use super::keep::{self, run};
use crate::cluster::tree;

/// Packages of the official image of Rust.
const PACKAGES: [&str; 3] = ["ca-certificates", "gcc", "libc6-dev"];

/// Where Rust is in it.
const CARGO: &str = "/usr/local/cargo";
const TOOLCHAIN: &str = "/usr/local/rustup/toolchain";

/// Certificates that Cargo trusts: those of this machine, which may be behind a proxy of its own.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Builds the Dockerfile of the tree and writes the image, under a name of its own, as an archive.
///
/// # Errors
/// If the user is not root, or a step fails; the output of the build is printed in any case.
pub fn build(name: &str, archive: &Path) -> anyhow::Result<()> {
    let storage = Storage::new()?;
    storage.import_base(&fs::read_to_string(tree().join("Dockerfile"))?)?;
    let toolchain = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot run rustc")?;
    let toolchain = String::from_utf8(toolchain.stdout)?;
    let mut build = storage.buildah();
    build.args(["build", "--isolation=chroot", "--pull=never", "--network=host", "--layers=false", "--tag", name]);
    build.arg(format!("--volume={}:{TOOLCHAIN}:ro", toolchain.trim()));
    build.arg(format!("--volume={CERTIFICATES}:{CERTIFICATES}:ro"));
    let built = build.arg(tree()).status().context("cannot run setpriv")?;
    ensure!(built.success(), "buildah failed; its output is above");
    run(storage.buildah().args(["push", name]).arg(format!("docker-archive:{}:{name}", archive.display())))
}

/// Buildah's folders. Images are removed at the end; what `--mount=type=cache` has collected is kept.
struct Storage {
    folder: PathBuf,
    caches: PathBuf,
    /// Others wait until the storage is free.
    _lock: File,
}

impl Storage {
    fn new() -> anyhow::Result<Self> {
        let (folder, caches) = (keep::folder()?.join("buildah"), keep::folder()?.join("buildah-caches"));
        let lock = File::create(keep::folder()?.join("buildah.lock"))?;
        lock.lock()?;
        fs::create_dir_all(&caches)?;
        let storage = Storage { folder, caches, _lock: lock };
        // A build that was killed leaves its containers.
        storage.clear()?;
        Ok(storage)
    }

    /// Buildah with these folders. It ends with this process, and with it all that it has started and mounted, because
    /// they are in namespaces of their own.
    fn buildah(&self) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig=KILL", "unshare", "--mount", "--propagation=private", "--pid", "--mount-proc"]);
        command.args(["--fork", "--kill-child", "buildah"]);
        command.arg("--root").arg(self.folder.join("root")).arg("--runroot").arg(self.folder.join("run"));
        command.arg("--storage-driver=overlay").env("TMPDIR", &self.caches);
        command
    }

    /// Imports what the Dockerfile's first stage begins with.
    fn import_base(&self, dockerfile: &str) -> anyhow::Result<()> {
        let name = dockerfile.lines().find_map(|line| line.strip_prefix("FROM ")?.split(' ').next());
        let name = format!("docker.io/library/{}", name.context("the Dockerfile has no FROM")?);
        let layer = base()?;
        let folder = keep::temporary()?;
        let image = folder.path().join("image.tar");
        let path = format!("PATH={CARGO}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let config = json!({"Env": [path, format!("CARGO_HOME={CARGO}")]});
        archive::write(&[Image { names: vec![name], config, layers: vec![layer] }], &image)?;
        run(self.buildah().arg("pull").arg(format!("docker-archive:{}", image.display())))
    }

    fn clear(&self) -> anyhow::Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).with_context(|| format!("cannot remove {}", self.folder.display()))?;
        }
        Ok(())
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // If it fails, the next build tries it again, and reports it.
        let _ = self.clear();
    }
}

/// The file system of the first stage.
fn base() -> anyhow::Result<PathBuf> {
    let customize = tree().join("tests/cluster/parts/images/rust.sh");
    let hash = PACKAGES.iter().fold(Hash::new(), Hash::and).and_path(&customize)?;
    keep::get("rust", &hash.name(), |archive| {
        FileSystem { variant: "apt", packages: &PACKAGES, customize: &customize }.write(archive)
    })
}
