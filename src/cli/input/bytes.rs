//! The bytes of a file, a pipe or the standard input, and why they cannot be read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::source::files::folder::Unread;

/// Reads a file, a pipe, or the standard input.
pub(in crate::cli) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    read_within(path, u64::MAX)
}

/// The same, up to one byte more than is allowed.
pub(in crate::cli) fn read_within(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let (mut bytes, most) = (Vec::new(), most.saturating_add(1));
    if path.as_os_str() == "-" {
        let read = io::stdin().lock().take(most).read_to_end(&mut bytes);
        read.map_err(|error| anyhow::anyhow!("read standard input: {error}"))?;
        return Ok(bytes);
    }
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| cannot_open(path, &error))?;
    Ok(bytes)
}

/// Why a path that a user named cannot be read, and what to use instead.
pub(in crate::cli) fn explained(path: &Path, command: &str, error: &Unread) -> anyhow::Error {
    let shown = path.display().to_string();
    if shown.starts_with("https://") || shown.starts_with("http://") {
        return anyhow::anyhow!("URLs are not supported; use: curl -fsSL {shown} | podgraft {command} -f -");
    }
    match fs::metadata(path) {
        Err(error) => cannot_open(path, &error),
        Ok(_) => anyhow::anyhow!("{shown}: {error}"),
    }
}

fn cannot_open(path: &Path, error: &io::Error) -> anyhow::Error {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => match fs::read_link(path) {
            Ok(target) => anyhow::anyhow!("{shown} is a symbolic link to {}, which does not exist", target.display()),
            Err(_) => anyhow::anyhow!("the path \"{shown}\" does not exist"),
        },
        io::ErrorKind::PermissionDenied => anyhow::anyhow!("open {shown}: permission denied"),
        _ => anyhow::anyhow!("open {shown}: {error}"),
    }
}
