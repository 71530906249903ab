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
    let storage = Storage::with_base()?;
    let mut build = storage.buildah();
    build.args(["build", "--layers=false", "--tag", name]).args(flags()?);
    succeed(build.arg(tree()))?;
    run(storage.buildah().args(["push", name]).arg(format!("docker-archive:{}:{name}", archive.display())))
}

/// Builds the image of a release, as the workflow does: `release/image.sh` writes it into a folder.
///
/// # Errors
/// As [`build`].
pub fn release(out: &Path) -> anyhow::Result<()> {
    let storage = Storage::with_base()?;
    let mut script = storage.apart("sh");
    script.arg(tree().join("release/image.sh")).arg(out).args(flags()?);
    succeed(script.env("CONTAINERS_STORAGE_CONF", storage.configuration()?))
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("cannot run setpriv")?;
    ensure!(status.success(), "buildah failed; its output is above");
    Ok(())
}

/// The flags with which Buildah uses only what is on this machine.
fn flags() -> anyhow::Result<[String; 5]> {
    let toolchain = Command::new("rustc").args(["--print", "sysroot"]).output().context("cannot run rustc")?;
    let toolchain = String::from_utf8(toolchain.stdout)?;
    Ok([
        "--isolation=chroot".to_owned(),
        "--pull=never".to_owned(),
        "--network=host".to_owned(),
        format!("--volume={}:{TOOLCHAIN}:ro", toolchain.trim()),
        format!("--volume={CERTIFICATES}:{CERTIFICATES}:ro"),
    ])
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

    /// The storage with the image that the Dockerfile begins with.
    fn with_base() -> anyhow::Result<Self> {
        let storage = Self::new()?;
        storage.import_base(&fs::read_to_string(tree().join("Dockerfile"))?)?;
        Ok(storage)
    }

    /// Buildah with these folders.
    fn buildah(&self) -> Command {
        let mut command = self.apart("buildah");
        command.arg("--root").arg(self.folder.join("root")).arg("--runroot").arg(self.folder.join("run"));
        command.arg("--storage-driver=overlay");
        command
    }

    /// A program that ends with this process, and with it all that it has started and mounted, because they are in
    /// namespaces of their own.
    fn apart(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig=KILL", "unshare", "--mount", "--propagation=private", "--pid", "--mount-proc"]);
        command.args(["--fork", "--kill-child", program]).env("TMPDIR", &self.caches);
        command
    }

    /// A file with these folders, for a Buildah that a script runs.
    fn configuration(&self) -> anyhow::Result<PathBuf> {
        let path = self.folder.join("storage.conf");
        let [root, run] = ["root", "run"].map(|name| self.folder.join(name));
        fs::write(&path, format!("[storage]\ndriver = \"overlay\"\ngraphroot = {root:?}\nrunroot = {run:?}\n"))?;
        Ok(path)
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
