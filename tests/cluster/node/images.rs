//! Images for a node, as archives in the format of `docker save`, made of programs of this machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::cluster::{printed, tree};

/// The image of the container that holds the namespaces of a Pod.
pub const PAUSE: &str = "localhost/pause:test";

/// podgraft, as it was just built, under the name that the chart uses.
pub const PODGRAFT: &str = "docker.io/library/podgraft:0.1.0";

/// A shell and simple commands.
pub const BUSYBOX: &str = "localhost/busybox:test";

/// Whether podgraft's image is the one that users get.
///
/// # Errors
/// None yet: this one has what Cargo has built for the test.
#[allow(clippy::unnecessary_wraps)]
pub fn is_released() -> anyhow::Result<bool> {
    Ok(false)
}

/// All archives that a person may need.
///
/// # Errors
/// Names the command that failed.
pub fn all() -> anyhow::Result<Vec<PathBuf>> {
    small()
}

/// The archives that tests of the node itself need.
///
/// # Errors
/// Names the command that failed.
pub fn small() -> anyhow::Result<Vec<PathBuf>> {
    let folder = &tree().join("target/cluster-images");
    fs::create_dir_all(folder)?;
    // Several runs may need them at the same time.
    let lock = fs::File::create(folder.join("lock"))?;
    lock.lock()?;
    let busybox = Path::new("/bin/busybox");
    let sleep = json!({"Entrypoint": ["/bin/busybox", "sleep", "2147483647"]});
    let podgraft = Path::new(env!("CARGO_BIN_EXE_podgraft"));
    let server = json!({"Entrypoint": ["/podgraft"], "Cmd": ["serve"], "User": "65532:65532"});
    let shell = json!({"Cmd": ["/bin/sh"], "Env": ["PATH=/bin:/usr/bin"]});
    Ok(vec![
        archive(folder, PAUSE, &[(busybox, "bin/busybox")], &sleep)?,
        archive(folder, PODGRAFT, &[(podgraft, "podgraft")], &server)?,
        archive(folder, BUSYBOX, &[(busybox, "bin/busybox")], &shell)?,
    ])
}

/// An image of programs, with the libraries that they load, and of links for the commands of busybox.
fn archive(folder: &Path, name: &str, programs: &[(&Path, &str)], config: &Value) -> anyhow::Result<PathBuf> {
    let short = name.rsplit(['/', ':']).nth(1).unwrap_or(name);
    let archive = folder.join(format!("{short}.tar"));
    if is_newer(&archive, programs.iter().map(|(program, _)| *program)) {
        return Ok(archive);
    }
    let (root, parts) = (folder.join(format!("{short}-root")), folder.join(format!("{short}-parts")));
    for folder in [&root, &parts].into_iter().filter(|folder| folder.exists()) {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(&parts)?;
    for (program, path) in programs {
        copy(program, &root.join(path))?;
        for library in libraries(program)? {
            copy(&library, &root.join(library.strip_prefix("/")?))?;
        }
    }
    if name == BUSYBOX {
        link_commands(&root)?;
    }
    run(Command::new("tar")
        .args(["--owner=0", "--group=0", "--numeric-owner", "-C"])
        .arg(&root)
        .arg("-cf")
        .arg(parts.join("layer.tar"))
        .arg("."))?;
    let config = json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sum(&parts.join("layer.tar"))?)]},
    });
    fs::write(parts.join("config.json"), config.to_string())?;
    let manifest = json!([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]);
    fs::write(parts.join("manifest.json"), manifest.to_string())?;
    let unfinished = archive.with_extension("unfinished");
    run(Command::new("tar").arg("-C").arg(&parts).arg("-cf").arg(&unfinished).args([
        "manifest.json",
        "config.json",
        "layer.tar",
    ]))?;
    fs::rename(&unfinished, &archive)?;
    Ok(archive)
}

fn is_newer<'p>(archive: &Path, mut programs: impl Iterator<Item = &'p Path>) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let made = modified(archive);
    made.is_some() && programs.all(|program| modified(program) < made)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// The libraries that a program loads, and their loader; none for a static program.
fn libraries(program: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let listed = Command::new("ldd").arg(program).output().context("cannot run ldd")?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    Ok(listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

fn link_commands(root: &Path) -> anyhow::Result<()> {
    let commands = printed(Command::new("/bin/busybox").arg("--list").output()?);
    for command in commands.lines().filter(|command| *command != "busybox") {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(command))?;
    }
    fs::create_dir_all(root.join("tmp"))?;
    Ok(())
}

fn sum(file: &Path) -> anyhow::Result<String> {
    let sum = Command::new("sha256sum").arg(file).output().context("cannot run sha256sum")?;
    let sum = String::from_utf8_lossy(&sum.stdout).into_owned();
    Ok(sum.split_whitespace().next().context("no sum")?.to_owned())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let done = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(())
}
