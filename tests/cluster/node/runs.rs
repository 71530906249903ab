//! The state of runs that were killed: how it is found and removed.
//!
//! A run that is killed leaves only cgroups and its folder: its processes, mounts and networks are in namespaces that end
//! with it, as [`crate::control_plane::apart`] describes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::cgroups;
use crate::cluster::tree;
use crate::control_plane::apart::identity;

/// The folder for the files of a run.
pub fn folder(run: &str) -> PathBuf {
    folders().join(run)
}

/// Removes the cgroups and folders of all runs that have ended, and returns how many there were.
///
/// # Errors
/// Something cannot be removed.
pub fn remove_ended() -> anyhow::Result<usize> {
    let in_folders = fs::read_dir(folders()).into_iter().flatten().flatten();
    let mut runs = cgroups::runs();
    runs.extend(in_folders.filter_map(|entry| entry.file_name().into_string().ok()));
    runs.sort();
    runs.dedup();
    runs.retain(|run| !is_alive(run));
    runs.iter().try_for_each(|run| remove(run))?;
    Ok(runs.len())
}

fn is_alive(run: &str) -> bool {
    let process = run.split('-').next().and_then(|process| process.parse().ok());
    process.is_some_and(|process| identity(process).is_ok_and(|identity| identity == run))
}

/// Removes the cgroups and the folder of one run.
///
/// # Errors
/// Names what cannot be removed.
pub fn remove(run: &str) -> anyhow::Result<()> {
    cgroups::remove(run)?;
    let folder = folder(run);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn folders() -> PathBuf {
    tree().join(Path::new("target/cluster-node"))
}
