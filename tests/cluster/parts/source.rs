//! A program, and how it is built from its Go module.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::kubernetes::Kubernetes;

/// A Go module of `parts/`, and one of its commands.
pub struct Source {
    /// What the program is called.
    pub name: &'static str,
    pub module: &'static str,
    /// The requirement whose version is the version of the program.
    pub required: &'static str,
    pub command: &'static str,
}

/// The module of Kubernetes.
pub const KUBERNETES: &str = "k8s.io/kubernetes";

impl Source {
    /// A program of Kubernetes in another version.
    pub const fn of(mut self, version: Kubernetes) -> Self {
        self.module = version.module();
        self
    }

    /// Whether the program need not be built.
    pub fn is_built(&self) -> bool {
        self.ready().is_some() || self.program().is_ok_and(|program| program.exists())
    }

    /// Where the program is once it is built.
    fn program(&self) -> anyhow::Result<PathBuf> {
        Ok(cache()?.join(format!("{}-{}", self.module, self.version()?)).join(self.name))
    }

    /// The program; it is built where it is missing.
    pub fn get(&self) -> anyhow::Result<PathBuf> {
        if let Some(ready) = self.ready() {
            return Ok(ready);
        }
        let program = self.program()?;
        let folder = program.parent().context("a program is in a folder")?;
        if !program.exists() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            // Another run may be building it: then this one waits, and finds it.
            let lock = File::create(folder.join("lock"))?;
            lock.lock()?;
            if !program.exists() {
                self.build(&program)?;
            }
        }
        Ok(program)
    }

    fn build(&self, program: &Path) -> anyhow::Result<()> {
        let (started, version) = (Instant::now(), self.version()?);
        eprintln!("building {} {version}; once, because it is kept in {}", self.name, program.display());
        let mut flags = "-s -w".to_owned();
        if self.required == KUBERNETES {
            // Without these the API server takes itself for version 0.
            let mut parts = version.trim_start_matches('v').split('.');
            let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            for (name, value) in [("gitVersion", &*version), ("gitMajor", major), ("gitMinor", minor)] {
                flags += &format!(" -X k8s.io/component-base/version.{name}={value}");
            }
        }
        // Debian's Prometheus has no discovery of Kubernetes. This one has no other.
        let tags = if self.module == "prometheus" { "remove_all_sd,enable_kubernetes_sd,netgo" } else { "" };
        // A build that is killed leaves nothing that looks like a program.
        let unfinished = program.with_extension("unfinished");
        let built = Command::new("go")
            .args(["build", "-trimpath", "-tags", tags, "-ldflags", &flags, "-o"])
            .arg(&unfinished)
            .arg(self.command)
            .current_dir(self.folder())
            .env("CGO_ENABLED", "0")
            .status()
            .with_context(|| format!("{} is built with Go 1.26 or newer, and `go` cannot be run", self.name))?;
        ensure!(built.success(), "building {} failed; the output of go is above", self.name);
        fs::rename(&unfinished, program)?;
        let size = fs::metadata(program)?.len() / 1_000_000;
        eprintln!("{}: {size} MB, built in {:.0} s", self.name, started.elapsed().as_secs_f32());
        Ok(())
    }

    /// The sources of the required module, as Go has downloaded them.
    pub fn source(&self) -> anyhow::Result<PathBuf> {
        let mut list = Command::new("go");
        list.args(["list", "-m", "-f", "{{.Dir}}", self.required]).current_dir(self.folder());
        let listed = list.output().context("`go` cannot be run")?;
        ensure!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        Ok(PathBuf::from(String::from_utf8(listed.stdout)?.trim()))
    }

    pub fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/parts").join(self.module)
    }

    pub fn version(&self) -> anyhow::Result<String> {
        let path = self.folder().join("go.mod");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let version = text.lines().find_map(|line| {
            let mut words = line.trim().trim_start_matches("require ").split_whitespace();
            (words.next() == Some(self.required)).then(|| words.next()).flatten()
        });
        version.map(Into::into).with_context(|| format!("{} does not require {}", path.display(), self.required))
    }

    /// A program of KUBEBUILDER_ASSETS, whose version is not known: those of the oldest Kubernetes are always built.
    fn ready(&self) -> Option<PathBuf> {
        let folder = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?);
        let program = folder.join(self.name);
        (self.module != Kubernetes::Oldest.module() && program.exists()).then_some(program)
    }
}

/// The folder in which built programs are kept.
pub fn cache() -> anyhow::Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME says where built programs can be kept")?.join("podgraft"))
}
