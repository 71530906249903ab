//! The software that `examples/` names, by the names that it has there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::archive::{self, Image};
use super::debian::FileSystem;
use super::hash::Hash;
use super::keep;
use crate::cluster::tree;

/// An image with all of the software, Debian's shell and its tools, for what tests start besides the examples.
pub const TOOLS: &str = "localhost/tools:test";

/// The inputs of the file system, besides the packages themselves.
const INPUTS: [&str; 3] = ["packages", "customize.sh", "rootfs"];

const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Debian's commands, and BusyBox for those that Debian has in packages of their own, such as `nc`.
const TOOLS_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/busybox";
const ALPINE_PATH: &str = "PATH=/usr/lib/busybox:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The archive of these images; makes it if something that it depends on has changed.
pub fn archive() -> anyhow::Result<PathBuf> {
    let images = images(&named_by_examples()?)?;
    let layers = Layers::get()?;
    let hash = Hash::new().and(serde_json::to_vec(&images)?).and(layers.debian.to_string_lossy().as_bytes());
    keep::get("software", &hash.name(), |archive| {
        let images = images.into_iter().map(|(name, config)| layers.image(name, config));
        archive::write(&images.collect::<Vec<_>>(), archive)
    })
}

/// The layers of which all of these images consist.
struct Layers {
    debian: PathBuf,
    /// Makes BusyBox the shell, as in Alpine. Scripts of companions run in it, and it is not Debian's.
    busybox_shell: PathBuf,
}

impl Layers {
    fn get() -> anyhow::Result<Self> {
        let hash = INPUTS.iter().try_fold(Hash::new(), |hash, input| hash.and_path(&folder().join(input)))?;
        let debian = keep::get("debian", &hash.name(), |archive| {
            let packages = fs::read_to_string(folder().join("packages"))?;
            let packages: Vec<&str> = packages.lines().filter(|line| !line.starts_with('#')).collect();
            let customize = folder().join("customize.sh");
            FileSystem { variant: "essential", packages: &packages, customize: &customize }.write(archive)
        })?;
        let busybox_shell = keep::get("busybox-shell", "1", |archive| {
            let layer = keep::temporary()?;
            fs::create_dir_all(layer.path().join("usr/bin"))?;
            std::os::unix::fs::symlink("busybox", layer.path().join("usr/bin/sh"))?;
            archive::pack(layer.path(), archive)
        })?;
        Ok(Layers { debian, busybox_shell })
    }

    fn image(&self, name: String, config: Value) -> Image {
        let mut layers = vec![self.debian.clone()];
        if is_alpine(&name) {
            layers.push(self.busybox_shell.clone());
        }
        Image { names: vec![name], config, layers }
    }
}

/// The configuration of each image, by its name.
fn images(names: &BTreeMap<String, PathBuf>) -> anyhow::Result<BTreeMap<String, Value>> {
    let known: Map<String, Value> = serde_json::from_slice(&fs::read(folder().join("software.json"))?)?;
    let mut images = BTreeMap::from([(TOOLS.to_owned(), json!({"Env": [TOOLS_PATH], "Cmd": ["/bin/sh"]}))]);
    for (name, file) in names {
        let repository = name.rsplit_once(':').map_or(name.as_str(), |(repository, _)| repository);
        let Some(config) = known.get(repository) else {
            bail!(
                "{}: the tests have no image {repository}; add it to {}",
                file.display(),
                folder().join("software.json").display()
            );
        };
        let mut config = config.clone();
        if config["Env"].is_null() {
            config["Env"] = json!([if is_alpine(name) { ALPINE_PATH } else { DEFAULT_PATH }]);
        }
        images.insert(name.clone(), config);
    }
    Ok(images)
}

/// Whether the official image has BusyBox for a shell.
fn is_alpine(name: &str) -> bool {
    name.contains("alpine") || name.contains("busybox")
}

/// Images in the manifests of `examples/`, each with a file that names it. Prometheus has an archive of its own.
fn named_by_examples() -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut names = BTreeMap::new();
    let examples = tree().join("examples");
    for folder in fs::read_dir(&examples)?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(folder)?.flatten().map(|entry| entry.path()) {
            if file.extension().is_some_and(|extension| extension == "yaml") {
                let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
                names.extend(named_by(&text).map(|name| (name, file.clone())));
            }
        }
    }
    names.retain(|name, _| !name.contains("/prometheus:"));
    Ok(names)
}

fn named_by(manifest: &str) -> impl Iterator<Item = String> {
    let values = manifest.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("image: "));
    values.filter_map(|value| value.split_whitespace().next()).map(|name| with_registry(name.trim_matches(['"', '\''])))
}

/// The name as containerd knows it: the registry and the `library` of a short name are implied.
fn with_registry(name: &str) -> String {
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/parts/images")
}
