//! Reads files, pipes and the standard input; the errors name the remedy.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::cli::live::Targets;
use crate::source::files::folder::{Unread, reason};

/// Reads a file, a pipe, or the standard input.
pub(in crate::cli) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    read_within(path, u64::MAX)
}

/// The same, but at most one byte more than `most`: the caller sees that the file is too large.
pub(in crate::cli) fn read_within(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let (mut bytes, most) = (Vec::new(), most.saturating_add(1));
    if path.as_os_str() == "-" {
        let read = io::stdin().lock().take(most).read_to_end(&mut bytes);
        read.map_err(|error| anyhow::anyhow!("read standard input: {}", reason(&error)))?;
        return Ok(bytes);
    }
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| cannot_open(path, "", &error))?;
    Ok(bytes)
}

/// The error for a path of the command line that cannot be read, with a remedy. `reader` is the command and flag that would
/// read the same from the standard input, such as `inject -f`.
pub(in crate::cli) fn explained(path: &Path, reader: &str, error: &Unread) -> anyhow::Error {
    let shown = path.display().to_string();
    if shown.starts_with("https://") || shown.starts_with("http://") {
        return anyhow::anyhow!("URLs are not supported; use: curl -fsSL {shown} | podgraft {reader} -");
    }
    // The path itself, rather than a folder below it.
    let opened =
        fs::metadata(path).and_then(|metadata| if metadata.is_dir() { fs::read_dir(path).map(drop) } else { Ok(()) });
    match opened {
        Err(error) => cannot_open(path, reader, &error),
        Ok(()) => anyhow::anyhow!("{shown}: {error}"),
    }
}

/// The remedy where the argument of a command is not a path, but names an object as for kubectl.
fn hint(reader: &str, word: &str) -> String {
    let is_field = ["companion", "companions", "clustercompanion", "clustercompanions"]
        .iter()
        .any(|kind| word.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(".spec")));
    if is_field {
        format!("; for the fields of a companion, use: kubectl explain {word}")
    } else if word.contains('/') && Targets::begin_with(word) && reader.starts_with("explain ") {
        format!("; to explain a workload of a cluster, omit -f: podgraft explain {word}")
    } else if word.contains('/') && Targets::begin_with(word) {
        format!("; for an object of a cluster, use: kubectl get {word} -o yaml | podgraft {reader} -")
    } else if reader.starts_with("explain ") && !word.contains(['/', '.', ' ']) {
        format!("; for a workload of a cluster, name its kind: podgraft explain deploy/{word}")
    } else {
        String::new()
    }
}

fn cannot_open(path: &Path, reader: &str, error: &io::Error) -> anyhow::Error {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => match fs::read_link(path) {
            Ok(target) => anyhow::anyhow!("{shown} is a symbolic link to {}, which does not exist", target.display()),
            Err(_) => anyhow::anyhow!("the path \"{shown}\" does not exist{}", hint(reader, &shown.to_string())),
        },
        _ => anyhow::anyhow!("open {shown}: {}", reason(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_opening_a_file_has_the_words_of_kubectl() {
        let message = |kind: io::ErrorKind| cannot_open(Path::new("a.yaml"), "inject -f", &kind.into()).to_string();
        assert_eq!(message(io::ErrorKind::PermissionDenied), "open a.yaml: permission denied");
        assert_eq!(message(io::ErrorKind::NotFound), "the path \"a.yaml\" does not exist");
        assert_eq!(
            cannot_open(Path::new("companion.spec"), "explain -f", &io::ErrorKind::NotFound.into()).to_string(),
            "the path \"companion.spec\" does not exist; for the fields of a companion, use: kubectl explain companion.spec"
        );
    }
}
