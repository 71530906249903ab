//! Images of one program each.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::archive::{self, Image};
use super::hash::Hash;
use super::keep;
use crate::cluster::tree;
use crate::parts;

/// The image of a Pod's sandbox.
pub const PAUSE: &str = "localhost/pause:test";

/// The archive of [`PAUSE`]. Its program is C, because each Pod has one, and a few lines need no runtime.
pub fn pause() -> anyhow::Result<PathBuf> {
    let source = tree().join("tests/cluster/parts/images/pause.c");
    let hash = Hash::new().and_path(&source)?;
    keep::get("pause", &hash.name(), |archive| {
        let root = keep::temporary()?;
        keep::run(Command::new("cc").args(["-static", "-Os", "-s", "-o"]).arg(root.path().join("pause")).arg(&source))?;
        write(&[PAUSE], json!({"Entrypoint": ["/pause"], "User": "65535:65535"}), root.path(), archive)
    })
}

/// An image with BusyBox and its links, from this machine.
pub const BUSYBOX: &str = "localhost/busybox:test";

/// The archive of [`BUSYBOX`].
pub fn busybox() -> anyhow::Result<PathBuf> {
    let program = Path::new("/bin/busybox");
    let hash = Hash::new().and_path(program)?;
    keep::get("busybox", &hash.name(), |archive| {
        let root = keep::temporary()?;
        install(program, root.path(), "bin/busybox")?;
        let listed = Command::new(program).arg("--list").output().context("cannot run busybox")?;
        for command in String::from_utf8(listed.stdout)?.lines().filter(|command| *command != "busybox") {
            symlink("busybox", root.path().join("bin").join(command))?;
        }
        write(&[BUSYBOX], json!({"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]}), root.path(), archive)
    })
}

/// The archive of [`prometheus_name`], with the paths of the official image.
pub fn prometheus() -> anyhow::Result<PathBuf> {
    let (program, name) = (parts::prometheus()?, prometheus_name()?);
    let config = json!({
        "Entrypoint": ["/bin/prometheus"],
        "Cmd": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
        "User": "nobody",
        "WorkingDir": "/prometheus",
    });
    let hash = Hash::new().and(program.to_string_lossy().as_bytes()).and(&name).and(serde_json::to_vec(&config)?);
    keep::get("prometheus", &hash.name(), |archive| {
        let root = keep::temporary()?;
        for folder in ["bin", "etc/prometheus", "prometheus", "tmp"] {
            fs::create_dir_all(root.path().join(folder))?;
        }
        for folder in ["prometheus", "tmp"] {
            fs::set_permissions(root.path().join(folder), fs::Permissions::from_mode(0o1777))?;
        }
        fs::copy(&program, root.path().join("bin/prometheus"))?;
        fs::write(root.path().join("etc/passwd"), "nobody:x:65534:65534:nobody:/home:/bin/false\n")?;
        fs::write(root.path().join("etc/prometheus/prometheus.yml"), "")?;
        write(&[&name], config, root.path(), archive)
    })
}

/// The official name of Prometheus' image: version 3.14.0 is the Go module v0.314.0.
pub fn prometheus_name() -> anyhow::Result<String> {
    let module = parts::prometheus_version()?;
    let mut parts = module.trim_start_matches("v0.").split('.').map(str::parse::<u32>);
    let (Some(Ok(minor)), Some(Ok(patch))) = (parts.next(), parts.next()) else {
        anyhow::bail!("{module} is not the version of a Prometheus of this decade");
    };
    Ok(format!("docker.io/prom/prometheus:v{}.{}.{patch}", minor / 100, minor % 100))
}

/// Writes an image of a folder.
pub fn write(names: &[&str], config: Value, root: &Path, archive: &Path) -> anyhow::Result<()> {
    let folder = keep::temporary()?;
    let layer = folder.path().join("layer.tar");
    archive::pack(root, &layer).context("cannot make a layer")?;
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    archive::write(&[Image { names, config, layers: vec![layer] }], archive)
}

/// Copies a program into the folder of an image, with the libraries that it is linked to and its loader.
pub fn install(program: &Path, root: &Path, name: &str) -> anyhow::Result<()> {
    let linked = Command::new("ldd").arg(program).output().context("cannot run ldd")?;
    let linked = String::from_utf8(linked.stdout)?;
    let libraries = linked.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new);
    let copies = libraries.map(|library| (library, library.strip_prefix("/").unwrap_or(library)));
    for (file, name) in copies.chain([(program, Path::new(name))]) {
        let copy = root.join(name);
        fs::create_dir_all(copy.parent().context("a program is in a folder")?)?;
        fs::copy(file, copy).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}
