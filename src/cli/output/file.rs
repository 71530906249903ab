//! Replaces files atomically.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::source::files::folder::reason;

/// The new content of a file, in a temporary file in the same folder.
#[derive(Debug)]
pub(super) struct Prepared {
    beside: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl Prepared {
    /// Writes the content to the temporary file, with the permissions of the target. A symbolic link is followed.
    pub(super) fn new(path: &Path, bytes: &[u8]) -> anyhow::Result<Self> {
        Self::write(path, bytes).map_err(|error| not_written(path, error))
    }

    fn write(path: &Path, bytes: &[u8]) -> io::Result<Self> {
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
    pub(super) fn commit(mut self) -> anyhow::Result<()> {
        fs::rename(&self.beside, &self.target).map_err(|error| not_written(&self.target, error))?;
        self.committed = true;
        // The rename is durable once the folder is synced. Not every file system supports that, so errors are ignored.
        let _ = File::open(folder_of(&self.target)).and_then(|folder| folder.sync_all());
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
pub(super) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let written = OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes));
        return written.map_err(|error| not_written(path, error));
    }
    Prepared::new(path, bytes)?.commit()
}

/// The error for a file that cannot be written, with a remedy. A closed pipe stays an I/O error, which the caller ignores.
fn not_written(path: &Path, error: io::Error) -> anyhow::Error {
    let (shown, folder) = (path.display(), folder_of(path));
    let remedy = match error.kind() {
        io::ErrorKind::BrokenPipe => return error.into(),
        io::ErrorKind::NotFound if !folder.exists() => format!("; create the folder {} first", folder.display()),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("; a new file replaces it, so the folder {} must be writable", folder.display())
        }
        _ => String::new(),
    };
    anyhow::anyhow!("write {shown}: {}{remedy}", reason(&error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_writing_a_file_names_the_remedy() {
        let message = |kind: io::ErrorKind| not_written(Path::new("conf/a.yaml"), kind.into()).to_string();
        assert_eq!(
            message(io::ErrorKind::NotFound),
            "write conf/a.yaml: no such file or directory; create the folder conf first"
        );
        assert_eq!(
            message(io::ErrorKind::PermissionDenied),
            "write conf/a.yaml: permission denied; a new file replaces it, so the folder conf must be writable"
        );
        assert_eq!(message(io::ErrorKind::StorageFull), "write conf/a.yaml: no storage space");
    }
}
