//! Replaces files atomically.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The new content of a file, in a temporary file in the same folder.
#[derive(Debug)]
pub(super) struct Prepared {
    beside: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl Prepared {
    /// Writes the content to the temporary file, with the permissions of the target. A symbolic link is followed.
    pub(super) fn new(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside = target.with_file_name(format!(".{name}.podgraft-{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let prepared = Prepared { beside, target, committed: false };
        file.write_all(bytes)?;
        if let Ok(metadata) = fs::metadata(&prepared.target) {
            file.set_permissions(metadata.permissions())?;
        }
        file.sync_all()?;
        Ok(prepared)
    }

    /// Renames the temporary file to the target.
    pub(super) fn commit(mut self) -> io::Result<()> {
        fs::rename(&self.beside, &self.target)?;
        self.committed = true;
        // The rename is durable once the folder is synced. Not every file system supports that, so errors are ignored.
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if !self.committed {
            let _ = fs::remove_file(&self.beside);
        }
    }
}

/// Replaces a file atomically; a path that is not a regular file, such as a pipe, is written to.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    Prepared::new(path, bytes)?.commit()
}
