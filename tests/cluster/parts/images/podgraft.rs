//! podgraft's own image.
//!
//! The image that users build is used where it has been built from exactly these sources. It takes minutes, so that
//! otherwise the binary that Cargo has built for this test is used, with the libraries that it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::hash::Hash;
use super::keep::{self, run};
use super::{archive, dockerfile, programs};
use crate::cluster::tree;

/// The image, by a name that no registry has.
pub const PODGRAFT: &str = "localhost/podgraft:test";

/// The name that the chart gives it without values.
const CHART_NAME: &str = concat!("docker.io/library/podgraft:", env!("CARGO_PKG_VERSION"));

/// The files and folders from which the Dockerfile builds the released binary. The definitions of the chart are part of it.
const INPUTS: [&str; 5] = ["Cargo.lock", "Cargo.toml", "Dockerfile", "charts/podgraft/files", "src"];

/// What the sizes should come to, in bytes: a node pulls the image while the API server waits for podgraft.
const GOALS: [(&str, u64); 2] = [("binary", 10 << 20), ("image", 12 << 20)];
/// What they must not exceed, so that a dependency that makes them grow is noticed.
const MOST: u64 = 20 << 20;

/// The released image if it has been built, else one with the debug build.
pub fn get() -> anyhow::Result<PathBuf> {
    if is_released()? { released() } else { debug() }
}

/// Whether [`get`] returns the released image. The answer is that of the first call: the sources can change, and the image can
/// be built, while a node runs.
pub fn is_released() -> anyhow::Result<bool> {
    static IS_RELEASED: OnceLock<bool> = OnceLock::new();
    let exists = released()?.exists();
    Ok(*IS_RELEASED.get_or_init(|| exists))
}

/// Builds the released image if it does not exist. Prints and checks its size.
pub fn build() -> anyhow::Result<()> {
    let archive = keep::get("podgraft", &hash()?, |archive| {
        let folder = keep::temporary()?;
        let built = folder.path().join("built.tar");
        dockerfile::build(PODGRAFT, &built)?;
        named(&built, archive)
    })?;
    check(&archive)
}

/// Prints the sizes and compares them with their bounds, and runs the binary, which has no libraries in its image.
fn check(archive: &Path) -> anyhow::Result<()> {
    let files = keep::temporary()?;
    let program = binary(archive, files.path())?;
    let (image, binary) = (fs::metadata(archive)?.len(), fs::metadata(&program)?.len());
    println!("podgraft's image: {:.1} MiB; its binary: {:.1} MiB", mebibytes(image), mebibytes(binary));
    let mut inside = Command::new("chroot");
    let version = inside.arg(files.path().join("root")).args(["/podgraft", "version"]).output()?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    ensure!(version == concat!("podgraft ", env!("CARGO_PKG_VERSION")), "the image has version {version:?}");
    for ((what, goal), bytes) in GOALS.into_iter().zip([binary, image]) {
        if bytes > goal {
            println!("the {what} misses its goal of {:.1} MiB", mebibytes(goal));
        }
        ensure!(bytes <= MOST, "the {what} has {bytes} bytes; at most {MOST}");
    }
    Ok(())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The archive of the released image, whether it exists or not.
fn released() -> anyhow::Result<PathBuf> {
    keep::path("podgraft", &hash()?)
}

fn hash() -> anyhow::Result<String> {
    let hash = INPUTS.iter().try_fold(Hash::new(), |hash, input| hash.and_path(&tree().join(input)))?;
    Ok(hash.name())
}

/// Gives the image in an archive both names.
fn named(built: &Path, archive: &Path) -> anyhow::Result<()> {
    let files = keep::temporary()?;
    run(Command::new("tar").arg("-xf").arg(built).arg("-C").arg(files.path()))?;
    let manifest = files.path().join("manifest.json");
    let mut images: Value = serde_json::from_slice(&fs::read(&manifest)?)?;
    images[0]["RepoTags"] = json!([PODGRAFT, CHART_NAME]);
    fs::write(&manifest, serde_json::to_vec(&images)?)?;
    archive::pack(files.path(), archive)
}

/// Extracts an image that has one layer and in it only `/podgraft`, into `root` of a folder.
fn binary(archive: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    run(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(folder))?;
    let images: Value = serde_json::from_slice(&fs::read(folder.join("manifest.json"))?)?;
    let layers = images[0]["Layers"].as_array().context("the image has no layers")?;
    let [Value::String(layer)] = &layers[..] else { bail!("the image has {} layers, not one", layers.len()) };
    let root = folder.join("root");
    fs::create_dir(&root)?;
    run(Command::new("tar").arg("-xf").arg(folder.join(layer)).arg("-C").arg(&root))?;
    ensure!(fs::read_dir(&root)?.count() == 1, "the image has more than one file");
    Ok(root.join("podgraft"))
}

/// An image of the binary that Cargo has built beside this test.
fn debug() -> anyhow::Result<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_podgraft"));
    let archive = program.with_extension("image.tar");
    let is_newer =
        |path: &Path| Ok::<_, std::io::Error>(path.metadata()?.modified()? > program.metadata()?.modified()?);
    if archive.exists() && is_newer(&archive)? {
        return Ok(archive);
    }
    let root = tempfile::tempdir()?;
    programs::install(program, root.path(), "podgraft")?;
    let config = json!({"Entrypoint": ["/podgraft"], "Cmd": ["serve"], "User": "65532:65532"});
    let unfinished = archive.with_extension("unfinished");
    programs::write(&[PODGRAFT, CHART_NAME], config, root.path(), &unfinished)?;
    fs::rename(&unfinished, &archive)?;
    Ok(archive)
}
