//! The manifests of a folder, and their bytes.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;
/// How many folders deep a search goes.
const DEEPEST: usize = 16;
/// How many manifests one path may have: more is likely a wrong path, such as `/`.
const MAX: usize = 10_000;

/// Why a file or folder could not be read, without its path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unread(String);

/// The manifests of a path, in order: the path itself, or the `.yaml`, `.yml` and `.json` files of a folder. Hidden files
/// and folders are left out, because in mounted ConfigMaps the visible names are links to them. Links to folders are left
/// out because they lead to manifests that are found under another path, or in a circle.
///
/// # Errors
/// The path, or a folder below it, cannot be listed, or has too many manifests.
pub fn manifests(path: &Path, recursive: bool) -> Result<Vec<PathBuf>, Unread> {
    let mut found = Vec::new();
    if fs::metadata(path).map_err(|e| cannot("read", &e))?.is_dir() {
        search(path, if recursive { DEEPEST } else { 0 }, &mut found)?;
    } else {
        found.push(path.to_path_buf());
    }
    Ok(found)
}

fn search(folder: &Path, deeper: usize, found: &mut Vec<PathBuf>) -> Result<(), Unread> {
    let inside = |e: &std::io::Error| Unread(format!("cannot list {}: {}", folder.display(), reason(e)));
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| inside(&e))? {
        entries.push(entry.map_err(|e| inside(&e))?);
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if deeper > 0 && !path.is_symlink() {
                search(&path, deeper - 1, found)?;
            }
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            found.push(path);
        }
        if found.len() > MAX {
            return Err(Unread(format!("must have at most {MAX} manifests; name a smaller folder")));
        }
    }
    Ok(())
}

/// The bytes of one manifest.
///
/// # Errors
/// The file cannot be read, is no regular file, or is too large.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Unread> {
    // Reading a pipe could wait forever.
    if !fs::metadata(path).map_err(|e| cannot("read", &e))?.is_file() {
        return Err(Unread("must be a regular file".to_owned()));
    }
    let file = File::open(path).map_err(|e| cannot("open", &e))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| cannot("read", &e))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Unread(format!("must have at most {} MiB; split it into several files", LARGEST >> 20)));
    }
    Ok(bytes)
}

fn cannot(what: &str, error: &std::io::Error) -> Unread {
    Unread(format!("cannot {what}: {}", reason(error)))
}

/// The cause in kubectl's words: in lowercase, and without the number of the error.
pub(crate) fn reason(error: &std::io::Error) -> String {
    if error.kind() == ErrorKind::NotFound {
        return "no such file or directory".to_owned();
    }
    let text = error.to_string();
    let text = text.rsplit_once(" (os error ").map_or(&*text, |(text, _)| text);
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}
