//! The cgroups of a run: all of its containers are below one cgroup with the name of the run, in every hierarchy.
//!
//! Cgroups are the only state of a run that the kernel does not remove when the run is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// Where cgroups are mounted: the unified hierarchy, or a folder for each hierarchy of version 1.
const ROOT: &str = "/sys/fs/cgroup";

/// The start of the names of all of our cgroups.
const PREFIX: &str = "podgraft-test-";

/// How often the processes of a cgroup are killed, 50 ms apart, until it can be removed.
const ATTEMPTS: usize = 200;

/// The name of the cgroup of a run, as the kubelet takes it for its `cgroupRoot`.
pub fn name(run: &str) -> String {
    format!("{PREFIX}{run}")
}

/// Makes the cgroup of a run, which a kubelet requires to exist.
///
/// # Errors
/// The user may not make cgroups.
pub fn create(run: &str) -> anyhow::Result<()> {
    for hierarchy in hierarchies() {
        let folder = hierarchy.join(name(run));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make the cgroup {}", folder.display()))?;
    }
    Ok(())
}

/// The runs that have a cgroup, whether they are alive or not.
pub fn runs() -> Vec<String> {
    let folders = hierarchies().into_iter().flat_map(|hierarchy| folders(&hierarchy));
    let names = folders.filter_map(|folder| Some(folder.file_name()?.to_str()?.strip_prefix(PREFIX)?.to_owned()));
    let mut runs: Vec<String> = names.collect();
    runs.sort();
    runs.dedup();
    runs
}

/// Whether any process is in a cgroup of a run.
pub fn has_processes(run: &str) -> bool {
    hierarchies().iter().any(|hierarchy| !processes(&hierarchy.join(name(run))).is_empty())
}

/// Kills all processes in the cgroups of a run, and removes these cgroups.
///
/// # Errors
/// Names the cgroup in which processes cannot be killed.
pub fn remove(run: &str) -> anyhow::Result<()> {
    for hierarchy in hierarchies() {
        let folder = hierarchy.join(name(run));
        for _ in 0..ATTEMPTS {
            kill(&folder);
            remove_all(&folder);
            if !folder.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        if folder.exists() {
            bail!("the cgroup {} cannot be removed: its processes do not end", folder.display());
        }
    }
    Ok(())
}

/// The processes in a cgroup and below, by their ids in the namespace of the caller.
pub fn processes(folder: &Path) -> Vec<u32> {
    let listed = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    // A process of a namespace that the caller does not see is listed as 0.
    let own = listed.lines().filter_map(|line| line.parse().ok()).filter(|process| *process != 0);
    own.chain(folders(folder).into_iter().flat_map(|below| processes(&below))).collect()
}

/// The cgroup with a name, below that of a run.
pub fn find(run: &str, name_below: &str) -> Option<PathBuf> {
    fn below(folder: &Path, name: &str) -> Option<PathBuf> {
        let folders = folders(folder);
        let found = folders.iter().find(|folder| folder.ends_with(name)).cloned();
        found.or_else(|| folders.iter().find_map(|folder| below(folder, name)))
    }
    hierarchies().iter().find_map(|hierarchy| below(&hierarchy.join(name(run)), name_below))
}

fn hierarchies() -> Vec<PathBuf> {
    if Path::new(ROOT).join("cgroup.controllers").exists() {
        return vec![PathBuf::from(ROOT)];
    }
    // Combined controllers have links as second names.
    let is_one = |folder: &PathBuf| folder.join("cgroup.procs").exists() && !folder.is_symlink();
    folders(Path::new(ROOT)).into_iter().filter(is_one).collect()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten();
    all.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn kill(folder: &Path) {
    let processes = processes(folder);
    if !processes.is_empty() {
        // Some may have ended since they were listed.
        let _ = Command::new("kill").arg("-9").args(processes.iter().map(u32::to_string)).output();
    }
}

/// Removes a cgroup and those below. One with processes remains.
fn remove_all(folder: &Path) {
    folders(folder).iter().for_each(|below| remove_all(below));
    let _ = fs::remove_dir(folder);
}
