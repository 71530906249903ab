//! Files that are made once and kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};

use crate::parts;

/// How long a file is kept that is not used. Branches with other inputs are worked on side by side.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Where images and what belongs to them are kept.
pub fn folder() -> anyhow::Result<PathBuf> {
    let folder = parts::cache()?.join("images");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The path of a kept file, whether it exists or not.
pub fn path(name: &str, hash: &str) -> anyhow::Result<PathBuf> {
    Ok(folder()?.join(format!("{name}-{hash}.tar")))
}

/// A kept file. `make` writes it if it does not exist; a file that is not complete never gets its name.
pub fn get(name: &str, hash: &str, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
    let path = path(name, hash)?;
    if path.exists() {
        File::open(&path)?.set_modified(SystemTime::now())?;
        return Ok(path);
    }
    // Another run may be making it. Then this one waits, and finds it.
    let lock = File::create(folder()?.join(format!("{name}.lock")))?;
    lock.lock()?;
    if !path.exists() {
        let started = Instant::now();
        let unfinished = path.with_extension("unfinished");
        make(&unfinished)?;
        fs::rename(&unfinished, &path)?;
        remove_unused(name)?;
        println!("{name}: {}, made in {:.0} s", megabytes(&path)?, started.elapsed().as_secs_f32());
    }
    Ok(path)
}

/// Removes what was made of earlier inputs and is not used any more: some archives have half a gigabyte.
fn remove_unused(name: &str) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder()?)?.flatten() {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let is_of_name =
            file_name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".tar"));
        if is_of_name && entry.metadata()?.modified()?.elapsed().is_ok_and(|unused| unused > KEPT) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The size of a file, for people.
pub fn megabytes(path: &Path) -> anyhow::Result<String> {
    Ok(format!("{:.1} MB", fs::metadata(path)?.len() as f64 / 1e6))
}

/// Runs a command to its end; its output is printed only if it fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().with_context(|| format!("cannot run {program}"))?;
    let output = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    ensure!(done.status.success(), "{program} failed: {}\n{output}", done.status);
    Ok(())
}
