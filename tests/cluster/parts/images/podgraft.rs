//! podgraft's own image.
//!
//! The image that users build is used where it has been built from exactly these sources. It takes minutes, so that
//! otherwise the binary that Cargo has built for this test is used, with the libraries that it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::hash::Hash;
use super::keep::{self, megabytes, run};
use super::{Podgraft, archive, dockerfile};
use crate::cluster::tree;

/// The image, by a name that no registry has.
pub const PODGRAFT: &str = "localhost/podgraft:test";

/// The name that the chart gives it without values.
const CHART_NAME: &str = concat!("docker.io/library/podgraft:", env!("CARGO_PKG_VERSION"));

/// What the released binary is made of.
const INPUTS: [&str; 4] = ["Cargo.lock", "Cargo.toml", "Dockerfile", "src"];

/// Bounds in bytes: a node pulls the image while the API server waits for podgraft.
const BINARY: u64 = 10 << 20;
const IMAGE: u64 = 12 << 20;

/// The released image if it has been built, else one with the debug build.
pub fn get() -> anyhow::Result<Podgraft> {
    let archive = released()?;
    let released = archive.exists();
    Ok(Podgraft { archive: if released { archive } else { debug()? }, released })
}

/// Builds the released image if it does not exist. Prints and checks its size.
pub fn build() -> anyhow::Result<()> {
    let archive = keep::get("podgraft", &hash()?, |archive| {
        let built = archive.with_extension("built");
        // An archive of an earlier run that was killed would be added to.
        let _ = fs::remove_file(&built);
        dockerfile::build(PODGRAFT, &built)?;
        let named = named(&built, archive);
        fs::remove_file(&built)?;
        named
    })?;
    let binary = size_of_binary(&archive)?;
    println!("podgraft's image: {}, of which the binary has {:.1} MB", megabytes(&archive)?, binary as f64 / 1e6);
    ensure!(binary <= BINARY, "the binary has {binary} bytes; at most {BINARY}");
    let image = fs::metadata(&archive)?.len();
    ensure!(image <= IMAGE, "the image has {image} bytes; at most {IMAGE}");
    Ok(())
}

fn released() -> anyhow::Result<PathBuf> {
    keep::path("podgraft", &hash()?)
}

fn hash() -> anyhow::Result<String> {
    let hash = INPUTS.iter().try_fold(Hash::new(), |hash, input| hash.and_path(&tree().join(input)))?;
    Ok(hash.name())
}

/// Gives the image in an archive both names.
fn named(built: &Path, archive: &Path) -> anyhow::Result<()> {
    let files = tempfile::tempdir_in(keep::folder()?)?;
    run(Command::new("tar").arg("-xf").arg(built).arg("-C").arg(files.path()))?;
    let manifest = files.path().join("manifest.json");
    let mut images: Value = serde_json::from_slice(&fs::read(&manifest)?)?;
    images[0]["RepoTags"] = json!([PODGRAFT, CHART_NAME]);
    fs::write(&manifest, serde_json::to_vec(&images)?)?;
    archive::pack(files.path(), archive)
}

/// The length of `/podgraft` in an image that has one layer and one file.
fn size_of_binary(archive: &Path) -> anyhow::Result<u64> {
    let files = tempfile::tempdir_in(keep::folder()?)?;
    run(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(files.path()))?;
    let images: Value = serde_json::from_slice(&fs::read(files.path().join("manifest.json"))?)?;
    let layer = images[0]["Layers"][0].as_str().context("the image has no layer")?;
    run(Command::new("tar").arg("-xf").arg(files.path().join(layer)).arg("-C").arg(files.path()))?;
    Ok(fs::metadata(files.path().join("podgraft")).context("the image has no /podgraft")?.len())
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
    fs::copy(program, root.path().join("podgraft"))?;
    for library in libraries(program)? {
        let copy = root.path().join(library.strip_prefix("/")?);
        fs::create_dir_all(copy.parent().context("a library is in a folder")?)?;
        fs::copy(&library, copy).with_context(|| format!("cannot copy {}", library.display()))?;
    }
    let layer = tempfile::NamedTempFile::new()?;
    archive::pack(root.path(), layer.path())?;
    let config = json!({"Entrypoint": ["/podgraft"], "Cmd": ["serve"], "User": "65532:65532"});
    let names = [PODGRAFT, CHART_NAME].map(Into::into).to_vec();
    let unfinished = archive.with_extension("unfinished");
    archive::write(&[archive::Image { names, config, layers: vec![layer.path().to_owned()] }], &unfinished)?;
    fs::rename(&unfinished, &archive)?;
    Ok(archive)
}

/// The libraries that a program is linked to, and its loader, as absolute paths.
fn libraries(program: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = Command::new("ldd").arg(program).output().context("cannot run ldd")?;
    let listed = String::from_utf8(listed.stdout)?;
    Ok(listed.split_whitespace().filter(|word| word.starts_with('/')).map(Into::into).collect())
}
