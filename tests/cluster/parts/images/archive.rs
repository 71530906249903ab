//! Archives in the form of `docker save`: a manifest, and a configuration and layers for each image.
//!
//! No crate: `tar` writes the archive, and the rest is three JSON objects (the image specification of OCI, config.md).

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use ring::digest::{Context, SHA256, digest};
use serde_json::{Value, json};

use super::hash::hex;
use super::keep::{run, temporary};

/// An image, to be written.
pub struct Image {
    /// With registry and tag.
    pub names: Vec<String>,
    /// What containers get unless their Pod sets it: `Entrypoint`, `Cmd`, `Env`, `User` and so on.
    pub config: Value,
    /// Tar files, uncompressed, from the lowest to the highest.
    pub layers: Vec<PathBuf>,
}

/// Writes images into one archive. A layer that several of them have is written once.
pub fn write(images: &[Image], archive: &Path) -> anyhow::Result<()> {
    let staged = temporary()?;
    let mut written = HashSet::new();
    let mut manifest = Vec::new();
    for image in images {
        let mut digests = Vec::new();
        for layer in &image.layers {
            let digest = digest_of(layer)?;
            if written.insert(digest.clone()) {
                link(layer, &staged.path().join(format!("{digest}.tar")))?;
            }
            digests.push(digest);
        }
        let config = serde_json::to_vec(&configuration(image, &digests))?;
        let name = format!("{}.json", hex(digest(&SHA256, &config).as_ref()));
        fs::write(staged.path().join(&name), config)?;
        let layers: Vec<String> = digests.iter().map(|digest| format!("{digest}.tar")).collect();
        manifest.push(json!({"Config": name, "RepoTags": image.names, "Layers": layers}));
    }
    fs::write(staged.path().join("manifest.json"), serde_json::to_vec(&manifest)?)?;
    pack(staged.path(), archive)
}

fn configuration(image: &Image, digests: &[String]) -> Value {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let digests: Vec<String> = digests.iter().map(|digest| format!("sha256:{digest}")).collect();
    json!({
        "architecture": architecture,
        "os": "linux",
        "config": image.config,
        "rootfs": {"type": "layers", "diff_ids": digests},
        "history": [],
    })
}

/// A tar file of what is in a folder. Root owns everything, and every user can read it whatever this user's umask is.
pub fn pack(folder: &Path, archive: &Path) -> anyhow::Result<()> {
    let mut names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<anyhow::Result<Vec<_>>>()?;
    names.sort();
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=a+rX", "--mtime=@0"]);
    run(tar.arg("-cf").arg(archive).arg("-C").arg(folder).arg("--").args(names))
}

/// Layers are large: a link is enough if the file system can make one.
fn link(layer: &Path, name: &Path) -> anyhow::Result<()> {
    if fs::hard_link(layer, name).is_err() {
        fs::copy(layer, name).with_context(|| format!("cannot copy {}", layer.display()))?;
    }
    Ok(())
}

fn digest_of(path: &Path) -> anyhow::Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let (mut context, mut buffer) = (Context::new(&SHA256), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(context.finish().as_ref())),
            length => context.update(&buffer[..length]),
        }
    }
}
