//! A hash of the inputs of a file, which names the file in the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ring::digest::{Context, SHA256};

/// Collects the inputs. Order matters.
pub struct Hash(Context);

impl Hash {
    pub fn new() -> Self {
        Hash(Context::new(&SHA256))
    }

    /// Adds some bytes, with their length, so that two neighbors cannot exchange bytes.
    pub fn and(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.update(&(bytes.as_ref().len() as u64).to_be_bytes());
        self.0.update(bytes.as_ref());
        self
    }

    /// Adds a file, or all files below a folder with their paths.
    pub fn and_path(self, path: &Path) -> anyhow::Result<Self> {
        let files = below(path).with_context(|| format!("cannot read {}", path.display()))?;
        files.iter().try_fold(self, |hash, file| {
            let name = file.strip_prefix(path)?.to_string_lossy().into_owned();
            Ok(hash.and(name).and(fs::read(file)?))
        })
    }

    /// Enough of the hash to be a name.
    pub fn name(self) -> String {
        hex(self.0.finish().as_ref())[..12].to_owned()
    }
}

/// The files below a path, in order, or the path if it is a file.
fn below(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    entries.sort();
    let files = entries.iter().map(|entry| below(entry)).collect::<std::io::Result<Vec<_>>>()?;
    Ok(files.concat())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
