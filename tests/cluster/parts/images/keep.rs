//! Files that are made once and kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::parts;

/// How long an unused file is kept: branches with other inputs are worked on at the same time.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The names of temporary folders begin with it.
const TEMPORARY: &str = "temporary-";

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
        remove_unused(name)?;
        // A command of a run that was killed may still be writing: it must not be to this file.
        let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
        make(&unfinished)?;
        fs::rename(&unfinished, &path)?;
        println!("{name}: {}, made in {:.0} s", megabytes(&path)?, started.elapsed().as_secs_f32());
    }
    Ok(path)
}

/// Removes the leftovers of killed runs, and files of earlier inputs that are not used any more: some archives have
/// half a gigabyte.
fn remove_unused(name: &str) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder()?)?.flatten() {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let is_unused = entry.metadata()?.modified()?.elapsed().is_ok_and(|unused| unused > KEPT);
        let rest = file_name.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
        let is_of_name = !rest.is_empty() && !rest.contains('-');
        if is_of_name && (rest.ends_with(".unfinished") || (rest.ends_with(".tar") && is_unused)) {
            fs::remove_file(entry.path())?;
        } else if file_name.starts_with(TEMPORARY) && is_unused {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A folder that is removed when it is dropped, in the file system of the kept files.
pub fn temporary() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(folder()?)?)
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
